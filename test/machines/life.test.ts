import { describe, expect, test } from 'vitest';
import { TerminalError, RetryableError, WorkflowError } from '../../src/core/errors.ts';
import { bothWays } from '../support/both-ways.ts';
import { agent, flow } from '../support/flow.ts';
import { after, fails, hangs, replies } from '../support/mocks.ts';
import { runOnEngine } from '../support/test-engine.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { traceOf } from '../support/trace.ts';

const status = (code: number, retryable: boolean, more: object = {}): WorkflowError =>
  new WorkflowError('AGENT_ERROR', `status ${code}`, { retryable, details: { status: code }, ...more });

describe('a sequence', () => {
  bothWays([
    {
      name: 'runs its steps in order and gives the last output',
      flow: flow({ steps: [agent('a'), agent('b')] }),
      output: 'b',
      trace: 'start a, done a, start b, done b',
      calls: { a: 1, b: 1 },
    },
    {
      name: 'hands outputs on, with their types',
      flow: flow({
        steps: [
          agent('a'),
          agent('b', {
            input: { prompt: 'x', list: '{{steps.a.output.list}}', first: 'no {{steps.a.output.list.0}}' },
          }),
          { id: 'c', type: 'transform', input: '{{steps.b.output}}', transform: (data: unknown) => ({ data }) },
        ],
      }),
      mocks: { a: { list: [1, 2] }, b: (call: { readonly input: unknown }) => call.input },
      output: { data: { prompt: 'x', list: [1, 2], first: 'no 1' } },
    },
    {
      name: 'a missing path in a prompt fails the step, and the agent is not called',
      flow: flow({ steps: [agent('a'), agent('b', { input: { prompt: 'about {{steps.a.output.nothing}}' } })] }),
      mocks: { a: { something: 1 } },
      status: 'failed',
      error: { code: 'TEMPLATE_FAILED', details: { step: 'b' } },
      calls: { a: 1 },
    },
    {
      name: "templates({ missing: 'empty' }) leaves a hole",
      flow: flow({
        missing: 'empty',
        steps: [agent('a'), agent('b', { input: { prompt: 'about {{steps.a.output.nothing}}.' } })],
      }),
      mocks: { a: { something: 1 }, b: (call: { readonly input: unknown }) => call.input },
      output: { prompt: 'about .' },
    },
  ]);
});

describe('a condition', () => {
  const branch = (condition: unknown) => flow({ steps: [agent('a'), agent('b', { condition }), agent('c')] });
  bothWays([
    {
      name: 'true: the step runs',
      flow: branch('{{steps.a.output.n}} > 1'),
      mocks: { a: { n: 2 } },
      trace: 'start a, done a, start b, done b, start c, done c',
    },
    {
      name: 'false: the step is skipped and has no output',
      flow: flow({
        steps: [agent('a'), agent('b', { condition: '{{steps.a.output.n}} > 1' })],
        output: { b: '{{steps.b.output}}', status: '{{steps.b.status}}' },
      }),
      mocks: { a: { n: 1 } },
      trace: 'start a, done a, skip b (condition)',
      output: { status: 'skipped' },
    },
    {
      name: 'of a missing path is false',
      flow: branch('{{steps.a.output.n}} > 1'),
      mocks: { a: { m: 2 } },
      statuses: { b: 'skipped' },
    },
    {
      name: 'a bare tag is its truthiness',
      flow: branch('{{steps.a.output}}'),
      mocks: { a: '' },
      statuses: { b: 'skipped' },
    },
    {
      name: 'a whole object is compared by value',
      flow: branch('{{steps.a.output}} == {{workflow.input}}'),
      input: { x: [1, { y: 2 }] },
      mocks: { a: { x: [1, { y: 2 }] } },
      statuses: { b: 'completed' },
    },
    {
      name: 'reads texts that are too long to be held in the state',
      flow: branch('length({{steps.a.output}}) > 100 && contains({{steps.a.output}}, "needle")'),
      mocks: { a: `${'x'.repeat(200)}needle` },
      statuses: { b: 'completed' },
    },
    {
      name: 'reads the input, status, attempts, error and metadata',
      flow: branch(
        '{{workflow.input.go}} === true && {{steps.a.status}} === "completed" && {{steps.a.attempts}} == 1 && !{{steps.a.error}} && !{{steps.a.metadata.x}}',
      ),
      input: { go: true },
      statuses: { b: 'completed' },
    },
    {
      name: 'reads what came beside the output of a group: that of its last step',
      flow: flow({
        steps: [
          { id: 'g', type: 'sequential', steps: [{ id: 'l', type: 'loop', items: [1, 2], step: agent('x') }] },
          agent('b', { condition: '{{steps.g.metadata.rounds}} === 2' }),
        ],
      }),
      statuses: { b: 'completed' },
    },
    {
      name: 'a function decides, as an effect',
      flow: () => branch((context: { steps: { a: { output: { n: number } } } }) => context.steps.a.output.n > 1),
      mocks: { a: { n: 2 } },
      statuses: { b: 'completed' },
    },
    {
      name: 'an asynchronous function decides',
      flow: () => branch(async () => Promise.resolve(0)),
      statuses: { b: 'skipped' },
    },
    {
      name: 'a function that throws fails the step',
      flow: () =>
        branch(() => {
          throw new TerminalError('no idea');
        }),
      status: 'failed',
      error: { code: 'TERMINAL', message: 'no idea' },
      trace: 'start a, done a, fail b TERMINAL',
    },
    {
      name: 'a function that throws is tried again under the retry policy of the step',
      flow: () => {
        let calls = 0;
        return flow({
          steps: [
            agent('a', {
              retry: { maxAttempts: 3, delay: 100 },
              condition: () => {
                calls += 1;
                if (calls < 3) throw new Error('not yet');
                return true;
              },
            }),
          ],
        });
      },
      elapsedMs: 200,
      trace: 'start a, done a',
    },
  ]);
});

