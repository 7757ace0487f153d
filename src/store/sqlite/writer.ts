/**
 * Writes batches of commits: the hot path. One transaction per batch, one insert per event, no reads for runs that were
 * written to before.
 *
 * Invariants: W1 the owner's row is looked up in the same transaction that writes (the fence by owner). W2 the seq that is
 * written is the one after the last (the fence by seq): known from the cache, guarded by the unique index. W3 what the cache
 * says holds only if the transaction was committed: it is emptied when one was not.
 */
import type { SQLInputValue, StatementSync } from 'node:sqlite';
import type { Commit, RunUpdate, StoredEvent } from '../../core/ports.ts';
import type { RunRow } from '../../core/run.ts';
import {
  checkCommit,
  checkNextSeq,
  isEnded,
  notAcquired,
  ownedElsewhere,
  ownershipLost,
  runExists,
  runLeaving,
  runMissing,
} from '../commit-rules.ts';
import { reachedBy, removedEvent } from '../removed.ts';
import { boundBy, sourceOf } from '../source-of.ts';
import { storedAttributes } from './attribute-rows.ts';
import { checkpointSum, textSum, timerSum } from './checksum.ts';
import type { Connection, Query } from './connection.ts';
import { primaryCode, sqliteCode } from './errors.ts';
import { EventInsert } from './event-insert.ts';
import type { Owner } from './ownership.ts';
import { RunCache, type OwnedRun } from './run-cache.ts';
import { runColumns, runValues, updateParts } from './run-rows.ts';
import { nobody, pruned } from './schema.ts';
import { asleepFlags } from './sleep.ts';

/** Runs whose key and seq are remembered, at least; about 200 bytes each. */
const cachedRuns = 10_000;

interface KnownRun {
  readonly key: number;
  readonly kind: string;
  /** Null: the run has ended. */
  readonly owner: number | null;
}

export class Writer {
  readonly #connection: Connection;
  readonly #owner: Owner;
  readonly #cache = new RunCache(cachedRuns);
  readonly #updates = new Map<string, StatementSync>();
  readonly #known: Query<KnownRun>;
  readonly #lastSeq: Query<{ readonly seq: number }>;
  readonly #insertRun: StatementSync;
  readonly #insertTag: StatementSync;
  readonly #insertAttribute: StatementSync;
  readonly #insertSource: StatementSync;
  readonly #events: EventInsert;
  readonly #removeEvents: StatementSync;
  readonly #eventUpTo: Query<StoredEvent>;
  readonly #claim: StatementSync;
  readonly #putCheckpoint: StatementSync;
  readonly #removeTimers: StatementSync;
  readonly #insertTimer: StatementSync;
  readonly #removeInbox: StatementSync;
  readonly #definition: Query<{ readonly is_there: number }>;
  readonly #insertDefinition: StatementSync;
  readonly #insertEpoch: StatementSync;
  readonly #leaveEpoch: StatementSync;

