import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { defaultClock } from '../../src/http/default-clock.ts';

describe('the default clock', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test.each([1, 5_000, 2 ** 31 - 1, 2 ** 31, 90 * 24 * 60 * 60 * 1000])(
    'calls back once after %i ms',
    async (delayMs) => {
      const callback = vi.fn();
      defaultClock.schedule(callback, delayMs);
      await vi.advanceTimersByTimeAsync(delayMs - 1);
      expect(callback).toHaveBeenCalledTimes(0);
      await vi.advanceTimersByTimeAsync(1);
      expect(callback).toHaveBeenCalledTimes(1);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  test('takes back what was not called yet, however long it has waited', async () => {
    const callback = vi.fn();
    const takeBack = defaultClock.schedule(callback, 2 ** 32);
    await vi.advanceTimersByTimeAsync(2 ** 31 + 5);
    takeBack();
    await vi.advanceTimersByTimeAsync(2 ** 33);
    expect(callback).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('does not call back early when a timer of the process does', async () => {
    vi.useRealTimers();
    const { setTimeout: real } = globalThis;
    const early = vi
      .spyOn(globalThis, 'setTimeout')
      .mockImplementation(((work: () => void, ms: number) => real(work, ms / 2)) as typeof setTimeout);
    const set = performance.now();
    await new Promise<void>((resolve) => void defaultClock.schedule(resolve, 30));
    early.mockRestore();
    expect(performance.now() - set).toBeGreaterThanOrEqual(30);
  });

  test('tells the time', () => {
    vi.setSystemTime(1_234);
    expect(defaultClock.now()).toBe(1_234);
  });
});
