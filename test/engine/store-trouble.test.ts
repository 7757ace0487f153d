import { describe, expect, test } from 'vitest';
import { InvariantError, WorkflowError } from '../../src/core/errors.ts';
import type { Commit, StoredEvent } from '../../src/core/ports.ts';
import { MemoryDatabase, MemoryStore, openMemoryStore } from '../../src/store/memory.ts';
import { agent, flow } from '../support/flow.ts';
import { after, hangs, type MockCall } from '../support/mocks.ts';
import { collect, createTestEngine, type TestEngine } from '../support/test-engine.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** Takes commits unless it is told not to. */
class FickleStore extends MemoryStore {
  failure: Error | null = null;
  /** Asked of every commit. */
  failsOn: ((batch: readonly Commit[]) => Error | null) | null = null;

  constructor(database = new MemoryDatabase()) {
    super(database);
  }

  override commit(batch: readonly Commit[]): void {
    const failure = this.failure ?? this.failsOn?.(batch) ?? null;
    if (failure !== null) throw failure;
    super.commit(batch);
  }
}

const full = new WorkflowError('STORE_UNAVAILABLE', 'the disk is full');
const two = flow({ name: 'two', steps: [agent('a'), agent('b')] });

describe('a store that takes nothing for a while', () => {
  test('holds runs back; nothing starts that is not stored; then they go on', async () => {
    const store = new FickleStore();
    await using lab = await createTestEngine({ store, mocks: { a: after(10, 'a') } });
    const run = await lab.engine.start(two, {}, { runId: 'run' });
    store.failure = full;
    await lab.clock.advance(5_000);
    expect(lab.mocks.counts).toEqual({ a: 1 });
    expect(run.status().status).toBe('running');
    expect(lab.log.problems).toEqual(['the store takes no commits now; runs wait for it']);
    await expect(lab.engine.start(two, {}, { runId: 'other' })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
    });
    // What is there already is given all the same.
    expect((await lab.engine.start(two, {}, { runId: 'run' })).id).toBe('run');
    store.failure = null;
    await lab.drive('run');
    expect(await run.result()).toBe('b');
    expect(lab.mocks.counts).toEqual({ a: 1, b: 1 });
    expect(lab.log.problems.at(-1)).toBe('the store takes commits again');
    await lab.engine.start(two, {}, { runId: 'other' });
    await lab.drive('other');
  });

  test('closing does not wait for it for ever', async () => {
    const store = new FickleStore();
    const clock = new VirtualClock();
    const lab = await createTestEngine({ store, clock, mocks: { a: after(10, 'a') } });
    await lab.engine.start(two, {}, { runId: 'run' });
    store.failure = full;
    await clock.advance(100);
    const closing = lab.engine.close({ graceMs: 2_000 });
    await clock.advance(3_000);
    await closing;
    expect(lab.log.problems.at(-1)).toBe(
      'the engine was closed while the store took no commits: what was not written is lost',
    );
  });

  test('closing waits for it if it comes back in time', async () => {
    const clock = new VirtualClock();
    const database = new MemoryDatabase();
    const own = new FickleStore(database);
    const lab = await createTestEngine({ store: own, clock, mocks: { a: after(10, 'a') } });
    await lab.engine.start(two, {}, { runId: 'run' });
    own.failure = full;
    await clock.advance(100);
    const closing = lab.engine.close();
    own.failure = null;
    await clock.advance(1_000);
    await closing;
    expect(openMemoryStore(database).lastSeq('run')).toBe(2);
  });
});

