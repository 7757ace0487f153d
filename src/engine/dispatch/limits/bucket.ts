/** One limit: how much of it is used, who waits for it, until when it is held back. Owns no order among limits. */
import { FairQueue } from './fair-queue.ts';

/** At most `limit` starts in any `perMs`. */
export interface Rate {
  readonly limit: number;
  readonly perMs: number;
}

/** What one effect asks of one limit. Steps that share a limit may ask for different numbers: each counts all of them. */
export interface Ask {
  /** Of the limit. */
  readonly id: string;
  readonly kind: 'concurrency' | 'rateLimit' | 'agent' | 'engine';
  readonly name: string;
  /** Null: one for all. */
  readonly key: string | null;
  /** The most effects at a time; null: no limit. */
  readonly limit: number | null;
  readonly rate: Rate | null;
}

/** Milliseconds, of a time that never runs backwards. */
export interface Time {
  now(): number;
}

export class Bucket<Waiter> {
  readonly id: string;
  readonly queue = new FairQueue<Waiter>();
  /** How many use it now. */
  running = 0;
  /** 0: it never was. */
  heldUntil = 0;
  /** Wakes it when time alone lets the next one begin. */
  alarm: { readonly at: number; readonly cancel: () => void } | null = null;
  readonly #starts = new Starts();

  constructor(id: string) {
    this.id = id;
  }

  /** Milliseconds until one more may begin: 0 now, Infinity when one that uses it has to end first. */
  waitMs({ limit, rate }: Pick<Ask, 'limit' | 'rate'>, time: Time): number {
    if (limit !== null && this.running >= limit) return Number.POSITIVE_INFINITY;
    // Most limits know no time: it is not even read.
    if (rate === null && this.heldUntil === 0) return 0;
    const now = time.now();
    return Math.max(0, this.heldUntil - now, rate === null ? 0 : this.#starts.waitMs(rate, now));
  }

  take({ rate }: Pick<Ask, 'rate'>, time: Time): void {
    this.running += 1;
    if (rate !== null) this.#starts.add(rate, time.now());
  }

  /** Nothing would be lost if it were forgotten. */
  isIdle(now: number): boolean {
    return this.running === 0 && this.queue.size === 0 && this.heldUntil <= now && this.#starts.isOver(now);
  }
}

/** The times of the latest starts, oldest first: as many and as old as any rate has asked for. */
class Starts {
  #times: number[] = [];
  /** Where the oldest one is. */
  #head = 0;
  #maxCount = 0;
  #maxMs = 0;

  add({ limit, perMs }: Rate, now: number): void {
    this.#maxCount = Math.max(this.#maxCount, limit);
    this.#maxMs = Math.max(this.#maxMs, perMs);
    this.#times.push(now);
    while (this.#times.length - this.#head > this.#maxCount || (this.#times[this.#head] ?? now) <= now - this.#maxMs)
      this.#head += 1;
    if (this.#head < 64 || this.#head * 2 < this.#times.length) return;
    this.#times = this.#times.slice(this.#head);
    this.#head = 0;
  }

  waitMs({ limit, perMs }: Rate, now: number): number {
    const at = this.#times.length - limit;
    const time = at < this.#head ? undefined : this.#times[at];
    return time === undefined ? 0 : Math.max(0, time + perMs - now);
  }

  isOver(now: number): boolean {
    return (this.#times.at(-1) ?? Number.NEGATIVE_INFINITY) <= now - this.#maxMs;
  }
}
