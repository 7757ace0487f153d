import { describe, expect, test } from 'vitest';
import type { StepContext } from '../../src/definition/step-context.ts';
import { bothWays } from '../support/both-ways.ts';
import { agent, flow, type LooseStep } from '../support/flow.ts';
import { after, fails, hangs, replies, type MockCall } from '../support/mocks.ts';
import { runOnEngine } from '../support/test-engine.ts';
import { runPlain } from '../support/run-plain.ts';

const loop = (more: object): LooseStep => ({ id: 'l', type: 'loop', ...more });
const input = ({ input: given }: MockCall): unknown => given;

describe('while and until', () => {
  bothWays([
    {
      name: 'while: looked at before each round',
      flow: flow({
        state: { n: 0 },
        steps: [loop({ while: '{{state.n}} < 3', step: agent('a', { assign: { n: { expr: '{{state.n}} + 1' } } }) })],
      }),
      mocks: { a: ({ index }: MockCall) => index },
      output: [0, 1, 2],
      trace: 'start l, start a, done a, start a#2, done a#2, start a#3, done a#3, done l',
    },
    {
      name: 'while that is false at once: no round',
      flow: flow({ steps: [loop({ while: 'false', step: agent('a') })] }),
      output: [],
      calls: {},
    },
    {
      name: 'until: looked at after each round, at least one',
      flow: flow({ steps: [loop({ until: 'true', step: agent('a') })] }),
      output: ['a'],
    },
    {
      name: 'conditions and prompts see the outputs of the last round',
      flow: flow({
        steps: [
          agent('draft'),
          loop({
            until: '{{steps.critic.output.score}} > 0.8',
            steps: [
              agent('revise', {
                input: { prompt: 'better: {{steps.draft.output}}', feedback: '{{steps.critic.output}}' },
              }),
              agent('critic'),
            ],
          }),
        ],
        output: { rounds: '{{steps.l.output}}', last: '{{steps.critic.output.score}}' },
      }),
      mocks: { revise: input, critic: replies({ score: 0.1 }, { score: 0.5 }, { score: 0.9 }) },
      output: { rounds: [{ score: 0.1 }, { score: 0.5 }, { score: 0.9 }], last: 0.9 },
      check: ({ mocks }) => {
        expect(
          mocks.calls
            .filter(({ step }) => step === 'revise')
            .map(({ input: given }) => (given as { readonly feedback?: unknown }).feedback),
        ).toEqual([undefined, { score: 0.1 }, { score: 0.5 }]);
      },
    },
    {
      name: 'loop.index in the condition of while is the round ahead',
      flow: flow({
        steps: [loop({ while: '{{loop.index}} < 3', step: agent('a', { input: { prompt: 'n{{loop.index}}' } }) })],
      }),
      mocks: { a: input },
      output: [{ prompt: 'n0' }, { prompt: 'n1' }, { prompt: 'n2' }],
    },
    {
      name: 'loop.index in the condition of until is the round just over',
      flow: flow({ steps: [loop({ until: '{{loop.index}} >= 2', step: agent('a') })] }),
      output: ['a', 'a', 'a'],
    },
    {
      name: 'functions decide',
      flow: () =>
        flow({
          steps: [
            loop({
              while: (context: StepContext) => Promise.resolve((context.loop?.index ?? 9) < 2),
              step: agent('a'),
            }),
          ],
        }),
      output: ['a', 'a'],
    },
    {
      name: 'until, by a function',
      flow: () =>
        flow({ steps: [loop({ until: (context: StepContext) => context.loop?.index === 1, step: agent('a') })] }),
      output: ['a', 'a'],
    },
    {
      name: 'a function that throws fails the loop',
      flow: () =>
        flow({
          steps: [
            loop({
              onError: 'continue',
              while: () => {
                throw new Error('no');
              },
              step: agent('a'),
            }),
            agent('b'),
          ],
        }),
      statuses: { l: 'failed', b: 'completed' },
    },
    {
      name: 'maxIterations: more is an error, never silent truncation',
      flow: flow({ steps: [loop({ until: 'false', maxIterations: 3, step: agent('a') })] }),
      status: 'failed',
      error: { name: 'LoopLimitError', code: 'LOOP_LIMIT', details: { step: 'l' } },
      calls: { a: 3 },
    },
    {
      name: 'maxIterations of while: reached exactly is fine',
      flow: flow({ steps: [loop({ while: '{{loop.index}} < 3', maxIterations: 3, step: agent('a') })] }),
      output: ['a', 'a', 'a'],
    },
    {
      name: 'maxIterations of while, more',
      flow: flow({ steps: [loop({ while: '{{loop.index}} < 4', maxIterations: 3, step: agent('a') })] }),
      status: 'failed',
      calls: { a: 3 },
    },
    {
      name: 'maxIterations with functions',
      flow: () => flow({ steps: [loop({ while: () => true, maxIterations: 2, step: agent('a') })] }),
      status: 'failed',
      error: { code: 'LOOP_LIMIT' },
      calls: { a: 2 },
    },
    {
      name: 'the default is 1,000 rounds',
      flow: flow({ steps: [loop({ until: 'false', step: { type: 'transform', template: 1 } })] }),
      status: 'failed',
      error: { code: 'LOOP_LIMIT' },
    },
    {
      name: "'break' ends the loop, 'continue' the round",
      flow: flow({
        steps: [
          loop({
            while: 'true',
            steps: [
              agent('a'),
              { id: 's', type: 'switch', value: '{{steps.a.output}}', cases: { skip: 'continue', stop: 'break' } },
              agent('b'),
            ],
          }),
          agent('c'),
        ],
        output: '{{steps.l.output}}',
      }),
      mocks: { a: replies('go', 'skip', 'go', 'stop') },
      output: ['b', 'skip', 'b', 'stop'],
      calls: { a: 4, b: 2, c: 1 },
    },
    {
      name: 'routers choose anew in each round',
      flow: flow({
        steps: [
          loop({
            while: '{{loop.index}} < 2',
            steps: [
              agent('n'),
              { id: 'r', type: 'conditional', condition: '{{steps.n.output}} === 0', then: 'x', else: 'y' },
              agent('x'),
              agent('y'),
            ],
          }),
        ],
      }),
      mocks: { n: ({ index }: MockCall) => index },
      output: ['x', 'y'],
      calls: { n: 2, x: 1, y: 1 },
    },
    {
      name: 'nested inline loops, with loop.parent',
      flow: flow({
        steps: [
          loop({
            while: '{{loop.index}} < 2',
            step: {
              id: 'inner',
              type: 'loop',
              while: '{{loop.index}} < 2',
              step: agent('a', { input: { prompt: '{{loop.parent.index}}.{{loop.index}}' } }),
            },
          }),
        ],
      }),
      mocks: { a: ({ input: given }: MockCall) => (given as { readonly prompt: string }).prompt },
      output: [
        ['0.0', '0.1'],
        ['1.0', '1.1'],
      ],
    },
    {
      name: 'a loop that times out and is tried again begins anew',
      flow: flow({
        steps: [
          loop({ while: '{{loop.index}} < 3', timeout: 50, retry: { maxAttempts: 2, delay: 10 }, step: agent('a') }),
        ],
      }),
      mocks: { a: replies(1, 2, hangs(), 4, 5, 6) },
      output: [4, 5, 6],
      elapsedMs: 60,
    },
    {
      name: 'a failure in a round fails the loop',
      flow: flow({ steps: [loop({ while: 'true', onError: { output: 'instead' }, steps: [agent('a'), agent('b')] })] }),
      mocks: { b: replies(1, fails()) },
      output: 'instead',
      calls: { a: 2, b: 2 },
    },
    {
      name: 'a round in which nothing completed gives null',
      flow: flow({
        steps: [loop({ while: '{{loop.index}} < 2', step: agent('a', { condition: '{{loop.index}} === 1' }) })],
      }),
      output: [null, 'a'],
    },
    {
      name: 'totalTimeout over all rounds',
      flow: flow({
        steps: [loop({ until: 'false', totalTimeout: 35, onError: 'continue', step: agent('a') }), agent('b')],
      }),
      mocks: { a: after(10, 1) },
      elapsedMs: 35,
      statuses: { l: 'failed', a: 'cancelled', b: 'completed' },
    },
    {
      name: 'a condition over the output of another loop',
      flow: flow({
        steps: [
          loop({ items: [1, 2], step: agent('a') }),
          { id: 'm', type: 'loop', while: '{{loop.index}} < {{steps.l.output.length}}', step: agent('b') },
        ],
        output: '{{steps.m.output}}',
      }),
      output: ['b', 'b'],
    },
  ]);
});

