import { describe, expect, test } from 'vitest';
import { TerminalError } from '../../src/core/errors.ts';
import { bothWays } from '../support/both-ways.ts';
import { agent, flow, type LooseStep } from '../support/flow.ts';
import { after, fails, hangs, type MockCall } from '../support/mocks.ts';
import { statuses, stepRecord } from '../support/outcome.ts';
import { runOnEngine } from '../support/test-engine.ts';
import { runPlain } from '../support/run-plain.ts';

const parallel = (steps: readonly LooseStep[], more: object = {}): LooseStep => ({
  id: 'p',
  type: 'parallel',
  steps,
  ...more,
});
const abc = [agent('a'), agent('b'), agent('c')];

describe('parallel', () => {
  bothWays([
    {
      name: 'runs its branches at the same time; the output is an object by step id',
      flow: flow({ steps: [parallel(abc)] }),
      mocks: { a: after(30, 'A'), b: after(10, { n: 1 }), c: after(20, 'C') },
      output: { a: 'A', b: { n: 1 }, c: 'C' },
      elapsedMs: 30,
      trace: 'start p, start a, start b, start c, done b, done c, done a, done p',
    },
    {
      name: 'a skipped branch is not in the output',
      flow: flow({ steps: [parallel([agent('a'), agent('b', { condition: 'false' })])] }),
      output: { a: 'a' },
    },
    {
      name: 'all finish, then the step fails with the errors of all that failed',
      flow: flow({ steps: [parallel(abc), agent('d')] }),
      mocks: { a: fails('first'), b: after(100, 'B'), c: fails(new TerminalError('third')) },
      status: 'failed',
      error: {
        name: 'AggregateStepError',
        code: 'STEPS_FAILED',
        details: { step: 'p' },
        errors: { a: { message: 'first' }, c: { message: 'third', code: 'TERMINAL' } },
      },
      elapsedMs: 100,
      statuses: { p: 'failed', a: 'failed', b: 'completed', c: 'failed' },
    },
    {
      name: "onError 'continue' keeps the successful outputs and lists the errors",
      flow: flow({
        steps: [
          parallel(abc, { onError: 'continue' }),
          agent('d', { condition: '{{steps.p.output.b.n}} > 1 && length({{steps.p.output.c}}) === 200' }),
        ],
        output: { p: '{{steps.p.output}}', status: '{{steps.p.status}}', why: '{{steps.p.error.errors.a.message}}' },
      }),
      mocks: { a: fails('first'), b: { n: 2 }, c: 'x'.repeat(200) },
      output: { p: { b: { n: 2 }, c: 'x'.repeat(200) }, status: 'failed', why: 'first' },
      statuses: { d: 'completed' },
    },
    {
      name: "a branch with onError 'continue' does not fail the step, nor is it in the output",
      flow: flow({ steps: [parallel([agent('a', { onError: 'continue' }), agent('b')])] }),
      mocks: { a: fails() },
      output: { b: 'b' },
    },
    {
      name: 'a branch whose mending fails, fails the step',
      flow: flow({ steps: [parallel([agent('a', { onError: agent('r') }), agent('b')])] }),
      mocks: { a: fails('a'), r: fails('r') },
      status: 'failed',
      error: { errors: { a: { message: 'r' } } },
    },
    {
      name: 'failFast: the first failure cancels the others at once',
      flow: flow({
        steps: [
          parallel([agent('a'), agent('b'), { id: 'g', type: 'sequential', steps: [agent('c'), agent('d')] }], {
            failFast: true,
          }),
        ],
      }),
      mocks: { a: after(10, fails('broken')), b: hangs(), c: hangs() },
      status: 'failed',
      error: { message: 'broken', code: 'STEP_FAILED' },
      elapsedMs: 10,
      statuses: { a: 'failed', b: 'cancelled', g: 'cancelled', c: 'cancelled', p: 'failed' },
      check: ({ mocks }) => {
        expect([...mocks.aborted].sort()).toEqual(['b', 'c']);
      },
    },
    {
      name: 'failFast does not mind a branch that goes on after its failure',
      flow: flow({ steps: [parallel([agent('a', { onError: 'continue' }), agent('b')], { failFast: true })] }),
      mocks: { a: fails('broken'), b: after(10, 'B') },
      output: { b: 'B' },
    },
    {
      name: "join 'any': the first success cancels the rest",
      flow: flow({ steps: [parallel(abc, { join: 'any' }), agent('d')], output: '{{steps.p.output}}' }),
      mocks: { a: hangs(), b: after(20, 'B'), c: fails() },
      output: { b: 'B' },
      elapsedMs: 20,
      statuses: { a: 'cancelled', b: 'completed', c: 'failed', p: 'completed' },
      check: ({ mocks }) => {
        expect(mocks.aborted).toEqual(['a']);
      },
    },
    {
      name: 'join n: as many successes',
      flow: flow({ steps: [parallel(abc, { join: 2 })] }),
      mocks: { a: after(10, 1), b: after(30, 2), c: after(20, 3) },
      output: { a: 1, c: 3 },
      elapsedMs: 20,
    },
    {
      name: 'join n: too few successes fail the step',
      flow: flow({ steps: [parallel(abc, { join: 2 })] }),
      mocks: { a: fails(), b: 2, c: fails() },
      status: 'failed',
      error: { name: 'AggregateStepError', errors: { a: {}, c: {} } },
    },
    {
      name: 'branches are groups where they need more',
      flow: flow({
        steps: [
          parallel([
            {
              id: 'g',
              type: 'sequential',
              steps: [agent('a'), agent('b', { input: { prompt: '{{steps.a.output}}+' } })],
            },
            {
              id: 'h',
              type: 'sequential',
              steps: [
                { id: 'r', type: 'conditional', condition: 'true', then: 'c', else: 'd' },
                agent('c'),
                agent('d'),
              ],
            },
          ]),
        ],
      }),
      mocks: { b: ({ input }: MockCall) => input },
      output: { g: { prompt: 'a+' }, h: 'c' },
    },
    {
      name: 'parallel steps within parallel steps',
      flow: flow({
        steps: [
          parallel([{ id: 'q', type: 'parallel', steps: [agent('a'), agent('b')] }, agent('c')]),
          agent('d', { condition: '{{steps.p.output.q.a.x}} === 1' }),
        ],
        output: '{{steps.p.output}}',
      }),
      mocks: { a: { x: 1 } },
      output: { q: { a: { x: 1 }, b: 'b' }, c: 'c' },
      statuses: { d: 'completed' },
    },
    {
      name: "a group with 'end' in a branch ends the run, and cancels the other branches",
      flow: flow({
        steps: [
          parallel([
            {
              id: 'g',
              type: 'sequential',
              steps: [agent('a'), { id: 'r', type: 'conditional', condition: 'true', then: 'end' }, agent('b')],
            },
            agent('c'),
          ]),
          agent('d'),
        ],
        output: 'ended after {{steps.a.output}}',
      }),
      mocks: { c: hangs() },
      output: 'ended after a',
      statuses: { c: 'cancelled', p: 'cancelled', g: 'cancelled' },
    },
    {
      name: 'a branch that has completed does not time out while others run',
      flow: flow({ steps: [parallel([agent('a', { totalTimeout: 50, timeout: 20 }), agent('b')])] }),
      mocks: { a: after(10, 'A'), b: after(100, 'B') },
      output: { a: 'A', b: 'B' },
      trace: 'start p, start a, start b, done a, done b, done p',
    },
    {
      name: 'timeout of the whole',
      flow: flow({ steps: [parallel(abc, { timeout: 50, onError: 'continue' })], output: '{{steps.p.output}}' }),
      mocks: { b: hangs(), c: hangs() },
      output: { a: 'a' },
      statuses: { p: 'failed', b: 'cancelled', c: 'cancelled' },
      elapsedMs: 50,
    },
    {
      name: 'its output can be asked for by whole tags and inside text',
      flow: flow({
        steps: [parallel([agent('a'), agent('b')])],
        output: { all: '{{steps.p.output}}', text: 'got {{steps.p.output}}', a: '{{steps.p.output.a.list.1}}' },
      }),
      mocks: { a: { list: [1, 2] } },
      output: { all: { a: { list: [1, 2] }, b: 'b' }, text: 'got {"a":{"list":[1,2]},"b":"b"}', a: 2 },
    },
    {
      name: 'comes again in a loop with everything fresh',
      flow: flow({
        state: { n: 0 },
        steps: [
          {
            id: 'l',
            type: 'loop',
            until: '{{state.n}} >= 3',
            steps: [
              parallel([agent('a'), agent('b')], { maxConcurrency: 1, assign: { n: { expr: '{{state.n}} + 1' } } }),
            ],
          },
        ],
        output: '{{steps.l.output}}',
      }),
      mocks: { a: ({ index }: MockCall) => index, b: ({ index }: MockCall) => index * 10 },
      output: [
        { a: 0, b: 0 },
        { a: 1, b: 10 },
        { a: 2, b: 20 },
      ],
    },
  ]);
});

