import { describe, expect, test } from 'vitest';
import { TerminalError } from '../../src/core/errors.ts';
import type { StepContext } from '../../src/definition/step-context.ts';
import { bothWays } from '../support/both-ways.ts';
import { agent, flow } from '../support/flow.ts';
import { stepRecord } from '../support/outcome.ts';
import { after, fails, hangs, replies } from '../support/mocks.ts';
import { runOnEngine } from '../support/test-engine.ts';

describe('onStepStart', () => {
  bothWays([
    {
      name: 'runs before the step, once, in the order of registration, awaited; patterns match',
      flow: () => {
        const seen: string[] = [];
        const see = (name: string) => async (step: string) => {
          await Promise.resolve();
          seen.push(`${name}:${step}`);
        };
        return flow({
          steps: [agent('fetch-a'), agent('b'), { id: 'last', type: 'transform', transform: () => [...seen] }],
          onStepStart: { 'fetch-*': [see('one'), see('two')], '*': see('all'), b: see('own') },
        });
      },
      output: ['one:fetch-a', 'two:fetch-a', 'all:fetch-a', 'all:b', 'own:b', 'all:last'],
    },
    {
      name: 'gets the input of the step, without secrets',
      flow: () => {
        const seen: unknown[] = [];
        return flow({
          steps: [
            agent('z'),
            agent('a', { input: { prompt: 'about {{steps.z.output}}', key: '{{env.KEY}}' } }),
            {
              id: 'b',
              type: 'http',
              url: 'https://x.test/',
              body: { token: 'Bearer {{env.KEY}}', z: '{{steps.z.output}}' },
            },
            { id: 'last', type: 'transform', input: { z: '{{steps.z.output}}' }, transform: () => [...seen] },
          ],
          onStepStart: { '*': (_step: string, context: StepContext) => void seen.push(context.input) },
        });
      },
      env: { KEY: 's3cr3t' },
      output: [
        { prompt: 'do z' },
        { prompt: 'about z', key: '{{env.KEY}}' },
        { token: 'Bearer {{env.KEY}}', z: 'z' },
        { z: 'z' },
      ],
    },
    {
      name: 'a skipped step has none',
      flow: () =>
        flow({
          state: { n: 0 },
          steps: [agent('a', { condition: 'false' })],
          onStepStart: { a: (_: string, context: StepContext) => context.set('n', 1) },
          output: '{{state.n}}',
        }),
      output: 0,
    },
    {
      name: 'throwing fails the step before its work, under its own retry and onError',
      flow: () =>
        flow({
          steps: [agent('a', { onError: { output: 'instead' }, retry: { maxAttempts: 2, delay: 10 } })],
          onStepStart: {
            a: () => {
              throw new Error('not now');
            },
          },
        }),
      output: 'instead',
      calls: {},
      elapsedMs: 10,
    },
    {
      name: 'structural steps have it too',
      flow: () => {
        const seen: string[] = [];
        return flow({
          steps: [
            { id: 'g', type: 'sequential', steps: [agent('a')] },
            { id: 'p', type: 'parallel', steps: [agent('b')] },
            { id: 'l', type: 'loop', items: [1], step: agent('c') },
            { id: 'r', type: 'conditional', condition: 'true', then: 'w' },
            { id: 'w', type: 'wait', duration: 1 },
            { id: 'last', type: 'transform', transform: () => [...seen] },
          ],
          onStepStart: { '*': (step: string) => void seen.push(step) },
        });
      },
      output: ['g', 'a', 'p', 'b', 'l', 'c', 'r', 'w', 'last'],
    },
  ]);
});

