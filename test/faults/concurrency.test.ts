/** Things that happen at the same moment (FLT-CC): one wins, the other is told so, and the history knows one truth. */
import { describe, expect, test } from 'vitest';
import { decodeEvent } from '../../src/engine/drive/codec.ts';
import { loadRun, replayRun } from '../../src/engine/runs/load.ts';
import { Catalog } from '../../src/engine/runs/catalog.ts';
import { createAgentRegistry } from '../../src/agents/registry.ts';
import { MemoryDatabase, MemoryStore } from '../../src/store/memory.ts';
import { persistState } from '../../machines/persist.ts';
import { agent, flow } from '../support/flow.ts';
import { after, hangs, type MockCall } from '../support/mocks.ts';
import { createTestEngine, type TestEngine } from '../support/test-engine.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

function typesOf({ store }: TestEngine, run = 'run'): readonly string[] {
  return store.readEvents(run, 1).map(({ type }) => type);
}

/** No gap, nothing after the end, and replay gives what is stored (I2, I5, I7). */
function expectSound({ store }: TestEngine, run = 'run'): void {
  const loading = { store, catalog: new Catalog([], createAgentRegistry(), store) };
  const states = [...replayRun(loading, run)].map(({ advanced }) => advanced.state);
  expect(store.readEvents(run, 1).map(({ seq }) => seq)).toEqual(states.map((_, index) => index + 1));
  expect(states.slice(0, -1).every(({ snapshot }) => snapshot.status === 'active')).toBe(true);
  const last = states.at(-1);
  expect(last === undefined ? '' : persistState(last)).toBe(persistState(loadRun(loading, run).state));
}

test('FLT-CC-02: a hundred equal starts with one id are one run, and all are given it', async () => {
  await using lab = await createTestEngine({ workflows: [flow({ name: 'w', steps: [agent('a')] })] });
  const starts = Array.from({ length: 100 }, () => lab.engine.start('w', { order: 7 }, { runId: 'order-7' }));
  const ids = (await Promise.all(starts)).map(({ id }) => id);
  expect(new Set(ids)).toEqual(new Set(['order-7']));
  await lab.drive('order-7');
  expect(lab.engine.runs()).toHaveLength(1);
  expect(lab.mocks.counts).toEqual({ a: 1 });
});

test('FLT-CC-04: of approve and reject at the same instant one wins, the other is a conflict', async () => {
  await using lab = await createTestEngine();
  await lab.engine.start(flow({ steps: [{ id: 'ask', type: 'human', message: '?' }] }), {}, { runId: 'run' });
  await lab.clock.settle();
  const [first, second] = await Promise.allSettled([
    lab.engine.answer('run:ask:1', { decision: 'approve' }, { by: 'ann' }),
    lab.engine.answer('run:ask:1', { decision: 'reject' }, { by: 'bob' }),
  ]);
  expect(first.status).toBe('fulfilled');
  expect(second).toMatchObject({ status: 'rejected', reason: { code: 'CONFLICT' } });
  expect(await lab.drive('run')).toMatchObject({ output: { decision: 'approve', by: 'ann' } });
  expect(typesOf(lab)).toEqual(['run.started', 'task.answered']);
  expectSound(lab);
});

describe('FLT-CC-05: a cancel that races with the completion', () => {
  test.each([-1, 0, 1])('%i ms after it', async (delayMs) => {
    await using lab = await createTestEngine({ mocks: { a: after(100, 'done') } });
    const run = await lab.engine.start(flow({ steps: [agent('a')] }), {}, { runId: 'run' });
    const racing = Promise.withResolvers<'taken' | 'refused'>();
    lab.clock.schedule(() => {
      lab.engine.cancel('run').then(
        () => racing.resolve('taken'),
        (error: unknown) => racing.resolve((error as { code: string }).code === 'CONFLICT' ? 'refused' : 'taken'),
      );
    }, 100 + delayMs);
    await lab.clock.advance(200);
    const outcome = await racing.promise;
    expect(run.status().status).toBe(outcome === 'taken' ? 'cancelled' : 'completed');
    expect(typesOf(lab)).toEqual(['run.started', outcome === 'taken' ? 'run.cancelled' : 'effect.completed']);
    if (delayMs !== 0) expect(outcome).toBe(delayMs < 0 ? 'taken' : 'refused');
    expectSound(lab);
  });
});

