/** The end of an engine in an orderly way. */
import { describe, expect, test } from 'vitest';
import { MemoryDatabase, openMemoryStore } from '../../src/store/memory.ts';
import { agent, flow } from '../support/flow.ts';
import { after, hangs } from '../support/mocks.ts';
import { createTestEngine } from '../support/test-engine.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const two = () => flow({ name: 'two', steps: [agent('a'), agent('b')] });

describe('an engine that is closed', () => {
  test('lets effects under way end, begins no others, and takes nothing new; the next one goes on', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const store = openMemoryStore(database);
    const first = await createTestEngine({ store, clock, graceMs: 5_000, mocks: { a: after(2_000, 'a') } });
    await first.engine.start(two(), {}, { runId: 'run' });
    const closed = first.engine.close();
    await expect(first.engine.start(two())).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/about to close|closed/),
    });
    await expect(first.engine.pause('run')).rejects.toMatchObject({ code: 'CONFLICT' });
    await clock.advance(2_100);
    await closed;
    expect([first.mocks.counts, first.mocks.aborted]).toEqual([{ a: 1 }, []]);
    await using second = await createTestEngine({ store: openMemoryStore(database), clock, workflows: [two()] });
    await second.drive('run');
    expect(second.mocks.counts).toEqual({ b: 1 });
    expect(clock.elapsedMs).toBeLessThan(2_200);
  });

  test('leaves a run awake whose next step it holds back, however long others take to end', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const store = openMemoryStore(database);
    const mocks = { a: after(1_000, 'a'), long: after(30_000, 'long') };
    const first = await createTestEngine({ store, clock, graceMs: 60_000, sleepAfterMs: 100, mocks });
    await first.engine.start(two(), {}, { runId: 'run' });
    await first.engine.start(flow({ name: 'long', steps: [agent('long')] }), {}, { runId: 'long' });
    const closed = first.engine.close();
    await clock.advance(40_000);
    await closed;
    await using second = await createTestEngine({ store: openMemoryStore(database), clock, workflows: [two()] });
    await clock.advance(1_000);
    expect([second.engine.run('run').status().status, second.mocks.counts]).toEqual(['completed', { b: 1 }]);
  });

  test('puts runs that wait to sleep: whoever continues them loads none of them, and none is lost', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const waiting = flow({
      name: 'waiting',
      steps: [
        { id: 'kid', type: 'workflow', workflow: 'kid' },
        { id: 'w', type: 'wait', duration: '1h' },
      ],
    });
    const kid = flow({ name: 'kid', steps: [{ id: 'h', type: 'human' }] });
    const workflows = [waiting, kid];
    const first = await createTestEngine({ store: openMemoryStore(database), clock, workflows });
    for (let n = 0; n < 20; n += 1) await first.engine.start(waiting, {}, { runId: `r${n}` });
    await clock.settle();
    const result = first.engine
      .run('r0')
      .result()
      .catch((error: unknown) => error);
    await first.engine.close();
    expect(await result).toMatchObject({ message: 'the engine was closed' });
    const store = openMemoryStore(database);
    const asleep = store.listRuns({}).filter(({ id }) => store.readSleep(id) !== null);
    expect(asleep).toHaveLength(40);
    await using second = await createTestEngine({ store, clock, workflows });
    await clock.settle();
    for (let n = 0; n < 20; n += 1) await second.engine.answer(`r${n}/kid:1:h:1`, { decision: 'approve' });
    await clock.advance(3_700_000);
    expect(store.listRuns({ kind: ['run'], status: ['completed'] })).toHaveLength(20);
  });

  test('aborts what takes longer than the grace period; it is carried out again', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const first = await createTestEngine({
      store: openMemoryStore(database),
      clock,
      graceMs: 5_000,
      mocks: { a: hangs() },
    });
    await first.engine.start(two(), {}, { runId: 'run' });
    const closed = first.engine.close();
    await clock.advance(4_900);
    expect(first.mocks.aborted).toEqual([]);
    await clock.advance(200);
    await closed;
    expect(first.mocks.aborted).toEqual(['a']);
    await using second = await createTestEngine({ store: openMemoryStore(database), clock, workflows: [two()] });
    await second.drive('run');
    expect(second.mocks.calls.map(({ key }) => key)).toEqual(['run:a:1', 'run:b:1']);
  });

  test('while it drains is closed at once by who asks for no grace; drained without being closed it still tells', async () => {
    const clock = new VirtualClock();
    const lab = await createTestEngine({ clock, graceMs: 60_000, mocks: { a: hangs() } });
    const run = await lab.engine.start(two(), {}, { runId: 'run' });
    let isDrained = false;
    void lab.engine.drain().then(() => (isDrained = true));
    await clock.advance(1_000);
    expect([isDrained, run.status().status]).toEqual([false, 'running']);
    await lab.engine.close({ graceMs: 0 });
    expect([isDrained, lab.mocks.aborted]).toEqual([true, ['a']]);
  });

  test('does not wait for what waits', async () => {
    const child = flow({ name: 'child', steps: [{ id: 'ask', type: 'human', title: '?' }] });
    const parent = flow({ name: 'parent', steps: [{ id: 'c', type: 'workflow', workflow: 'child' }] });
    await using above = await createTestEngine({ workflows: [child, parent], graceMs: 60_000 });
    await above.engine.start('parent', {}, { runId: 'run' });
    await above.clock.settle();
    await above.engine.close();
    expect(above.clock.elapsedMs).toBe(0);
  });
});
