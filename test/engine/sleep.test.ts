/** Runs that wait for the world are in the store only; whatever they wait for wakes them. */
import { describe, expect, test } from 'vitest';
import type { StoredCheckpoint } from '../../src/core/ports.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { decodeEvent } from '../../src/engine/drive/codec.ts';
import { MemoryDatabase, MemoryStore } from '../../src/store/memory.ts';
import { agent, flow } from '../support/flow.ts';
import { after, hangs } from '../support/mocks.ts';
import { collect, createTestEngine, type TestEngine, type TestEngineOptions } from '../support/test-engine.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const hour = 3_600_000;
const day = 24 * hour;

/** Counts the runs that are loaded. */
class CountingStore extends MemoryStore {
  readonly loaded: string[] = [];

  override readCheckpoint(run: string): StoredCheckpoint | null {
    this.loaded.push(run);
    return super.readCheckpoint(run);
  }
}

interface Lab extends TestEngine {
  readonly store: CountingStore;
  readonly database: MemoryDatabase;
}

async function labOf(options: TestEngineOptions & { readonly database?: MemoryDatabase } = {}): Promise<Lab> {
  const { database = new MemoryDatabase(), ...rest } = options;
  const store = new CountingStore(database);
  return { ...(await createTestEngine({ ...rest, store })), store, database };
}

const sleeps = ({ store }: Lab, run = 'run'): boolean => store.readSleep(run) !== null;

const typesOf = ({ store }: Lab, run = 'run'): readonly string[] => store.readEvents(run, 1).map(({ type }) => type);

const asking = (): WorkflowDefinition =>
  flow({ name: 'asking', steps: [agent('a'), { id: 'ask', type: 'human', title: 'Go on?' }, agent('b')] });

const pausing = (duration: number): WorkflowDefinition =>
  flow({ name: 'pausing', steps: [{ id: 'w', type: 'wait', duration }, agent('b')] });