describe('items', () => {
  bothWays([
    {
      name: 'one round per item, in order; the output is in item order',
      flow: flow({
        steps: [
          loop({
            items: '{{workflow.input.list}}',
            step: agent('a', { input: { prompt: '{{loop.item}}', index: '{{loop.index}}' } }),
          }),
        ],
      }),
      input: { list: ['x', 'y', 'z'] },
      mocks: { a: input },
      output: [
        { prompt: 'x', index: 0 },
        { prompt: 'y', index: 1 },
        { prompt: 'z', index: 2 },
      ],
      trace: 'start l, done l',
    },
    {
      name: 'a constant list',
      flow: flow({ steps: [loop({ items: [1, { two: 2 }], step: { type: 'transform', template: '{{loop.item}}' } })] }),
      output: [1, { two: 2 }],
    },
    {
      name: 'a list that a function gives, asked once',
      flow: () => {
        let calls = 0;
        return flow({
          steps: [
            loop({
              items: () => {
                calls += 1;
                return Promise.resolve([calls, calls, { n: calls, text: 'x'.repeat(300) }]);
              },
              step: { type: 'transform', template: '{{loop.item}}' },
            }),
          ],
        });
      },
      output: [1, 1, { n: 1, text: 'x'.repeat(300) }],
    },
    {
      name: 'no items: no round, an empty list',
      flow: flow({
        steps: [loop({ items: '{{workflow.input.list}}', step: agent('a') }), agent('b')],
        output: '{{steps.l.output}}',
      }),
      input: { list: [] },
      output: [],
      calls: { b: 1 },
    },
    {
      name: 'what is no array fails the step',
      flow: flow({ steps: [loop({ items: '{{workflow.input.list}}', step: agent('a') })] }),
      input: { list: 'abc' },
      status: 'failed',
      error: { code: 'TEMPLATE_FAILED', message: "the items of loop 'l' are not an array but a string" },
    },
    {
      name: 'what is missing fails the step',
      flow: flow({ steps: [loop({ items: '{{workflow.input.list}}', step: agent('a') })] }),
      status: 'failed',
      error: { message: "the items of loop 'l' are not an array but missing" },
    },
    {
      name: 'as: another name of the item, also with a field called index',
      flow: flow({
        steps: [
          loop({
            items: [{ index: 'i1', big: 'x'.repeat(400) }],
            as: 'entry',
            step: agent('a', {
              input: { prompt: '{{entry.index}} {{loop.index}}' },
              condition: '{{entry.index}} === "i1"',
            }),
          }),
        ],
      }),
      mocks: { a: input },
      output: [{ prompt: 'i1 0' }],
    },
    {
      name: 'rounds see the outputs, the vars and the state around them, frozen at entry',
      flow: flow({
        state: { n: 1 },
        steps: [
          agent('z', { output: 'zed' }),
          loop({
            items: [1, 2],
            step: agent('a', {
              input: {
                prompt: '{{steps.z.output.x}} {{vars.zed.x}} {{state.n}} {{workflow.input.q}} {{workflow.name}}',
              },
              condition: '{{steps.z.output.x}} === "Z" && {{vars.zed.x}} === "Z" && {{workflow.input.q}} === "Q"',
              assign: { n: { expr: '{{state.n}} + 1' } },
            }),
          }),
        ],
        output: { l: '{{steps.l.output}}', n: '{{state.n}}' },
      }),
      input: { q: 'Q' },
      mocks: { z: { x: 'Z' }, a: input },
      output: { l: [{ prompt: 'Z Z 1 Q test' }, { prompt: 'Z Z 1 Q test' }], n: 3 },
    },
    {
      name: 'several steps per round, with a router',
      flow: flow({
        steps: [
          loop({
            items: [1, 2, 3],
            steps: [
              { id: 'r', type: 'conditional', condition: '{{loop.item}} === 2', then: 'x', else: 'y' },
              agent('x', { input: { prompt: 'x{{loop.item}}' } }),
              agent('y', { input: { prompt: 'y{{loop.item}}' } }),
            ],
          }),
        ],
      }),
      mocks: { x: input, y: input },
      output: [{ prompt: 'y1' }, { prompt: 'x2' }, { prompt: 'y3' }],
    },
    {
      name: 'a router straight in `step`, with inline targets',
      flow: flow({
        steps: [
          loop({
            items: [1, 2],
            step: {
              id: 'r',
              type: 'conditional',
              condition: '{{loop.item}} === 2',
              then: { type: 'transform', template: 'two' },
              else: { type: 'transform', template: 'one' },
            },
          }),
        ],
      }),
      output: ['one', 'two'],
    },
    {
      name: "'continue' ends the round",
      flow: flow({
        steps: [
          loop({
            items: [1, 2, 3],
            steps: [
              agent('a'),
              { id: 'r', type: 'conditional', condition: '{{loop.item}} === 2', then: 'continue' },
              agent('b'),
            ],
          }),
        ],
      }),
      output: ['b', 'a', 'b'],
      calls: { a: 3, b: 2 },
    },
    {
      name: 'a round whose last step is a parallel step, a group or a loop',
      flow: flow({
        steps: [
          loop({ items: [1], step: { id: 'p', type: 'parallel', steps: [agent('a'), agent('b')] } }),
          {
            id: 'm',
            type: 'loop',
            items: [1, 2],
            step: { id: 'g', type: 'sequential', steps: [agent('c', { input: { prompt: '{{loop.item}}' } })] },
          },
          { id: 'n', type: 'loop', items: [1], step: { id: 'w', type: 'loop', until: 'true', step: agent('d') } },
        ],
        output: ['{{steps.l.output}}', '{{steps.m.output.1}}', '{{steps.n.output}}'],
      }),
      output: [[{ a: 'a', b: 'b' }], 'c', [['d']]],
    },
    {
      name: 'loops within loops, with loop.parent',
      flow: flow({
        steps: [
          loop({
            items: ['x', 'y'],
            step: {
              id: 'inner',
              type: 'loop',
              items: [1, 2],
              step: agent('a', {
                input: { prompt: '{{loop.parent.item}}{{loop.item}} {{loop.parent.index}}{{loop.index}}' },
              }),
            },
          }),
        ],
      }),
      mocks: { a: ({ input: given }: MockCall) => (given as { readonly prompt: string }).prompt },
      output: [
        ['x1 00', 'x2 01'],
        ['y1 10', 'y2 11'],
      ],
    },
    {
      name: 'nested, by name',
      flow: flow({
        steps: [
          loop({
            items: [{ tags: ['p', 'q'], name: 'N' }],
            as: 'outer',
            step: {
              id: 'inner',
              type: 'loop',
              items: '{{outer.tags}}',
              as: 'tag',
              step: agent('a', { input: { prompt: '{{outer.name}}{{tag}}' } }),
            },
          }),
        ],
      }),
      mocks: { a: ({ input: given }: MockCall) => (given as { readonly prompt: string }).prompt },
      output: [['Np', 'Nq']],
    },
    {
      name: 'an inline loop in a round, and a round in an inline loop',
      flow: flow({
        steps: [
          loop({
            while: '{{loop.index}} < 2',
            step: {
              id: 'items',
              type: 'loop',
              items: ['x', 'y'],
              step: {
                id: 'inline',
                type: 'loop',
                until: '{{loop.index}} === 1',
                step: agent('a', {
                  input: { prompt: '{{loop.parent.parent.index}}{{loop.parent.item}}{{loop.index}}' },
                }),
              },
            },
          }),
        ],
      }),
      mocks: { a: ({ input: given }: MockCall) => (given as { readonly prompt: string }).prompt },
      output: [
        [
          ['0x0', '0x1'],
          ['0y0', '0y1'],
        ],
        [
          ['1x0', '1x1'],
          ['1y0', '1y1'],
        ],
      ],
    },
    {
      name: 'parallel: at most as many at a time, the output in item order',
      flow: flow({
        steps: [
          loop({
            items: [3, 1, 2, 0],
            parallel: true,
            step: agent('a', { input: { prompt: 'p', n: '{{loop.item}}' } }),
          }),
        ],
      }),
      mocks: {
        a: (call: MockCall) =>
          after((call.input as { readonly n: number }).n * 10, (call.input as { readonly n: number }).n)(call),
      },
      output: [3, 1, 2, 0],
      elapsedMs: 30,
    },
    {
      name: 'onItemError fail: the first failure ends the loop, and the rounds under way',
      flow: flow({
        steps: [
          loop({
            items: [0, 1, 2, 3, 4],
            parallel: 2,
            step: agent('a', { input: { prompt: 'p', n: '{{loop.item}}' } }),
          }),
        ],
      }),
      mocks: {
        a: (call: MockCall) =>
          (call.input as { readonly n: number }).n === 1 ? after(10, fails('bad item'))(call) : hangs()(call),
      },
      status: 'failed',
      error: {
        code: 'STEPS_FAILED',
        message: "round 1 of loop 'l' failed at step 'a': bad item",
        details: { index: 1 },
      },
      calls: { a: 2 },
      elapsedMs: 10,
      check: ({ mocks }) => {
        expect(mocks.aborted).toEqual(['a']);
      },
    },
    {
      name: 'onItemError collect: null in its place, the errors beside',
      flow: flow({
        steps: [loop({ items: [0, 1, 2], onItemError: 'collect', step: agent('a') })],
        output: {
          l: '{{steps.l.output}}',
          why: '{{steps.l.metadata.errors.1.message}}',
          rounds: '{{steps.l.metadata.rounds}}',
        },
      }),
      mocks: { a: replies('A', fails('bad item'), 'C') },
      output: { l: ['A', null, 'C'], why: 'bad item', rounds: 3 },
    },
    {
      name: 'onItemError skip: left out',
      flow: flow({ steps: [loop({ items: [0, 1, 2], onItemError: 'skip', step: agent('a') })] }),
      mocks: { a: replies('A', fails('bad item'), 'C') },
      output: ['A', 'C'],
    },
    {
      name: 'a failed round writes nothing to the state',
      flow: flow({
        state: { done: [] },
        steps: [
          loop({
            items: [0, 1, 2],
            onItemError: 'skip',
            steps: [agent('a', { assign: { done: { append: '{{loop.item}}' } } }), agent('b')],
          }),
        ],
        output: '{{state.done}}',
      }),
      mocks: { b: replies(1, fails(), 3) },
      output: [0, 2],
    },
    {
      name: 'onItemError fail is the default; onError of the loop decides then',
      flow: flow({ steps: [loop({ items: [0, 1, 2], onError: 'continue', step: agent('a') }), agent('b')] }),
      mocks: { a: fails() },
      output: 'b',
      calls: { a: 1, b: 1 },
    },
    {
      name: 'steps of a round have their own retry and onError',
      flow: flow({
        steps: [
          loop({
            items: [0, 1],
            steps: [agent('a', { retry: { maxAttempts: 2, delay: 5 } }), agent('b', { onError: { output: 'B' } })],
          }),
        ],
      }),
      mocks: { a: replies(fails(), 1), b: fails() },
      output: ['B', 'B'],
      elapsedMs: 5,
    },
    {
      name: 'maxIterations: more items are an error, no round is begun',
      flow: flow({ steps: [loop({ items: [1, 2, 3], maxIterations: 2, step: agent('a') })] }),
      status: 'failed',
      error: { code: 'LOOP_LIMIT' },
      calls: {},
    },
    {
      name: 'a loop that times out ends its rounds; tried again it begins anew',
      flow: flow({
        steps: [
          loop({
            items: [1, 2],
            timeout: 50,
            retry: { maxAttempts: 2, delay: 10 },
            step: agent('a', { input: { prompt: 'p', n: '{{loop.item}}' } }),
          }),
        ],
      }),
      mocks: { a: replies('first', hangs(), 'x', 'y') },
      output: ['x', 'y'],
      calls: { a: 4 },
      elapsedMs: 60,
      check: ({ mocks }) => {
        expect(mocks.aborted).toEqual(['a']);
        expect(new Set(mocks.calls.map(({ key }) => key)).size).toBe(4);
      },
    },
    {
      name: 'a loop in a branch that is cancelled ends its rounds',
      flow: flow({
        steps: [
          { id: 'p', type: 'parallel', join: 'any', steps: [loop({ items: [1, 2], step: agent('a') }), agent('b')] },
        ],
      }),
      mocks: { a: hangs(), b: after(10, 'B') },
      output: { b: 'B' },
      statuses: { l: 'cancelled' },
      check: ({ mocks }) => {
        expect(mocks.aborted).toEqual(['a']);
      },
    },
    {
      name: 'wait, jumps back and conditions inside a round',
      flow: flow({
        steps: [
          loop({
            items: [1, 2],
            steps: [
              agent('a'),
              { id: 'w', type: 'wait', duration: 10 },
              { id: 'r', type: 'conditional', condition: '{{steps.a.output}}', else: 'a' },
              agent('b', { condition: '{{loop.index}} === 1' }),
            ],
          }),
        ],
      }),
      mocks: { a: ({ index }: MockCall) => index % 2 === 1 },
      output: [null, 'b'],
      elapsedMs: 40,
      calls: { a: 4, b: 1 },
      check: () => undefined,
    },
    {
      name: 'items that are large are read by conditions and prompts alike',
      flow: flow({
        steps: [
          agent('z'),
          loop({
            items: '{{steps.z.output.list}}',
            steps: [
              agent('a', {
                condition: '{{loop.item.keep}}',
                input: { prompt: '{{loop.item.text.length}}', all: '{{loop.item}}' },
              }),
            ],
          }),
        ],
      }),
      mocks: {
        z: {
          list: [
            { keep: true, text: 'x'.repeat(500) },
            { keep: false, text: 'y' },
          ],
        },
        a: input,
      },
      output: [{ prompt: 500, all: { keep: true, text: 'x'.repeat(500) } }, null],
    },
    {
      name: 'the output of a loop inside text, in a prompt, by index and length',
      flow: flow({
        steps: [
          loop({ items: [1, 2], step: agent('a') }),
          agent('b', { input: { prompt: '{{steps.l.output}} {{steps.l.output.1}} {{steps.l.output.length}}' } }),
        ],
      }),
      mocks: { a: replies({ n: 1 }, 'two'), b: input },
      output: { prompt: '[{"n":1},"two"] two 2' },
    },
    {
      name: 'functions inside a round see the loop and the steps around it',
      flow: () =>
        flow({
          steps: [
            agent('z'),
            loop({
              items: ['x', 'y'],
              step: {
                id: 't',
                type: 'transform',
                transform: (_: unknown, { loop: view, steps, workflow }: StepContext) => [
                  view?.item,
                  view?.index,
                  view?.parent,
                  steps['z']?.output,
                  typeof workflow.runId,
                ],
              },
            }),
          ],
        }),
      output: [
        ['x', 0, null, 'z', 'string'],
        ['y', 1, null, 'z', 'string'],
      ],
    },
    {
      name: 'handlers of steps inside rounds',
      flow: () =>
        flow({
          state: { seen: 0 },
          steps: [loop({ items: [1, 2], step: agent('a') })],
          onStepComplete: {
            a: (_: string, output: unknown, context: StepContext) => `${String(output)}${String(context.loop?.item)}`,
          },
        }),
      output: ['a1', 'a2'],
    },
  ]);

  test('parallel: true is 10 at a time; a number and maxConcurrency are exact', async () => {
    for (const [more, expected] of [
      [{ parallel: true }, 10],
      [{ parallel: 3 }, 3],
      [{ parallel: true, maxConcurrency: 4 }, 4],
      [{ parallel: 8, maxConcurrency: 2 }, 2],
      [{}, 1],
    ] as const) {
      for (const run of [runOnEngine, runPlain]) {
        let running = 0;
        let most = 0;
        const outcome = await run(
          flow({
            steps: [loop({ items: Array.from({ length: 12 }, (_, index) => index), step: agent('a'), ...more })],
          }),
          {},
          {
            a: async (call: MockCall) => {
              running += 1;
              most = Math.max(most, running);
              await after(5, 0)(call);
              running -= 1;
              return call.index;
            },
          },
        );
        expect(most).toBe(expected);
        expect(outcome.output).toHaveLength(12);
      }
    }
  });

  test('a thousand items', async () => {
    const outcome = await runOnEngine(
      flow({
        steps: [
          loop({
            items: '{{workflow.input}}',
            parallel: 50,
            step: { id: 'a', type: 'transform', template: '{{loop.index}}' },
          }),
        ],
      }),
      Array.from({ length: 1000 }, (_, index) => ({ index })),
    );
    expect(outcome.output).toEqual(Array.from({ length: 1000 }, (_, index) => index));
  });
});
