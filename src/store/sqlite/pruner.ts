/**
 * Removes runs that have ended, with all that is below them. Owns the order of removal and its size: a call writes one
 * transaction of a bounded number of rows, so that whoever drives runs in this process is not held up.
 *
 * Invariants: P1 a run is removed only when nothing below it is unfinished and nothing was forked from it; asked in the
 * transaction that removes it. P2 a run that does not fit into one transaction is marked in the first one: from then on no
 * reader sees it, and every later call, also of another process and after a crash, goes on with it. P3 a marked run's row goes
 * last, so that its id is not taken before all that is below it is gone.
 */
import type { StatementSync } from 'node:sqlite';
import type { Pruned, WhyKept } from '../../core/ports.ts';
import { storedAttributes } from './attribute-rows.ts';
import type { Connection, Query } from './connection.ts';
import { pruned } from './schema.ts';

/** History rows and runs of one call. */
const maxRows = 2_000;
/** Pages that are given back by one call. */
const maxPages = 256;
/** Free pages that are left to be used again, at least, and as a part of the file. */
const sparePages = 256;
const sparePart = 0.1;

export interface Weight {
  /** With all below it. */
  readonly runs: number;
  readonly events: number;
  /** Of the events and checkpoints; what the file shrinks by is about as much. */
  readonly bytes: number;
}

interface TreeRun {
  readonly key: number;
  readonly id: string;
  readonly kind: string;
  readonly tags: string | null;
  readonly created_at: number;
}

/** Of a row beside its data, about. */
const eventBytes = 60;

const columns = 'key, id, kind, tags, created_at';
/** What is below a run: ids that go on with '/'; '0' is the character after it. */
const isBelow = `(id > ?1 || '/' and id < ?1 || '0')`;

export class Pruner {
  readonly #connection: Connection;
  readonly #marked: Query<TreeRun>;
  readonly #root: Query<TreeRun & { readonly owner: number | null }>;
  readonly #below: Query<TreeRun>;
  readonly #unfinishedBelow: Query<{ readonly key: number }>;
  readonly #fork: Query<{ readonly run: number }>;
  readonly #weight: Query<Weight>;
  readonly #firstData: Query<{ readonly data: string }>;
  readonly #mark: StatementSync;
  readonly #removeEvents: StatementSync;
  readonly #removeTags: StatementSync;
  readonly #removeAttribute: StatementSync;
  readonly #removeRows: readonly StatementSync[];

