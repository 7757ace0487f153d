/**
 * Which process drives which runs. An owner is a row and a lock (lock.ts); runs point to the row. Owns becoming an owner,
 * adopting from the dead and leaving.
 *
 * Invariants: O1 a row that is visible belongs to a process that held its lock when it was written. O2 the row of a dead owner
 * is deleted in the transaction that takes over its runs: whoever deletes it is the one who adopts, and the dead, should it
 * only have seemed so, is fenced (W1). O3 ids of owners are never used again.
 */
import type { StatementSync } from 'node:sqlite';
import type { FreeRun } from '../../core/ports.ts';
import { notAcquired, ownershipLost } from '../commit-rules.ts';
import type { Connection, Query } from './connection.ts';
import { isOwnerAlive, lockOwner, removeLock, sweepLocks, type OwnerLock } from './lock.ts';
import { nobody } from './schema.ts';

/** For people who read the store; nothing is decided by it. */
export interface OwnerInfo {
  readonly pid: number;
  readonly host: string;
  /** Milliseconds since 1970; null when the caller did not say. */
  readonly startedAt: number | null;
}

interface Id {
  readonly id: number;
}

interface Adopted {
  readonly key: number;
  readonly id: string;
}

export class Owner {
  readonly #connection: Connection;
  readonly #info: OwnerInfo;
  readonly #insert: StatementSync;
  readonly #remove: StatementSync;
  readonly #standing: Query<Id>;
  readonly #all: Query<Id>;
  readonly #ownerOf: Query<{ readonly owner: number | null }>;
  readonly #anyUnowned: Query<Id>;
  readonly #pass: StatementSync;
  readonly #taken: Query<Adopted>;
  readonly #takenBelow: Query<Adopted>;
  readonly #ofOwner: Query<FreeRun>;
  #id: number | null = null;
  #lock: OwnerLock | null = null;

  constructor(connection: Connection, info: OwnerInfo) {
    const { db } = connection;
    this.#connection = connection;
    this.#info = info;
    this.#insert = db.prepare('insert into owners (pid, host, started_at) values (?, ?, ?)');
    this.#remove = db.prepare('delete from owners where id = ?');
    this.#standing = connection.query('select id from owners where id = ?');
    this.#all = connection.query('select id from owners');
    this.#ownerOf = connection.query('select owner from runs where id = ?');
    this.#anyUnowned = connection.query(`select key as id from runs where owner = ${nobody} limit 1`);
    this.#pass = db.prepare('update runs set owner = ? where owner = ?');
    this.#taken = connection.query(`update runs set owner = ? where owner = ${nobody} returning key, id`);
    // A run, and the rounds and children below it: their ids go on with '/', and '0' is the character after it. The plus keeps
    // SQLite from walking through all that nobody owns, for each of them.
    this.#takenBelow = connection.query(
      `update runs set owner = ?1 where +owner = ${nobody} and (id = ?2 or (id > ?2 || '/' and id < ?2 || '0')) returning key, id`,
    );
    this.#ofOwner = connection.query(
      `select id, workflow, version from runs r where owner = ? and (kind <> 'round'
         or exists (select 1 from runs above where above.id = r.parent and above.ended_at is not null)) order by key`,
    );
  }

  /** Null before {@link acquire}. */
  get id(): number | null {
    return this.#id;
  }

  /** Whether our row is still there. To be asked within the transaction that relies on it. */
  isStanding(): boolean {
    return this.#id !== null && this.#standing.get(this.#id) !== undefined;
  }

  acquire(): void {
    if (this.#id !== null) return;
    const { file } = this.#connection;
    let lock: OwnerLock | null = null;
    try {
      this.#id = this.#connection.patiently(() =>
        this.#connection.write(() => {
          sweepLocks(file, new Set(this.#all.all().map((owner) => owner.id)));
          const id = Number(this.#insert.run(this.#info.pid, this.#info.host, this.#info.startedAt).lastInsertRowid);
          // Before the row can be seen (O1).
          lock = lockOwner(file, id);
          return id;
        }),
      );
      this.#lock = lock;
    } catch (error) {
      (lock as OwnerLock | null)?.release();
      throw error;
    }
  }

  adopt(only?: readonly string[]): readonly string[] {
    const id = this.#id;
    if (id === null) throw notAcquired();
    const { file } = this.#connection;
    if (!this.#connection.read(() => this.isStanding())) throw ownershipLost();
    const dead = this.#connection.read(() =>
      this.#all.all().filter((owner) => owner.id !== id && !isOwnerAlive(file, owner.id)),
    );
    const isAny = dead.length > 0 || this.#connection.read(() => this.#anyUnowned.get()) !== undefined;
    const adopted = isAny ? this.#take(id, dead, only) : [];
    for (const owner of dead) removeLock(file, owner.id);
    return adopted.toSorted((a, b) => a.key - b.key).map((run) => run.id);
  }

  #take(id: number, dead: readonly Id[], only: readonly string[] | undefined): readonly Adopted[] {
    return this.#connection.write(() => {
      if (!this.isStanding()) throw ownershipLost();
      for (const owner of dead) if (this.#remove.run(owner.id).changes > 0) this.#pass.run(nobody, owner.id);
      return only === undefined ? this.#taken.all(id) : only.flatMap((run) => this.#takenBelow.all(id, run));
    });
  }

  freeRuns(): readonly FreeRun[] {
    const { file } = this.#connection;
    return this.#connection.read(() => {
      const dead = this.#all.all().filter((owner) => owner.id !== this.#id && !isOwnerAlive(file, owner.id));
      return [nobody, ...dead.map((owner) => owner.id)].flatMap((owner) => this.#ofOwner.all(owner));
    });
  }

  isOwnedElsewhere(run: string): boolean {
    return this.#connection.read(() => {
      const owner = this.#ownerOf.get(run)?.owner ?? nobody;
      return owner !== nobody && owner !== this.#id && isOwnerAlive(this.#connection.file, owner);
    });
  }

  isOwnedHere(run: string): boolean {
    const id = this.#id;
    return id !== null && this.#connection.read(() => this.#ownerOf.get(run)?.owner === id);
  }

  /** Frees our runs at once, so that nobody has to find out. */
  leave(): void {
    const id = this.#id;
    if (id === null) return;
    this.#id = null;
    try {
      this.#connection.write(() => {
        this.#pass.run(nobody, id);
        this.#remove.run(id);
      });
      this.#lock?.release();
    } catch {
      // A full disk or a busy store is no reason to fail here: with its lock free, an owner is as good as dead, and the next
      // one to adopt does what we could not.
      this.#lock?.abandon();
    } finally {
      this.#lock = null;
    }
  }

  /** As the end of the process would leave it. */
  vanish(): void {
    this.#id = null;
    this.#lock?.abandon();
    this.#lock = null;
  }
}
