import { describe, expect, test } from 'vitest';
import { RetryableError, TerminalError } from '../../src/core/errors.ts';
import { agent, flow } from '../support/flow.ts';
import { collect, createTestEngine } from '../support/test-engine.ts';

const cyclic: Record<string, unknown> = {};
cyclic['self'] = cyclic;

class Unreadable extends Error {
  override get message(): string {
    throw new Error('no message for you');
  }
}

function withMessage(message: unknown): Error {
  return Object.assign(new Error('x'), { message });
}

function causing(error: Error): Error {
  error.cause = error;
  return error;
}

const odd: readonly { readonly name: string; readonly thrown: unknown; readonly error: object }[] = [
  { name: 'nothing', thrown: undefined, error: { code: 'STEP_FAILED', message: 'undefined', retryable: true } },
  { name: 'null', thrown: null, error: { message: 'null' } },
  { name: 'a number', thrown: 42, error: { message: '42' } },
  { name: 'a symbol', thrown: Symbol('s'), error: { message: 'Symbol(s)' } },
  { name: 'an object', thrown: { code: 7 }, error: { message: '{"code":7}' } },
  { name: 'an object that contains itself', thrown: cyclic, error: { message: '[object Object]' } },
  { name: 'a BigInt', thrown: 10n, error: { message: '[object BigInt]' } },
  { name: 'an error with a number for a message', thrown: withMessage(7), error: { message: '7' } },
  {
    name: 'an error that cannot be read',
    thrown: new Unreadable(),
    error: { message: 'something was thrown that cannot be read' },
  },
  { name: 'an error that is its own cause', thrown: causing(new Error('round')), error: { message: 'round' } },
  {
    name: 'details that are not JSON',
    thrown: new TerminalError('big', { details: { n: 1n } }),
    error: { code: 'TERMINAL', details: { omitted: 'not JSON: Do not know how to serialize a BigInt' } },
  },
  {
    name: 'details that contain themselves',
    thrown: new TerminalError('round', { details: cyclic }),
    error: { message: 'round', retryable: false },
  },
  {
    name: 'details without end',
    thrown: new TerminalError('long', { details: { text: 'x'.repeat(100_000) } }),
    error: { details: { omitted: '100011 characters of JSON' } },
  },
  {
    name: 'a message without end',
    thrown: new Error('m'.repeat(100_000)),
    error: { message: 'm'.repeat(4_000) },
  },
];

describe('what author code throws is told as plain data, whatever it is', () => {
  test.each(odd)('$name', async ({ thrown, error }) => {
    const definition = flow({
      steps: [
        {
          id: 't',
          type: 'transform',
          transform: () => {
            throw thrown;
          },
        },
      ],
    });
    await using lab = await createTestEngine();
    const run = await lab.engine.start(definition, {}, { runId: 'run' });
    const report = await lab.drive(run.id);
    expect(report).toMatchObject({ status: 'failed', error });
    // As live, so after a replay.
    const [last] = (await collect(run.events())).slice(-1);
    expect(last).toMatchObject({ type: 'run.failed', error });
    expect(lab.log.problems).toEqual([]);
  });
});

describe('a wish to be tried again later', () => {
  test.each([
    { wish: 700, delayMs: 700 },
    { wish: Number.POSITIVE_INFINITY, delayMs: 10 },
    { wish: Number.NaN, delayMs: 10 },
    { wish: -5, delayMs: 10 },
  ])('$wish ms: it is tried again after $delayMs ms', async ({ wish, delayMs }) => {
    await using lab = await createTestEngine({
      mocks: {
        a: ({ attempt }: { readonly attempt: number }) => {
          if (attempt === 1) throw new RetryableError('later', { retryAfterMs: wish });
          return 'ok';
        },
      },
    });
    const run = await lab.engine.start(
      flow({ steps: [agent('a', { retry: { maxAttempts: 2, delay: 10 } })] }),
      {},
      { runId: 'run' },
    );
    await lab.drive(run.id);
    expect(await run.result()).toBe('ok');
    expect(lab.clock.elapsedMs).toBe(delayMs);
  });
});
