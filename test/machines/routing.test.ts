import { describe, expect } from 'vitest';
import { bothWays } from '../support/both-ways.ts';
import { agent, flow, type LooseStep } from '../support/flow.ts';
import { fails, replies, type MockCall } from '../support/mocks.ts';

const router = (more: object): LooseStep => ({ id: 'r', type: 'conditional', ...more });
const byType = (more: object): LooseStep => ({ id: 's', type: 'switch', value: '{{workflow.input.type}}', ...more });

describe('a conditional step', () => {
  const branches = (condition: unknown, more: object = {}) =>
    flow({ steps: [router({ condition, then: 'a', else: 'b', ...more }), agent('a'), agent('b'), agent('c')] });
  bothWays([
    {
      name: 'true: then; the other branch step is skipped, what nobody names runs',
      flow: branches('{{workflow.input.n}} > 1'),
      input: { n: 2 },
      trace: 'start r, done r (then), start a, done a, skip b (not chosen), start c, done c',
    },
    {
      name: 'false: else',
      flow: branches('{{workflow.input.n}} > 1'),
      input: { n: 1 },
      trace: 'start r, done r (else), skip a (not chosen), start b, done b, start c, done c',
    },
    {
      name: 'without else, when false: nothing is chosen, its output is null',
      flow: flow({
        steps: [router({ condition: 'false', then: 'a' }), agent('a'), agent('c')],
        output: { r: '{{steps.r.output}}', branch: '{{steps.r.branch}}' },
      }),
      output: { r: null, branch: 'else' },
      statuses: { a: 'skipped', c: 'completed' },
    },
    {
      name: "its output is the chosen step's id, its var 'then' or 'else'",
      flow: flow({
        steps: [router({ condition: 'true', then: 'a', else: 'b', output: 'decision' }), agent('a'), agent('b')],
        output: {
          id: '{{steps.r.output}}',
          branch: '{{steps.r.branch}}',
          var: '{{vars.decision}}',
          text: 'went {{steps.r.output}}',
        },
      }),
      output: { id: 'a', branch: 'then', var: 'then', text: 'went a' },
    },
    {
      name: 'a function decides',
      flow: () =>
        branches(async (context: { readonly workflow: { readonly input: { readonly n: number } } }) =>
          Promise.resolve(context.workflow.input.n > 1),
        ),
      input: { n: 2 },
      statuses: { a: 'completed', b: 'skipped' },
    },
    {
      name: 'a function that throws is tried again under the retry of the router',
      flow: () => {
        let calls = 0;
        return branches(
          () => {
            calls += 1;
            if (calls === 1) throw new Error('not yet');
            return false;
          },
          { retry: { maxAttempts: 2, delay: 10 } },
        );
      },
      trace: 'start r, retry r 10, start r.2, done r.2 (else), skip a (not chosen), start b, done b, start c, done c',
    },
    {
      name: 'a condition over the output of a loop is decided by an effect',
      flow: flow({
        steps: [
          { id: 'l', type: 'loop', items: [1, 2, 3], step: agent('x') },
          router({ condition: '{{steps.l.output.length}} > 2', then: 'a', else: 'b' }),
          agent('a'),
          agent('b'),
        ],
      }),
      statuses: { a: 'completed', b: 'skipped' },
    },
    {
      name: 'a branch step has its own condition too',
      flow: flow({
        steps: [
          router({ condition: 'true', then: 'a', else: 'b' }),
          agent('a', { condition: '{{workflow.input.go}}' }),
          agent('b'),
        ],
      }),
      input: { go: false },
      statuses: { a: 'skipped', b: 'skipped' },
    },
    {
      name: 'a list of targets',
      flow: flow({
        steps: [
          router({ condition: 'true', then: ['a', 'c'], else: 'b' }),
          agent('a'),
          agent('b'),
          agent('c'),
          agent('d'),
        ],
      }),
      trace: 'start r, done r (then), start a, done a, skip b (not chosen), start c, done c, start d, done d',
    },
    {
      name: 'inline steps become branch steps right after the router',
      flow: flow({
        steps: [
          router({
            condition: '{{workflow.input.n}}',
            then: { type: 'transform', template: 'yes' },
            else: { type: 'transform', template: 'no' },
          }),
          agent('c'),
        ],
      }),
      input: { n: true },
      trace: 'start r, done r (then), start r-then, done r-then, skip r-else (not chosen), start c, done c',
    },
    {
      name: 'an inline group',
      flow: flow({
        steps: [
          router({ condition: 'true', then: { id: 'g', type: 'sequential', steps: [agent('a'), agent('b')] } }),
          agent('c'),
        ],
      }),
      trace: 'start r, done r (then), start g, start a, done a, start b, done b, done g, start c, done c',
    },
    {
      name: "'end' ends the run with its output",
      flow: flow({
        steps: [agent('a'), router({ condition: 'true', then: 'end' }), agent('b')],
        output: 'early: {{steps.a.output}}',
      }),
      output: 'early: a',
      calls: { a: 1 },
      statuses: { r: 'completed', a: 'completed' },
    },
    {
      name: "'end' deep inside groups",
      flow: flow({
        steps: [
          {
            id: 'g',
            type: 'sequential',
            steps: [
              { id: 'h', type: 'sequential', steps: [router({ condition: 'true', then: 'end' }), agent('a')] },
              agent('b'),
            ],
          },
          agent('c'),
        ],
        output: 'ended',
      }),
      output: 'ended',
      calls: {},
    },
    {
      name: 'a branch step named by two routers runs when either chose it',
      flow: flow({
        steps: [
          router({ condition: '{{workflow.input.first}}', then: 'a' }),
          { id: 'r2', type: 'conditional', condition: '{{workflow.input.second}}', then: 'a' },
          agent('a'),
        ],
      }),
      input: { first: false, second: true },
      calls: { a: 1 },
    },
    {
      name: 'a router that was not chosen chooses nothing',
      flow: flow({
        steps: [
          router({ condition: 'false', then: 'r2' }),
          { id: 'r2', type: 'conditional', condition: 'true', then: 'a' },
          agent('a'),
          agent('b'),
        ],
      }),
      statuses: { r2: 'skipped', a: 'skipped', b: 'completed' },
    },
    {
      name: 'a router can be a branch step of another',
      flow: flow({
        steps: [
          router({ condition: 'true', then: 'r2' }),
          { id: 'r2', type: 'conditional', condition: 'true', then: 'a' },
          agent('a'),
          agent('b'),
        ],
      }),
      statuses: { r2: 'completed', a: 'completed', b: 'completed' },
    },
    {
      name: 'the last step of a group can be a router',
      flow: flow({
        steps: [
          { id: 'g', type: 'sequential', steps: [agent('a'), router({ condition: 'true', then: 'end' })] },
          agent('b'),
        ],
        output: 'x',
      }),
      output: 'x',
      calls: { a: 1 },
    },
  ]);
});

