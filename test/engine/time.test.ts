import { describe, expect, test } from 'vitest';
import { decodeEvent } from '../../src/engine/drive/codec.ts';
import { MemoryDatabase, openMemoryStore } from '../../src/store/memory.ts';
import { agent, flow } from '../support/flow.ts';
import { after, hangs, replies, type MockCall } from '../support/mocks.ts';
import { createTestEngine } from '../support/test-engine.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const hour = 3_600_000;
const day = 24 * hour;

function timesOf(store: ReturnType<typeof openMemoryStore>, run: string): readonly number[] {
  return store.readEvents(run, 1).map((stored) => decodeEvent(stored).at);
}

function expectInOrder(times: readonly number[]): void {
  expect(times).toEqual([...times].sort((a, b) => a - b));
}

describe('a clock that is set back', () => {
  test('while a run goes on: its times do not decrease, its timers keep their distance', async () => {
    const store = openMemoryStore();
    const clock = new VirtualClock();
    await using lab = await createTestEngine({ store, clock, mocks: { a: replies(hangs(), 'a'), b: after(10, 'b') } });
    const definition = flow({
      steps: [
        agent('a', { timeout: 1_000, retry: { maxAttempts: 2, delay: 500 } }),
        { id: 'w', type: 'wait', duration: 2_000 },
        agent('b'),
      ],
    });
    const run = await lab.engine.start(definition, {}, { runId: 'run' });
    await clock.advance(600);
    clock.jump(-hour);
    // 400 ms of the timeout, 500 ms of backoff, 2 s of waiting, 10 ms of work: not an hour.
    await clock.advance(hour + 400 + 500 + 2_000 + 10);
    expect(run.status()).toMatchObject({ status: 'completed', output: 'b' });
    expectInOrder(timesOf(store, 'run'));
    const { createdAt, endedAt } = run.status();
    expect(endedAt ?? 0).toBeGreaterThanOrEqual(createdAt);
  });

  test('between two processes', async () => {
    const database = new MemoryDatabase();
    const definition = flow({ steps: [agent('a'), agent('b')] });
    const first = new VirtualClock();
    const store = openMemoryStore(database);
    const one = await createTestEngine({
      store,
      clock: first,
      workflows: [definition],
      mocks: { a: after(5_000, 'a'), b: hangs() },
    });
    await one.engine.start(definition, {}, { runId: 'run' });
    await first.advance(6_000);
    store.crash();
    await one.engine.close();
    const second = new VirtualClock(first.start - hour);
    const again = openMemoryStore(database);
    await using two = await createTestEngine({ store: again, clock: second, workflows: [definition] });
    await two.drive('run');
    const times = timesOf(again, 'run');
    expect(times).toHaveLength(3);
    expectInOrder(times);
  });
});

test('a pause of months', async () => {
  const clock = new VirtualClock();
  await using lab = await createTestEngine({ clock });
  const run = await lab.engine.start(
    flow({ steps: [{ id: 'w', type: 'wait', duration: '100d' }, agent('a')] }),
    {},
    { runId: 'run' },
  );
  await clock.advance(99 * day);
  expect(run.status()).toMatchObject({ status: 'running', waitingFor: 'timer' });
  await lab.drive('run');
  expect(clock.elapsedMs).toBe(100 * day);
});

test('a pause of months goes on where it was, in another process', async () => {
  const clock = new VirtualClock();
  const database = new MemoryDatabase();
  const definition = flow({ steps: [{ id: 'w', type: 'wait', duration: '100d' }, agent('a')] });
  const store = openMemoryStore(database);
  const first = await createTestEngine({ store, clock, workflows: [definition] });
  await first.engine.start(definition, {}, { runId: 'run' });
  await clock.advance(60 * day);
  store.crash();
  await first.engine.close();
  await using second = await createTestEngine({ store: openMemoryStore(database), clock, workflows: [definition] });
  await second.drive('run');
  expect(clock.elapsedMs).toBe(100 * day);
});

