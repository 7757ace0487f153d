/** What other processes leave for the runs of an engine. */
import { describe, expect, test } from 'vitest';
import { WorkflowError } from '../../src/core/errors.ts';
import type { Commit } from '../../src/core/ports.ts';
import { MemoryDatabase, MemoryStore, openMemoryStore } from '../../src/store/memory.ts';
import { agent, flow } from '../support/flow.ts';
import { hangs } from '../support/mocks.ts';
import { createTestEngine, type TestEngine, type TestEngineOptions } from '../support/test-engine.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const waiting = flow({
  name: 'waiting',
  state: { got: [] },
  steps: [
    { id: 'first', type: 'signal', name: 'go', assign: { got: { append: '{{steps.first.output}}' } } },
    { id: 'second', type: 'signal', name: 'go', assign: { got: { append: '{{steps.second.output}}' } } },
  ],
  output: '{{state.got}}',
});

/** An engine that looks at its inbox when the test says so. */
async function listening(
  options: TestEngineOptions = {},
): Promise<TestEngine & { look(): Promise<void>; readonly database: MemoryDatabase }> {
  const database = new MemoryDatabase();
  let look: () => void = () => undefined;
  const lab = await createTestEngine({
    store: openMemoryStore(database),
    workflows: [waiting],
    poll: (given) => {
      look = given;
      return () => undefined;
    },
    ...options,
  });
  return {
    ...lab,
    database,
    look: async () => {
      look();
      await lab.clock.settle();
    },
  };
}

const signal = (payload: unknown): string =>
  JSON.stringify({ type: 'signal.received', name: 'go', payload: { v: payload } });

describe('an entry of the inbox', () => {
  test('is applied once, and removed with the commit that applies it', async () => {
    await using lab = await listening();
    const other = openMemoryStore(lab.database);
    await lab.engine.start(waiting, {}, { runId: 'run' });
    other.post('run', signal(1), 0);
    await lab.look();
    expect(lab.database.inbox.size).toBe(0);
    await lab.look();
    other.post('run', signal(2), 0);
    await lab.look();
    expect(lab.engine.run('run').status()).toMatchObject({ status: 'completed', output: [1, 2] });
  });

  test('is not applied again while its commit waits for the store', async () => {
    let isFull = false;
    class FullStore extends MemoryStore {
      override commit(batch: readonly Commit[]): void {
        if (isFull) throw new WorkflowError('STORE_UNAVAILABLE', 'the disk is full');
        super.commit(batch);
      }
    }
    const database = new MemoryDatabase();
    await using lab = await listening({ store: new FullStore(database) });
    const other = openMemoryStore(database);
    await lab.engine.start(waiting, {}, { runId: 'run' });
    await (await lab.engine.start(waiting, {}, { runId: 'ended' })).cancel();
    isFull = true;
    other.post('run', signal(1), 0);
    await lab.look();
    other.post('ended', signal(0), 0);
    await lab.look();
    await lab.look();
    isFull = false;
    await lab.clock.advance(1_000);
    expect(lab.store.readEvents('run', 1).map(({ type }) => type)).toEqual([
      'run.started',
      'signal.received',
      'effect.completed',
    ]);
    expect(lab.engine.run('run').status()).toMatchObject({ status: 'running', waitingFor: 'signal' });
  });

  test('that is no command, or for a run that has ended, is refused: who left it can read why', async () => {
    await using lab = await listening();
    const other = openMemoryStore(lab.database);
    await lab.engine.start(waiting, {}, { runId: 'run' });
    for (const data of ['{broken', '[]', '{"type":"effect.completed","effect":"x"}', '{"type":"run.started"}'])
      other.post('run', data, 0);
    await lab.look();
    expect(lab.store.readInbox()).toEqual([]);
    expect(lab.log.lines.map(({ details }) => details?.['why'])).toEqual(
      Array.from({ length: 4 }, () => 'it is no command'),
    );
    await lab.engine.run('run').cancel();
    other.post('run', signal(1), 0);
    await lab.look();
    expect(lab.store.readInbox()).toEqual([]);
    expect(lab.log.lines.at(-1)?.details).toEqual({ run: 'run', why: "run 'run' is cancelled already" });
    expect(lab.store.readEvents('run', 1).map(({ type }) => type)).toEqual(['run.started', 'run.cancelled']);
  });

  test('for a run that nobody drives now waits until somebody does', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const first = await createTestEngine({ store: openMemoryStore(database), clock, workflows: [waiting] });
    await first.engine.start(waiting, {}, { runId: 'run' });
    await first.engine.close();
    const broken = flow({
      name: 'broken',
      steps: [agent('a'), { id: 'f', type: 'transform', transform: () => 1 }, agent('b')],
    });
    await using lab = await listening({
      store: openMemoryStore(database),
      clock,
      workflows: [broken],
      recover: ['run'],
    });
    const other = openMemoryStore(database);
    other.post('run', signal(1), 0);
    other.post('run', signal(2), 0);
    await lab.look();
    await lab.look();
    expect(lab.engine.run('run').status()).toMatchObject({ status: 'completed', output: [1, 2] });
  });
});

