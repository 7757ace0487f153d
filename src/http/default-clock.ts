/** The default clock of the HTTP client: that of the process. */
import type { Clock } from '../core/ports.ts';

/** The longest delay a timer of Node.js can hold; longer ones would fire at once. */
const longestDelayMs = 2 ** 31 - 1;

export const defaultClock: Clock = {
  now: () => Date.now(),
  schedule(callback, delayMs) {
    let remaining = delayMs;
    const next = () => {
      const delay = Math.min(remaining, longestDelayMs);
      remaining -= delay;
      return setTimeout(() => {
        if (remaining <= 0) callback();
        else timer = next();
      }, delay);
    };
    let timer = next();
    return () => clearTimeout(timer);
  },
};
