/** Steps whose work is accepted and completed later: once, by whoever holds the token, across crashes and processes. */
import { describe, expect, test } from 'vitest';
import type { EffectResult } from '../../src/core/effect.ts';
import { WorkflowError } from '../../src/core/errors.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import type { EffectCall } from '../../src/effects/call.ts';
import { decodeEvent } from '../../src/engine/drive/codec.ts';
import { effectHandlers } from '../../src/effects/index.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../../src/http/types.ts';
import { MemoryDatabase, openMemoryStore } from '../../src/store/memory.ts';
import { agent, flow } from '../support/flow.ts';
import { collect, createTestEngine, type TestEngine, type TestEngineOptions } from '../support/test-engine.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

interface Lab extends TestEngine {
  readonly requests: HttpRequest[];
  /** Of the last call, or of the call of that number. */
  token(index?: number): string;
  /** Types of the events of a run. */
  history(run: string): readonly string[];
}

/** Answers 202, unless it is told otherwise. */
async function lab(
  workflow: WorkflowDefinition,
  options: TestEngineOptions & {
    readonly answer?: (request: HttpRequest, index: number) => Partial<HttpAnswer> | Promise<Partial<HttpAnswer>>;
  } = {},
): Promise<Lab> {
  const { answer = (): Partial<HttpAnswer> => ({}), ...rest } = options;
  const requests: HttpRequest[] = [];
  const http: HttpClient = {
    async send(request) {
      requests.push(request);
      const given = await answer(request, requests.length - 1);
      const body = given.body ?? null;
      return { status: 202, headers: {}, text: JSON.stringify(body), url: request.url, receivedAt: 0, ...given, body };
    },
    close: () => Promise.resolve(),
  };
  const withHttp = (name: 'agent' | 'http') => (call: EffectCall) =>
    (effectHandlers.get(name) as (each: EffectCall) => Promise<EffectResult>)({
      ...call,
      services: { ...call.services, http },
    });
  const store = rest.store ?? openMemoryStore();
  const made = await createTestEngine({
    workflows: [workflow],
    handlers: new Map([
      ['agent', withHttp('agent')],
      ['http', withHttp('http')],
    ]),
    ...rest,
    store,
  });
  const token = (index = requests.length - 1): string => String(requests[index]?.headers?.['x-callback-token']);
  const history = (run: string): readonly string[] =>
    store.readEvents(run, 1).map((event) => decodeEvent(event).event.type);
  return { ...made, requests, token, history };
}

const one = (more: Readonly<Record<string, unknown>> = {}): WorkflowDefinition =>
  flow({ steps: [agent('s', { callback: true, ...more })], output: '{{steps.s.output}}' });

async function started(given: TestEngine, runId = 'r'): Promise<void> {
  await given.engine.start('test', {}, { runId });
  await given.clock.settle();
}

const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'taken',
    (error: unknown) => (error instanceof WorkflowError ? error.code : error),
  );