describe('a command for a run that another engine drives', () => {
  async function two(): Promise<{
    readonly owner: Awaited<ReturnType<typeof listening>>;
    readonly other: TestEngine;
    [Symbol.asyncDispose](): Promise<void>;
  }> {
    const owner = await listening();
    const other = await createTestEngine({
      store: openMemoryStore(owner.database),
      clock: owner.clock,
      workflows: [waiting],
    });
    return {
      owner,
      other,
      [Symbol.asyncDispose]: async () => {
        await other.engine.close();
        await owner.engine.close();
      },
    };
  }

  test('resolves when that one has taken it', async () => {
    await using engines = await two();
    const { owner, other } = engines;
    await owner.engine.start(waiting, {}, { runId: 'run' });
    let delivered: string | null = null;
    const told = other.engine.signal('run', 'go', 1).then((where) => {
      delivered = where;
    });
    await owner.clock.advance(1_000);
    expect(delivered).toBeNull();
    await owner.look();
    await owner.clock.advance(100);
    await told;
    expect(delivered).toBe('elsewhere');
    expect(await owner.engine.signal('run', 'go', 2)).toBe('here');
  });

  test('fails with the reason for which that one refuses it, and leaves nothing behind', async () => {
    const asking = flow({ name: 'asking', steps: [{ id: 'ok', type: 'human' }, agent('a')] });
    await using engines = await two();
    const { owner, other } = engines;
    await owner.engine.start(asking, {}, { runId: 'run' });
    const yes = { decision: 'approve' };
    const answers = [other.engine.answer('run:ok:1', yes), other.engine.answer('run:ok:1', yes)];
    const settled = Promise.allSettled(answers);
    await owner.look();
    await owner.clock.advance(100);
    expect(await settled).toMatchObject([
      { value: 'elsewhere' },
      {
        reason: {
          code: 'CONFLICT',
          message: "run 'run' does not take 'task.answered': the task of step 'ok' (visit 1) is not open any more",
        },
      },
    ]);
    expect(owner.database.inbox.size).toBe(0);
  });

  test('is kept for that one when it does not look for 5 seconds', async () => {
    await using engines = await two();
    const { owner, other } = engines;
    await owner.engine.start(waiting, {}, { runId: 'run' });
    const told = other.engine.signal('run', 'go', 1);
    await owner.clock.advance(5_100);
    expect(await told).toBe('waiting');
    await owner.look();
    expect(owner.database.inbox.size).toBe(0);
    expect(owner.store.readEvents('run', 1).map(({ type }) => type)).toContain('signal.received');
  });

  test('is waited for no longer than the engine is open', async () => {
    await using engines = await two();
    const { owner, other } = engines;
    await owner.engine.start(waiting, {}, { runId: 'run' });
    const told = other.engine.signal('run', 'go', 1);
    await other.engine.close();
    await owner.clock.advance(100);
    expect(await told).toBe('waiting');
  });
});

test('what was left while nobody drove a run is taken by whoever continues it, at once', async () => {
  const database = new MemoryDatabase();
  const clock = new VirtualClock();
  const first = await createTestEngine({ store: openMemoryStore(database), clock, workflows: [waiting] });
  await first.engine.start(waiting, {}, { runId: 'run' });
  const other = openMemoryStore(database);
  other.post('run', signal(1), 0);
  await first.engine.close();
  other.post('run', signal(2), 0);
  await using second = await createTestEngine({
    store: openMemoryStore(database),
    clock,
    workflows: [waiting],
    recover: false,
  });
  second.engine.continueRun('run');
  expect(second.store.readEvents('run', 1).map(({ type }) => type)).toEqual([
    'run.started',
    'signal.received',
    'signal.received',
  ]);
  expect(await second.drive('run')).toMatchObject({ status: 'completed', output: [1, 2] });
  expect(database.inbox.size).toBe(0);
});