describe('what fell due while nobody drove the run', () => {
  const definition = (): ReturnType<typeof flow> =>
    flow({ steps: [agent('a', { timeout: '1m', retry: { maxAttempts: 2, delay: '1m' } }), agent('b')] });

  test('fires first: an attempt that timed out meanwhile is not begun again', async () => {
    const clock = new VirtualClock();
    const database = new MemoryDatabase();
    const store = openMemoryStore(database);
    const first = await createTestEngine({ store, clock, workflows: [definition()], mocks: { a: hangs() } });
    await first.engine.start(definition(), {}, { runId: 'run' });
    await clock.settle();
    store.crash();
    await first.engine.close();
    clock.jump(hour);
    await using second = await createTestEngine({ store: openMemoryStore(database), clock, workflows: [definition()] });
    await second.drive('run');
    expect(second.mocks.calls.map(({ step, attempt }) => `${step}.${attempt}`)).toEqual(['a.2', 'b.1']);
    expect(second.mocks.calls[0]?.at).toBe(clock.start + hour + 60_000);
  });

  test('fires in the order in which it fell due', async () => {
    const clock = new VirtualClock();
    const database = new MemoryDatabase();
    const workflow = flow({
      steps: [
        {
          id: 'p',
          type: 'parallel',
          steps: [
            { id: 'w2', type: 'wait', duration: 2_000 },
            { id: 'w1', type: 'wait', duration: 1_000 },
            { id: 'w9', type: 'wait', duration: '9h' },
          ],
        },
      ],
    });
    const store = openMemoryStore(database);
    const first = await createTestEngine({ store, clock, workflows: [workflow] });
    await first.engine.start(workflow, {}, { runId: 'run' });
    store.crash();
    await first.engine.close();
    clock.jump(hour);
    const again = openMemoryStore(database);
    await using second = await createTestEngine({ store: again, clock, workflows: [workflow] });
    await clock.settle();
    const fired = again
      .readEvents('run', 2)
      .map((stored) => (decodeEvent(stored).event as { readonly timer?: string }).timer);
    expect(fired).toEqual(['wait:w1', 'wait:w2']);
    expect(
      second.engine
        .run('run')
        .steps()
        .map(({ id, status }) => `${id} ${status}`),
    ).toEqual(['p running', 'w2 completed', 'w1 completed', 'w9 running']);
  });

  test('a run whose whole time was over meanwhile ends without any call', async () => {
    const clock = new VirtualClock();
    const database = new MemoryDatabase();
    const workflow = flow({ timeout: '10m', steps: [agent('a', { retry: { maxAttempts: 5, delay: '1m' } })] });
    const store = openMemoryStore(database);
    const first = await createTestEngine({ store, clock, workflows: [workflow], mocks: { a: hangs() } });
    await first.engine.start(workflow, {}, { runId: 'run' });
    store.crash();
    await first.engine.close();
    clock.jump(hour);
    await using second = await createTestEngine({ store: openMemoryStore(database), clock, workflows: [workflow] });
    expect(await second.drive('run')).toMatchObject({ status: 'failed', error: { code: 'TIMEOUT' } });
    expect(second.mocks.counts).toEqual({});
  });
});

test('steps() tells when each began and ended', async () => {
  const clock = new VirtualClock();
  await using lab = await createTestEngine({
    clock,
    mocks: { a: after(10, 'a'), b: after(20, (call: MockCall) => call.attempt) },
  });
  const run = await lab.engine.start(
    flow({ steps: [agent('a'), agent('b', { condition: 'true' }), agent('c', { condition: 'false' })] }),
    {},
    { runId: 'run' },
  );
  await lab.drive('run');
  const times = run
    .steps()
    .map(({ id, startedAt, endedAt }) => [
      id,
      startedAt === null ? null : startedAt - clock.start,
      endedAt === null ? null : endedAt - clock.start,
    ]);
  expect(times).toEqual([
    ['a', 0, 10],
    ['b', 10, 30],
    ['c', null, 30],
  ]);
});
