/** The embedded store: the {@link Store} contract on one connection. Owns the parts and their order of use, no SQL. */
import type {
  CacheClaim,
  Commit,
  FreeRun,
  Delivery,
  InboxEntry,
  Pruned,
  PrunedDefinitions,
  RunFilter,
  Sleep,
  Store,
  StoredCheckpoint,
  StoredEvent,
  StoredTimer,
  WhyKept,
} from '../../core/ports.ts';
import type { RunRow } from '../../core/run.ts';
import type { Connection, Query } from './connection.ts';
import { Definitions } from './definitions.ts';
import { Inbox } from './inbox.ts';
import { Owner, type OwnerInfo } from './ownership.ts';
import { Pruner, type Weight } from './pruner.ts';
import { Reader } from './reader.ts';
import { Sleepers } from './sleep.ts';
import { Settings } from './settings.ts';
import { StepCache } from './step-cache.ts';
import { Writer } from './writer.ts';

export class SqliteStore implements Store {
  /** The file, symbolic links followed. */
  readonly file: string;
  readonly #connection: Connection;
  readonly #owner: Owner;
  readonly #reader: Reader;
  readonly #writer: Writer;
  readonly #inbox: Inbox;
  readonly #pruner: Pruner;
  readonly #definitions: Definitions;
  readonly #sleepers: Sleepers;
  readonly #cache: StepCache;
  readonly #settings: Settings;
  readonly #changes: Query<{ readonly data_version: number }>;
  #open = true;

  /** The file was inspected and is at the newest schema: see open.ts. */
  constructor(connection: Connection, info: OwnerInfo) {
    this.file = connection.file;
    this.#connection = connection;
    this.#owner = new Owner(connection, info);
    this.#reader = new Reader(connection);
    this.#writer = new Writer(connection, this.#owner);
    this.#inbox = new Inbox(connection, this.#owner);
    this.#pruner = new Pruner(connection);
    this.#definitions = new Definitions(connection);
    this.#sleepers = new Sleepers(connection);
    this.#cache = new StepCache(connection, this.#owner);
    this.#settings = new Settings(connection);
    this.#changes = connection.query('pragma data_version');
  }

  commit(batch: readonly Commit[]): void {
    this.#writer.commit(batch);
  }

  readRun(id: string): RunRow | null {
    return this.#reader.readRun(id);
  }

  listRuns(filter: RunFilter): readonly RunRow[] {
    return this.#reader.listRuns(filter);
  }

  readEvents(run: string, fromSeq: number, limit?: number): readonly StoredEvent[] {
    return this.#reader.readEvents(run, fromSeq, limit);
  }

  readEvent(run: string, seq: number): StoredEvent | null {
    return this.#reader.readEvent(run, seq);
  }

  lastSeq(run: string): number {
    return this.#reader.lastSeq(run);
  }

  readCheckpoint(run: string): StoredCheckpoint | null {
    return this.#reader.readCheckpoint(run);
  }

  readTimers(run: string): readonly StoredTimer[] {
    return this.#reader.readTimers(run);
  }

  readSleep(run: string): Sleep | null {
    return this.#sleepers.read(run);
  }

  readDefinition(hash: string): string | null {
    return this.#reader.readDefinition(hash);
  }

  acquire(): void {
    this.#owner.acquire();
  }

  adopt(only?: readonly string[]): readonly string[] {
    return this.#owner.adopt(only);
  }

  freeRuns(): readonly FreeRun[] {
    return this.#owner.freeRuns();
  }

  isOwnedElsewhere(run: string): boolean {
    return this.#owner.isOwnedElsewhere(run);
  }

  isOwnedHere(run: string): boolean {
    return this.#owner.isOwnedHere(run);
  }

  post(run: string, data: string, at: number): number {
    return this.#inbox.post(run, data, at);
  }

  readInbox(): readonly InboxEntry[] {
    return this.#inbox.read();
  }

  removeInbox(ids: readonly number[]): void {
    this.#inbox.remove(ids);
  }

  refuseInbox(entry: number, why: string, before: number): void {
    this.#inbox.refuse(entry, why, before);
  }

  deliveryOf(entry: number): Delivery {
    return this.#inbox.deliveryOf(entry);
  }

  /** What {@link prune} would remove with a run, or why it would keep it. */
  weigh(run: string): Weight | WhyKept {
    return this.#pruner.weigh(run);
  }

  prune(runs: readonly string[]): Pruned {
    return this.#pruner.prune(runs);
  }

  pruneDefinitions(after?: number): PrunedDefinitions {
    return this.#definitions.prune(after);
  }

  /** How many definitions {@link pruneDefinitions} would remove once those runs are gone. */
  countUnused(without: readonly string[]): number {
    return this.#definitions.countUnused(without);
  }

  claimCached(key: string, now: number): CacheClaim {
    return this.#cache.claim(key, now);
  }

  putCached(key: string, value: string, expiresAt: number): void {
    this.#cache.put(key, value, expiresAt);
  }

  releaseCached(key: string): void {
    this.#cache.release(key);
  }

  pruneCached(now: number, limit: number): number {
    return this.#cache.prune(now, limit);
  }

  setting(name: string, initial: string): string {
    return this.#settings.of(name, initial);
  }

  changeCount(): number {
    return this.#connection.read(() => this.#changes.get()?.data_version ?? 0);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#owner.leave();
    this.#connection.close();
  }

  /** For tests: as if the process had been killed. The lock is free, the owner's row and its runs stay as they are. */
  crash(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#owner.vanish();
    this.#connection.close();
  }
}
