/** What meets in one moment: ends, wakings and commands, between the applying of an event and its commit. */
import { describe, expect, test } from 'vitest';
import { WorkflowError } from '../../src/core/errors.ts';
import type { Commit } from '../../src/core/ports.ts';
import { encodeCommand } from '../../src/engine/steer/inbox-command.ts';
import { MemoryDatabase, MemoryStore, openMemoryStore } from '../../src/store/memory.ts';
import { agent, flow } from '../support/flow.ts';
import { after, fails, hangs, type MockCall } from '../support/mocks.ts';
import { createTestEngine, type TestEngine, type TestEngineOptions } from '../support/test-engine.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const run = 'run';

interface Held extends TestEngine {
  /** Commits wait until they are let go. */
  hold(): void;
  letGo(): Promise<void>;
}

/** An engine whose commits are made when the test says so. */
async function held(options: TestEngineOptions): Promise<Held> {
  let isHeld = false;
  const waiting: (() => void)[] = [];
  const lab = await createTestEngine({
    ...options,
    defer: (work) => {
      if (isHeld) waiting.push(work);
      else setImmediate(work);
    },
  });
  return {
    ...lab,
    hold: () => {
      isHeld = true;
    },
    letGo: async () => {
      isHeld = false;
      for (const work of waiting.splice(0)) work();
      await lab.clock.settle();
    },
  };
}

const typesOf = ({ store }: TestEngine, id = run): readonly string[] => store.readEvents(id, 1).map(({ type }) => type);

describe('a run that sleeps', () => {
  const asking = flow({ name: 'asking', steps: [{ id: 'ask', type: 'human' }, agent('b')] });

  test('begins nothing before what it was told is committed, whatever wakes it meanwhile', async () => {
    const store = openMemoryStore();
    const committed: number[] = [];
    const mocks = {
      b: () => {
        committed.push(store.lastSeq(run));
        return 'b';
      },
    };
    await using lab = await held({ workflows: [asking], store, sleepAfterMs: 0, mocks });
    await lab.engine.start(asking, {}, { runId: run });
    await lab.clock.advance(100);
    expect(store.readSleep(run)).not.toBeNull();
    lab.hold();
    const answering = lab.engine.answer('run:ask:1', { decision: 'approve' });
    lab.engine.continueRun(run);
    await lab.letGo();
    await answering;
    expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: 'b' });
    expect(committed).toEqual([2]);
  });

  test('has one driver, also when the end of its child wakes it while it is loaded', async () => {
    const child = flow({ name: 'child', steps: [agent('c', { timeout: '2h' })] });
    const parent = flow({ name: 'parent', steps: [{ id: 'kid', type: 'workflow', workflow: 'child' }, agent('b')] });
    const mocks = { c: after(3_600_000, 'c') };
    await using lab = await held({ workflows: [parent, child], sleepAfterMs: 0, mocks });
    await lab.engine.start(parent, {}, { runId: run });
    await lab.clock.advance(3_599_000);
    expect(lab.store.readSleep(run)).not.toBeNull();
    lab.hold();
    await lab.clock.advance(1_000);
    expect(typesOf(lab, 'run/kid:1')).toEqual(['run.started']);
    const pausing = lab.engine.pause(run);
    await lab.letGo();
    await pausing;
    await lab.engine.resume(run);
    expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: 'b' });
    expect(lab.mocks.counts).toEqual({ c: 1, b: 1 });
    expect(lab.log.problems).toEqual([]);
  });

  test('that ends while it is woken has ended, and nothing is wrong', async () => {
    const steps = [{ id: 'w', type: 'wait', duration: '1h' }];
    const looped = flow({
      steps: [{ id: 'each', type: 'loop', items: [1, 2], parallel: true, steps }, agent('b')],
    });
    await using lab = await held({ workflows: [looped], sleepAfterMs: 0 });
    await lab.engine.start(looped, {}, { runId: run });
    await lab.clock.advance(3_599_000);
    expect(lab.store.readSleep('run/each:1/0')).not.toBeNull();
    lab.hold();
    const skipping = lab.engine.skip(run, 'each');
    // Its timer wakes the round; what is in line then is written first, and ends it.
    await lab.clock.advance(1_000);
    await lab.letGo();
    await skipping;
    expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: 'b' });
    expect(lab.log.problems).toEqual([]);
  });

  test('and whose process died has what was left for it by the one that goes on with it', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const dead = openMemoryStore(database);
    let look = (): void => undefined;
    const options = { workflows: [asking], clock, sleepAfterMs: 0 };
    const first = await createTestEngine({ ...options, store: dead });
    await first.engine.start(asking, {}, { runId: run });
    await clock.advance(100);
    await using second = await createTestEngine({
      ...options,
      store: openMemoryStore(database),
      poll: (given) => {
        look = given;
        return () => undefined;
      },
    });
    for (let n = 0; n < 4; n++) look();
    const pausing = second.engine.pause(run);
    for (let n = 0; n < 4; n++) look();
    dead.crash();
    for (let n = 0; n < 4; n++) look();
    await clock.advance(1_000);
    expect(await pausing).toBe('elsewhere');
    expect(second.engine.report(run).status).toBe('paused');
  });
});