describe('a run that waits for a person', () => {
  test('sleeps after a while, and its answer wakes it; who waits for its result gets it', async () => {
    await using lab = await labOf();
    const run = await lab.engine.start(asking(), {}, { runId: 'run' });
    const result = run.result();
    await lab.clock.advance(4_900);
    expect(sleeps(lab)).toBe(false);
    await lab.clock.advance(200);
    expect(sleeps(lab)).toBe(true);
    expect(run.status()).toMatchObject({ status: 'running', waitingFor: 'human' });
    expect(lab.engine.tasks().map(({ id }) => id)).toEqual(['run:ask:1']);
    expect(sleeps(lab)).toBe(true);
    await lab.engine.answer('run:ask:1', { decision: 'approve' });
    expect(await result).toBe('b');
    expect(typesOf(lab)).toEqual(['run.started', 'effect.completed', 'task.answered', 'effect.completed']);
    expect(lab.mocks.counts).toEqual({ a: 1, b: 1 });
  });

  test('does not sleep while somebody watches; who watches a sleeping one is told all', async () => {
    await using lab = await labOf();
    const run = await lab.engine.start(asking(), {}, { runId: 'run' });
    const watcher = run.events();
    await watcher.next();
    await lab.clock.advance(hour);
    expect(sleeps(lab)).toBe(false);
    await watcher.return?.();
    await lab.clock.advance(hour);
    expect(sleeps(lab)).toBe(true);
    const told = collect(run.events());
    await lab.engine.answer('run:ask:1', { decision: 'approve' });
    expect((await told).at(-1)).toMatchObject({ type: 'run.completed', output: 'b' });
  });

  test('sleeps at once when too many wait', async () => {
    await using lab = await labOf({ limits: { maxRestingRuns: 2 } });
    const definition = asking();
    for (const runId of ['r1', 'r2', 'r3']) {
      await lab.engine.start(definition, {}, { runId });
      await lab.clock.settle();
    }
    expect(['r1', 'r2', 'r3'].map((run) => sleeps(lab, run))).toEqual([true, false, false]);
  });

  test('sleeps again without a word when it takes nothing', async () => {
    await using lab = await labOf({ sleepAfterMs: 0 });
    const run = await lab.engine.start(asking(), {}, { runId: 'run' });
    await lab.clock.advance(1);
    await expect(run.resume()).rejects.toMatchObject({ code: 'CONFLICT' });
    await lab.clock.advance(1);
    expect([sleeps(lab), typesOf(lab).length]).toEqual([true, 2]);
  });

  test('a second answer, to one that sleeps, is a conflict', async () => {
    await using lab = await labOf({ sleepAfterMs: 0, mocks: { b: hangs() } });
    await lab.engine.start(asking(), {}, { runId: 'run' });
    await lab.clock.advance(1);
    const answers = ['approve', 'reject'].map((decision) => lab.engine.answer('run:ask:1', { decision }));
    expect((await Promise.allSettled(answers)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });
});

describe('a run that waits for a time', () => {
  test('sleeps until it is due, to the millisecond; its timer is stored as long as it sleeps', async () => {
    await using lab = await labOf();
    await lab.engine.start(pausing(30 * day), {}, { runId: 'run' });
    await lab.clock.advance(day);
    expect([sleeps(lab), lab.store.readTimers('run')]).toMatchObject([true, [{ name: 'wait:w', setBy: 1 }]]);
    await lab.drive('run');
    expect(lab.clock.elapsedMs).toBe(30 * day);
    expect(lab.store.readTimers('run')).toEqual([]);
  });

  test('stays in memory when that is soon', async () => {
    await using lab = await labOf();
    await lab.engine.start(pausing(9_000), {}, { runId: 'run' });
    await lab.clock.advance(8_000);
    expect(sleeps(lab)).toBe(false);
  });

  test.each([
    ['FLT-CK-02: set back by a day', -day],
    ['set ahead by less than is left', hour],
  ])('is not late when the clock is %s while it sleeps', async (_name, jump) => {
    await using lab = await labOf();
    await lab.engine.start(pausing(10 * hour), {}, { runId: 'run' });
    await lab.clock.advance(hour);
    lab.clock.jump(jump);
    expect(sleeps(lab)).toBe(true);
    // The clock's own timers go by its time.
    await lab.clock.advance(9 * hour + Math.max(0, -jump));
    expect(lab.engine.run('run').status()).toMatchObject({ status: 'completed' });
    const times = lab.store.readEvents('run', 1).map((stored) => decodeEvent(stored).at);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(typesOf(lab).filter((type) => type === 'timer.fired')).toHaveLength(1);
  });

  test('nor when it is woken meanwhile by something else, after the clock was set back', async () => {
    await using lab = await labOf();
    await lab.engine.start(pausing(10 * hour), {}, { runId: 'run' });
    await lab.clock.advance(hour);
    lab.clock.jump(-day);
    await lab.clock.advance(hour);
    await lab.engine.signal('run', 'hello');
    await lab.clock.advance(2 * hour);
    expect(sleeps(lab)).toBe(true);
    await lab.clock.advance(8 * hour);
    expect(lab.engine.run('run').status()).toMatchObject({ status: 'completed' });
  });

  test('FLT-CK-10: timers of sleeping runs that are due at the same time fire in the order they were set in', async () => {
    await using lab = await labOf();
    const definition = pausing(hour);
    for (const runId of ['r1', 'r2', 'r3']) await lab.engine.start(definition, {}, { runId });
    await lab.clock.advance(hour);
    expect(lab.mocks.calls.map(({ run }) => run)).toEqual(['r1', 'r2', 'r3']);
  });
});

describe('a paused run', () => {
  test('sleeps; what comes meanwhile is held, and applied when it is resumed', async () => {
    await using lab = await labOf({ sleepAfterMs: 0, mocks: { a: after(100, 'a') } });
    const definition = flow({
      steps: [
        {
          id: 'p',
          type: 'parallel',
          steps: [
            { id: 's', type: 'signal', name: 'go' },
            { id: 'w', type: 'wait', duration: 1_000 },
          ],
        },
        agent('a'),
      ],
    });
    const run = await lab.engine.start(definition, {}, { runId: 'run' });
    await run.pause();
    await lab.clock.advance(1);
    expect([sleeps(lab), run.status().status]).toEqual([true, 'paused']);
    await run.signal('go', 1);
    await lab.clock.advance(2_000);
    expect([sleeps(lab), typesOf(lab).slice(-2)]).toEqual([true, ['signal.received', 'timer.fired']]);
    await run.resume();
    await lab.clock.advance(100);
    expect(await run.result()).toBe('a');
  });

  test('that nobody drives is paused and cancelled without being begun', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const definition = flow({ steps: [agent('a')] });
    const first = await labOf({ database, clock, mocks: { a: hangs() } });
    for (const runId of ['paused', 'cancelled']) await first.engine.start(definition, {}, { runId });
    first.store.crash();
    await first.engine.close();
    await using second = await labOf({ database, clock, workflows: [definition], recover: false });
    await second.engine.pause('paused');
    await second.engine.cancel('cancelled');
    await clock.advance(1_000);
    expect(second.mocks.counts).toEqual({});
    expect(
      second.engine
        .runs()
        .map(({ status }) => status)
        .sort(),
    ).toEqual(['cancelled', 'paused']);
    await second.engine.resume('paused');
    await clock.settle();
    expect(second.mocks.counts).toEqual({ a: 1 });
  });
});

describe('a signal', () => {
  const listening = (name: string) =>
    flow({
      name: `for-${name}`,
      steps: [
        {
          id: 'p',
          type: 'parallel',
          steps: [
            { id: 's', type: 'signal', name },
            { id: 'h', type: 'human', title: '?' },
          ],
        },
      ],
    });

  test('that is emitted wakes those that listen, whatever else they wait for, and no others', async () => {
    await using lab = await labOf({ sleepAfterMs: 0 });
    await lab.engine.start(listening('news'), {}, { runId: 'listens' });
    await lab.engine.start(asking(), {}, { runId: 'deaf' });
    await lab.clock.advance(10);
    expect([sleeps(lab, 'listens'), sleeps(lab, 'deaf')]).toEqual([true, true]);
    lab.store.loaded.length = 0;
    await lab.engine.start(
      flow({ steps: [{ id: 'e', type: 'emit', name: 'news', payload: 1 }] }),
      {},
      { runId: 'tells' },
    );
    await lab.drive('tells');
    expect(lab.store.loaded).toEqual(['listens']);
    expect(typesOf(lab, 'listens')).toContain('signal.received');
  });

  test('that comes while another one that woke the run is being committed lets it go on all the same', async () => {
    const deferred: (() => void)[] = [];
    let isHeld = false;
    await using lab = await labOf({
      sleepAfterMs: 0,
      defer: (work) => void (isHeld ? deferred.push(work) : setImmediate(work)),
    });
    await lab.engine.start(pausing(day), {}, { runId: 'run' });
    await lab.clock.advance(1);
    expect(sleeps(lab)).toBe(true);
    isHeld = true;
    const first = lab.engine.signal('run', 'one');
    await Promise.resolve();
    deferred.shift()?.();
    // It is committed, and nobody who waits for that has been told yet.
    const second = lab.engine.signal('run', 'two');
    isHeld = false;
    await first;
    deferred.shift()?.();
    await second;
    await lab.clock.advance(day);
    expect(lab.engine.run('run').status()).toMatchObject({ status: 'completed' });
  });

  test('that another process leaves wakes its run', async () => {
    let look: () => void = () => undefined;
    await using lab = await labOf({
      sleepAfterMs: 0,
      poll: (callback) => {
        look = callback;
        return () => undefined;
      },
    });
    await lab.engine.start(flow({ steps: [{ id: 's', type: 'signal', name: 'go' }] }), {}, { runId: 'run' });
    await lab.clock.advance(1);
    expect(sleeps(lab)).toBe(true);
    const data = '{"type":"signal.received","name":"go","payload":{"v":7}}';
    const entry = new MemoryStore(lab.database).post('run', data, 0);
    look();
    await lab.clock.settle();
    expect(lab.engine.run('run').status()).toMatchObject({ status: 'completed', output: 7 });
    expect(lab.store.deliveryOf(entry)).toBe('taken');
  });
});

describe('runs above and below', () => {
  const child = (): WorkflowDefinition =>
    flow({ name: 'child', steps: [{ id: 'ask', type: 'human', title: '?' }], output: '{{steps.ask.output.decision}}' });
  const parent = (more: object = {}): WorkflowDefinition =>
    flow({ name: 'parent', steps: [{ id: 'c', type: 'workflow', workflow: 'child', ...more }, agent('last')] });
  const looping = (): WorkflowDefinition =>
    flow({
      name: 'looping',
      steps: [
        {
          id: 'each',
          type: 'loop',
          items: [1, 2, 3],
          parallel: 2,
          steps: [{ id: 'ask', type: 'human', title: 'Item {{loop.item}}' }],
        },
      ],
      output: '{{steps.each.output}}',
    });

  test('sleep both; the answer wakes the child, and its end the parent', async () => {
    await using lab = await labOf({ workflows: [parent(), child()] });
    const run = await lab.engine.start('parent', {}, { runId: 'run' });
    const result = run.result();
    await lab.clock.advance(hour);
    expect([sleeps(lab), sleeps(lab, 'run/c:1')]).toEqual([true, true]);
    await lab.engine.answer('run/c:1:ask:1', { decision: 'approve' });
    expect(await result).toBe('last');
    expect(typesOf(lab)).toEqual(['run.started', 'effect.completed', 'effect.completed']);
  });

  test('a sleeping parent that is cancelled takes its child along', async () => {
    await using lab = await labOf({ workflows: [parent(), child()] });
    const run = await lab.engine.start('parent', {}, { runId: 'run' });
    await lab.clock.advance(hour);
    await run.cancel();
    await lab.clock.settle();
    expect([run.status().status, lab.engine.run('run/c:1').status().status]).toEqual(['cancelled', 'cancelled']);
  });

  test('a step that gives up on its child, both asleep, ends the child', async () => {
    await using lab = await labOf({ workflows: [parent({ timeout: hour, onError: 'continue' }), child()] });
    await lab.engine.start('parent', {}, { runId: 'run' });
    await lab.clock.advance(hour - 1);
    expect(sleeps(lab)).toBe(true);
    await lab.clock.advance(1);
    expect(lab.engine.run('run').status()).toMatchObject({ status: 'completed', output: 'last' });
    expect(lab.engine.run('run/c:1').status()).toMatchObject({ status: 'cancelled' });
  });

  test('rounds sleep with the run around them, and go on one by one', async () => {
    await using lab = await labOf({ workflows: [looping()] });
    const run = await lab.engine.start('looping', {}, { runId: 'run' });
    for (const index of [1, 0, 2]) {
      await lab.clock.advance(hour);
      expect([sleeps(lab), sleeps(lab, `run/each:1/${index}`)]).toEqual([true, true]);
      await lab.engine.answer(`run/each:1/${index}:ask:1`, { decision: 'approve', comment: String(index) });
    }
    expect(await run.result()).toMatchObject([{ comment: '0' }, { comment: '1' }, { comment: '2' }]);
  });

  test('a child that ends in the moment in which its parent falls asleep wakes it', async () => {
    const deferred: (() => void)[] = [];
    let isHeld = false;
    await using lab = await labOf({
      sleepAfterMs: 50,
      defer: (work) => void (isHeld ? deferred.push(work) : setImmediate(work)),
      workflows: [parent(), flow({ name: 'child', steps: [agent('c')] })],
      mocks: { c: after(45, 'done') },
    });
    await lab.engine.start('parent', {}, { runId: 'run' });
    await lab.clock.advance(40);
    // One batch holds the end of the child, and then what puts the parent to sleep.
    isHeld = true;
    await lab.clock.advance(20);
    isHeld = false;
    for (const work of deferred.splice(0)) work();
    await lab.clock.advance(1);
    expect(lab.engine.run('run').status()).toMatchObject({ status: 'completed', output: 'last' });
  });

  test('a child that ended when its parent slept, just before a crash, still wakes it', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const first = await labOf({ database, clock, workflows: [parent(), child()] });
    await first.engine.start('parent', {}, { runId: 'run' });
    await clock.advance(hour);
    const dead = new Promise<void>((resolve) => {
      const commit = first.store.commit.bind(first.store);
      first.store.commit = (batch) => {
        commit(batch);
        first.store.crash();
        resolve();
      };
    });
    void first.engine.answer('run/c:1:ask:1', { decision: 'approve' }).catch(() => undefined);
    await dead;
    await first.engine.close();
    await using second = await labOf({ database, clock, workflows: [parent(), child()] });
    await second.drive('run');
    expect(second.engine.run('run').status()).toMatchObject({ status: 'completed', output: 'last' });
  });
});