  constructor(connection: Connection, owner: Owner) {
    const { db } = connection;
    this.#connection = connection;
    this.#owner = owner;
    this.#known = connection.query('select key, owner, kind from runs where id = ?');
    this.#lastSeq = connection.query('select coalesce(max(seq), 0) as seq from history where run = ?');
    const places = runColumns.replaceAll(/\w+/g, '?');
    this.#insertRun = db.prepare(`insert into runs (${runColumns}, owner) values (${places}, ?)`);
    this.#insertTag = db.prepare('insert or ignore into tags (tag, created_at, run) values (?, ?, ?)');
    this.#insertAttribute = db.prepare('insert into attributes (attribute, created_at, run) values (?, ?, ?)');
    this.#insertSource = db.prepare('insert or ignore into sources (source, run) values (?, ?)');
    this.#events = new EventInsert(connection);
    this.#eventUpTo = connection.query(
      'select seq, at, type, data from history where run = ? and seq <= ? order by seq desc limit 1',
    );
    this.#removeEvents = db.prepare('delete from history where run = ? and seq between ? and ?');
    this.#claim = db.prepare('update runs set owner = ? where key = ?');
    this.#putCheckpoint = db.prepare(
      'insert or replace into checkpoints (run, seq, snapshot, asleep, sum) values (?, ?, ?, ?, ?)',
    );
    this.#removeTimers = db.prepare('delete from timers where run = ?');
    this.#insertTimer = db.prepare('insert into timers (run, name, due_at, set_by, sum) values (?, ?, ?, ?, ?)');
    this.#removeInbox = db.prepare('delete from inbox where id = ?');
    this.#definition = connection.query('select 1 as is_there from definitions where hash = ?');
    this.#insertDefinition = db.prepare(
      `insert into definitions (hash, canonical, sum, workflow)
       values (?1, ?2, ?3, iif(json_valid(?2), json_extract(?2, '$.name'), null))`,
    );
    this.#insertEpoch = db.prepare('insert or ignore into epochs (run, hash) values (?, ?)');
    this.#leaveEpoch = db.prepare('insert or ignore into epochs (run, hash) select key, hash from runs where key = ?');
  }

  commit(batch: readonly Commit[]): void {
    const owner = this.#owner.id;
    if (owner === null) throw notAcquired();
    if (batch.length === 0) return;
    try {
      this.#connection.write(() => {
        if (!this.#owner.isStanding()) throw ownershipLost();
        for (const commit of batch) this.#write(commit, owner);
        this.#events.flush();
      });
    } catch (error) {
      this.#cache.clear();
      this.#events.clear();
      throw error;
    }
  }

  #write(commit: Commit, owner: number): void {
    checkCommit(commit);
    const run =
      commit.create === undefined ? this.#find(commit, owner) : this.#create(commit.create, commit.events, owner);
    run.next = checkNextSeq(commit, run.next);
    for (const range of commit.removed ?? []) {
      // What stands for a part of it may still wait to be inserted.
      this.#events.flush();
      const reached = reachedBy(range, this.#eventUpTo.get(run.key, range.to));
      this.#removeEvents.run(run.key, range.from, range.to);
      this.#events.add(run.key, removedEvent(reached, commit.events[0]?.at ?? 0));
    }
    for (const { hash, canonical } of commit.definitions ?? [])
      if (this.#definition.get(hash) === undefined) this.#insertDefinition.run(hash, canonical, textSum(canonical));
    this.#noteEpochs(run.key, commit);
    for (const event of commit.events) {
      this.#events.add(run.key, event);
      const source = sourceOf(event);
      if (source !== null) this.#insertSource.run(source, run.key);
    }
    if (commit.update !== undefined) this.#update(commit.run, run, commit.update, owner);
    if (commit.checkpoint !== undefined) {
      const { seq, snapshot } = commit.checkpoint;
      const asleep = asleepFlags(commit.checkpoint.asleep);
      this.#putCheckpoint.run(run.key, seq, snapshot, asleep, checkpointSum(run.key, seq, snapshot, asleep));
    }
    if (commit.timers !== undefined) {
      this.#removeTimers.run(run.key);
      for (const { name, dueAt, setBy } of commit.timers)
        this.#insertTimer.run(run.key, name, dueAt, setBy, timerSum(run.key, name, dueAt, setBy));
    }
    for (const id of commit.consumed ?? []) this.#removeInbox.run(id);
  }

  /** What it was bound to stays as long as it: its history refers to that. */
  #noteEpochs(key: number, { create, events }: Commit): void {
    if (!events.some(({ type }) => type === 'run.rebased')) return;
    if (create === undefined) this.#leaveEpoch.run(key);
    for (const event of events) {
      const hash = boundBy(event);
      if (hash !== null) this.#insertEpoch.run(key, hash);
    }
  }

  #create(row: RunRow, events: Commit['events'], owner: number): OwnedRun {
    const ended = isEnded(row.status);
    const key = this.#insertRow(row, ended ? null : owner);
    for (const tag of row.tags) this.#insertTag.run(tag, row.createdAt, key);
    const first = row.kind === 'round' ? undefined : events[0];
    for (const attribute of first === undefined ? [] : storedAttributes(first.data))
      this.#insertAttribute.run(attribute, row.createdAt, key);
    const run = { key, next: 1 };
    if (!ended) this.#cache.set(row.id, run);
    return run;
  }

  #insertRow(row: RunRow, owner: number | null): number {
    const values = [...runValues(row), owner];
    try {
      return Number(this.#insertRun.run(...values).lastInsertRowid);
    } catch (error) {
      const taken = primaryCode(error) === sqliteCode.constraint ? this.#known.get(row.id) : undefined;
      if (taken === undefined) throw error;
      throw taken.kind === pruned ? runLeaving(row.id) : runExists(row.id);
    }
  }

  /** A run that is ended belongs to nobody: it can be written to by any owner, and is owned again when it goes on. */
  #find(commit: Commit, owner: number): OwnedRun {
    const cached = this.#cache.get(commit.run);
    if (cached !== undefined) return cached;
    const known = this.#known.get(commit.run);
    if (known === undefined || known.kind === pruned) throw runMissing(commit.run);
    if (known.owner !== null && known.owner !== nobody && known.owner !== owner) throw ownedElsewhere(commit.run);
    const run = { key: known.key, next: (this.#lastSeq.get(known.key)?.seq ?? 0) + 1 };
    if (known.owner === null) return run;
    if (known.owner === nobody) this.#claim.run(owner, known.key);
    this.#cache.set(commit.run, run);
    return run;
  }

  #update(id: string, run: OwnedRun, update: RunUpdate, owner: number): void {
    const { columns, values } = updateParts(update);
    if (update.status !== undefined) {
      const ended = isEnded(update.status);
      columns.push('owner');
      values.push(ended ? null : owner);
      if (ended) this.#cache.delete(id);
      else this.#cache.set(id, run);
    }
    this.#updateStatement(columns).run(...values, run.key);
  }

  /** One per combination of columns that is met: a handful. */
  #updateStatement(columns: readonly string[]): { run(...values: SQLInputValue[]): unknown } {
    const sql = `update runs set ${columns.map((column) => `${column} = ?`).join(', ')} where key = ?`;
    let statement = this.#updates.get(sql);
    if (statement === undefined) {
      statement = this.#connection.db.prepare(sql);
      this.#updates.set(sql, statement);
    }
    return statement;
  }
}