describe('attempts', () => {
  const retried = (retry: object, more: object = {}) => flow({ steps: [agent('a', { retry, ...more })] });
  bothWays([
    {
      name: 'a failure without a retry policy fails the run',
      flow: flow({ steps: [agent('a'), agent('b')] }),
      mocks: { a: fails('broken') },
      status: 'failed',
      error: { code: 'STEP_FAILED', message: 'broken', details: { step: 'a', attempt: 1 } },
      trace: 'start a, fail a STEP_FAILED',
    },
    {
      name: 'maxAttempts counts the first try',
      flow: retried({ maxAttempts: 3, delay: 1000 }),
      mocks: { a: fails('broken') },
      status: 'failed',
      error: { message: 'broken', details: { attempt: 3 } },
      trace: 'start a, retry a 1000, start a.2, retry a.2 1000, start a.3, fail a.3 STEP_FAILED',
      calls: { a: 3 },
      elapsedMs: 2000,
    },
    {
      name: 'an agent that answers 500 twice and then 200 succeeds with 3 attempts',
      flow: flow({
        steps: [agent('a', { retry: { maxAttempts: 3, delay: 1000, backoff: 'exponential' } })],
        output: { out: '{{steps.a.output}}', attempts: '{{steps.a.attempts}}', error: '{{steps.a.error}}' },
      }),
      mocks: { a: replies(fails(status(500, true)), fails(status(500, true)), 'fine') },
      output: { out: 'fine', attempts: 3, error: null },
      trace: 'start a, retry a 1000, start a.2, retry a.2 2000, start a.3, done a.3',
      elapsedMs: 3000,
    },
    {
      name: 'fixed backoff',
      flow: retried({ maxAttempts: 4, delay: '2s', backoff: 'fixed' }),
      mocks: { a: replies(fails(), fails(), fails(), 1) },
      trace: 'start a, retry a 2000, start a.2, retry a.2 2000, start a.3, retry a.3 2000, start a.4, done a.4',
    },
    {
      name: 'linear backoff',
      flow: retried({ maxAttempts: 4, delay: 500, backoff: 'linear' }),
      mocks: { a: replies(fails(), fails(), fails(), 1) },
      trace: 'start a, retry a 500, start a.2, retry a.2 1000, start a.3, retry a.3 1500, start a.4, done a.4',
    },
    {
      name: 'exponential backoff up to maxDelay',
      flow: retried({ maxAttempts: 5, delay: 1000, backoff: 'exponential', maxDelay: 3000 }),
      mocks: { a: replies(fails(), fails(), fails(), fails(), 1) },
      trace:
        'start a, retry a 1000, start a.2, retry a.2 2000, start a.3, retry a.3 3000, start a.4, retry a.4 3000, start a.5, done a.5',
    },
    {
      name: 'waits as long as Retry-After asks, beyond maxDelay too',
      flow: retried({ maxAttempts: 2, delay: 10, maxDelay: 100 }),
      mocks: { a: replies(fails(status(429, true, { retryAfterMs: 7000 })), 1) },
      trace: 'start a, retry a 7000, start a.2, done a.2',
    },
    {
      name: 'does not wait less than its own delay because of Retry-After',
      flow: retried({ maxAttempts: 2, delay: 500 }),
      mocks: { a: replies(fails(new RetryableError('soon', { retryAfterMs: 20 })), 1) },
      elapsedMs: 500,
    },
    {
      name: 'a failure that is not retryable is not tried again',
      flow: retried({ maxAttempts: 3, delay: 1000 }),
      mocks: { a: fails(status(404, false)) },
      status: 'failed',
      error: { code: 'AGENT_ERROR', details: { status: 404, attempt: 1 } },
      calls: { a: 1 },
    },
    {
      name: 'a TerminalError is not tried again',
      flow: retried({ maxAttempts: 3 }),
      mocks: { a: fails(new TerminalError('never')) },
      status: 'failed',
      calls: { a: 1 },
    },
    {
      name: 'a TemplateError is not tried again',
      flow: flow({
        steps: [agent('z'), agent('a', { retry: { maxAttempts: 3 }, input: { prompt: '{{steps.z.output.no}}!' } })],
      }),
      status: 'failed',
      error: { code: 'TEMPLATE_FAILED' },
      trace: 'start z, done z, start a, fail a TEMPLATE_FAILED',
    },
    {
      name: 'what user code throws is tried again',
      flow: () => {
        let calls = 0;
        return flow({
          steps: [
            {
              id: 'a',
              type: 'transform',
              retry: { maxAttempts: 2, delay: 5 },
              transform: () => {
                calls += 1;
                if (calls === 1) throw new TypeError('oops');
                return calls;
              },
            },
          ],
        });
      },
      output: 2,
      trace: 'start a, retry a 5, start a.2, done a.2',
    },
    {
      name: 'retry.on names a status',
      flow: retried({ maxAttempts: 3, delay: 1, on: [404] }),
      mocks: { a: replies(fails(status(404, false)), 1) },
      calls: { a: 2 },
    },
    {
      name: 'retry.on leaves out what it does not name, also when it is retryable',
      flow: retried({ maxAttempts: 3, delay: 1, on: ['TIMEOUT', 503] }),
      mocks: { a: fails(status(500, true)) },
      status: 'failed',
      calls: { a: 1 },
    },
    {
      name: 'retry.on names a code',
      flow: retried({ maxAttempts: 2, delay: 1, on: ['AGENT_UNREACHABLE'] }),
      mocks: { a: replies(fails(new WorkflowError('AGENT_UNREACHABLE', 'gone')), 1) },
      calls: { a: 2 },
    },
    {
      name: 'every attempt has the same key and its own number',
      flow: retried({ maxAttempts: 2, delay: 1 }),
      mocks: { a: replies(fails(), 1) },
      check: ({ mocks }) => {
        expect(mocks.calls.map(({ attempt }) => attempt)).toEqual([1, 2]);
        expect(new Set(mocks.calls.map(({ key }) => key)).size).toBe(1);
      },
    },
  ]);

  test('jitter takes a random share off the delay', async () => {
    const { events } = await runOnEngine(
      flow({ steps: [agent('a', { retry: { maxAttempts: 3, delay: 1000, jitter: 0.5 } })] }),
      {},
      { a: replies(fails(), fails(), 1) },
      { random: new SeededRandom(7) },
    );
    const delays = events.flatMap((event) => (event.type === 'step.retrying' ? [event.delayMs] : []));
    expect(delays).toHaveLength(2);
    for (const delay of delays) expect(delay).toBeGreaterThanOrEqual(500);
    for (const delay of delays) expect(delay).toBeLessThanOrEqual(1000);
    expect(new Set(delays).size).toBe(2);
  });
});

