import { describe, expect, test } from 'vitest';
import type { StepContext } from '../../src/definition/step-context.ts';
import { bothWays, expectSame } from '../support/both-ways.ts';
import { agent, flow, type LooseStep } from '../support/flow.ts';
import { after, fails, hangs, type MockCall } from '../support/mocks.ts';
import { statuses } from '../support/outcome.ts';
import { runOnEngine } from '../support/test-engine.ts';
import { runPlain } from '../support/run-plain.ts';
import { traceOf } from '../support/trace.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';

describe('the output', () => {
  bothWays([
    {
      name: 'a template with its type',
      flow: flow({ steps: [agent('a')], output: '{{steps.a.output}}' }),
      mocks: { a: { n: [1] } },
      output: { n: [1] },
    },
    {
      name: 'a fallback skips what is missing, null, empty, false and zero',
      flow: flow({
        steps: [agent('a', { condition: 'false' }), agent('b'), agent('c')],
        output: '{{steps.a.output}} || {{steps.b.output}} || {{steps.c.output}}',
      }),
      mocks: { b: '' },
      output: 'c',
    },
    {
      name: 'a fallback to a literal',
      flow: flow({ steps: [agent('a', { condition: 'false' })], output: '{{steps.a.output}} || "nothing"' }),
      output: 'nothing',
    },
    {
      name: '?? skips only what is missing and null',
      flow: flow({ steps: [agent('a'), agent('b')], output: '{{steps.a.output}} ?? {{steps.b.output}}' }),
      mocks: { a: 0 },
      output: 0,
    },
    {
      name: 'an object of templates',
      flow: flow({
        steps: [agent('a'), agent('b', { onError: 'continue' })],
        output: {
          a: '{{steps.a.output}}',
          list: ['{{steps.b.status}}', 1],
          none: '{{steps.a.output.no}}',
          name: '{{workflow.name}} {{workflow.version}}',
        },
      }),
      mocks: { b: fails() },
      output: { a: 'a', list: ['failed', 1], name: 'test 1' },
    },
    {
      name: 'a function',
      flow: () =>
        flow({
          steps: [agent('a')],
          output: (context: StepContext) => Promise.resolve({ got: context.steps['a']?.output }),
        }),
      output: { got: 'a' },
    },
    {
      name: 'a function that gives nothing',
      flow: () => flow({ steps: [agent('a')], output: () => undefined }),
      output: null,
    },
    {
      name: 'that fails, fails the run, and onFailure steps run',
      flow: () =>
        flow({
          steps: [agent('a')],
          output: () => {
            throw new Error('no output today');
          },
          onFailure: [agent('f', { input: { prompt: '{{workflow.error.message}}' } })],
        }),
      status: 'failed',
      error: { message: 'no output today' },
      calls: { a: 1, f: 1 },
    },
    {
      name: 'inside text, what is missing fails the run',
      flow: flow({ steps: [agent('a')], output: 'got {{steps.a.output.no}}' }),
      status: 'failed',
      error: { code: 'TEMPLATE_FAILED' },
    },
    {
      name: 'by default: all named outputs that are there',
      flow: flow({
        steps: [
          agent('a', { output: 'first' }),
          agent('b', { output: 'second', condition: 'false' }),
          { id: 'p', type: 'parallel', output: 'both', steps: [agent('c'), agent('d', { output: 'inner' })] },
          agent('e'),
        ],
      }),
      output: { first: 'a', both: { c: 'c', d: 'd' }, inner: 'd' },
    },
    {
      name: 'by default: of several writers of a name, the last one',
      flow: flow({
        steps: [
          { id: 'r', type: 'conditional', condition: '{{workflow.input.x}}', then: 'a', else: 'b' },
          agent('a', { output: 'result' }),
          agent('b', { output: 'result' }),
          agent('c', { input: { prompt: 'of {{vars.result}}' } }),
        ],
      }),
      input: { x: false },
      mocks: { c: ({ input }: MockCall) => input },
      output: { result: 'b' },
    },
    {
      name: 'by default, without names: the last completed step',
      flow: flow({ steps: [agent('a'), agent('b', { condition: 'false' }), agent('c', { onError: 'continue' })] }),
      mocks: { c: fails() },
      output: 'a',
    },
    {
      name: 'by default, of a workflow in which nothing completed',
      flow: flow({ steps: [agent('a', { condition: 'false' })] }),
      output: null,
    },
    {
      name: 'by default: the output of a last loop, a last group, a last parallel step',
      flow: flow({ steps: [{ id: 'l', type: 'loop', items: [1, 2], step: agent('a') }] }),
      output: ['a', 'a'],
    },
    {
      name: 'of routers: vars',
      flow: flow({
        steps: [
          { id: 'r', type: 'conditional', condition: 'true', then: 'a', output: 'way' },
          { id: 's', type: 'switch', value: 'x', cases: { x: 'a' }, output: 'path' },
          agent('a'),
        ],
      }),
      output: { way: 'a', path: 'a' },
    },
    {
      name: 'the input',
      flow: flow({ steps: [agent('a')], output: '{{workflow.input}}' }),
      input: { x: [1, 'y'.repeat(500)] },
      output: { x: [1, 'y'.repeat(500)] },
    },
  ]);
});

