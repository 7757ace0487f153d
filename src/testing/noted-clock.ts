/** A clock that knows what was scheduled on it: what of the time to come is the mocks' own. */
import type { Clock } from '../core/ports.ts';

export class NotedClock implements Clock {
  readonly #clock: Clock;
  readonly #due = new Set<{ readonly at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds since 1970, in the order in which they were set. */
  get dueTimes(): readonly number[] {
    return [...this.#due].map(({ at }) => at);
  }

  now(): number {
    return this.#clock.now();
  }

  schedule(callback: () => void, delayMs: number): () => void {
    const entry = { at: this.#clock.now() + Math.max(0, delayMs) };
    this.#due.add(entry);
    const cancel = this.#clock.schedule(() => {
      this.#due.delete(entry);
      callback();
    }, delayMs);
    return () => {
      this.#due.delete(entry);
      cancel();
    };
  }
}