test('a round that ends in the moment in which its run is cancelled has ended: nothing throws where nobody catches', async () => {
  const looped = flow({ steps: [{ id: 'each', type: 'loop', items: [1], steps: [agent('work')] }] });
  await using lab = await held({ workflows: [looped], mocks: { work: after(10, 'fine') } });
  await lab.engine.start(looped, {}, { runId: run });
  await lab.clock.settle();
  lab.hold();
  await lab.clock.advance(10);
  const cancelling = lab.engine.cancel(run);
  await lab.letGo();
  await cancelling;
  expect(lab.engine.report(run).status).toBe('cancelled');
  expect(lab.engine.report('run/each:1/0').status).toBe('completed');
  expect(lab.log.problems).toEqual([]);
});

test('an effect that waited for a limit begins after the commit that ends a pause, not before', async () => {
  const concurrency = { name: 'db', limit: 1 };
  const limited = flow({
    steps: [{ id: 'p', type: 'parallel', steps: [agent('x', { concurrency }), agent('y', { concurrency })] }],
  });
  const store = openMemoryStore();
  const committed: string[] = [];
  const mocks = {
    x: after(10, 'x'),
    y: () => {
      committed.push(store.readRun(run)?.status ?? 'not stored');
      return 'y';
    },
  };
  await using lab = await held({ workflows: [limited], store, mocks });
  await lab.engine.start(limited, {}, { runId: run });
  await lab.clock.settle();
  await lab.engine.pause(run);
  lab.hold();
  const resuming = lab.engine.resume(run);
  await lab.clock.advance(10);
  await lab.letGo();
  await resuming;
  expect(await lab.drive(run)).toMatchObject({ status: 'completed' });
  expect(committed).toEqual(['running']);
});

describe('a run that has ended', () => {
  const failing = flow({ name: 'failing', steps: [agent('a'), agent('b')] });

  test('and is retried by two processes in one moment goes on with one of them; the other is told', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    let isDown = true;
    const mocks = { b: (call: MockCall) => (isDown ? fails()() : after(1_000, 'b')(call)) };
    const store = openMemoryStore(database);
    const one = await createTestEngine({ workflows: [failing], clock, mocks, store });
    await using other = await createTestEngine({
      workflows: [failing],
      clock,
      mocks,
      store: openMemoryStore(database),
    });
    await one.engine.start(failing, {}, { runId: run });
    await one.drive(run);
    isDown = false;
    const retries = await Promise.allSettled([one.engine.retry(run), other.engine.retry(run)]);
    expect(retries).toMatchObject([
      { status: 'fulfilled' },
      { reason: { code: 'CONFLICT', message: /another process went on with run 'run' in the same moment/ } },
    ]);
    expect(other.log.problems).toEqual([]);
    // It is as good as any other for the one that came too late.
    store.crash();
    expect(other.engine.recover()).toEqual([run]);
    expect(await other.drive(run)).toMatchObject({ status: 'completed', output: 'b' });
  });

  test('and is retried twice in one moment goes on once; the other is told, and does it no harm', async () => {
    let isDown = true;
    const mocks = { b: (call: MockCall) => (isDown ? fails()() : after(1_000, 'b')(call)) };
    await using lab = await createTestEngine({ workflows: [failing], mocks });
    await lab.engine.start(failing, {}, { runId: run });
    await lab.drive(run);
    isDown = false;
    const retries = await Promise.allSettled([lab.engine.retry(run), lab.engine.retry(run)]);
    expect(retries).toMatchObject([{ status: 'fulfilled' }, { reason: { code: 'CONFLICT' } }]);
    expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: 'b' });
    expect(lab.log.problems).toEqual([]);
  });

  test('in the very moment in which somebody goes back in it goes on', async () => {
    const asking = flow({ steps: [agent('a'), { id: 'ask', type: 'human' }] });
    await using lab = await held({ workflows: [asking] });
    await lab.engine.start(asking, {}, { runId: run });
    await lab.clock.settle();
    lab.hold();
    const told = Promise.all([lab.engine.cancel(run), lab.engine.rerun(run, 'a')]);
    await lab.letGo();
    await told;
    expect(typesOf(lab).slice(2)).toEqual(['run.cancelled', 'run.rebased', 'effect.completed']);
    await lab.engine.answer('run:ask:2', { decision: 'approve' });
    expect(await lab.drive(run)).toMatchObject({ status: 'completed' });
    expect(lab.mocks.counts).toEqual({ a: 2 });
  });

  test('since it was told by another process to go back goes back', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    let look = (): void => undefined;
    const mocks = { b: after(1_000, 'b') };
    await using owner = await createTestEngine({
      workflows: [failing],
      clock,
      mocks,
      store: openMemoryStore(database),
      poll: (given) => {
        look = given;
        return () => undefined;
      },
    });
    await using other = await createTestEngine({ workflows: [failing], clock, store: openMemoryStore(database) });
    await owner.engine.start(failing, {}, { runId: run });
    await clock.settle();
    const told = other.engine.rerun(run, 'a');
    await owner.drive(run);
    expect(owner.mocks.counts).toEqual({ a: 1, b: 1 });
    look();
    await clock.advance(100);
    expect(await told).toBe('elsewhere');
    expect(database.inbox.size).toBe(0);
    expect(await owner.drive(run)).toMatchObject({ status: 'completed', output: 'b' });
    expect(owner.mocks.counts).toEqual({ a: 2, b: 2 });
  });
});

