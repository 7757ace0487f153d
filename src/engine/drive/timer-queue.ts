/**
 * All timers of the runs in memory, in one queue ordered by due time, on one timer of the clock. Cancelling is lazy.
 *
 * Delays are measured in a time of its own that never runs backwards: it goes on where a clock that was set back would stop, so
 * that nobody waits for the clock to catch up. A clock that leaps ahead (a machine that slept) makes timers due.
 */
import type { Clock } from '../../core/ports.ts';
import { Heap } from './heap.ts';

interface Entry {
  /** In the queue's own time. */
  readonly dueAt: number;
  /** Order among equal due times. */
  readonly order: number;
  /** Taken out when it is cancelled or fired: the entry may stay for long, what it holds must not. */
  fire: (() => void) | null;
}

export class TimerQueue {
  readonly #clock: Clock;
  readonly #heap = new Heap<Entry>(isBefore);
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
    const entry: Entry = { dueAt: this.#read() + Math.max(0, delayMs), order: this.#order++, fire };
    this.#heap.push(entry);
    this.#arm();
    return () => {
      if (entry.fire === null) return;
      entry.fire = null;
      this.#cancelled += 1;
      // Timeouts are mostly cancelled: without this the heap would hold them until they were due.
      if (this.#cancelled > 64 && this.#cancelled > this.#heap.size / 2) this.#compact();
    };
  }

  #compact(): void {
    this.#heap.keep((entry) => entry.fire !== null);
    this.#cancelled = 0;
    this.#arm();
  }

  /** Timers that are set. */
  get size(): number {
    return this.#heap.size - this.#cancelled;
  }

  /** The queue's own time, in milliseconds: it never runs backwards. */
  now(): number {
    return this.#read();
  }

  close(): void {
    this.#armed?.cancel();
    this.#armed = null;
    this.#heap.clear();
    this.#cancelled = 0;
  }

  /** At least `reached`: what the clock's own timer says has passed. */
  #read(reached: number = this.#time): number {
    const now = this.#clock.now();
    const least = Math.max(this.#time, reached);
    if (now + this.#lead < least) this.#lead = least - now;
    this.#time = now + this.#lead;
    return this.#time;
  }

  #arm(): void {
    while (this.#heap.peek()?.fire === null) {
      this.#heap.pop();
      this.#cancelled -= 1;
    }
    const first = this.#heap.peek();
    if (first === undefined) {
      this.#armed?.cancel();
      this.#armed = null;
      return;
    }
    if (this.#armed !== null && this.#armed.dueAt <= first.dueAt) return;
    this.#armed?.cancel();
    const { dueAt } = first;
    const cancel = this.#clock.schedule(
      () => {
        this.#armed = null;
        this.#fireDue(dueAt);
      },
      Math.max(0, dueAt - this.#read()),
    );
    this.#armed = { dueAt, cancel };
  }

  #fireDue(reached: number): void {
    const now = this.#read(reached);
    for (let first = this.#heap.peek(); first !== undefined; first = this.#heap.peek()) {
      const { fire } = first;
      if (fire !== null && first.dueAt > now) break;
      this.#heap.pop();
      if (fire === null) this.#cancelled -= 1;
      else {
        first.fire = null;
        fire();
      }
    }
    this.#arm();
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.order < b.order);
}
