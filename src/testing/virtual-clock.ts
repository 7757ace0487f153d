/**
 * Time that stands still until a test moves it: our `Clock` port and XState's clock in one, over one queue. Nothing in it
 * sleeps; `settle` lets promises and immediates come to rest. Owns time only; what is due is whoever scheduled it.
 */
import type { Clock } from '../core/ports.ts';
import { nextTurn } from './turn.ts';

interface Entry {
  readonly id: number;
  readonly at: number;
  readonly callback: () => void;
}

/** Turns of the event loop without any activity after which everything is at rest. */
const quietTurns = 5;

/** Of `driveUntil`: more timers than this are taken for a run that never ends. */
const maxTimers = 10_000;

/** Milliseconds since 1970 of a clock that is not told otherwise: 2026-01-01T00:00:00Z. */
export const defaultStart: number = Date.UTC(2026, 0, 1);

export class VirtualClock implements Clock {
  readonly start: number;
  #now: number;
  #entries: Entry[] = [];
  #nextId = 1;
  #activity = 0;

  /** @param start milliseconds since 1970. @default 2026-01-01T00:00:00Z */
  constructor(start: number = defaultStart) {
    this.start = start;
    this.#now = start;
  }

  now(): number {
    this.#activity += 1;
    return this.#now;
  }

  /** Milliseconds since the start. */
  get elapsedMs(): number {
    return this.#now - this.start;
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#entries.length;
  }

  /** When the next timer is due; null when none is set. */
  get nextAt(): number | null {
    return this.#entries.reduce<number | null>((next, { at }) => (next === null || at < next ? at : next), null);
  }

  schedule(callback: () => void, delayMs: number): () => void {
    const id = this.setTimeout(callback, delayMs);
    return () => {
      this.clearTimeout(id);
    };
  }

  setTimeout(callback: () => void, delayMs: number): number {
    const id = this.#nextId++;
    this.#activity += 1;
    this.#entries.push({ id, at: this.#now + Math.max(0, delayMs), callback });
    return id;
  }

  clearTimeout(id: number): void {
    this.#activity += 1;
    this.#entries = this.#entries.filter((entry) => entry.id !== id);
  }

  /** Makes the time wrong, as an administrator would; nothing fires. */
  jump(ms: number): void {
    this.#now += ms;
  }

  /** Something happened that `settle` should wait out. */
  touch(): void {
    this.#activity += 1;
  }

  /** Lets time pass: what becomes due fires in order, and all it leads to at that time comes to rest before the next. */
  async advance(ms: number): Promise<void> {
    await this.settle();
    const end = this.#now + ms;
    for (let next = this.#takeDue(end); next !== undefined; next = this.#takeDue(end)) {
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await this.settle();
    }
    this.#now = Math.max(this.#now, end);
  }

  /** Waits until nothing happens any more without time passing. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < quietTurns; quiet++) {
      const before = this.#activity;
      await nextTurn();
      if (this.#activity !== before) quiet = -1;
    }
  }

  #takeDue(until: number): Entry | undefined {
    let due: Entry | undefined;
    for (const entry of this.#entries) if (entry.at <= until && (due === undefined || entry.at < due.at)) due = entry;
    if (due !== undefined) this.#entries.splice(this.#entries.indexOf(due), 1);
    return due;
  }
}

/** Lets time pass, as much as it takes, until `hasEnded`. @throws Error when nothing is left that could happen */
export async function driveUntil(clock: VirtualClock, hasEnded: () => boolean, describe: () => string): Promise<void> {
  for (let timers = 0; timers < maxTimers; timers++) {
    await clock.settle();
    if (hasEnded()) return;
    const next = clock.nextAt;
    if (next === null) throw new Error(`nothing happens any more: ${describe()}`);
    await clock.advance(next - clock.start - clock.elapsedMs);
  }
  throw new Error(`no end after ${maxTimers} timers: ${describe()}`);
}