describe('after a restart', () => {
  test('those that sleep are not loaded, and woken when they are due; overdue ones at once', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const workflows = [
      asking(),
      flow({ ...{ name: 'long' }, steps: [{ id: 'w', type: 'wait', duration: 60 * day }] }),
      pausing(1_000_000),
    ];
    const first = await labOf({ database, clock, workflows });
    for (const name of ['asking', 'long', 'pausing']) await first.engine.start(name, {}, { runId: name });
    await clock.advance(10_000);
    await first.engine.close();
    await clock.advance(1_200_000);
    await using second = await labOf({ database, clock, workflows });
    await clock.settle();
    // FLT-CK-07: a timer of 1,000,000 ms, a restart of longer.
    expect(second.engine.run('pausing').status()).toMatchObject({ status: 'completed' });
    expect(new Set(second.store.loaded)).toEqual(new Set(['pausing']));
    // FLT-CK-08: longer than 2^31 ms.
    await second.drive('long');
    expect(clock.elapsedMs).toBe(60 * day);
    await second.engine.answer('asking:ask:1', { decision: 'approve' });
    await second.drive('asking');
  });

  test('with a clock that was set back: the wait is no longer than it was', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const first = await labOf({ database, clock, workflows: [pausing(10 * hour)] });
    await first.engine.start('pausing', {}, { runId: 'run' });
    await clock.advance(hour);
    await first.engine.close();
    const late = new VirtualClock(clock.start - day);
    await using second = await labOf({ database, clock: late, workflows: [pausing(10 * hour)] });
    await late.advance(10 * hour);
    expect(second.engine.run('run').status()).toMatchObject({ status: 'completed' });
  });

  test('a round whose whole run had ended is ended too', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const steps = [{ id: 'each', type: 'loop', items: [1, 2], parallel: true, steps: [agent('a')] }];
    const options = { database, clock, workflows: [flow({ name: 'wide', steps })], mocks: { a: hangs() } };
    const first = await labOf(options);
    await first.engine.start('wide', {}, { runId: 'run' });
    await clock.settle();
    const commit = first.store.commit.bind(first.store);
    first.store.commit = (batch) => {
      commit(batch);
      first.store.crash();
    };
    void first.engine.terminate('run').catch(() => undefined);
    await clock.settle();
    await first.engine.close();
    await using second = await labOf(options);
    await clock.settle();
    for (const id of ['run', 'run/each:1/0', 'run/each:1/1'])
      expect([id, second.store.readRun(id)?.status]).toEqual([id, 'cancelled']);
    expect(second.store.freeRuns()).toEqual([]);
  });

  test('a round whose loop had ended is ended too', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const definition = flow({
      name: 'bounded',
      steps: [
        {
          id: 'each',
          type: 'loop',
          items: [1, 2],
          parallel: true,
          timeout: 1_000,
          onError: 'continue',
          steps: [agent('a')],
        },
        agent('b'),
      ],
    });
    const first = await labOf({ database, clock, workflows: [definition], mocks: { a: hangs() } });
    await first.engine.start('bounded', {}, { runId: 'run' });
    await clock.settle();
    const commit = first.store.commit.bind(first.store);
    first.store.commit = (batch) => {
      commit(batch);
      first.store.crash();
    };
    await clock.advance(1_000);
    await first.engine.close();
    await using second = await labOf({ database, clock, workflows: [definition], mocks: { a: hangs() } });
    await second.drive('run');
    await clock.settle();
    expect(
      second.store
        .listRuns({ kind: ['run', 'round'] })
        .map(({ status }) => status)
        .sort(),
    ).toEqual(['cancelled', 'cancelled', 'completed']);
    expect(second.mocks.counts).toEqual({ b: 1 });
  });

  test('very many are brought back in portions, and the engine answers meanwhile', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const workflows = [flow({ name: 'many', steps: [agent('a'), agent('b')] })];
    const first = await labOf({ database, clock, workflows, mocks: { a: hangs() } });
    for (let n = 0; n < 200; n++) await first.engine.start('many', {}, { runId: `r${n}` });
    first.store.crash();
    await first.engine.close();
    await using second = await labOf({ database, clock, workflows });
    expect(second.store.loaded.length).toBeLessThan(50);
    await second.engine.cancel('r199');
    expect(second.engine.run('r199').status()).toMatchObject({ status: 'cancelled' });
    expect(second.store.loaded.length).toBeLessThan(150);
    await clock.settle();
    expect(second.engine.runs({ status: ['completed'], limit: 1_000 })).toHaveLength(199);
    expect(second.mocks.counts).toEqual({ a: 199, b: 199 });
  });
});