describe('onStepComplete', () => {
  bothWays([
    {
      name: 'what it returns replaces the output; each handler sees what the one before made',
      flow: () =>
        flow({
          steps: [agent('a'), agent('b', { condition: '{{steps.a.output.n}} === 3' })],
          onStepComplete: {
            a: [
              (_: string, output: { n: number }) => ({ n: output.n + 1 }),
              () => undefined,
              (_: string, output: { n: number }) => ({ n: output.n + 1, more: 'x'.repeat(100) }),
            ],
          },
          output: '{{steps.a.output.n}}',
        }),
      mocks: { a: { n: 1 } },
      output: 3,
      statuses: { b: 'completed' },
    },
    {
      name: 'a changed private copy replaces the output, and what was committed before is untouched',
      flow: () =>
        flow({
          steps: [agent('z'), agent('a', { input: { prompt: 'x', from: '{{steps.z.output}}' } })],
          onStepComplete: {
            a: (_: string, output: { list: number[] }) => {
              output.list.push(3);
            },
          },
          output: { z: '{{steps.z.output}}', a: '{{steps.a.output}}' },
        }),
      mocks: { z: { list: [1, 2] }, a: (call: { readonly input: { readonly from: unknown } }) => call.input.from },
      output: { z: { list: [1, 2] }, a: { list: [1, 2, 3] } },
    },
    {
      name: 'null replaces, undefined does not',
      flow: () =>
        flow({
          steps: [agent('a'), agent('b')],
          onStepComplete: { a: () => null, b: () => undefined },
          output: { a: '{{steps.a.output}}', b: '{{steps.b.output}}' },
        }),
      output: { a: null, b: 'b' },
    },
    {
      name: 'a throw is tried again under the retry of the step, and the agent is not asked again',
      flow: () => {
        let calls = 0;
        return flow({
          steps: [agent('a', { retry: { maxAttempts: 3, delay: 100, backoff: 'linear' } })],
          onStepComplete: {
            a: (_: string, output: string) => {
              calls += 1;
              if (calls < 3) throw new Error('disk full');
              return `${output} kept at try ${calls}`;
            },
          },
        });
      },
      output: 'a kept at try 3',
      calls: { a: 1 },
      elapsedMs: 300,
      trace: 'start a, done a',
    },
    {
      name: 'a throw for good fails the step',
      flow: () =>
        flow({
          steps: [agent('a', { onError: 'continue' }), agent('b')],
          onStepComplete: {
            a: () => {
              throw new TerminalError('no');
            },
          },
          output: { a: '{{steps.a.output}}', error: '{{steps.a.error.message}}' },
        }),
      output: { a: null, error: 'no' },
      calls: { a: 1, b: 1 },
    },
    {
      name: 'a throw after attempts that failed does not give the agent another attempt',
      flow: () =>
        flow({
          steps: [agent('a', { retry: { maxAttempts: 2, delay: 1 } })],
          onStepComplete: {
            a: () => {
              throw new Error('no');
            },
          },
        }),
      mocks: { a: replies(fails(), 'ok') },
      status: 'failed',
      calls: { a: 2 },
    },
    {
      name: 'context: input, workflow, steps, vars, state, attempt, stepId',
      flow: () =>
        flow({
          state: { n: 7 },
          steps: [agent('a', { output: 'first' }), agent('b', { retry: { maxAttempts: 2, delay: 1 } })],
          onStepComplete: {
            b: (step: string, output: unknown, context: StepContext) => ({
              step,
              output,
              input: context.input,
              workflow: {
                input: context.workflow.input,
                name: context.workflow.name,
                runId: typeof context.workflow.runId,
              },
              a: context.steps['a']?.output,
              own: context.steps['b']?.output,
              keys: Object.keys(context.steps),
              vars: { ...context.vars },
              state: context.state,
              attempt: context.attempt,
              stepId: context.stepId,
              aborted: context.signal.aborted,
            }),
          },
        }),
      input: { topic: 'tides' },
      mocks: { b: replies(fails(), 'B') },
      check: ({ output }) => {
        expect(output).toEqual({ first: 'a' });
      },
    },
    {
      name: 'context, seen',
      flow: () =>
        flow({
          state: { n: 7 },
          steps: [agent('a', { output: 'first' }), agent('b', { retry: { maxAttempts: 2, delay: 1 } })],
          output: '{{steps.b.output}}',
          onStepComplete: {
            b: (step: string, output: unknown, context: StepContext) => ({
              step,
              output,
              input: context.input,
              workflow: { input: context.workflow.input, name: context.workflow.name },
              a: context.steps['a']?.output,
              own: context.steps['b']?.output,
              keys: Object.keys(context.steps),
              vars: { ...context.vars },
              state: context.state,
              attempt: context.attempt,
              stepId: context.stepId,
              aborted: context.signal.aborted,
              unknown: [context.steps['nothing'], context.vars['nothing'], context.loop],
            }),
          },
        }),
      input: { topic: 'tides' },
      mocks: { b: replies(fails(), 'B') },
      output: {
        step: 'b',
        output: 'B',
        input: { prompt: 'do b' },
        workflow: { input: { topic: 'tides' }, name: 'test' },
        a: 'a',
        own: 'B',
        keys: ['a', 'b'],
        vars: { first: 'a' },
        state: { n: 7 },
        attempt: 2,
        stepId: 'b',
        aborted: false,
        unknown: [null, null, null],
      },
    },
    {
      name: 'context.set writes to the state, and is applied with the result',
      flow: () =>
        flow({
          state: { n: 1, m: 0 },
          steps: [agent('a'), agent('b', { condition: '{{state.n}} === 5' })],
          onStepComplete: {
            a: [
              (_: string, _o: unknown, context: StepContext) => {
                context.set('n', 5);
                context.set('gone', undefined);
                context.set('when', new Date(0));
              },
              (_: string, _o: unknown, context: StepContext) => context.set('m', 2),
            ],
          },
          output: '{{state}}',
        }),
      output: { n: 5, m: 2, gone: null, when: '1970-01-01T00:00:00.000Z' },
      statuses: { b: 'completed' },
    },
    {
      name: 'context.set outside of handlers is refused',
      flow: () =>
        flow({
          state: { n: 1 },
          steps: [{ id: 'a', type: 'transform', transform: (_: unknown, context: StepContext) => context.set('n', 2) }],
        }),
      status: 'failed',
      error: { code: 'REQUEST_INVALID' },
    },
    {
      name: 'what cannot be data cannot be set',
      flow: () =>
        flow({
          state: { n: 1 },
          steps: [agent('a')],
          onStepComplete: { a: (_: string, _o: unknown, context: StepContext) => context.set('n', () => 1) },
        }),
      status: 'failed',
    },
    {
      name: 'of a router: replacing the output does not change the way',
      flow: () =>
        flow({
          steps: [{ id: 'r', type: 'conditional', condition: 'true', then: 'a', else: 'b' }, agent('a'), agent('b')],
          onStepComplete: { r: () => 'something else' },
          output: '{{steps.r.output}} {{steps.r.branch}}',
        }),
      output: 'something else then',
      statuses: { a: 'completed', b: 'skipped' },
    },
    {
      name: 'structural steps: a loop, a parallel step, a group',
      flow: () =>
        flow({
          steps: [
            { id: 'g', type: 'sequential', steps: [agent('a')] },
            { id: 'p', type: 'parallel', steps: [agent('b'), agent('c')] },
            { id: 'l', type: 'loop', items: [1, 2], step: agent('d') },
            { id: 'w', type: 'loop', until: 'true', step: agent('e') },
          ],
          onStepComplete: {
            g: (_: string, output: unknown) => ({ output }),
            p: (_: string, output: object) => Object.keys(output),
            l: (_: string, output: readonly unknown[]) => output.length,
            w: (_: string, output: unknown) => ({ output }),
          },
          output: ['{{steps.g.output}}', '{{steps.p.output}}', '{{steps.l.output}}', '{{steps.w.output}}'],
        }),
      output: [{ output: 'a' }, ['b', 'c'], 2, { output: ['e'] }],
    },
    {
      name: 'what came beside the output stays',
      flow: () =>
        flow({
          steps: [
            { id: 'l', type: 'loop', items: [1, 2], onItemError: 'skip', step: agent('d') },
            { id: 'h', type: 'transform', transform: () => 1, condition: '{{steps.l.metadata.rounds}} === 2' },
          ],
          onStepComplete: { l: () => 'replaced' },
          output: { rounds: '{{steps.l.metadata.rounds}}', l: '{{steps.l.output}}' },
        }),
      output: { rounds: 2, l: 'replaced' },
      statuses: { h: 'completed' },
    },
  ]);
});