describe('a fork', () => {
  const steps = [agent('a'), agent('b', { input: { prompt: '{{steps.a.output}} {{state.n}}' } })];
  const definition = flow({ steps, state: { n: 0 }, output: '{{steps.b.output.prompt}}' });
  const mocks = { a: after(10, 'from a'), b: (call: { readonly input: unknown }) => call.input };

  test('of a paused run has what the pause held: nothing is called again, and edits come before it', async () => {
    await using lab = await createTestEngine({ workflows: [definition], mocks });
    await lab.engine.start(definition, {}, { runId: run });
    await lab.clock.settle();
    await lab.engine.pause(run);
    await lab.clock.advance(10);
    expect(typesOf(lab)).toEqual(['run.started', 'run.paused', 'effect.completed']);
    expect(lab.engine.forkPlan(run, 3).repeats.map(({ step }) => step)).toEqual(['b']);
    const fork = await lab.engine.fork(run, { at: 3, runId: 'fork', state: { n: 7 } });
    expect(await lab.drive(fork.id)).toMatchObject({ status: 'completed', output: 'from a 7' });
    expect(lab.mocks.calls.map(({ key }) => key)).toEqual(['run:a:1', 'fork:b:1']);
    expect(lab.engine.report(run).status).toBe('paused');
  });

  test('that ends with what the pause held has ended', async () => {
    const one = flow({ steps: [agent('a')] });
    await using lab = await createTestEngine({ workflows: [one], mocks });
    await lab.engine.start(one, {}, { runId: run });
    await lab.clock.settle();
    await lab.engine.pause(run);
    await lab.clock.advance(10);
    const fork = await lab.engine.fork(run, { at: 3 });
    expect(fork.status()).toMatchObject({ status: 'completed', output: 'from a' });
  });

  test('is stored when the disk has room again, and goes on then', async () => {
    class FullStore extends MemoryStore {
      isFull = false;

      override commit(batch: readonly Commit[]): void {
        if (this.isFull) throw new WorkflowError('STORE_UNAVAILABLE', 'the disk is full');
        super.commit(batch);
      }
    }
    const store = new FullStore(new MemoryDatabase());
    await using lab = await createTestEngine({ workflows: [definition], store, mocks });
    await lab.engine.start(definition, {}, { runId: run });
    await lab.drive(run);
    store.isFull = true;
    const forking = lab.engine.fork(run, { at: 2, runId: 'fork' });
    await lab.clock.advance(50);
    expect(store.readRun('fork')).toBeNull();
    store.isFull = false;
    await lab.clock.advance(5_000);
    expect((await forking).id).toBe('fork');
    expect(await lab.drive('fork')).toMatchObject({ status: 'completed' });
  });

  test('whose id another process takes in the same moment says so', async () => {
    const database = new MemoryDatabase();
    await using lab = await createTestEngine({ workflows: [definition], mocks, store: openMemoryStore(database) });
    await using other = await createTestEngine({ workflows: [definition], mocks, store: openMemoryStore(database) });
    await lab.engine.start(definition, {}, { runId: run });
    await lab.drive(run);
    const forks = await Promise.allSettled([
      lab.engine.fork(run, { at: 2, runId: 'fork' }),
      other.engine.fork(run, { at: 2, runId: 'fork' }),
    ]);
    expect(forks).toMatchObject([
      { status: 'fulfilled' },
      { reason: { code: 'CONFLICT', message: "A run 'fork' exists already" } },
    ]);
  });

  test('made after a clock went back is not older than what it goes on from', async () => {
    await using lab = await createTestEngine({ workflows: [definition], mocks });
    lab.clock.jump(3_600_000);
    await lab.engine.start(definition, {}, { runId: run });
    await lab.drive(run);
    lab.clock.jump(-3_000_000);
    await lab.engine.fork(run, { at: 2, runId: 'fork' });
    const times = lab.store.readEvents('fork', 1).map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test('of a run in a loop begins its rounds itself: they see the fork around them, also after a crash', async () => {
    const looped = flow({
      state: { n: 0 },
      steps: [{ id: 'each', type: 'loop', items: [1, 2], steps: [agent('work')] }],
    });
    const database = new MemoryDatabase();
    const dead = openMemoryStore(database);
    const first = await createTestEngine({ workflows: [looped], store: dead, mocks: { work: hangs() } });
    await first.engine.start(looped, {}, { runId: run });
    await first.engine.fork(run, { at: 1, runId: 'fork', state: { n: 7 } });
    await first.clock.settle();
    const [begin] = dead.readEvents('fork/each:1/0', 1);
    expect(JSON.parse(begin?.data ?? '')).toMatchObject({ parent: { run: 'fork', seq: 2 } });
    dead.crash();
    await using second = await createTestEngine({ workflows: [looped], store: openMemoryStore(database) });
    expect(await second.drive('fork')).toMatchObject({ status: 'completed', output: ['work', 'work'] });
  });

  test('that is brought back from its checkpoint is in the epoch that it began', async () => {
    const waits = flow({ steps: [agent('a'), { id: 'w', type: 'wait', duration: '1h' }, agent('h')] });
    const database = new MemoryDatabase();
    const dead = openMemoryStore(database);
    const first = await createTestEngine({ workflows: [waits], store: dead, mocks: { h: hangs() } });
    await first.engine.start(waits, {}, { runId: run });
    await first.clock.settle();
    await first.engine.fork(run, { at: 2, runId: 'fork' });
    dead.crash();
    await using second = await createTestEngine({ workflows: [waits], store: openMemoryStore(database) });
    await second.engine.pause('fork');
    // An epoch that was forgotten would begin with event 1.
    await second.engine.edit('fork', { state: { n: 1 } });
    const rebased = second.store.readEvents('fork', 1).filter(({ type }) => type === 'run.rebased');
    expect(rebased.map(({ data }) => (JSON.parse(data) as { readonly previous?: number }).previous)).toEqual([
      undefined,
      3,
    ]);
  });
});

describe('a loop that is taken up again', () => {
  test('leaves no round behind when it is ended before it has come to it', async () => {
    const loop = flow({
      name: 'loop',
      steps: [agent('list'), { id: 'each', type: 'loop', items: [1, 2], steps: [agent('work')] }],
    });
    const database = new MemoryDatabase();
    const mocks = { work: (call: MockCall) => (call.key === 'run/each:1/1:work:1' ? hangs()(call) : 'done') };
    const dying = new MemoryStore(database);
    await using before = await createTestEngine({ workflows: [loop], store: dying, mocks });
    await before.engine.start(loop, {}, { runId: run });
    await before.clock.settle();
    dying.crash();
    const store = new MemoryStore(database);
    // Taken from the inbox in the turn in which the run is brought back.
    const command = { kind: 'rerun', step: 'list' } as const;
    store.post(run, encodeCommand({ type: 'control', command }), 0);
    await using lab = await createTestEngine({ workflows: [loop], store, mocks });
    expect(await lab.drive(run)).toMatchObject({ status: 'completed' });
    expect(store.readRun('run/each:1/1')).toMatchObject({ status: 'cancelled' });
  });
});
