import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TimerQueue } from '../../src/engine/drive/timer-queue.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

function setUp() {
  const clock = new VirtualClock();
  const fired: string[] = [];
  const queue = new TimerQueue(clock);
  const add = (name: string, delayMs: number): (() => void) =>
    queue.add(delayMs, () => fired.push(`${name} at ${clock.elapsedMs}`));
  return { clock, fired, queue, add };
}

const hour = 3_600_000;

test('timers fire in the order of their due times, equal ones in the order in which they were set', async () => {
  const { clock, fired, add } = setUp();
  add('c', 30);
  add('a', 10);
  add('b1', 20);
  add('b2', 20);
  await clock.advance(30);
  expect(fired).toEqual(['a at 10', 'b1 at 20', 'b2 at 20', 'c at 30']);
  expect(clock.pending).toBe(0);
});

test.each([0, -5])('one that is overdue (%i ms) fires at once, but not within the call', async (delayMs) => {
  const { clock, fired, add } = setUp();
  add('a', delayMs);
  expect(fired).toEqual([]);
  await clock.advance(0);
  expect(fired).toEqual(['a at 0']);
});

test('one that is taken back does not fire; taking it back twice, or after it fired, does nothing', async () => {
  const { clock, fired, add } = setUp();
  const cancelA = add('a', 10);
  const cancelB = add('b', 5);
  add('c', 20);
  cancelA();
  cancelA();
  await clock.advance(5);
  cancelB();
  await clock.advance(100);
  expect(fired).toEqual(['b at 5', 'c at 20']);
});

test('a timer set or taken back by one that fires is heeded', async () => {
  const { clock, fired, queue, add } = setUp();
  queue.add(10, () => {
    cancel();
    add('again', 0);
  });
  const cancel = add('cancelled', 10);
  await clock.advance(10);
  expect(fired).toEqual(['again at 10']);
});

test('one timer of the clock serves all', () => {
  const { clock, add } = setUp();
  for (let n = 100; n > 0; n--) add(`${n}`, n);
  expect(clock.pending).toBe(1);
});

test('cancelled ones are not held until they are due', async () => {
  const { clock, fired, add } = setUp();
  add('last', 2 * hour);
  for (let n = 0; n < 10_000; n++) add(`${n}`, hour + n)();
  await clock.advance(2 * hour);
  expect(fired).toEqual([`last at ${2 * hour}`]);
});

test('closed, nothing fires', async () => {
  const { clock, fired, queue, add } = setUp();
  add('a', 10);
  queue.close();
  await clock.advance(100);
  expect([fired, clock.pending]).toEqual([[], 0]);
});

describe('a clock that is wrong', () => {
  test('set back: nobody waits for it to catch up', async () => {
    const { clock, fired, add } = setUp();
    add('before', 1_000);
    clock.jump(-hour);
    // The clock's own timers count what passes, as those of Node.js do.
    await clock.advance(hour + 1_000);
    expect(fired).toEqual(['before at 1000']);
    add('after', 500);
    await clock.advance(500);
    expect(fired).toEqual(['before at 1000', 'after at 1500']);
  });

  test('set back while nothing is due: later timers keep their distance', () => {
    let now = 1_000_000;
    const scheduled: number[] = [];
    const queue = new TimerQueue({
      now: () => now,
      schedule: (_fire, delayMs) => {
        scheduled.push(delayMs);
        return () => undefined;
      },
    });
    queue.add(5_000, () => undefined);
    now -= hour;
    queue.add(1_000, () => undefined);
    now += 400;
    queue.add(200, () => undefined);
    expect(scheduled).toEqual([5_000, 1_000, 200]);
  });

  test('the clock fires a timer although its time is far from it', () => {
    let now = 1_000_000;
    const scheduled: { readonly fire: () => void; readonly delayMs: number }[] = [];
    const fired: string[] = [];
    const queue = new TimerQueue({
      now: () => now,
      schedule: (fire, delayMs) => {
        scheduled.push({ fire, delayMs });
        return () => undefined;
      },
    });
    queue.add(1_000, () => fired.push('a'));
    queue.add(1_500, () => fired.push('b'));
    now -= hour;
    scheduled[0]?.fire();
    expect(fired).toEqual(['a']);
    expect(scheduled.at(-1)?.delayMs).toBe(500);
  });

  test('leaping ahead makes timers due', async () => {
    const { clock, fired, add } = setUp();
    add('a', hour);
    clock.jump(2 * hour);
    add('b', 0);
    await clock.advance(0);
    expect(fired).toEqual([`a at ${2 * hour}`, `b at ${2 * hour}`]);
  });
});

test('whatever is set and taken back: what is left fires once, in order', async () => {
  const commands = fc.array(
    fc.record({
      delayMs: fc.integer({ min: 0, max: 50 }),
      cancels: fc.option(fc.nat(200)),
      passMs: fc.integer({ min: 0, max: 5 }),
    }),
    { maxLength: 200 },
  );
  await fc.assert(
    fc.asyncProperty(commands, async (list) => {
      const clock = new VirtualClock();
      const queue = new TimerQueue(clock);
      const expected: { readonly due: number; readonly n: number; isCancelled: boolean; isFired: boolean }[] = [];
      const order: number[] = [];
      const cancels: (() => void)[] = [];
      for (const [n, { delayMs, cancels: which, passMs }] of list.entries()) {
        const entry = { due: clock.elapsedMs + delayMs, n, isCancelled: false, isFired: false };
        expected.push(entry);
        cancels.push(
          queue.add(delayMs, () => {
            entry.isFired = true;
            order.push(n);
            expect(clock.elapsedMs).toBe(Math.max(entry.due, clock.elapsedMs));
          }),
        );
        const target = which === null ? undefined : expected[which];
        if (target !== undefined && !target.isFired) target.isCancelled = true;
        if (which !== null) cancels[which]?.();
        if (passMs > 0) await clock.advance(passMs);
      }
      await clock.advance(100);
      const left = expected.filter((entry) => !entry.isCancelled);
      expect([...order].sort((a, b) => a - b)).toEqual(left.map(({ n }) => n));
      const dues = order.map((n) => expected[n]?.due ?? 0);
      expect(dues).toEqual([...dues].sort((a, b) => a - b));
    }),
    { numRuns: 15 },
  );
});