describe('onStepError', () => {
  bothWays([
    {
      name: 'is called once, after the last attempt; what it returns becomes the output',
      flow: () => {
        const seen: unknown[] = [];
        return flow({
          steps: [agent('a', { retry: { maxAttempts: 2, delay: 1 } })],
          onStepError: {
            a: (step: string, error: { readonly message: string }, context: StepContext) => {
              seen.push([step, error.message, context.attempt]);
              return { seen: [...seen] };
            },
          },
        });
      },
      mocks: { a: fails('broken') },
      output: { seen: [['a', 'broken', 2]] },
      trace: 'start a, retry a 1, start a.2, done a.2',
    },
    {
      name: 'that returns nothing: onError decides',
      flow: () =>
        flow({
          state: { errors: 0 },
          steps: [agent('a', { onError: 'continue' }), agent('b')],
          onStepError: { '*': (_: string, _e: unknown, context: StepContext) => context.set('errors', 1) },
          output: { a: '{{steps.a.output}}', errors: '{{state.errors}}' },
        }),
      mocks: { a: fails() },
      output: { a: null, errors: 1 },
    },
    {
      name: 'that throws fails the step with its own error',
      flow: () =>
        flow({
          steps: [agent('a')],
          onStepError: {
            a: () => {
              throw new TerminalError('stop everything');
            },
          },
        }),
      mocks: { a: fails('broken') },
      status: 'failed',
      error: { message: 'stop everything' },
      trace: 'start a, fail a TERMINAL',
    },
    {
      name: 'then a recovery step',
      flow: () => flow({ steps: [agent('a', { onError: agent('r') })], onStepError: { a: () => undefined } }),
      mocks: { a: fails('broken') },
      output: 'r',
    },
    {
      name: 'then a constant output, and state written by the handler is kept',
      flow: () =>
        flow({
          state: { n: 0, got: null },
          steps: [agent('a', { onError: { output: 'const' }, assign: { got: '{{steps.a.output}}' } })],
          onStepError: { a: (_: string, _e: unknown, context: StepContext) => context.set('n', 1) },
          output: ['{{steps.a.output}}', '{{state.n}}', '{{state.got}}'],
        }),
      mocks: { a: fails('broken') },
      output: ['const', 1, 'const'],
    },
    {
      name: 'a recovered output is assigned and read by conditions',
      flow: () =>
        flow({
          state: { got: 0 },
          steps: [
            agent('a', { assign: { got: '{{steps.a.output.score}}' } }),
            agent('b', { condition: '{{steps.a.output.score}} === 4' }),
          ],
          onStepError: { a: () => ({ score: 4 }) },
          output: '{{state.got}}',
        }),
      mocks: { a: fails('broken') },
      output: 4,
      statuses: { b: 'completed' },
    },
    {
      name: 'a mended step whose assign fails is not mended again and again',
      flow: () => {
        let calls = 0;
        return flow({
          state: { got: 0 },
          steps: [agent('a', { assign: { got: 'x{{steps.a.output.no}}' } })],
          onStepError: {
            a: () => {
              calls += 1;
              if (calls > 1) throw new TerminalError('called twice');
              return { some: 1 };
            },
          },
        });
      },
      mocks: { a: fails('broken') },
      status: 'failed',
      error: { code: 'TEMPLATE_FAILED' },
    },
    {
      name: 'of a group: the failure inside',
      flow: () =>
        flow({
          steps: [{ id: 'g', type: 'sequential', steps: [agent('a')] }],
          onStepError: { g: (_: string, error: { readonly message: string }) => `mended ${error.message}` },
        }),
      mocks: { a: fails('broken') },
      output: 'mended broken',
    },
    {
      name: 'also after a timeout',
      flow: () =>
        flow({
          steps: [agent('a', { timeout: 10 })],
          onStepError: { a: (_: string, error: { readonly code: string }) => error.code },
        }),
      mocks: { a: hangs() },
      output: 'TIMEOUT',
    },
    {
      name: 'of a parallel step with onError continue: the successful outputs are kept',
      flow: () =>
        flow({
          steps: [
            { id: 'p', type: 'parallel', onError: 'continue', steps: [agent('a'), agent('b')] },
            agent('c', { condition: '{{steps.p.output.b.n}} === 1' }),
          ],
          onStepError: { p: () => undefined },
          output: '{{steps.p.output}}',
        }),
      mocks: { a: fails('broken'), b: { n: 1 } },
      output: { b: { n: 1 } },
      statuses: { c: 'completed' },
    },
  ]);
});

