import { describe, expect, test } from 'vitest';
import { WorkflowError } from '../../src/core/errors.ts';
import type { Commit } from '../../src/core/ports.ts';
import { MemoryDatabase, MemoryStore, openMemoryStore } from '../../src/store/memory.ts';
import { agent, flow } from '../support/flow.ts';
import { after, hangs } from '../support/mocks.ts';
import { collect, createTestEngine } from '../support/test-engine.ts';
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
