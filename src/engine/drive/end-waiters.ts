/** Those who wait for the end of runs, by run, whether it is in memory or sleeps. */
import type { RunRow } from '../../core/run.ts';

interface Waiter {
  resolve(row: RunRow): void;
  reject(why: Error): void;
}

export interface Waiting {
  /** The row of the ended run. Rejects with what is wrong when the run is left, and with what {@link giveUp} was given. */
  readonly ended: Promise<RunRow>;
  /** Whether {@link ended} is settled: at once, before whoever waits for it goes on. */
  readonly isOver: boolean;
  giveUp(why: Error): void;
}

export class EndWaiters {
  readonly #waiting = new Map<string, Set<Waiter>>();

  /** Runs whose end is waited for. */
  get size(): number {
    return this.#waiting.size;
  }

  wait(id: string): Waiting {
    const { promise, resolve, reject } = Promise.withResolvers<RunRow>();
    let isOver = false;
    const settle =
      <T>(how: (value: T) => void) =>
      (value: T): void => {
        isOver = true;
        how(value);
      };
    const waiter: Waiter = { resolve: settle(resolve), reject: settle(reject) };
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) this.#waiting.set(id, new Set([waiter]));
    else waiting.add(waiter);
    const giveUp = (why: Error): void => {
      const all = this.#waiting.get(id);
      all?.delete(waiter);
      if (all?.size === 0) this.#waiting.delete(id);
      waiter.reject(why);
    };
    return {
      ended: promise,
      get isOver() {
        return isOver;
      },
      giveUp,
    };
  }

  resolve(id: string, row: RunRow): void {
    this.#take(id, (waiter) => waiter.resolve(row));
  }

  reject(id: string, why: Error): void {
    this.#take(id, (waiter) => waiter.reject(why));
  }

  rejectAll(why: Error): void {
    for (const id of [...this.#waiting.keys()]) this.reject(id, why);
  }

  #take(id: string, tell: (waiter: Waiter) => void): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    for (const waiter of waiting) tell(waiter);
  }
}
