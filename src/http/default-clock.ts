/** The default clock of the HTTP client: that of the process. */
import type { Clock } from '../core/ports.ts';

/** The longest delay a timer of Node.js can hold; longer ones would fire at once. */
const longestDelayMs = 2 ** 31 - 1;

export const defaultClock: Clock = {
  now: () => Date.now(),
  schedule(callback, delayMs) {
    // Not of the wall clock, which is set back now and then.
    const due = performance.now() + delayMs;
    const next = (left: number) =>
      setTimeout(
        () => {
          // Timers of Node.js count from the beginning of the turn they were set in: after a long one they fire too early.
          const remaining = due - performance.now();
          if (remaining <= 0) callback();
          else timer = next(remaining);
        },
        Math.min(Math.ceil(left), longestDelayMs),
      );
    let timer = next(delayMs);
    return () => clearTimeout(timer);
  },
};
