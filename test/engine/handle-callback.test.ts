/** Callbacks as HTTP requests: what is taken, and what is said about what is not. */
import { describe, expect, test } from 'vitest';
import { WorkflowError } from '../../src/core/errors.ts';
import { handleCallback } from '../../src/engine/steer/handle-callback.ts';
import type { Delivered } from '../../src/engine/steer/messages.ts';

class FakeEngine {
  readonly told: unknown[] = [];
  problem: Error | null = null;
  delivered: Delivered = 'here';
  #tell(...parts: readonly unknown[]): Promise<Delivered> {
    this.told.push(parts);
    return this.problem === null ? Promise.resolve(this.delivered) : Promise.reject(this.problem);
  }
  completeEffect = (token: string, output: unknown, beside: unknown): Promise<Delivered> =>
    this.#tell('complete', token, output, beside);
  answerEffect = (token: string, answer: unknown): Promise<Delivered> => this.#tell('answer', token, answer);
  failEffect = (token: string, error: unknown): Promise<Delivered> => this.#tell('fail', token, error);
  heartbeat = (token: string): Promise<Delivered> => this.#tell('heartbeat', token);
}

const base = 'https://flows.test/callbacks';

async function send(engine: FakeEngine, path: string, body?: unknown, init: RequestInit = {}, maxBytes = 1_000) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const request = new Request(`${base}${path}`, {
    method: 'POST',
    ...(body === undefined ? {} : { body: text }),
    ...init,
  });
  const response = await handleCallback(engine, request, { maxBytes });
  return {
    status: response.status,
    body: (await response.json()) as { readonly error?: { readonly message: string } },
  };
}

describe('handleCallback', () => {
  test('says so when it waits for the process that drives the run', async () => {
    const engine = new FakeEngine();
    engine.delivered = 'waiting';
    expect(await send(engine, '/t.s', { output: 1 })).toEqual({ status: 202, body: { status: 'waiting' } });
  });

  test.each<[string, string, unknown, unknown, RequestInit?]>([
    ['an output', '/t.s', { output: { n: 1 } }, ['complete', 't.s', { n: 1 }, {}]],
    [
      'an output with metadata',
      '/t.s',
      { output: null, metadata: { m: 1 } },
      ['complete', 't.s', null, { metadata: { m: 1 } }],
    ],
    [
      'an answer of an agent',
      '/t.s',
      { response: 'x', metadata: { m: 1 } },
      ['answer', 't.s', { response: 'x', metadata: { m: 1 } }],
    ],
    ['an error as a text', '/t.s', { error: 'no' }, ['fail', 't.s', 'no']],
    [
      'an error with its parts',
      '/t.s/',
      { error: { message: 'no', code: 'TIMEOUT', retryable: false, retryAfterMs: 5, other: 1 } },
      ['fail', 't.s', { message: 'no', code: 'TIMEOUT', retryable: false, retryAfterMs: 5 }],
    ],
    ['a heartbeat', '/t.s/heartbeat', undefined, ['heartbeat', 't.s']],
    [
      'a token in the header',
      '',
      { output: 1 },
      ['complete', 'x.y', 1, {}],
      { headers: { 'x-callback-token': 'x.y' } },
    ],
    [
      'a heartbeat with a token in the header',
      '/heartbeat',
      undefined,
      ['heartbeat', 'x.y'],
      { headers: { 'x-callback-token': 'x.y' } },
    ],
  ])('takes %s', async (_name, path, body, expected, init) => {
    const engine = new FakeEngine();
    expect(await send(engine, path, body, init)).toEqual({ status: 200, body: { status: 'taken' } });
    expect(engine.told).toEqual([expected]);
  });

  test.each<[string, unknown, number, RegExp]>([
    ['that is no JSON', '{', 400, /is JSON/],
    ['that is empty', undefined, 400, /is JSON/],
    ['without a result', { outputs: 1 }, 400, /found none of them/],
    ['with two results', { output: 1, error: 'x' }, 400, /found output and error/],
    ['that is a list', [1], 400, /found none of them/],
    ['whose error has no message', { error: {} }, 400, /an object with a message/],
    ['whose metadata is no object', { output: 1, metadata: 5 }, 400, /is an object/],
    ['that is too large', { output: 'x'.repeat(2_000) }, 413, /at most 1000 bytes/],
  ])('refuses a body %s', async (_name, body, status, message) => {
    const engine = new FakeEngine();
    const answer = await send(engine, '/t.s', body);
    expect(answer.status).toBe(status);
    expect(answer.body.error?.message).toMatch(message);
    expect(engine.told).toEqual([]);
  });

  test('says what the engine says', async () => {
    const engine = new FakeEngine();
    engine.problem = new WorkflowError('CONFLICT', 'it is over');
    expect(await send(engine, '/t.s/heartbeat')).toEqual({
      status: 409,
      body: { error: { code: 'CONFLICT', message: 'it is over' } },
    });
  });

  test('takes POST alone', async () => {
    expect((await send(new FakeEngine(), '/t.s', undefined, { method: 'GET' })).status).toBe(405);
  });
});