describe('maxConcurrency', () => {
  const many = Array.from({ length: 9 }, (_, index) => agent(`s${index}`));

  /** Answers after a time, and notes how many are under way. */
  function counting(delays: (index: number) => number): {
    readonly mocks: Record<string, (call: MockCall) => Promise<unknown>>;
    max(): number;
    under(): number;
  } {
    let running = 0;
    let most = 0;
    const mocks: Record<string, (call: MockCall) => Promise<unknown>> = {};
    many.forEach(({ id }, index) => {
      mocks[id] = async (call) => {
        running += 1;
        most = Math.max(most, running);
        try {
          return await after(delays(index), index)(call);
        } finally {
          running -= 1;
        }
      };
    });
    return { mocks, max: () => most, under: () => running };
  }

  for (const limit of [1, 2, 3, 8, 9, 100]) {
    test(`${limit} at a time, exactly; the rest wait in order`, async () => {
      for (const run of [runOnEngine, runPlain]) {
        const count = counting(() => 10);
        const outcome = await run(flow({ steps: [parallel(many, { maxConcurrency: limit })] }), {}, count.mocks);
        expect(count.max()).toBe(Math.min(limit, 9));
        expect(outcome.elapsedMs).toBe(10 * Math.ceil(9 / Math.min(limit, 9)));
        expect(outcome.mocks.calls.map(({ step }) => step)).toEqual(many.map(({ id }) => id));
      }
    });
  }

  test('a branch that is skipped or fails gives its place away at once', async () => {
    const steps = many.map((step, index) =>
      index % 3 === 0 ? { ...step, condition: 'false' } : { ...step, onError: 'continue' },
    );
    for (const run of [runOnEngine, runPlain]) {
      const count = counting((index) => index);
      const mocks = { ...count.mocks, s1: fails(), s4: fails() };
      const outcome = await run(flow({ steps: [parallel(steps, { maxConcurrency: 2 })] }), {}, mocks);
      expect(outcome.output).toEqual({ s2: 2, s5: 5, s7: 7, s8: 8 });
      expect(count.max()).toBe(2);
    }
  });

  test('branches that decide by a function, or have handlers, hold their place while they do', async () => {
    const steps = many.map((step) => ({ ...step, condition: () => true }));
    for (const run of [runOnEngine, runPlain]) {
      const count = counting(() => 5);
      await run(
        flow({
          steps: [parallel(steps, { maxConcurrency: 2 })],
          onStepStart: { 's*': () => undefined },
          onStepComplete: { 's*': () => undefined },
        }),
        {},
        count.mocks,
      );
      expect(count.max()).toBe(2);
    }
  });

  test('totalTimeout of a branch begins when it leaves the queue', async () => {
    const steps = many.slice(0, 4).map((step) => ({ ...step, totalTimeout: 30, onError: 'continue' }));
    for (const run of [runOnEngine, runPlain]) {
      const outcome = await run(
        flow({ steps: [parallel(steps, { maxConcurrency: 1 })] }),
        {},
        { s0: after(20, 0), s1: after(20, 1), s2: hangs(), s3: after(20, 3) },
      );
      expect(outcome.output).toEqual({ s0: 0, s1: 1, s3: 3 });
      expect(outcome.elapsedMs).toBe(90);
      expect(statuses(outcome)).toEqual({
        p: 'completed',
        s0: 'completed',
        s1: 'completed',
        s2: 'failed',
        s3: 'completed',
      });
    }
  });

  test('failFast while branches are queued: those never start', async () => {
    for (const run of [runOnEngine, runPlain]) {
      const outcome = await run(
        flow({ steps: [parallel(many, { maxConcurrency: 2, failFast: true })] }),
        {},
        { s0: after(5, fails()), s1: hangs() },
      );
      expect(outcome.status).toBe('failed');
      expect(outcome.mocks.calls.map(({ step }) => step)).toEqual(['s0', 's1']);
      expect(statuses(outcome)).toEqual({ p: 'failed', s0: 'failed', s1: 'cancelled' });
    }
  });

  test('branches in backoff hold their place', async () => {
    const steps = many.slice(0, 3).map((step) => ({ ...step, retry: { maxAttempts: 2, delay: 100 } }));
    for (const run of [runOnEngine, runPlain]) {
      const once = ({ attempt }: MockCall): unknown => {
        if (attempt === 1) throw new Error('first');
        return attempt;
      };
      const outcome = await run(
        flow({ steps: [parallel(steps, { maxConcurrency: 1 })] }),
        {},
        { s0: once, s1: once, s2: once },
      );
      expect(outcome.elapsedMs).toBe(300);
      expect(stepRecord(outcome, 's2')).toMatchObject({ status: 'completed', attempt: 2 });
    }
  });
});
