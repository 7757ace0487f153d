/** What stores in memory share: plain tables. Owns no rules. */
import type { InboxEntry, StoredCheckpoint, StoredEvent, StoredTimer } from '../core/ports.ts';
import type { RunRow, RunStatus } from '../core/run.ts';

export interface MemoryRun {
  /** Order of creation. */
  readonly key: number;
  /** JSON text of the run's row. */
  row: string;
  /** As in the row. */
  status: RunStatus;
  /** Null: free, to be adopted when it is unfinished. */
  owner: number | null;
  /** Event `seq` is at `seq - 1`. */
  readonly events: StoredEvent[];
  checkpoint: StoredCheckpoint | null;
  timers: readonly StoredTimer[];
}

export interface MemoryEntry extends InboxEntry {
  /** Why. */
  readonly refused?: string;
}

/** A value, or a claim on it: one of both is null. */
export interface MemoryCached {
  readonly value: string | null;
  readonly owner: number | null;
  readonly expiresAt: number;
}

export class MemoryDatabase {
  readonly runs = new Map<string, MemoryRun>();
  readonly definitions = new Map<string, string>();
  readonly inbox = new Map<number, MemoryEntry>();
  readonly settings = new Map<string, string>();
  readonly cache = new Map<string, MemoryCached>();
  readonly owners = new Map<number, { alive: boolean }>();
  nextRun = 1;
  nextEntry = 1;
  nextOwner = 1;
  #writes = 0;
  readonly #writesBy = new WeakMap<object, number>();

  /** Counts one write by `writer`. */
  changed(writer: object): void {
    this.#writes++;
    this.#writesBy.set(writer, (this.#writesBy.get(writer) ?? 0) + 1);
  }

  changesByOthers(writer: object): number {
    return this.#writes - (this.#writesBy.get(writer) ?? 0);
  }
}

export function parseRow(run: MemoryRun): RunRow {
  return JSON.parse(run.row) as RunRow;
}

/** One of the runs, or a round or child below one. */
export function isAmong(id: string, only: readonly string[] | undefined): boolean {
  return only === undefined || only.some((run) => id === run || id.startsWith(`${run}/`));
}

/** Where the first event of that seq or a later one is. */
export function placeOf(events: readonly StoredEvent[], seq: number): number {
  // Without events that were removed each is in its place.
  let [low, high] = [0, Math.min(events.length, Math.max(0, seq - 1))];
  if ((events[high]?.seq ?? seq) === seq && (high === 0 || (events[high - 1]?.seq ?? 0) < seq)) return high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((events[middle]?.seq ?? seq) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
