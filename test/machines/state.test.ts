import { describe } from 'vitest';
import type { StepContext } from '../../src/definition/step-context.ts';
import { bothWays } from '../support/both-ways.ts';
import { agent, flow, type LooseStep } from '../support/flow.ts';
import { after, fails, replies, type MockCall } from '../support/mocks.ts';

const steps = (...list: readonly LooseStep[]): readonly LooseStep[] => list;

describe('assign', () => {
  bothWays([
    {
      name: 'set: a constant, a template with its type, the own output',
      flow: flow({
        state: { a: 0, b: null, c: '' },
        steps: steps(agent('x', { assign: { a: 7, b: '{{steps.x.output}}', c: 'got {{steps.x.output.n}}' } })),
        output: '{{state}}',
      }),
      mocks: { x: { n: [1] } },
      output: { a: 7, b: { n: [1] }, c: 'got [1]' },
    },
    {
      name: 'set of what is missing is null',
      flow: flow({
        state: { a: 1 },
        steps: steps(agent('x', { assign: { a: '{{steps.x.output.no}}' } })),
        output: { a: '{{state.a}}' },
      }),
      mocks: { x: {} },
      output: { a: null },
    },
    {
      name: 'append: to a list, to nothing, to a single value',
      flow: flow({
        state: { list: [1], none: null, one: 'x' },
        steps: steps(
          agent('x', {
            assign: { list: { append: '{{steps.x.output}}' }, none: { append: [2] }, one: { append: 'y' } },
          }),
        ),
        output: '{{state}}',
      }),
      mocks: { x: { n: 1 } },
      output: { list: [1, { n: 1 }], none: [[2]], one: ['x', 'y'] },
    },
    {
      name: 'merge: into an object, into nothing',
      flow: flow({
        state: { object: { a: 1, b: 1 }, none: null },
        steps: steps(
          agent('x', { assign: { object: { merge: { b: '{{steps.x.output}}', c: 3 } }, none: { merge: { a: 1 } } } }),
        ),
        output: '{{state}}',
      }),
      mocks: { x: 2 },
      output: { object: { a: 1, b: 2, c: 3 }, none: { a: 1 } },
    },
    {
      name: 'merge of what is no object fails the step',
      flow: flow({
        state: { object: {} },
        steps: steps(agent('x', { assign: { object: { merge: '{{steps.x.output}}' } } })),
      }),
      mocks: { x: 'text' },
      status: 'failed',
      error: {
        code: 'TEMPLATE_FAILED',
        message: "what is merged into 'object' of the state is not an object but a string",
      },
    },
    {
      name: 'expr: computed from the state and outputs, in the order of the keys',
      flow: flow({
        state: { a: 1, b: 10 },
        steps: steps(
          agent('x', {
            assign: { a: { expr: '{{state.a}} + {{steps.x.output.n}}' }, b: { expr: '{{state.a}} * {{state.b}}' } },
          }),
        ),
        output: '{{state}}',
      }),
      mocks: { x: { n: 4 } },
      output: { a: 5, b: 50 },
    },
    {
      name: 'expr over the output of a loop, which is not held in the state',
      flow: flow({
        state: { n: 0 },
        steps: steps({
          id: 'l',
          type: 'loop',
          items: [1, 2, 3],
          step: agent('x'),
          assign: { n: { expr: '{{state.n}} + {{steps.l.output.length}}' } },
        }),
        output: '{{state.n}}',
      }),
      output: 3,
    },
    {
      name: 'a state value may be an object that conditions read',
      flow: flow({
        state: { user: { name: '', tags: [] } },
        steps: steps(
          agent('x', { assign: { user: { merge: { name: 'kim' } } } }),
          agent('y', { condition: '{{state.user.name}} === "kim" && {{state.user.tags.length}} == 0' }),
        ),
      }),
      statuses: { y: 'completed' },
    },
    {
      name: 'a step that fails or is skipped assigns nothing',
      flow: flow({
        state: { n: 0, m: 0 },
        steps: steps(
          agent('x', { onError: 'continue', assign: { n: 1 } }),
          agent('y', { condition: 'false', assign: { m: { expr: '1' } } }),
        ),
        output: '{{state}}',
      }),
      mocks: { x: fails() },
      output: { n: 0, m: 0 },
    },
    {
      name: 'an assign that fails is tried again under the retry of the step, and then fails it; the agent is not asked again',
      flow: flow({
        state: { n: 0 },
        steps: steps(
          agent('x', {
            retry: { maxAttempts: 2, delay: 10, on: ['TEMPLATE_FAILED'] },
            onError: 'continue',
            assign: { n: 'a{{steps.x.output.no}}' },
          }),
        ),
        output: '{{steps.x.status}}',
      }),
      mocks: { x: {} },
      output: 'failed',
      calls: { x: 1 },
      elapsedMs: 10,
    },
    {
      name: 'every type of step can assign',
      flow: flow({
        state: { log: [] },
        steps: steps(
          {
            id: 'r',
            type: 'conditional',
            condition: 'true',
            then: 'g',
            assign: { log: { append: '{{steps.r.output}}' } },
          },
          {
            id: 'g',
            type: 'sequential',
            steps: [agent('x', { assign: { log: { append: 'x' } } })],
            assign: { log: { append: '{{steps.g.output}}' } },
          },
          { id: 'p', type: 'parallel', steps: [agent('y')], assign: { log: { append: '{{steps.p.output.y}}' } } },
          { id: 'w', type: 'wait', duration: 1, assign: { log: { append: 'w' } } },
          { id: 't', type: 'transform', template: 1, assign: { log: { append: '{{steps.t.output}}' } } },
          { id: 'l', type: 'loop', until: 'true', step: agent('z'), assign: { log: { append: '{{steps.l.output}}' } } },
        ),
        output: '{{state.log}}',
      }),
      output: ['g', 'x', 'x', 'y', 'w', 1, ['z']],
    },
    {
      name: 'expr on a router: its output by any name',
      flow: flow({
        state: { isBlog: null },
        steps: steps(
          {
            id: 's',
            type: 'switch',
            value: 'other',
            cases: { blog: 'a' },
            default: 'a',
            assign: { isBlog: { expr: '{{steps.s.output}} === "blog"' } },
          },
          agent('a'),
        ),
        output: '{{state.isBlog}}',
      }),
      output: true,
    },
    {
      name: 'a schema gives the initial state',
      flow: flow({ state: { n: 3 }, steps: steps(agent('x', { condition: '{{state.n}} === 3' })) }),
      statuses: { x: 'completed' },
    },
  ]);
});