describe('an accepted step', () => {
  test('is under way until somebody completes it', async () => {
    await using given = await lab(one());
    await started(given);
    await given.clock.advance(86_400_000);
    expect(given.engine.run('r').status()).toMatchObject({ status: 'running', waitingFor: 'effect' });
    await given.engine.completeEffect(given.token(), { said: 'late' }, { metadata: { model: 'm' } });
    expect(await given.drive('r')).toMatchObject({ status: 'completed', output: { said: 'late' } });
    expect(given.history('r')).toEqual(['run.started', 'effect.accepted', 'effect.completed', 'effect.completed']);
    const told = (await collect(given.engine.run('r').events())).map(({ type }) => type);
    expect(told).toEqual(['run.started', 'step.started', 'step.accepted', 'step.completed', 'run.completed']);
    expect(given.requests).toHaveLength(1);
  });

  test('is completed once', async () => {
    await using given = await lab(flow({ steps: [agent('s', { callback: true }), agent('next', { callback: true })] }));
    await started(given);
    const token = given.token();
    const both = await Promise.all([
      code(given.engine.completeEffect(token, 1)),
      code(given.engine.completeEffect(token, 2)),
    ]);
    expect(both).toEqual(['taken', 'CONFLICT']);
    await given.clock.settle();
    await expect(given.engine.completeEffect(token, 3)).rejects.toThrow(
      /attempt 1 \(visit 1\) of step 's' of run 'r' is over: its step is completed/,
    );
    await given.engine.completeEffect(given.token(), 'end');
    await given.drive('r');
    await expect(given.engine.completeEffect(token, 4)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('that answers at once is as any other', async () => {
    await using given = await lab(one(), {
      answer: () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: { response: 'now' } }),
    });
    await started(given);
    expect(await given.drive('r')).toMatchObject({ output: 'now' });
    expect(await code(given.engine.completeEffect(given.token(), 1))).toBe('CONFLICT');
  });

  test('may be completed before its 202 has come', async () => {
    let release: (answer: Partial<HttpAnswer>) => void = () => undefined;
    const answer = (): Promise<Partial<HttpAnswer>> => new Promise((resolve) => (release = resolve));
    await using given = await lab(one(), { answer });
    await started(given);
    await given.engine.completeEffect(given.token(), 'early');
    expect(given.requests[0]?.signal?.aborted).toBe(true);
    release({});
    expect(await given.drive('r')).toMatchObject({ output: 'early' });
    expect(given.history('r')).not.toContain('effect.accepted');
  });

  test('of kind http does so too', async () => {
    const step = { id: 's', type: 'http', url: 'https://jobs.test/', method: 'POST', callback: true };
    await using given = await lab(flow({ steps: [step] }));
    await started(given);
    await given.engine.completeEffect(given.token(), [1, 2]);
    expect(await given.drive('r')).toMatchObject({ output: [1, 2] });
  });

  test('is not accepted where nobody asked for it', async () => {
    await using given = await lab(flow({ steps: [agent('s')] }));
    await started(given);
    expect(await given.drive('r')).toMatchObject({
      status: 'failed',
      error: { message: expect.stringMatching(/callback: true/) },
    });
    expect(given.requests[0]?.headers).not.toHaveProperty('x-callback-token');
  });

  test('in rounds and children is addressed there', async () => {
    const workflow = flow({
      steps: [{ id: 'l', type: 'loop', items: ['a', 'b'], parallel: true, steps: [agent('s', { callback: true })] }],
    });
    await using given = await lab(workflow);
    await started(given);
    await given.engine.completeEffect(given.token(1), 'B');
    await given.engine.completeEffect(given.token(0), 'A');
    expect(await given.drive('r')).toMatchObject({ output: ['A', 'B'] });
  });
});

describe('time', () => {
  test('the timeout of the step counts over both, and what comes after it is refused', async () => {
    await using given = await lab(one({ timeout: '1h', retry: { maxAttempts: 2, delay: 10 } }));
    await started(given);
    await given.clock.advance(3_600_010);
    expect(given.requests).toHaveLength(2);
    await expect(given.engine.completeEffect(given.token(0), 'late')).rejects.toThrow(
      /another attempt has taken its place/,
    );
    await given.engine.completeEffect(given.token(1), 'second');
    expect(await given.drive('r')).toMatchObject({ output: 'second' });
  });

  test('without a heartbeat in time the attempt fails, and another one follows', async () => {
    await using given = await lab(one({ heartbeatTimeout: 1_000, retry: { maxAttempts: 2, delay: 10 } }));
    await started(given);
    for (let beat = 0; beat < 5; beat += 1) {
      await given.clock.advance(900);
      await given.engine.heartbeat(given.token());
    }
    await given.clock.advance(999);
    expect(given.requests).toHaveLength(1);
    await given.clock.advance(11);
    expect(given.requests).toHaveLength(2);
    expect(await code(given.engine.heartbeat(given.token(0)))).toBe('CONFLICT');
    await given.clock.advance(1_000);
    expect(await given.drive('r')).toMatchObject({
      status: 'failed',
      error: { code: 'TIMEOUT', message: expect.stringMatching(/sign of life within 1000 ms/) },
    });
  });

  test('heartbeats that come close count as one, and are not kept where none is expected', async () => {
    await using given = await lab(one({ heartbeatTimeout: 1_000 }));
    await started(given);
    for (let beat = 0; beat < 50; beat += 1) {
      await given.clock.advance(10);
      await given.engine.heartbeat(given.token());
    }
    expect(given.history('r').filter((type) => type === 'effect.heartbeat')).toHaveLength(5);
    await using none = await lab(one());
    await started(none);
    await none.engine.heartbeat(none.token());
    expect(none.history('r')).toEqual(['run.started', 'effect.accepted']);
  });
});

describe('a result that is', () => {
  test.each<[string, (given: Lab) => Promise<unknown>, object, Readonly<Record<string, unknown>>?]>([
    [
      'a failure',
      (given) => given.engine.failEffect(given.token(), 'no luck'),
      { code: 'AGENT_ERROR', message: 'no luck', retryable: true },
    ],
    [
      'a failure for good',
      (given) => given.engine.failEffect(given.token(), { message: 'never', retryable: false }),
      { code: 'TERMINAL', retryable: false },
    ],
    [
      'a failure with a code',
      (given) => given.engine.failEffect(given.token(), { message: 'm', code: 'OUTPUT_INVALID' }),
      { code: 'OUTPUT_INVALID' },
    ],
    [
      'an error of ours',
      (given) => given.engine.failEffect(given.token(), new WorkflowError('RESPONSE_TOO_LARGE', 'big')),
      { code: 'RESPONSE_TOO_LARGE' },
    ],
    [
      'an error',
      (given) => given.engine.failEffect(given.token(), new Error('plain')),
      { code: 'AGENT_ERROR', message: 'plain' },
    ],
    [
      'not what the schema says',
      (given) => given.engine.completeEffect(given.token(), { n: 'x' }),
      { code: 'OUTPUT_INVALID', message: expect.stringMatching(/does not fit the schema/) },
      { schema: { type: 'object', properties: { n: { type: 'number' } } } },
    ],
    [
      'no answer of an agent',
      (given) => given.engine.answerEffect(given.token(), { no: 1 }),
      { code: 'AGENT_RESPONSE_INVALID' },
    ],
  ])('%s', async (_name, complete, error, more = {}) => {
    await using given = await lab(one(more));
    await started(given);
    await complete(given);
    expect(await given.drive('r')).toMatchObject({ status: 'failed', error });
  });

  test('an answer as the agent would have given it at once is read like one', async () => {
    await using given = await lab(one());
    await started(given);
    await given.engine.answerEffect(given.token(), { response: '{"n":1}', metadata: { usage: 5 } });
    expect(await given.drive('r')).toMatchObject({ output: { n: 1 } });
  });

  test('of no use is refused, and the attempt goes on', async () => {
    await using given = await lab(one(), { limits: { maxOutputBytes: 100 } });
    await started(given);
    expect(await code(given.engine.completeEffect(given.token(), 'x'.repeat(200)))).toBe('LIMIT_EXCEEDED');
    expect(await code(given.engine.completeEffect(given.token(), 1n))).toBe('REQUEST_INVALID');
    expect(await code(given.engine.failEffect(given.token(), { message: '' }))).toBe('REQUEST_INVALID');
    expect(await code(given.engine.failEffect(given.token(), { message: 'm', code: 'NO_SUCH' }))).toBe(
      'REQUEST_INVALID',
    );
    await given.engine.completeEffect(given.token(), 'fine');
    expect(await given.drive('r')).toMatchObject({ output: 'fine' });
  });

  test('holding a secret of the step is masked', async () => {
    const input = { prompt: 'go', key: '{{env.KEY}}' };
    await using given = await lab(one({ input }), { env: { KEY: 'sesame-open' } });
    await started(given);
    await given.engine.completeEffect(given.token(), { echo: 'with sesame-open' });
    expect(await given.drive('r')).toMatchObject({ output: { echo: 'with {{env.KEY}}' } });
  });
});

describe('the token', () => {
  test('comes with the address where it is served, and is kept out of answers', async () => {
    await using given = await lab(one(), { callbackBase: 'https://flows.test/callbacks/' });
    await started(given);
    expect(given.requests[0]?.headers?.['x-callback-url']).toBe(`https://flows.test/callbacks/${given.token()}`);
    expect(given.requests[0]?.credentials).toContain(given.token());
    await expect(lab(one(), { callbackBase: 'flows.test' })).rejects.toThrow(/callbackBase cannot be used/);
  });

  test('that is not ours opens nothing', async () => {
    await using given = await lab(one());
    await started(given);
    const [address = '', signature = ''] = given.token().split('.');
    const other = Buffer.from(JSON.stringify(['r', 's', 1, 2])).toString('base64url');
    for (const token of [
      '',
      'x',
      address,
      `${address}.`,
      `${address}.${signature}.x`,
      `${other}.${signature}`,
      `${address}.${'A'.repeat(32)}`,
      'y'.repeat(10_000),
    ])
      expect(await code(given.engine.completeEffect(token, 1))).toBe('NOT_FOUND');
    await using elsewhere = await lab(one());
    await started(elsewhere);
    const foreign = await lab(one(), { random: { next: () => 0.5, uuid: () => 'other' } });
    await started(foreign);
    expect(await code(elsewhere.engine.completeEffect(foreign.token(), 1))).toBe('NOT_FOUND');
    await foreign.engine.close();
  });
});

describe('a crash', () => {
  test('after the 202 does not repeat the call: the token still holds', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const store = openMemoryStore(database);
    const first = await lab(one({ heartbeatTimeout: 1_000 }), { store, clock });
    await started(first);
    store.crash();
    await using second = await lab(one({ heartbeatTimeout: 1_000 }), { store: openMemoryStore(database), clock });
    await clock.advance(500);
    await second.engine.heartbeat(first.token());
    await clock.advance(900);
    expect(second.requests).toHaveLength(0);
    await second.engine.completeEffect(first.token(), 'late');
    expect(await second.drive('r')).toMatchObject({ output: 'late' });
  });

  test('after an edit of the run does not repeat it either', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const store = openMemoryStore(database);
    const workflow = flow({
      state: { n: 1 },
      steps: [agent('s', { callback: true, heartbeatTimeout: 1_000 })],
      output: '{{steps.s.output}} {{state.n}}',
    });
    const first = await lab(workflow, { store, clock });
    await started(first);
    await first.engine.pause('r');
    await first.engine.edit('r', { state: { n: 2 } });
    await first.engine.resume('r');
    store.crash();
    await using second = await lab(workflow, { store: openMemoryStore(database), clock });
    await clock.advance(500);
    expect(second.requests).toHaveLength(0);
    await second.engine.heartbeat(first.token());
    await clock.advance(900);
    await second.engine.completeEffect(first.token(), 'late');
    expect(await second.drive('r')).toMatchObject({ output: 'late 2' });
  });

  test('before the 202 was recorded repeats it with the same key and the same token', async () => {
    const database = new MemoryDatabase();
    const store = openMemoryStore(database);
    const first = await lab(one(), { store, answer: () => new Promise(() => undefined) });
    await started(first);
    store.crash();
    await using second = await lab(one(), { store: openMemoryStore(database) });
    await second.clock.settle();
    expect(second.token()).toBe(first.token());
    expect(second.requests[0]?.headers?.['idempotency-key']).toBe(first.requests[0]?.headers?.['idempotency-key']);
    await second.engine.completeEffect(first.token(), 'late');
    expect(await second.drive('r')).toMatchObject({ output: 'late' });
  });
});

