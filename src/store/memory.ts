/**
 * A store in memory: the {@link Store} contract without a file, for tests and for runs that need not survive. Several store
 * objects can share one database, as processes share a file. What is stored is text, so that nobody holds a reference into it.
 */
import type {
  CacheClaim,
  Commit,
  Delivery,
  FreeRun,
  InboxEntry,
  Pruned,
  PrunedDefinitions,
  RunFilter,
  Sleep,
  Store,
  StoredCheckpoint,
  StoredEvent,
  StoredTimer,
} from '../core/ports.ts';
import type { RunRow } from '../core/run.ts';
import { isEnded, notAcquired, ownershipLost, runMissing, storeClosed } from './commit-rules.ts';
import { MemoryBatch } from './memory-batch.ts';
import { isAmong, MemoryDatabase, parseRow, placeOf, type MemoryRun } from './memory-database.ts';
import { listMemory } from './memory-list.ts';
import { pruneDefinitionsOfMemory, pruneMemory } from './memory-prune.ts';

export { MemoryDatabase } from './memory-database.ts';

/** @param database what is shared with other stores. @default a new one */
export function openMemoryStore(database: MemoryDatabase = new MemoryDatabase()): MemoryStore {
  return new MemoryStore(database);
}

export class MemoryStore implements Store {
  readonly #database: MemoryDatabase;
  readonly #writer = {};
  #owner: number | null = null;
  #open = true;

  constructor(database: MemoryDatabase) {
    this.#database = database;
  }