describe('a store that fails for good', () => {
  test('stops the engine; nobody waits for ever, and everybody is told why', async () => {
    const store = new FickleStore();
    const damaged = new WorkflowError('STORE_INVALID', 'the store is damaged');
    await using lab = await createTestEngine({ store, mocks: { a: after(10, 'a') } });
    const run = await lab.engine.start(two, {}, { runId: 'run' });
    const result = run.result().catch((error: unknown) => error);
    const events = collect(run.events()).catch((error: unknown) => error);
    store.failure = damaged;
    const starting = lab.engine.start(two, {}, { runId: 'other' }).catch((error: unknown) => error);
    await lab.clock.advance(100);
    expect(await Promise.all([result, events, starting])).toEqual([damaged, damaged, damaged]);
    expect(lab.log.problems).toContain('the engine stops: the store does not take its commits');
    await expect(lab.engine.start(two, {})).rejects.toBe(damaged);
    await expect(run.cancel()).rejects.toBe(damaged);
    expect(() => lab.engine.recover()).toThrow(damaged);
    expect(lab.clock.pending).toBe(0);
  });
});

describe('a run whose commits are refused', () => {
  const refused = new WorkflowError('CONFLICT', 'it belongs to another process', { details: { run: 'bad' } });

  test('is left; the others go on', async () => {
    const store = new FickleStore();
    await using lab = await createTestEngine({ store, mocks: { a: after(10, 'a'), b: 'b' } });
    const good = await lab.engine.start(two, {}, { runId: 'good' });
    const bad = await lab.engine.start(two, {}, { runId: 'bad' });
    const result = bad.result().catch((error: unknown) => error);
    store.failsOn = (batch) => (batch.some(({ run }) => run === 'bad') ? refused : null);
    await lab.drive('good');
    expect(await good.result()).toBe('b');
    expect(await result).toBe(refused);
    expect(bad.status()).toMatchObject({ status: 'running' });
    expect(lab.log.lines).toContainEqual({
      level: 'error',
      message: 'a run is left as it is',
      details: { run: 'bad', error: refused.message },
    });
    store.failsOn = null;
    lab.engine.continueRun('bad');
    await lab.drive('bad');
    expect(await bad.result()).toBe('b');
    expect(
      lab.mocks.calls
        .map(({ run, step, attempt }) => `${run} ${step} ${attempt}`)
        .filter((call) => call.startsWith('bad')),
    ).toEqual(['bad a 1', 'bad a 1', 'bad b 1']);
  });

  test('that two processes start at once: one of them does, the other gives the same run or says what is different', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const first = await createTestEngine({ store: openMemoryStore(database), clock, mocks: { a: hangs() } });
    const second = await createTestEngine({ store: openMemoryStore(database), clock, mocks: { a: hangs() } });
    const [one, same, other] = await Promise.allSettled([
      first.engine.start(two, { n: 1 }, { runId: 'run' }),
      second.engine.start(two, { n: 1 }, { runId: 'run' }),
      second.engine.start(two, { n: 2 }, { runId: 'run' }),
    ]);
    expect([one, same, other].map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(other).toMatchObject({
      reason: { code: 'CONFLICT', message: "run 'run' exists already, with another input" },
    });
    await clock.settle();
    expect([first.mocks.counts, second.mocks.counts]).toEqual([{ a: 1 }, {}]);
    // The second engine is well.
    await second.engine.start(two, {}, { runId: 'mine' });
    await Promise.all([first.engine.close(), second.engine.close()]);
  });
});

describe('what cannot be read back', () => {
  test('leaves the run as it is, whoever wanted to read it', async () => {
    const damaged = new WorkflowError('STORE_INVALID', 'row 2 of the history was changed');
    const clock = new VirtualClock();
    const database = new MemoryDatabase();
    const stored = openMemoryStore(database);
    const first = await createTestEngine({
      store: stored,
      clock,
      workflows: [two],
      mocks: { a: { text: 'long '.repeat(50) }, b: hangs() },
    });
    const definition = flow({
      name: 'two',
      steps: [agent('a'), agent('b', { input: { prompt: '{{steps.a.output.text}}' } })],
    });
    await first.engine.start(definition, {}, { runId: 'run' });
    await clock.settle();
    stored.crash();
    const again = openMemoryStore(database);
    again.readEvent = () => {
      throw damaged;
    };
    await using second = await createTestEngine({
      store: again,
      clock,
      workflows: [definition],
      mocks: { b: 'never' },
    });
    await clock.settle();
    expect(second.engine.run('run').status()).toMatchObject({ status: 'running' });
    expect(second.mocks.counts).toEqual({});
    expect(second.log.lines.filter(({ level }) => level === 'error').map(({ details }) => details?.['error'])).toEqual([
      damaged.message,
    ]);
    expect(second.store.lastSeq('run')).toBe(2);
  });
});