test('a process that does not drive the run passes it on', async () => {
  const database = new MemoryDatabase();
  const clock = new VirtualClock();
  let look: () => void = () => undefined;
  const poll = (each: () => void): (() => void) => {
    look = each;
    return () => undefined;
  };
  await using owner = await lab(one(), { store: openMemoryStore(database), clock, poll });
  await started(owner);
  await using other = await lab(one(), { store: openMemoryStore(database), clock });
  const completing = other.engine.completeEffect(owner.token(), 'from elsewhere');
  look();
  await clock.advance(100);
  expect(await completing).toBe('elsewhere');
  expect(await owner.drive('r')).toMatchObject({ output: 'from elsewhere' });
  expect(await code(other.engine.completeEffect(owner.token(), 'again'))).toBe('CONFLICT');
});

test('a pause holds the result until the run is resumed; a cancelled run takes none', async () => {
  await using given = await lab(one());
  await started(given);
  await given.engine.run('r').pause();
  await given.engine.completeEffect(given.token(), 'held');
  expect(await code(given.engine.completeEffect(given.token(), 'again'))).toBe('CONFLICT');
  expect(given.engine.run('r').status()).toMatchObject({ status: 'paused' });
  await given.engine.run('r').resume();
  expect(await given.drive('r')).toMatchObject({ output: 'held' });
  await started(given, 'c');
  const token = given.token();
  await given.engine.run('c').cancel();
  expect(await code(given.engine.completeEffect(token, 1))).toBe('CONFLICT');
});