describe('timeouts', () => {
  bothWays([
    {
      name: 'an attempt that takes too long fails, and is aborted',
      flow: flow({ steps: [agent('a', { timeout: '5s' })] }),
      mocks: { a: hangs() },
      status: 'failed',
      error: { name: 'TimeoutError', code: 'TIMEOUT', details: { step: 'a', attempt: 1 } },
      elapsedMs: 5000,
      trace: 'start a, fail a TIMEOUT',
      check: ({ mocks }) => {
        expect(mocks.aborted).toEqual(['a']);
      },
    },
    {
      name: 'agents have 5 minutes by default',
      flow: flow({ steps: [agent('a')] }),
      mocks: { a: hangs() },
      status: 'failed',
      elapsedMs: 300_000,
    },
    {
      name: 'a timeout is tried again; each attempt has its own',
      flow: flow({ steps: [agent('a', { timeout: 1000, retry: { maxAttempts: 3, delay: 100 } })] }),
      mocks: { a: replies(hangs(), after(900, 'late but fine')) },
      output: 'late but fine',
      trace: 'start a, retry a 100, start a.2, done a.2',
      elapsedMs: 2000,
    },
    {
      name: 'totalTimeout bounds all attempts and their backoffs',
      flow: flow({ steps: [agent('a', { totalTimeout: 2500, retry: { maxAttempts: 10, delay: 1000 } })] }),
      mocks: { a: fails() },
      status: 'failed',
      error: { code: 'TIMEOUT', details: { attempt: 3 } },
      elapsedMs: 2500,
      calls: { a: 3 },
      trace: 'start a, retry a 1000, start a.2, retry a.2 1000, start a.3, retry a.3 1000, fail a.3 TIMEOUT',
    },
    {
      name: 'totalTimeout ends a running attempt',
      flow: flow({ steps: [agent('a', { totalTimeout: 2500, timeout: 2000, retry: { maxAttempts: 10, delay: 0 } })] }),
      mocks: { a: hangs() },
      status: 'failed',
      error: { code: 'TIMEOUT', details: { attempt: 2 } },
      elapsedMs: 2500,
    },
    {
      name: 'a totalTimeout that is not reached changes nothing',
      flow: flow({
        steps: [agent('a', { totalTimeout: 5000 }), { id: 'w', type: 'wait', duration: 10_000 }, agent('b')],
      }),
      mocks: { a: after(4000, 'x') },
      output: 'b',
      elapsedMs: 14_000,
    },
    {
      name: 'a group has a totalTimeout over everything inside, which is cancelled',
      flow: flow({
        steps: [
          {
            id: 'g',
            type: 'sequential',
            totalTimeout: 1500,
            onError: 'continue',
            steps: [agent('a'), agent('b'), agent('c')],
          },
          agent('d'),
        ],
      }),
      mocks: { a: after(1000, 1), b: after(1000, 2) },
      output: 'd',
      statuses: { g: 'failed', a: 'completed', b: 'cancelled', d: 'completed' },
      trace: 'start g, start a, done a, start b, cancel b, fail g TIMEOUT, start d, done d',
      check: ({ mocks }) => {
        expect(mocks.aborted).toEqual(['b']);
      },
    },
    {
      name: 'a group that times out is tried again from its beginning',
      flow: flow({
        steps: [
          {
            id: 'g',
            type: 'sequential',
            timeout: 1500,
            retry: { maxAttempts: 2, delay: 10 },
            steps: [agent('a'), agent('b')],
          },
        ],
      }),
      mocks: { a: after(1000, 1), b: replies(hangs(), 2) },
      output: 2,
      trace:
        'start g, start a, done a, start b, cancel b, retry g 10, start g.2, start a#2, done a#2, start b#2, done b#2, done g.2',
      elapsedMs: 2510,
    },
  ]);

  test('traces name visits and attempts', async () => {
    const { events } = await runOnEngine(
      flow({ steps: [agent('a', { retry: { maxAttempts: 2, delay: 0 } })] }),
      {},
      { a: replies(fails(), 1) },
    );
    expect(traceOf(events)).toEqual(['start a', 'retry a 0', 'start a.2', 'done a.2']);
  });
});