describe('a switch step', () => {
  const publish = (more: object = {}) =>
    flow({
      steps: [
        byType({ cases: { blog: 'b', social: 'o', 7: 'n' }, default: 'd', output: 'way', ...more }),
        agent('b'),
        agent('o'),
        agent('n'),
        agent('d'),
      ],
      output: { id: '{{steps.s.output}}', branch: '{{steps.s.branch}}', var: '{{vars.way}}' },
    });
  bothWays([
    {
      name: 'the case that equals the value',
      flow: publish(),
      input: { type: 'social' },
      output: { id: 'o', branch: 'social', var: 'o' },
      statuses: { b: 'skipped', o: 'completed', n: 'skipped', d: 'skipped' },
    },
    {
      name: 'values are compared as text',
      flow: publish(),
      input: { type: 7 },
      output: { id: 'n', branch: '7', var: 'n' },
    },
    {
      name: 'no match: default',
      flow: publish(),
      input: { type: 'BLOG' },
      output: { id: 'd', branch: 'default', var: 'd' },
    },
    { name: 'a missing value: default', flow: publish(), input: {}, output: { id: 'd', branch: 'default', var: 'd' } },
    {
      name: 'no match and no default: nothing is chosen, the output is null',
      flow: flow({
        steps: [byType({ cases: { x: 'b' } }), agent('b'), agent('c')],
        output: { s: '{{steps.s.output}}', branch: '{{steps.s.branch}}' },
      }),
      input: { type: 'y' },
      output: { s: null, branch: 'default' },
      statuses: { b: 'skipped', c: 'completed' },
    },
    {
      name: 'text around tags',
      flow: flow({
        steps: [
          {
            id: 's',
            type: 'switch',
            value: '{{workflow.input.a}}-{{workflow.input.b}}',
            cases: { 'x-y': 'b', 'x-': 'c' },
            default: 'd',
          },
          agent('b'),
          agent('c'),
          agent('d'),
        ],
        output: '{{steps.s.output}}',
      }),
      input: { a: 'x' },
      output: 'c',
    },
    {
      name: 'a function gives the value',
      flow: () =>
        flow({
          steps: [
            { id: 's', type: 'switch', value: () => Promise.resolve(true), cases: { true: 'b' }, default: 'c' },
            agent('b'),
            agent('c'),
          ],
          output: '{{steps.s.output}}',
        }),
      output: 'b',
    },
    {
      name: 'a constant value',
      flow: flow({
        steps: [{ id: 's', type: 'switch', value: 'b', cases: { b: 'b' }, default: 'c' }, agent('b'), agent('c')],
        output: '{{steps.s.output}}',
      }),
      output: 'b',
    },
    {
      name: 'an object is compared as its JSON',
      flow: flow({
        steps: [byType({ cases: { '{"x":1}': 'b' }, default: 'c' }), agent('b'), agent('c')],
        output: '{{steps.s.output}}',
      }),
      input: { type: { x: 1 } },
      output: 'b',
    },
    {
      name: 'an array that a function gives is no list of names',
      flow: () =>
        flow({
          steps: [
            { id: 's', type: 'switch', value: () => ['b'], cases: { b: 'b', '["b"]': 'x' }, default: 'c' },
            agent('b'),
            agent('x'),
            agent('c'),
          ],
          output: '{{steps.s.output}}',
        }),
      output: 'x',
    },
    {
      name: "the value may be another router's output, by any of its names",
      flow: flow({
        steps: [
          byType({ cases: { blog: 'a' }, default: 'a' }),
          agent('a'),
          { id: 't', type: 'switch', value: '{{steps.s.output}}', cases: { blog: 'b' }, default: 'c' },
          agent('b'),
          agent('c'),
        ],
        output: '{{steps.t.output}}',
      }),
      input: { type: 'anything' },
      output: 'b',
    },
    {
      name: "cases with 'end' and lists",
      flow: flow({
        steps: [byType({ cases: { stop: 'end', both: ['a', 'b'] } }), agent('a'), agent('b')],
        output: ['{{steps.a.output}}', '{{steps.b.output}}'],
      }),
      input: { type: 'both' },
      output: ['a', 'b'],
    },
    {
      name: 'a value from a loop is loaded by an effect',
      flow: flow({
        steps: [
          { id: 'l', type: 'loop', items: ['x', 'y'], step: agent('i', { input: { prompt: '{{loop.item}}' } }) },
          { id: 's', type: 'switch', value: '{{steps.l.output.1}}', cases: { y: 'a' }, default: 'b' },
          agent('a'),
          agent('b'),
        ],
        output: '{{steps.s.output}}',
      }),
      mocks: { i: ({ input }: MockCall) => (input as { readonly prompt: string }).prompt },
      output: 'a',
    },
  ]);
});