describe('a fork of a run whose work was accepted', () => {
  test('has it done anew: what was promised was promised to the other run', async () => {
    await using given = await lab(one({ heartbeatTimeout: '1h' }));
    await started(given);
    const fork = await given.engine.fork('r', { at: 2, runId: 'fork' });
    await given.clock.settle();
    expect(given.requests.map(({ headers }) => headers?.['idempotency-key'])).toEqual(['r:s:1', 'fork:s:1']);
    await given.engine.completeEffect(given.token(0), 'first');
    await given.engine.completeEffect(given.token(1), 'second');
    expect(await given.drive('r')).toMatchObject({ output: 'first' });
    expect(await given.drive(fork.id)).toMatchObject({ output: 'second' });
  });

  test('fails in its own time without a sign of life', async () => {
    await using given = await lab(one({ heartbeatTimeout: '1h' }));
    await started(given);
    await given.clock.advance(1_800_000);
    await given.engine.fork('r', { at: 2, runId: 'fork' });
    await given.clock.settle();
    await given.clock.advance(1_800_000);
    expect(given.engine.report('r').status).toBe('failed');
    expect(given.engine.report('fork').status).toBe('running');
    await given.clock.advance(1_800_000);
    expect(given.engine.report('fork')).toMatchObject({ status: 'failed', error: { code: 'TIMEOUT' } });
  });
});

