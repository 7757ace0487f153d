/**
 * Who sleeps, and when: runs that rest are put to sleep after a while, or at once when too many rest; those that sleep are woken
 * when their next timer is due. Holds nothing of a sleeping run but that timer. How a run sleeps is the driver's.
 */
import type { RunState } from '../../core/advance.ts';
import type { RunDriver } from '../drive/driver.ts';
import { timersAhead } from '../drive/run-record.ts';
import type { TimerQueue } from '../drive/timer-queue.ts';

export interface SleeperOptions {
  readonly timers: Pick<TimerQueue, 'add' | 'now'>;
  /** How long a run rests before it is put to sleep. */
  readonly afterMs: number;
  /** Runs that rest in memory. Beyond it the one that rested longest is put to sleep at once. */
  readonly maxResting: number;
  /** `now`: what its time must be by now, at the least. */
  wake(id: string, now: number): void;
}

interface Nap {
  readonly cancel: () => void;
  /** How far the time of the run is ahead of that of the queue. */
  readonly leadMs: number;
}

/** Of the next timer, in milliseconds since 1970; null: there is none. */
export function nextDueAt(state: RunState): number | null {
  const times = timersAhead(state).map(({ dueAt }) => dueAt);
  return times.length === 0 ? null : Math.min(...times);
}

export class Sleeper {
  readonly #options: SleeperOptions;
  /** Since when, in the queue's time; who rests longest comes first. */
  readonly #resting = new Map<RunDriver, number>();
  /** Of the sleeping runs those that have timers. */
  readonly #naps = new Map<string, Nap>();
  #isArmed = false;

  constructor(options: SleeperOptions) {
    this.#options = options;
  }

  /** Runs that rest, or sleep until a timer of theirs. */
  get size(): number {
    return this.#resting.size + this.#naps.size;
  }

  /** It has come to rest. One that goes on soon by itself is not worth the writing. */
  rests(driver: RunDriver): void {
    const { afterMs, maxResting, timers } = this.#options;
    const dueAt = nextDueAt(driver.state);
    if (dueAt !== null && dueAt - driver.now() <= 2 * afterMs) return;
    this.#resting.set(driver, timers.now());
    const [longest] = this.#resting.keys();
    if (longest !== undefined && this.#resting.size > maxResting) this.#putToSleep(longest);
    else this.#arm(afterMs);
  }

  stirs(driver: RunDriver): void {
    this.#resting.delete(driver);
  }

  /** It sleeps from now on, until `dueAt` at the latest; both in milliseconds since 1970. */
  sleeps(id: string, now: number, dueAt: number | null): void {
    if (dueAt === null) return;
    const { timers } = this.#options;
    const cancel = timers.add(dueAt - now, () => {
      this.#naps.delete(id);
      this.#options.wake(id, dueAt);
    });
    this.#naps.set(id, { cancel, leadMs: now - timers.now() });
  }

  /** It does not sleep here any more. Gives what its time must be by now, at the least: 0 when that is not known. */
  wakes(id: string): number {
    const nap = this.#naps.get(id);
    if (nap === undefined) return 0;
    nap.cancel();
    this.#naps.delete(id);
    return this.#options.timers.now() + nap.leadMs;
  }

  #arm(delayMs: number): void {
    if (this.#isArmed || delayMs === Number.POSITIVE_INFINITY) return;
    this.#isArmed = true;
    this.#options.timers.add(delayMs, () => {
      this.#isArmed = false;
      this.#look();
    });
  }

  #look(): void {
    const { timers, afterMs } = this.#options;
    const now = timers.now();
    for (const [driver, since] of this.#resting) {
      if (since + afterMs > now) {
        this.#arm(since + afterMs - now);
        return;
      }
      this.#putToSleep(driver);
    }
  }

  #putToSleep(driver: RunDriver): void {
    this.#resting.delete(driver);
    driver.sleep();
  }
}
