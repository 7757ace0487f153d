/**
 * A batch on its way into a database in memory: every commit is checked against the database and the commits before it, and
 * only when all are fine are they applied. So a batch is written whole or not at all.
 */
import type { Commit, EventRange, RunUpdate, StoredCheckpoint, StoredEvent, StoredTimer } from '../core/ports.ts';
import type { RunRow } from '../core/run.ts';
import { checkCommit, checkNextSeq, isEnded, ownedElsewhere, runExists, runMissing } from './commit-rules.ts';
import { placeOf, type MemoryDatabase, type MemoryRun } from './memory-database.ts';
import { nextSeq, reachedBy, removedEvent } from './removed.ts';

/** A run as it will be. */
interface StagedRun {
  readonly id: string;
  /** Null: new. */
  readonly stored: MemoryRun | null;
  row: RunRow;
  owner: number | null;
  next: number;
  readonly events: StoredEvent[];
  readonly removed: { readonly range: EventRange; readonly at: number }[];
  checkpoint: StoredCheckpoint | null;
  timers: readonly StoredTimer[];
}

export class MemoryBatch {
  readonly #database: MemoryDatabase;
  readonly #owner: number;
  readonly #runs = new Map<string, StagedRun>();
  readonly #definitions = new Map<string, string>();
  readonly #consumed: number[] = [];

  constructor(database: MemoryDatabase, owner: number) {
    this.#database = database;
    this.#owner = owner;
  }

  add(commit: Commit): void {
    checkCommit(commit);
    const run = commit.create === undefined ? this.#find(commit.run) : this.#create(commit.create);
    run.next = checkNextSeq(commit, run.next);
    for (const { seq, at, type, data } of commit.events) run.events.push(Object.freeze({ seq, at, type, data }));
    for (const range of commit.removed ?? []) run.removed.push({ range, at: commit.events[0]?.at ?? 0 });
    if (commit.update !== undefined) this.#update(run, commit.update);
    if (commit.checkpoint !== undefined) {
      const { seq, snapshot, asleep } = commit.checkpoint;
      run.checkpoint = Object.freeze({ seq, snapshot, ...(asleep === undefined ? {} : { asleep: { ...asleep } }) });
    }
    if (commit.timers !== undefined) run.timers = copyTimers(commit.timers);
    for (const { hash, canonical } of commit.definitions ?? []) this.#definitions.set(hash, canonical);
    this.#consumed.push(...(commit.consumed ?? []));
  }

  apply(): void {
    // Whatever can fail comes before the first change.
    const rows = [...this.#runs.values()].map((staged) => ({ staged, text: JSON.stringify(staged.row) }));
    for (const { staged, text } of rows) {
      const { row, owner, checkpoint, timers } = staged;
      const values = { row: text, status: row.status, owner, checkpoint, timers };
      if (staged.stored === null) {
        this.#database.runs.set(staged.id, { key: this.#database.nextRun++, events: staged.events, ...values });
      } else {
        Object.assign(staged.stored, values);
        for (const event of staged.events) staged.stored.events.push(event);
      }
      const { events } = staged.stored ?? staged;
      for (const { range, at } of staged.removed) removeEvents(events, range, at);
    }
    const { definitions } = this.#database;
    for (const [hash, canonical] of this.#definitions) if (!definitions.has(hash)) definitions.set(hash, canonical);
    for (const id of this.#consumed) this.#database.inbox.delete(id);
  }

  #create(row: RunRow): StagedRun {
    if (this.#runs.has(row.id) || this.#database.runs.has(row.id)) throw runExists(row.id);
    const owner = isEnded(row.status) ? null : this.#owner;
    return this.#stage({
      id: row.id,
      stored: null,
      row,
      owner,
      next: 1,
      events: [],
      removed: [],
      checkpoint: null,
      timers: [],
    });
  }

  #find(id: string): StagedRun {
    const staged = this.#runs.get(id);
    if (staged !== undefined) return staged;
    const stored = this.#database.runs.get(id);
    if (stored === undefined) throw runMissing(id);
    if (stored.owner !== null && stored.owner !== this.#owner) throw ownedElsewhere(id);
    const { checkpoint, timers } = stored;
    const owner = isEnded(stored.status) ? null : this.#owner;
    const row = JSON.parse(stored.row) as RunRow;
    const last = stored.events.at(-1);
    const next = last === undefined ? 1 : nextSeq(last);
    return this.#stage({ id, stored, row, owner, next, events: [], removed: [], checkpoint, timers });
  }

  #update(run: StagedRun, update: RunUpdate): void {
    run.row = { ...run.row, ...update };
    if (update.status !== undefined) run.owner = isEnded(update.status) ? null : this.#owner;
  }

  #stage(run: StagedRun): StagedRun {
    this.#runs.set(run.id, run);
    return run;
  }
}

function removeEvents(events: StoredEvent[], range: EventRange, at: number): void {
  const [from, to] = [placeOf(events, range.from), placeOf(events, range.to + 1)];
  events.splice(from, to - from, Object.freeze(removedEvent(reachedBy(range, events[to - 1]), at)));
}

function copyTimers(timers: readonly StoredTimer[]): readonly StoredTimer[] {
  const copies = timers.map(({ run, name, dueAt, setBy }) => Object.freeze({ run, name, dueAt, setBy }));
  return Object.freeze(copies.toSorted((a, b) => a.dueAt - b.dueAt || a.setBy - b.setBy || (a.name < b.name ? -1 : 1)));
}
