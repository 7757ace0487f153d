/**
 * All timers of the runs in memory, in one queue ordered by due time, on one timer of the clock. Cancelling is lazy.
 *
 * Delays are measured in a time of its own that never runs backwards: it goes on where a clock that was set back would stop, so
 * that nobody waits for the clock to catch up. A clock that leaps ahead (a machine that slept) makes timers due.
 */
import type { Clock } from '../core/ports.ts';

interface Entry {
  /** In the queue's own time. */
  readonly dueAt: number;
  /** Order among equal due times. */
  readonly order: number;
  readonly fire: () => void;
  /** Or fired. */
  isCancelled: boolean;
}

export class TimerQueue {
  readonly #clock: Clock;
  readonly #heap: Entry[] = [];
  #order = 0;
  #cancelled = 0;
  #armed: { readonly dueAt: number; readonly cancel: () => void } | null = null;
  /** The queue's own time as it was last read, and how far it is ahead of the clock. */
  #time: number;
  #lead = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#time = clock.now();
  }

  /** Gives a function that takes it back. Without a delay it fires at once (not within the call). */
  add(delayMs: number, fire: () => void): () => void {
    const entry: Entry = { dueAt: this.#now() + Math.max(0, delayMs), order: this.#order++, fire, isCancelled: false };
    this.#push(entry);
    this.#arm();
    return () => {
      if (entry.isCancelled) return;
      entry.isCancelled = true;
      this.#cancelled += 1;
      // Timeouts are mostly cancelled: without this the heap would hold them until they were due.
      if (this.#cancelled > 64 && this.#cancelled > this.#heap.length / 2) this.#compact();
    };
  }

  close(): void {
    this.#armed?.cancel();
    this.#armed = null;
    this.#heap.length = 0;
    this.#cancelled = 0;
  }

  /** At least `reached`: what the clock's own timer says has passed. */
  #now(reached: number = this.#time): number {
    const now = this.#clock.now();
    const least = Math.max(this.#time, reached);
    if (now + this.#lead < least) this.#lead = least - now;
    this.#time = now + this.#lead;
    return this.#time;
  }

  #arm(): void {
    while (this.#heap[0]?.isCancelled === true) {
      this.#pop();
      this.#cancelled -= 1;
    }
    const first = this.#heap[0];
    if (first === undefined) {
      this.#armed?.cancel();
      this.#armed = null;
      return;
    }
    if (this.#armed !== null && this.#armed.dueAt <= first.dueAt) return;
    this.#armed?.cancel();
    const { dueAt } = first;
    const cancel = this.#clock.schedule(() => {
      this.#armed = null;
      this.#fireDue(dueAt);
    }, dueAt - this.#now());
    this.#armed = { dueAt, cancel };
  }

  #fireDue(reached: number): void {
    const now = this.#now(reached);
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (!first.isCancelled && first.dueAt > now) break;
      this.#pop();
      if (first.isCancelled) this.#cancelled -= 1;
      else {
        first.isCancelled = true;
        first.fire();
      }
    }
    this.#arm();
  }

  #compact(): void {
    const live = this.#heap.filter((entry) => !entry.isCancelled);
    this.#heap.length = 0;
    this.#cancelled = 0;
    for (const entry of live) this.#push(entry);
    this.#arm();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, heap[parent] as Entry)) break;
      heap[at] = heap[parent] as Entry;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Entry, heap[child] as Entry)) child += 1;
      if (!isBefore(heap[child] as Entry, last)) break;
      heap[at] = heap[child] as Entry;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.order < b.order);
}