describe('comparisons with the output of a router', () => {
  const seen = (condition: string) =>
    flow({
      steps: [
        byType({
          cases: { blog: 'publish-blog', web: 'publish-blog', social: 'publish-social' },
          default: 'publish-blog',
        }),
        agent('publish-blog'),
        agent('publish-social'),
        agent('x', { condition }),
      ],
    });
  const yes = (name: string, condition: string, type: string) => ({
    name: `${name}: ${condition}`,
    flow: seen(condition),
    input: { type },
    statuses: { x: 'completed' },
  });
  const no = (name: string, condition: string, type: string) => ({
    name: `${name}: ${condition}`,
    flow: seen(condition),
    input: { type },
    statuses: { x: 'skipped' },
  });
  bothWays([
    yes('the step id', '{{steps.s.output}} === "publish-social"', 'social'),
    yes('the case key', '{{steps.s.output}} === "social"', 'social'),
    yes('the other order', '"social" == {{steps.s.output}}', 'social'),
    no('another key that leads to the same step, when a case matched', '{{steps.s.output}} === "web"', 'blog'),
    yes('any key that leads to the chosen step, by default', '{{steps.s.output}} === "blog"', 'other'),
    yes('every one of them', '{{steps.s.output}} === "web"', 'other'),
    yes('default itself', '{{steps.s.output}} === "default"', 'other'),
    no('a key that leads elsewhere', '{{steps.s.output}} === "social"', 'other'),
    yes('!==', '{{steps.s.output}} !== "social"', 'blog'),
    no('!== of an alias', '{{steps.s.output}} !== "blog"', 'other'),
    yes('in a list', '{{steps.s.output}} in ("email", "blog")', 'blog'),
    yes('a bare tag is true', '{{steps.s.output}}', 'blog'),
    yes('text functions see the step id', 'startsWith({{steps.s.output}}, "publish")', 'blog'),
    yes('two routers', '{{steps.s.output}} === {{steps.s.branch}}', 'blog'),
  ]);
});