describe('onWorkflow handlers', () => {
  bothWays([
    {
      name: 'onWorkflowStart gets the input, may write to the state, and is awaited',
      flow: () =>
        flow({
          state: { topic: '' },
          steps: [agent('a', { input: { prompt: '{{state.topic}}' } })],
          onWorkflowStart: async (input: { topic: string }, context: StepContext) => {
            await Promise.resolve();
            context.set('topic', input.topic.toUpperCase());
          },
        }),
      input: { topic: 'tides' },
      mocks: { a: (call: { readonly input: unknown }) => call.input },
      output: { prompt: 'TIDES' },
    },
    {
      name: 'onWorkflowStart that throws fails the run; no step starts',
      flow: () =>
        flow({
          steps: [agent('a')],
          onWorkflowStart: () => {
            throw new Error('closed today');
          },
        }),
      status: 'failed',
      error: { message: 'closed today' },
      calls: {},
    },
    {
      name: 'onWorkflowComplete gets the output; a throw changes nothing',
      flow: () =>
        flow({
          steps: [agent('a')],
          output: { a: '{{steps.a.output}}' },
          onWorkflowComplete: (output: { a: string }) => {
            throw new Error(`seen ${output.a}`);
          },
        }),
      output: { a: 'a' },
    },
    {
      name: 'onWorkflowError gets the error; a throw changes nothing',
      flow: () =>
        flow({
          steps: [agent('a')],
          onWorkflowError: (error: { readonly message: string }) => {
            throw new Error(`seen ${error.message}`);
          },
        }),
      mocks: { a: fails('broken') },
      status: 'failed',
      error: { message: 'broken' },
    },
  ]);

  test('handlers of the run are called once, with the run in their context', async () => {
    const seen: unknown[] = [];
    const note =
      (name: string) =>
      (about: unknown, context: StepContext): void => {
        seen.push([name, about, context.stepId, context.workflow.runId, context.workflow.error?.message ?? null]);
      };
    const hooks = {
      onWorkflowStart: note('start'),
      onWorkflowComplete: note('complete'),
      onWorkflowError: note('error'),
    };
    await runOnEngine(flow({ steps: [agent('a')], ...hooks }), { x: 1 }, {}, { runId: 'one' });
    await runOnEngine(flow({ steps: [agent('a')], ...hooks }), { x: 2 }, { a: fails('broken') }, { runId: 'two' });
    expect(seen).toEqual([
      ['start', { x: 1 }, null, 'one', null],
      ['complete', 'a', null, 'one', null],
      ['start', { x: 2 }, null, 'two', null],
      ['error', expect.objectContaining({ message: 'broken', code: 'STEP_FAILED' }), null, 'two', 'broken'],
    ]);
  });

  test('a handler that throws is logged', async () => {
    const lines: readonly unknown[][] = [];
    await runOnEngine(
      flow({
        steps: [agent('a')],
        onWorkflowComplete: () => {
          throw new Error('mail server down');
        },
      }),
      {},
      {},
      {
        meanwhile: async ({ log }) => {
          await Promise.resolve();
          (lines as unknown[]).push(log.lines);
        },
      },
    );
    expect(JSON.stringify(lines)).toContain('mail server down');
  });

  test('a step that times out while a handler runs: totalTimeout ends the handler too', async () => {
    const flowOf = (): ReturnType<typeof flow> =>
      flow({
        steps: [agent('a', { totalTimeout: 100, onError: 'continue' })],
        onStepComplete: { a: () => new Promise(() => undefined) },
      });
    const outcome = await runOnEngine(flowOf(), {}, { a: after(50, 1) });
    expect(stepRecord(outcome, 'a')).toMatchObject({ status: 'failed', error: { code: 'TIMEOUT' } });
    expect(outcome.elapsedMs).toBe(100);
  });

  test('totalTimeout also ends what tries to mend a failure', async () => {
    const outcome = await runOnEngine(
      flow({ steps: [agent('a', { totalTimeout: 100, onError: agent('r') }), agent('b')] }),
      {},
      { a: fails('broken'), r: hangs() },
    );
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'TIMEOUT' }, elapsedMs: 100 });
    expect(stepRecord(outcome, 'r')).toMatchObject({ status: 'cancelled' });
  });
});