describe('onFailure', () => {
  const failing = (more: object = {}): WorkflowDefinition =>
    flow({
      steps: [agent('a'), agent('b')],
      onFailure: [
        agent('f', {
          input: {
            prompt: 'failed: {{workflow.error.message}} in {{workflow.error.details.step}}, a was {{steps.a.output}}',
          },
        }),
        agent('g'),
      ],
      ...more,
    });
  bothWays([
    {
      name: 'runs after a failure and sees the error; the run fails with it',
      flow: failing(),
      mocks: { b: fails('broken') },
      status: 'failed',
      error: { message: 'broken' },
      trace: 'start a, done a, start b, fail b STEP_FAILED, start f, done f, start g, done g',
      check: ({ mocks }) => {
        expect(mocks.calls.at(-2)?.input).toEqual({ prompt: 'failed: broken in b, a was a' });
      },
    },
    { name: 'does not run after success', flow: failing(), calls: { a: 1, b: 1 } },
    {
      name: 'a failure in it ends it; the error of the run stays what it was',
      flow: failing(),
      mocks: { b: fails('broken'), f: fails('also broken') },
      status: 'failed',
      error: { message: 'broken' },
      calls: { a: 1, b: 1, f: 1 },
    },
    {
      name: "a router in it may lead to 'end'",
      flow: failing({
        onFailure: [
          {
            id: 'r',
            type: 'conditional',
            condition: '{{workflow.error.code}} === "STEP_FAILED"',
            then: 'end',
            else: 'g',
          },
          agent('g'),
        ],
      }),
      mocks: { b: fails('broken') },
      status: 'failed',
      calls: { a: 1, b: 1 },
    },
    {
      name: 'handlers: onWorkflowError comes after it',
      flow: () => failing({ onWorkflowError: () => undefined }),
      mocks: { b: fails('broken') },
      status: 'failed',
      calls: { a: 1, b: 1, f: 1, g: 1 },
    },
    {
      name: 'after a step that timed out',
      flow: failing(),
      mocks: { b: hangs() },
      status: 'failed',
      error: { code: 'TIMEOUT', details: { step: 'b' } },
      elapsedMs: 300_000,
      calls: { a: 1, b: 1, f: 1, g: 1 },
    },
  ]);
});

describe('the timeout of the run', () => {
  const slow: LooseStep = agent('b', { timeout: '1d' });
  bothWays([
    {
      name: 'ends it as failed, and what is under way is aborted',
      flow: flow({ timeout: '1h', steps: [agent('a'), slow] }),
      mocks: { b: hangs() },
      status: 'failed',
      error: { code: 'TIMEOUT', message: 'the run did not finish within 3600000 ms' },
      elapsedMs: 3_600_000,
      statuses: { a: 'completed', b: 'cancelled' },
      check: ({ mocks }) => {
        expect(mocks.aborted).toEqual(['b']);
      },
    },
    {
      name: 'not reached',
      flow: flow({ timeout: '1h', steps: [slow] }),
      mocks: { b: after(3_599_999, 'just') },
      output: 'just',
    },
    {
      name: 'runs onFailure steps, which it does not bound',
      flow: flow({
        timeout: 1000,
        steps: [slow],
        onFailure: [agent('f', { input: { prompt: '{{workflow.error.code}}' } })],
      }),
      mocks: { b: hangs(), f: after(5000, 1) },
      status: 'failed',
      elapsedMs: 6000,
    },
  ]);
});