describe('writes at the same time', () => {
  bothWays([
    {
      name: 'from parallel branches: append, merge and expr add up',
      flow: flow({
        state: { list: [], n: 0, by: {} },
        steps: steps({
          id: 'p',
          type: 'parallel',
          steps: ['a', 'b', 'c'].map((id) =>
            agent(id, {
              assign: {
                list: { append: id },
                n: { expr: `{{state.n}} + {{steps.${id}.output}}` },
                by: { merge: { [id]: `{{steps.${id}.output}}` } },
              },
            }),
          ),
        }),
        output: '{{state}}',
      }),
      mocks: { a: after(30, 1), b: after(10, 2), c: after(20, 3) },
      output: { list: ['b', 'c', 'a'], n: 6, by: { a: 1, b: 2, c: 3 } },
    },
    {
      name: 'by rounds: applied in item order, whatever finished first',
      flow: flow({
        state: { list: [], n: 100 },
        steps: steps({
          id: 'l',
          type: 'loop',
          items: [3, 1, 2],
          parallel: 3,
          step: agent('a', {
            input: { prompt: 'p', n: '{{loop.item}}' },
            assign: { list: { append: '{{loop.item}}' }, n: { expr: '{{state.n}} - {{steps.a.output}}' } },
          }),
        }),
        output: { list: '{{state.list}}', n: '{{state.n}}' },
      }),
      mocks: {
        a: (call: MockCall) =>
          after((call.input as { readonly n: number }).n * 10, (call.input as { readonly n: number }).n)(call),
      },
      output: { list: [3, 1, 2], n: 94 },
    },
    {
      name: 'an expr of a round is computed anew on the state as it is then',
      flow: flow({
        state: { n: 1 },
        steps: steps({
          id: 'l',
          type: 'loop',
          items: [2, 3],
          step: {
            id: 't',
            type: 'transform',
            template: '{{state.n}}',
            assign: { n: { expr: '{{state.n}} * {{loop.item}}' } },
          },
        }),
        output: { n: '{{state.n}}', seen: '{{steps.l.output}}' },
      }),
      output: { n: 6, seen: [1, 1] },
    },
    {
      name: 'an expr of a round may read a large item, the length of an inner loop, and a router',
      flow: flow({
        state: { n: 0, m: 0, blog: 0 },
        steps: steps({
          id: 'l',
          type: 'loop',
          items: '{{workflow.input.list}}',
          steps: [
            {
              id: 's',
              type: 'switch',
              value: '{{loop.item.kind}}',
              cases: { blog: 'x' },
              default: 'x',
              assign: { blog: { expr: '{{state.blog}} + ({{steps.s.output}} === "blog" ? 1 : 0)' } },
            },
            agent('x', { assign: { n: { expr: '{{state.n}} + {{loop.item.price}}' } } }),
            {
              id: 'inner',
              type: 'loop',
              items: '{{loop.item.tags}}',
              step: agent('y'),
              assign: { m: { expr: '{{state.m}} + {{steps.inner.output.length}}' } },
            },
          ],
        }),
        output: '{{state}}',
      }),
      input: {
        list: [
          { price: 5, tags: ['a'], kind: 'blog', text: 'x'.repeat(400) },
          { price: 6, tags: ['a', 'b'], kind: 'other', text: 'y'.repeat(400) },
        ],
      },
      output: { n: 11, m: 3, blog: 2 },
    },
    {
      name: 'rounds within rounds',
      flow: flow({
        state: { list: [], n: 0 },
        steps: steps({
          id: 'l',
          type: 'loop',
          items: [1, 2],
          step: {
            id: 'inner',
            type: 'loop',
            items: ['x', 'y'],
            step: {
              id: 't',
              type: 'transform',
              template: '{{loop.parent.item}}{{loop.item}}',
              assign: { list: { append: '{{steps.t.output}}' }, n: { expr: '{{state.n}} + {{loop.parent.item}}' } },
            },
          },
        }),
        output: '{{state}}',
      }),
      output: { list: ['1x', '1y', '2x', '2y'], n: 6 },
    },
    {
      name: 'sequential rounds do not see what earlier rounds wrote',
      flow: flow({
        state: { n: 0 },
        steps: steps({
          id: 'l',
          type: 'loop',
          items: [1, 2, 3],
          step: { id: 't', type: 'transform', template: '{{state.n}}', assign: { n: '{{loop.item}}' } },
        }),
        output: { n: '{{state.n}}', seen: '{{steps.l.output}}' },
      }),
      output: { n: 3, seen: [0, 0, 0] },
    },
    {
      name: 'a round sees its own writes',
      flow: flow({
        state: { n: 0 },
        steps: steps({
          id: 'l',
          type: 'loop',
          items: [1, 2],
          steps: [
            agent('a', { assign: { n: { expr: '{{state.n}} + {{loop.item}}' } } }),
            { id: 't', type: 'transform', template: '{{state.n}}' },
          ],
        }),
        output: { n: '{{state.n}}', seen: '{{steps.l.output}}' },
      }),
      output: { n: 3, seen: [1, 2] },
    },
    {
      name: 'the state of the run around rounds does not change while they run, whatever other branches write',
      flow: flow({
        state: { n: 0 },
        steps: steps({
          id: 'p',
          type: 'parallel',
          steps: [
            {
              id: 'l',
              type: 'loop',
              items: [1, 2],
              step: {
                id: 'g',
                type: 'sequential',
                steps: [agent('slow'), { id: 't', type: 'transform', template: '{{state.n}}' }],
              },
            },
            agent('b', { assign: { n: { expr: '{{state.n}} + 5' } } }),
          ],
        }),
        output: { n: '{{state.n}}', seen: '{{steps.l.output}}' },
      }),
      mocks: { slow: after(20, 1), b: after(10, 1) },
      output: { n: 5, seen: [0, 0] },
    },
    {
      name: 'handlers inside rounds write through their rounds',
      flow: () =>
        flow({
          state: { seen: [] },
          steps: steps(
            { id: 'l', type: 'loop', items: ['x', 'y'], step: agent('a') },
            { id: 'm', type: 'loop', items: [], step: agent('b') },
          ),
          onStepComplete: {
            a: (_: string, _o: unknown, context: StepContext) => context.set('last', context.loop?.item),
          },
          output: '{{state.seen}}',
        }),
      output: [],
    },
    {
      name: 'inline rounds share the state at once',
      flow: flow({
        state: { total: 0 },
        steps: steps({
          id: 'l',
          type: 'loop',
          until: '{{state.total}} >= 10',
          step: agent('a', { assign: { total: { expr: '{{state.total}} + {{steps.a.output}}' } } }),
        }),
        output: '{{state.total}}',
      }),
      mocks: { a: replies(4, 3, 5) },
      output: 12,
    },
  ]);
});