  constructor(connection: Connection) {
    const { db } = connection;
    this.#connection = connection;
    this.#marked = connection.query(`select ${columns} from runs where kind = '${pruned}' order by key limit 1`);
    this.#root = connection.query(`select ${columns}, owner from runs where id = ? and kind <> '${pruned}'`);
    this.#below = connection.query(`select ${columns} from runs where ${isBelow} order by id desc limit 1`);
    this.#unfinishedBelow = connection.query(`select key from runs where ${isBelow} and owner is not null limit 1`);
    this.#fork = connection.query(
      `select run from sources where source = ?1 or (source > ?1 || '/' and source < ?1 || '0') limit 1`,
    );
    this.#weight = connection.query(
      `select count(*) as runs, coalesce(sum(events), 0) as events, coalesce(sum(bytes), 0) as bytes from (
         select (select count(*) from history h where h.run = r.key) as events,
           (select coalesce(sum(length(h.data) + ${eventBytes}), 0) from history h where h.run = r.key)
           + coalesce((select length(c.snapshot) from checkpoints c where c.run = r.key), 0) as bytes
         from runs r where id = ?1 or ${isBelow})`,
    );
    this.#firstData = connection.query('select data from history where run = ? and seq = 1');
    this.#mark = db.prepare(`update runs set kind = '${pruned}' where key = ?`);
    // From the end: what says of the run's attributes, its first event, goes last.
    this.#removeEvents = db.prepare(
      'delete from history where id in (select id from history where run = ? and seq > ? order by seq desc limit ?)',
    );
    this.#removeTags = db.prepare(
      // A damaged row's stay, and lead to no run.
      `delete from tags where tag in (select value from json_each(iif(json_valid(?1), ?1, '[]'))) and created_at = ?2 and run = ?3`,
    );
    this.#removeAttribute = db.prepare('delete from attributes where attribute = ? and created_at = ? and run = ?');
    this.#removeRows = [
      'history where run',
      'checkpoints where run',
      'timers where run',
      'inbox where run',
      'sources where run',
      'epochs where run',
      'runs where key',
    ].map((which) => db.prepare(`delete from ${which} = ?`));
  }

  prune(runs: readonly string[]): Pruned {
    const removed: string[] = [];
    const kept: Pruned['kept'][number][] = [];
    this.#connection.write(() => {
      let left = maxRows;
      for (let root = this.#marked.get(); root !== undefined && left > 0; root = this.#marked.get())
        left = this.#removeTree(root, left);
      for (const run of runs) {
        if (left <= 0) return;
        const root = this.#root.get(run);
        const why = this.#whyKept(root);
        if (root === undefined || why !== null) {
          kept.push({ run, why: why ?? 'unknown' });
          left -= 1;
          continue;
        }
        left = this.#removeTree(root, left);
        removed.push(run);
      }
    });
    const isReclaimed = this.#reclaim();
    const isAll = removed.length + kept.length === runs.length;
    return {
      removed,
      kept,
      isDone: isReclaimed && isAll && this.#connection.read(() => this.#marked.get()) === undefined,
    };
  }

  /** What {@link prune} would remove with a run, or why it would keep it. */
  weigh(run: string): Weight | WhyKept {
    return this.#connection.read(() => {
      const root = this.#root.get(run);
      const why = this.#whyKept(root);
      return why ?? this.#weight.get(run) ?? 'unknown';
    });
  }

  #whyKept(root: (TreeRun & { readonly owner: number | null }) | undefined): WhyKept | null {
    if (root === undefined) return 'unknown';
    if (root.kind !== 'run') return 'child';
    // What has ended belongs to nobody, and nothing else does.
    if (root.owner !== null || this.#unfinishedBelow.get(root.id) !== undefined) return 'unfinished';
    return this.#fork.get(root.id) === undefined ? null : 'forked';
  }

  /** Gives how many rows may still be removed; 0 or less: the run is marked, as it did not fit. */
  #removeTree(root: TreeRun, rows: number): number {
    let left = rows;
    for (let run = this.#below.get(root.id); run !== undefined && left > 0; run = this.#below.get(root.id))
      left = this.#removeRun(run, left);
    if (left > 0) left = this.#removeRun(root, left);
    if (left <= 0) this.#mark.run(root.key);
    return left;
  }

  /** At most so many rows; the run's own row goes when there is still room for it. */
  #removeRun(run: TreeRun, rows: number): number {
    const left = rows - Number(this.#removeEvents.run(run.key, 1, rows).changes);
    if (left <= 0) return left;
    const first = run.kind === 'round' ? undefined : this.#firstData.get(run.key);
    for (const attribute of first === undefined ? [] : storedAttributes(first.data))
      this.#removeAttribute.run(attribute, run.created_at, run.key);
    if (run.tags !== null) this.#removeTags.run(run.tags, run.created_at, run.key);
    for (const statement of this.#removeRows) statement.run(run.key);
    return left - 1;
  }

  /** Gives pages back to the disk; false: there are more. */
  #reclaim(): boolean {
    return this.#connection.read(() => {
      // A file of an earlier release does not track its pages; they are used again all the same.
      if (this.#connection.pragma('auto_vacuum') === 0) return true;
      const spare = Math.max(sparePages, this.#connection.pragma('page_count') * sparePart);
      const free = this.#connection.pragma('freelist_count');
      if (free <= spare) return true;
      const surplus = free - Math.floor(spare);
      this.#connection.db.exec(`pragma incremental_vacuum(${Math.min(maxPages, surplus)})`);
      return surplus <= maxPages;
    });
  }
}