test('FLT-CC-10: a signal before the run exists is refused, before its step waits it is kept', async () => {
  await using lab = await createTestEngine({ mocks: { a: after(100, 1) } });
  await expect(lab.engine.signal('run', 'go', 1)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const steps = [agent('a'), { id: 's', type: 'signal', name: 'go' }];
  await lab.engine.start(flow({ steps }), {}, { runId: 'run' });
  await lab.engine.signal('run', 'go', 'early');
  expect(await lab.drive('run')).toMatchObject({ output: 'early' });
});

test('FLT-CC-12: fifty branches that finish in one tick are joined once', async () => {
  const branches = Array.from({ length: 50 }, (_, index) => `b${index}`);
  await using lab = await createTestEngine({
    mocks: Object.fromEntries([...branches.map((id) => [id, after(10, id)] as const), ['after', 'joined'] as const]),
  });
  const steps = [{ id: 'p', type: 'parallel', steps: branches.map((id) => agent(id)) }, agent('after')];
  await lab.engine.start(flow({ steps, output: '{{steps.p.output}}' }), {}, { runId: 'run' });
  expect(await lab.drive('run')).toMatchObject({
    status: 'completed',
    output: Object.fromEntries(branches.map((id) => [id, id])),
  });
  expect(lab.mocks.counts['after']).toBe(1);
  expectSound(lab);
});

test('FLT-CC-14: never more branches at once than maxConcurrency says, however often the process dies', async () => {
  const branches = Array.from({ length: 100 }, (_, index) => `b${index}`);
  const workflow = flow({
    name: 'wide',
    steps: [{ id: 'p', type: 'parallel', maxConcurrency: 5, steps: branches.map((id) => agent(id)) }],
  });
  const database = new MemoryDatabase();
  const clock = new VirtualClock();
  const calls: string[] = [];
  let most = 0;
  for (let life = 0; ; life += 1) {
    let now = 0;
    const work = (call: MockCall): unknown => {
      calls.push(call.key);
      now += 1;
      most = Math.max(most, now);
      return after(10, () => {
        now -= 1;
        return call.step;
      })(call);
    };
    const store = new MemoryStore(database);
    const lab = await createTestEngine({
      store,
      clock,
      workflows: [workflow],
      mocks: Object.fromEntries(branches.map((id) => [id, work])),
    });
    if (life === 0) await lab.engine.start('wide', {}, { runId: 'run' });
    await clock.advance(25);
    const isOver = store.readRun('run')?.endedAt !== null;
    if (isOver) expectSound(lab);
    store.crash();
    await lab.engine.close();
    if (isOver) break;
    expect(life).toBeLessThan(60);
  }
  expect(most).toBe(5);
  expect(new Set(calls).size).toBe(branches.length);
  expect(calls.length).toBeGreaterThan(branches.length);
});

test('FLT-CC-15: a parent that is cancelled takes the child that it waits for along', async () => {
  const child = flow({ name: 'child', steps: [agent('c')] });
  const parent = flow({ name: 'parent', steps: [{ id: 'sub', type: 'workflow', workflow: 'child' }] });
  await using lab = await createTestEngine({ workflows: [child, parent], mocks: { c: hangs() } });
  await lab.engine.start('parent', {}, { runId: 'run' });
  await lab.clock.settle();
  await lab.engine.cancel('run', { by: 'ann' });
  await lab.drive('run');
  for (const id of ['run', 'run/sub:1']) expect(lab.store.readRun(id)?.status).toBe('cancelled');
  expectSound(lab);
  expectSound(lab, 'run/sub:1');
});

test('FLT-CC-16: paused and resumed a hundred times a run does everything once', async () => {
  await using lab = await createTestEngine({ mocks: { a: after(5_000, 'a'), b: 'b' } });
  await lab.engine.start(flow({ steps: [agent('a'), agent('b')] }), {}, { runId: 'run' });
  for (let round = 0; round < 100; round += 1) {
    await lab.engine.pause('run');
    await lab.clock.advance(5);
    await lab.engine.resume('run');
    await lab.clock.advance(5);
  }
  expect(await lab.drive('run')).toMatchObject({ status: 'completed', output: 'b' });
  expect(lab.mocks.counts).toEqual({ a: 1, b: 1 });
  const events = lab.store.readEvents('run', 1).map((stored) => decodeEvent(stored).event.type);
  expect(events.filter((type) => type === 'effect.completed')).toHaveLength(2);
  expectSound(lab);
});