describe('cancel', () => {
  const cases = [
    { name: 'an agent', steps: [agent('a'), agent('b')], mocks: { a: hangs() }, statuses: { a: 'cancelled' } },
    { name: 'a wait', steps: [{ id: 'w', type: 'wait', duration: '1d' }], statuses: { w: 'cancelled' } },
    {
      name: 'a backoff',
      steps: [agent('a', { retry: { maxAttempts: 3, delay: '1h' } })],
      mocks: { a: fails() },
      statuses: { a: 'cancelled' },
    },
    {
      name: 'everything under way in parallel, in groups and loops',
      steps: [
        {
          id: 'p',
          type: 'parallel',
          maxConcurrency: 3,
          steps: [
            agent('a'),
            { id: 'g', type: 'sequential', steps: [agent('b')] },
            { id: 'l', type: 'loop', items: [1, 2], step: agent('i') },
            agent('never'),
          ],
        },
      ],
      mocks: { a: hangs(), b: hangs(), i: hangs() },
      statuses: { p: 'cancelled', a: 'cancelled', g: 'cancelled', b: 'cancelled', l: 'cancelled' },
      aborted: ['a', 'b', 'i'],
    },
  ] as const;

  for (const each of cases) {
    test(`ends ${each.name}`, async () => {
      const definition = flow({ steps: each.steps });
      const mocks = 'mocks' in each ? each.mocks : {};
      const onEngine = await runOnEngine(definition, {}, mocks, {
        meanwhile: async ({ engine }, id) => engine.run(id).cancel({ by: 'kim', why: 'wrong topic' }),
      });
      const plain = await runPlain(definition, {}, mocks, {
        meanwhile: async (clock, send) => {
          send({ type: 'run.cancelled', by: 'kim', why: 'wrong topic' } as { readonly type: string });
          await clock.settle();
        },
      });
      for (const outcome of [onEngine, plain]) {
        expect(outcome.status).toBe('cancelled');
        expect(outcome.error).toMatchObject({
          code: 'CANCELLED',
          message: 'the run was cancelled by kim: wrong topic',
        });
        expect(statuses(outcome)).toMatchObject(each.statuses);
        expect(outcome.events.at(-1)).toMatchObject({ type: 'run.cancelled', by: 'kim', why: 'wrong topic' });
        if ('aborted' in each) expect([...outcome.mocks.aborted].sort()).toEqual(each.aborted);
      }
      expectSame(onEngine, plain);
    });
  }

  test('runs onFailure steps; a second cancel ends those too', async () => {
    const definition = flow({
      steps: [agent('a')],
      onFailure: [agent('f', { input: { prompt: '{{workflow.error.code}}' } })],
    });
    const once = await runOnEngine(
      definition,
      {},
      { a: hangs() },
      { meanwhile: async ({ engine }, id) => engine.run(id).cancel() },
    );
    expect(once.status).toBe('cancelled');
    expect(once.mocks.calls.map(({ step, input }) => [step, input])).toEqual([
      ['a', { prompt: 'do a' }],
      ['f', { prompt: 'CANCELLED' }],
    ]);
    const twice = await runOnEngine(
      definition,
      {},
      { a: hangs(), f: hangs() },
      {
        meanwhile: async ({ engine, clock }, id) => {
          await engine.run(id).cancel({ by: 'kim' });
          await clock.settle();
          await engine.run(id).cancel({ by: 'lee' });
        },
      },
    );
    expect(twice.status).toBe('cancelled');
    expect(twice.error).toMatchObject({ message: 'the run was cancelled by kim' });
    expect(twice.mocks.counts).toEqual({ a: 1, f: 1 });
    expect(traceOf(twice.events)).toEqual(['start a', 'cancel a', 'start f', 'cancel f']);
  });

  test('while onFailure steps run: they end, and the run is cancelled', async () => {
    const definition = flow({ steps: [agent('a')], onFailure: [agent('f')] });
    const outcome = await runOnEngine(
      definition,
      {},
      { a: fails('broken'), f: hangs() },
      { meanwhile: async ({ engine }, id) => engine.run(id).cancel() },
    );
    expect(outcome.status).toBe('cancelled');
    expect(outcome.mocks.counts).toEqual({ a: 1, f: 1 });
    expect(statuses(outcome)).toEqual({ a: 'failed', f: 'cancelled' });
  });

  test('of a run that has ended is refused', async () => {
    await runOnEngine(
      flow({ steps: [agent('a')] }),
      {},
      {},
      {
        meanwhile: async ({ engine, drive }, id) => {
          await drive(id);
          await expect(engine.run(id).cancel()).rejects.toMatchObject({ code: 'CONFLICT' });
        },
      },
    );
  });
});