describe('a run that waits for a callback', () => {
  test('sleeps, and is woken by what is said to it', async () => {
    const store = openMemoryStore();
    await using given = await lab(one({ heartbeatTimeout: '1h', timeout: '1d' }), { store, sleepAfterMs: 100 });
    await started(given);
    await given.clock.advance(500);
    expect(store.readSleep('r')).not.toBeNull();
    await given.clock.advance(3_000_000);
    await given.engine.heartbeat(given.token());
    await given.clock.advance(3_000_000);
    expect(store.readSleep('r')).not.toBeNull();
    await given.engine.completeEffect(given.token(), 'late');
    expect(await given.drive('r')).toMatchObject({ output: 'late' });
    expect(given.requests).toHaveLength(1);
  });

  test('asleep or not, fails when no sign of life comes', async () => {
    await using given = await lab(one({ heartbeatTimeout: '1h' }), { sleepAfterMs: 100 });
    await started(given);
    await given.clock.advance(3_600_000);
    expect(given.engine.run('r').status()).toMatchObject({ status: 'failed', error: { code: 'TIMEOUT' } });
  });

  test('has its full time from when its work began, also after a crash', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const store = openMemoryStore(database);
    const workflow = one({ timeout: 1_000, rateLimit: { limit: 1, per: 600 } });
    const first = await lab(workflow, { store, clock });
    await started(first, 'a');
    await started(first, 'b');
    await clock.advance(600);
    expect(first.requests).toHaveLength(2);
    store.crash();
    await using second = await lab(workflow, { store: openMemoryStore(database), clock });
    await clock.advance(999);
    expect(second.engine.run('a').status()).toMatchObject({ status: 'failed' });
    await second.engine.completeEffect(first.token(1), 'in time');
    expect(await second.drive('b')).toMatchObject({ output: 'in time' });
  });
});
