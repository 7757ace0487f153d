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