describe('a run that is left', () => {
  const unread = new WorkflowError('STORE_UNAVAILABLE', 'the disk does not answer');
  const long = 'long '.repeat(100);
  const reading = flow({
    name: 'reading',
    steps: [
      agent('a'),
      { id: 'w', type: 'wait', duration: 1_000 },
      agent('b', { input: { prompt: '{{steps.a.output}}' } }),
    ],
    output: '{{steps.b.output.prompt}}',
  });

  class UnreadableStore extends MemoryStore {
    problem: Error | null = null;
    reads = 0;
    override readEvent(run: string, seq: number): StoredEvent | null {
      if (this.problem !== null) {
        this.reads += 1;
        throw this.problem;
      }
      return super.readEvent(run, seq);
    }
  }

  /** A run of another life, so that none of its values is in memory. */
  async function left(problem: Error): Promise<{ readonly lab: TestEngine; readonly store: UnreadableStore }> {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const mocks = { a: long, b: (call: MockCall) => call.input };
    const first = await createTestEngine({ store: openMemoryStore(database), clock, workflows: [reading], mocks });
    await first.engine.start(reading, {}, { runId: 'run' });
    await clock.settle();
    await first.engine.close();
    const store = new UnreadableStore(database);
    const lab = await createTestEngine({ store, clock, workflows: [reading], mocks, sleepAfterMs: Infinity });
    store.problem = problem;
    return { lab, store };
  }

  test('because the store could not be read goes on by itself, tried at longer and longer intervals', async () => {
    const { lab, store } = await left(unread);
    await lab.clock.advance(1_100);
    await expect(lab.engine.run('run').result()).rejects.toBe(unread);
    await lab.clock.advance(120_000);
    expect(store.reads).toBeGreaterThan(4);
    expect(store.reads).toBeLessThan(16);
    expect(lab.mocks.counts).toEqual({});
    store.problem = null;
    await lab.clock.advance(60_000);
    expect(lab.engine.run('run').status()).toMatchObject({ status: 'completed', output: long });
    expect(lab.mocks.calls.map(({ key }) => key)).toEqual(['run:b:1']);
    expect(lab.log.lines).toContainEqual({
      level: 'warn',
      message: 'a run that was left is tried again',
      details: { run: 'run', inMs: 1_000 },
    });
    await lab.engine.close();
  });

  test('takes meanwhile what is said to it, and answers when it is back', async () => {
    const { lab, store } = await left(unread);
    await lab.clock.advance(1_100);
    store.problem = null;
    await lab.engine.cancel('run');
    await lab.clock.advance(5_000);
    expect(lab.engine.run('run').status()).toMatchObject({ status: 'cancelled' });
    await lab.engine.close();
  });

  test('because of a bug, or by an engine that is closed, is not tried again', async () => {
    const { lab } = await left(new InvariantError('two and two are five'));
    await lab.clock.advance(600_000);
    expect(lab.log.lines.filter(({ message }) => message.includes('is tried again'))).toEqual([]);
    await lab.engine.close();
    const other = await left(unread);
    await other.lab.clock.advance(1_100);
    await other.lab.engine.close();
    const { reads } = other.store;
    await other.lab.clock.advance(600_000);
    expect(other.store.reads).toBe(reads);
  });
});