test('a process that died: its runs go on here after some looks', async () => {
  const database = new MemoryDatabase();
  const clock = new VirtualClock();
  const store = openMemoryStore(database);
  const first = await createTestEngine({ store, clock, workflows: [waiting] });
  await first.engine.start(waiting, {}, { runId: 'run' });
  await using lab = await listening({ store: openMemoryStore(database), clock });
  for (let n = 0; n < 20; n++) await lab.look();
  expect(lab.store.isOwnedElsewhere('run')).toBe(true);
  store.crash();
  for (let n = 0; n < 20; n++) await lab.look();
  expect(lab.store.isOwnedElsewhere('run')).toBe(false);
  await lab.engine.run('run').signal('go', 1);
  await lab.engine.run('run').signal('go', 2);
  expect(await lab.engine.run('run').result()).toEqual([1, 2]);
});

test('a store that cannot be read now is looked at again', async () => {
  await using lab = await listening();
  const other = openMemoryStore(lab.database);
  await lab.engine.start(waiting, {}, { runId: 'run' });
  other.post('run', signal(1), 0);
  const { readInbox } = lab.store;
  lab.store.readInbox = () => {
    throw new WorkflowError('STORE_BUSY', 'busy');
  };
  await lab.look();
  expect(lab.log.problems).toEqual(['what other processes left could not be read; it is tried again']);
  lab.store.readInbox = readInbox;
  await lab.look();
  expect(lab.database.inbox.size).toBe(0);
});

describe('an emit step', () => {
  test('reaches all runs that wait for it, however many there are, and no other', async () => {
    const emitting = flow({ name: 'emitting', steps: [{ id: 'e', type: 'emit', name: 'go', payload: { n: 1 } }] });
    const one = flow({ name: 'one', steps: [{ id: 's', type: 'signal', name: 'go' }] });
    await using lab = await createTestEngine({ workflows: [emitting, one] });
    const ids = Array.from({ length: 1_200 }, (_, n) => `r${n}`);
    await Promise.all(ids.map((runId) => lab.engine.start(one, {}, { runId })));
    await lab.engine.start(flow({ name: 'busy', steps: [agent('a')] }), {}, { runId: 'busy' });
    const run = await lab.engine.start(emitting, {}, { runId: 'e' });
    await lab.drive(run.id);
    const statuses = new Set(ids.map((id) => lab.engine.run(id).status().status));
    expect([...statuses]).toEqual(['completed']);
  });

  test('is not hindered by a run that cannot take it', async () => {
    const emitting = flow({ name: 'emitting', steps: [{ id: 'e', type: 'emit', name: 'go' }] });
    const deaf = flow({ name: 'deaf', steps: [agent('a')] });
    await using lab = await createTestEngine({ workflows: [emitting, deaf], mocks: { a: hangs() } });
    await lab.engine.start(deaf, {}, { runId: 'deaf' });
    const run = await lab.engine.start(emitting, {}, { runId: 'e' });
    expect(await lab.drive(run.id)).toMatchObject({ status: 'completed' });
  });
});
test('what is said to a round of a paused run waits in our own inbox, and is taken when the round is back', async () => {
  const looping = flow({
    name: 'looping',
    steps: [{ id: 'each', type: 'loop', items: [1], steps: [{ id: 'get', type: 'signal', name: 'go' }] }],
  });
  const before = await listening({ workflows: [looping] });
  await before.engine.start(looping, {}, { runId: 'run' });
  await before.clock.settle();
  await before.engine.pause('run');
  await before.engine.close();
  await using lab = await listening({ workflows: [looping], store: openMemoryStore(before.database) });
  await lab.look();
  await lab.engine.signal('run/each:1/0', 'go', 'heard');
  await lab.look();
  await lab.engine.resume('run');
  await lab.look();
  expect(lab.engine.run('run').status()).toMatchObject({ status: 'completed', output: ['heard'] });
  expect(before.database.inbox.size).toBe(0);
});