  commit(batch: readonly Commit[]): void {
    const database = this.#use();
    const owner = this.#requireOwner();
    if (batch.length === 0) return;
    if (!database.owners.has(owner)) throw ownershipLost();
    const staged = new MemoryBatch(database, owner);
    for (const commit of batch) staged.add(commit);
    staged.apply();
    database.changed(this.#writer);
  }

  readRun(id: string): RunRow | null {
    const run = this.#use().runs.get(id);
    return run === undefined ? null : parseRow(run);
  }

  listRuns(filter: RunFilter): readonly RunRow[] {
    return listMemory(this.#use(), filter);
  }

  readEvents(run: string, fromSeq: number, limit?: number): readonly StoredEvent[] {
    const events = this.#use().runs.get(run)?.events ?? [];
    const from = placeOf(events, fromSeq);
    return events.slice(from, limit === undefined ? undefined : from + limit);
  }

  readEvent(run: string, seq: number): StoredEvent | null {
    const events = this.#use().runs.get(run)?.events ?? [];
    const event = events[placeOf(events, seq)];
    return event?.seq === seq ? event : null;
  }

  lastSeq(run: string): number {
    return this.#use().runs.get(run)?.events.at(-1)?.seq ?? 0;
  }

  readCheckpoint(run: string): StoredCheckpoint | null {
    return this.#use().runs.get(run)?.checkpoint ?? null;
  }

  readTimers(run: string): readonly StoredTimer[] {
    return this.#use().runs.get(run)?.timers ?? [];
  }

  readSleep(id: string): Sleep | null {
    const run = this.#use().runs.get(id);
    const asleep = run?.checkpoint?.asleep;
    const last = run?.events.at(-1);
    if (run === undefined || isEnded(run.status) || asleep === undefined || last?.seq !== run.checkpoint?.seq)
      return null;
    return { ...asleep, lastAt: last?.at ?? 0 };
  }

  readDefinition(hash: string): string | null {
    return this.#use().definitions.get(hash) ?? null;
  }

  acquire(): void {
    const database = this.#use();
    if (this.#owner !== null) return;
    this.#owner = database.nextOwner++;
    database.owners.set(this.#owner, { alive: true });
  }

  adopt(only?: readonly string[]): readonly string[] {
    const database = this.#use();
    const me = this.#requireOwner();
    if (!database.owners.has(me)) throw ownershipLost();
    for (const [id, owner] of database.owners) if (!owner.alive) database.owners.delete(id);
    const unfinished = unfinishedRuns(database);
    const free = unfinished.filter((run) => run.owner === null || !database.owners.has(run.owner));
    for (const run of free) run.owner = isAmong(parseRow(run).id, only) ? me : null;
    if (free.length > 0) database.changed(this.#writer);
    return free.filter((run) => run.owner === me).map((run) => parseRow(run).id);
  }

  freeRuns(): readonly FreeRun[] {
    const database = this.#use();
    return unfinishedRuns(database)
      .filter((run) => run.owner === null || database.owners.get(run.owner)?.alive !== true)
      .map(parseRow)
      .filter((row) => row.kind !== 'round' || this.readRun(row.parent ?? '')?.endedAt !== null)
      .map(({ id, workflow, version }) => ({ id, workflow, version }));
  }

  isOwnedElsewhere(id: string): boolean {
    const { runs, owners } = this.#use();
    const owner = runs.get(id)?.owner ?? null;
    return owner !== null && owner !== this.#owner && owners.get(owner)?.alive === true;
  }

  isOwnedHere(id: string): boolean {
    const run = this.#use().runs.get(id);
    return this.#owner !== null && run?.owner === this.#owner && !isEnded(run.status);
  }

  post(run: string, data: string, at: number): number {
    const database = this.#use();
    if (!database.runs.has(run)) throw runMissing(run);
    const id = database.nextEntry++;
    database.inbox.set(id, { id, run, data, at });
    database.changed(this.#writer);
    return id;
  }

  readInbox(): readonly InboxEntry[] {
    const { inbox, runs } = this.#use();
    const owner = this.#requireOwner();
    return [...inbox.values()].filter((entry) => {
      const run = runs.get(entry.run);
      if (entry.refused !== undefined) return false;
      return run?.owner === owner || (run?.owner === null && isEnded(run.status));
    });
  }

  removeInbox(ids: readonly number[]): void {
    const database = this.#use();
    for (const id of ids) database.inbox.delete(id);
    if (ids.length > 0) database.changed(this.#writer);
  }

  refuseInbox(entry: number, why: string, before: number): void {
    const { inbox } = this.#use();
    const found = inbox.get(entry);
    if (found !== undefined) inbox.set(entry, { ...found, refused: why });
    for (const each of inbox.values()) if (each.refused !== undefined && each.at < before) inbox.delete(each.id);
    this.#use().changed(this.#writer);
  }

  deliveryOf(entry: number): Delivery {
    const found = this.#use().inbox.get(entry);
    if (found === undefined) return 'taken';
    return found.refused === undefined ? 'waiting' : { refused: found.refused };
  }

  pruneDefinitions(): PrunedDefinitions {
    return pruneDefinitionsOfMemory(this.#use());
  }

  prune(runs: readonly string[]): Pruned {
    const database = this.#use();
    const pruned = pruneMemory(database, runs);
    if (pruned.removed.length > 0) database.changed(this.#writer);
    return pruned;
  }

  claimCached(key: string, now: number): CacheClaim {
    const { cache, owners } = this.#use();
    const owner = this.#requireOwner();
    const entry = cache.get(key);
    if (entry !== undefined && entry.value !== null && entry.expiresAt > now) return { value: entry.value };
    if (entry?.owner === owner) return 'claimed';
    if (entry !== undefined && entry.owner !== null && owners.get(entry.owner)?.alive === true) return 'busy';
    cache.set(key, { value: null, owner, expiresAt: 0 });
    return 'claimed';
  }

  putCached(key: string, value: string, expiresAt: number): void {
    this.#use().cache.set(key, { value, owner: null, expiresAt });
  }

  releaseCached(key: string): void {
    const { cache } = this.#use();
    if (this.#owner !== null && cache.get(key)?.owner === this.#owner) cache.delete(key);
  }

  pruneCached(now: number, limit: number): number {
    const { cache, owners } = this.#use();
    const expired = [...cache]
      .filter(([, { value, expiresAt }]) => value !== null && expiresAt <= now)
      .toSorted(([, a], [, b]) => a.expiresAt - b.expiresAt)
      .slice(0, limit);
    const orphans = [...cache].filter(([, { owner }]) => owner !== null && !owners.has(owner));
    for (const [key] of [...expired, ...orphans]) cache.delete(key);
    return expired.length + orphans.length;
  }

  setting(name: string, initial: string): string {
    const { settings } = this.#use();
    if (!settings.has(name)) settings.set(name, initial);
    return settings.get(name) ?? initial;
  }

  changeCount(): number {
    return this.#use().changesByOthers(this.#writer);
  }

  close(): void {
    if (!this.#open) return;
    if (this.#owner !== null) {
      for (const run of unfinishedRuns(this.#database)) if (run.owner === this.#owner) run.owner = null;
      this.#database.owners.delete(this.#owner);
      this.#database.changed(this.#writer);
    }
    this.#leave();
  }

  /** For tests: as if the process had been killed. Its runs stay with it until another store adopts them. */
  crash(): void {
    if (!this.#open) return;
    const owner = this.#owner === null ? undefined : this.#database.owners.get(this.#owner);
    if (owner !== undefined) owner.alive = false;
    this.#leave();
  }

  #leave(): void {
    this.#open = false;
    this.#owner = null;
  }

  #use(): MemoryDatabase {
    if (!this.#open) throw storeClosed();
    return this.#database;
  }

  #requireOwner(): number {
    if (this.#owner === null) throw notAcquired();
    return this.#owner;
  }
}

/** In the order they were created in. */
function unfinishedRuns(database: MemoryDatabase): readonly MemoryRun[] {
  return [...database.runs.values()].filter((run) => !isEnded(run.status));
}