describe('a jump back', () => {
  const review = (more: object = {}): ReturnType<typeof flow> =>
    flow({
      ...more,
      steps: [
        agent('write', { input: { prompt: 'write, was: {{steps.check.output}}' } }),
        agent('check'),
        router({ condition: '{{steps.check.output}} === "good"', then: 'done', else: 'write' }),
        agent('done'),
      ],
      missing: 'empty',
    });
  bothWays([
    {
      name: 'is a new visit of every step from the target on; outputs stay readable until then',
      flow: review(),
      mocks: {
        check: replies('bad', 'worse', 'good'),
        write: ({ input }: MockCall) => (input as { readonly prompt: string }).prompt,
      },
      trace:
        'start write, done write, start check, done check, start r, done r (else), ' +
        'start write#2, done write#2, start check#2, done check#2, start r#2, done r#2 (else), ' +
        'start write#3, done write#3, start check#3, done check#3, start r#3, done r#3 (then), start done, done done',
      check: ({ mocks }) => {
        expect(mocks.calls.filter(({ step }) => step === 'write').map(({ input }) => input)).toEqual([
          { prompt: 'write, was: ' },
          { prompt: 'write, was: bad' },
          { prompt: 'write, was: worse' },
        ]);
        expect(new Set(mocks.calls.map(({ key }) => key)).size).toBe(mocks.calls.length);
      },
    },
    {
      name: 'maxVisits bounds it: LoopLimitError',
      flow: review(),
      mocks: { check: 'bad' },
      status: 'failed',
      error: { name: 'LoopLimitError', code: 'LOOP_LIMIT', details: { step: 'write' } },
      calls: { write: 25, check: 25 },
    },
    {
      name: 'maxVisits bounds a jump to a step that is skipped, too',
      flow: flow({
        maxVisits: 3,
        steps: [agent('a'), agent('b', { condition: 'false' }), router({ condition: 'false', else: 'b' })],
      }),
      status: 'failed',
      error: { code: 'LOOP_LIMIT' },
      calls: { a: 1 },
    },
    {
      name: 'maxVisits can be set',
      flow: review({ maxVisits: 2 }),
      mocks: { check: 'bad' },
      status: 'failed',
      calls: { write: 2, check: 2 },
    },
    {
      name: 'the limit itself is allowed',
      flow: review({ maxVisits: 3 }),
      mocks: { check: replies('bad', 'bad', 'good') },
      output: 'done',
      calls: { write: 3, check: 3, done: 1 },
    },
    {
      name: 'choices of routers from there on are forgotten',
      flow: flow({
        steps: [
          agent('start'),
          { id: 's', type: 'switch', value: '{{steps.start.output}}', cases: { a: 'a', b: 'b' } },
          agent('a'),
          agent('b'),
          router({ condition: '{{steps.start.output}} === "b"', else: 'start' }),
        ],
        output: { a: '{{steps.a.output}}', b: '{{steps.b.output}}' },
      }),
      mocks: { start: replies('a', 'b') },
      output: { b: 'b' },
      calls: { start: 2, a: 1, b: 1 },
      statuses: { a: 'skipped', b: 'completed' },
    },
    {
      name: 'choices of routers before the target stay',
      flow: flow({
        steps: [
          router({ condition: 'true', then: 'a', else: 'b' }),
          agent('a'),
          agent('b'),
          agent('check'),
          { id: 'again', type: 'conditional', condition: '{{steps.check.output}}', else: 'a' },
        ],
      }),
      mocks: { check: replies(false, true) },
      calls: { a: 2, check: 2 },
      statuses: { a: 'completed', b: 'skipped' },
    },
    {
      name: 'to a branch step: chosen by the jump itself',
      flow: flow({
        steps: [
          router({ condition: 'false', then: 'fix' }),
          agent('fix'),
          agent('check'),
          { id: 'again', type: 'conditional', condition: '{{steps.check.output}}', else: 'fix' },
        ],
      }),
      mocks: { check: replies(false, true) },
      calls: { fix: 1, check: 2 },
    },
    {
      name: 'a list of targets, back and forward: to the earliest, the branch steps among them chosen',
      flow: flow({
        steps: [
          agent('a'),
          agent('b'),
          { id: 'again', type: 'conditional', condition: '{{steps.b.output}}', then: 'c', else: ['a', 'd'] },
          agent('c'),
          agent('d'),
        ],
      }),
      mocks: { b: replies(false, true) },
      calls: { a: 2, b: 2, c: 1 },
      statuses: { c: 'completed', d: 'skipped' },
    },
    {
      name: 'groups, loops and parallel steps in between are fresh',
      flow: flow({
        state: { n: 0 },
        steps: [
          agent('a'),
          {
            id: 'g',
            type: 'sequential',
            steps: [
              { id: 'l', type: 'loop', until: '{{loop.index}} >= 1', step: agent('x') },
              { id: 'p', type: 'parallel', maxConcurrency: 1, steps: [agent('y'), agent('z')] },
            ],
          },
          { id: 'w', type: 'wait', duration: 10 },
          { id: 'items', type: 'loop', items: [1, 2], step: agent('i') },
          router({ condition: '{{state.n}} === 2', else: 'a', assign: { n: { expr: '{{state.n}} + 1' } } }),
        ],
        output: ['{{steps.l.output}}', '{{steps.items.output}}'],
      }),
      output: [
        ['x', 'x'],
        ['i', 'i'],
      ],
      calls: { a: 3, x: 6, y: 3, z: 3, i: 6 },
      elapsedMs: 30,
    },
    {
      name: 'inside the body of a loop: counted anew in each round',
      flow: flow({
        maxVisits: 3,
        state: { n: 0 },
        steps: [
          {
            id: 'l',
            type: 'loop',
            until: '{{state.n}} >= 40',
            steps: [
              agent('a'),
              router({ condition: '{{steps.a.output}}', else: 'a', assign: { n: { expr: '{{state.n}} + 1' } } }),
            ],
          },
        ],
        output: '{{state.n}}',
      }),
      mocks: { a: ({ index }: MockCall) => index % 2 === 1 },
      output: 40,
    },
    {
      name: 'inside a group that is entered again by a jump of its own surroundings',
      flow: flow({
        maxVisits: 2,
        steps: [
          agent('o'),
          { id: 'g', type: 'sequential', steps: [agent('a'), router({ condition: '{{steps.a.output}}', else: 'a' })] },
          { id: 'outer', type: 'conditional', condition: '{{steps.o.output}}', else: 'o' },
        ],
      }),
      mocks: { o: replies(false, true), a: ({ index }: MockCall) => index % 2 === 1 },
      calls: { o: 2, a: 4 },
    },
    {
      name: 'a failed limit goes through the surroundings as a failure',
      flow: flow({
        maxVisits: 2,
        steps: [
          {
            id: 'g',
            type: 'sequential',
            onError: { output: 'gave up' },
            steps: [agent('a'), router({ condition: 'false', else: 'a' })],
          },
        ],
      }),
      output: 'gave up',
      calls: { a: 2 },
    },
    {
      name: 'a router that fails after a visit in which it had decided chooses nothing',
      flow: () => {
        let calls = 0;
        return flow({
          steps: [
            agent('a'),
            router({
              onError: { output: 'none' },
              condition: () => {
                calls += 1;
                if (calls === 2) throw new Error('no');
                return true;
              },
              then: 'b',
              else: 'c',
            }),
            agent('b'),
            agent('c'),
            { id: 'again', type: 'conditional', condition: '{{steps.a.output}} === 1', else: 'a' },
          ],
          output: '{{steps.r.output}}',
        });
      },
      mocks: { a: replies(0, 1) },
      output: 'none',
      calls: { a: 2, b: 1 },
      statuses: { b: 'skipped', c: 'skipped' },
    },
    {
      name: 'a group that is skipped at its second visit clears what was inside',
      flow: flow({
        steps: [
          agent('a'),
          { id: 'g', type: 'sequential', condition: '{{steps.a.output}} === 0', steps: [agent('x')] },
          router({ condition: '{{steps.a.output}} === 1', else: 'a' }),
        ],
        output: { x: '{{steps.x.output}}', g: '{{steps.g.output}}', status: '{{steps.g.status}}' },
      }),
      mocks: { a: replies(0, 1) },
      output: { status: 'skipped' },
    },
    {
      name: 'an agent that fails at its second visit is retried with a fresh count',
      flow: flow({
        steps: [
          agent('a', { retry: { maxAttempts: 2, delay: 1 } }),
          router({ condition: '{{steps.a.output}} === 2', else: 'a' }),
        ],
      }),
      mocks: { a: replies(fails(), 1, fails(), 2) },
      calls: { a: 4 },
      trace:
        'start a, retry a 1, start a.2, done a.2, start r, done r (else), start a#2, retry a#2 1, start a#2.2, done a#2.2, start r#2, done r#2 (then)',
    },
  ]);
});
