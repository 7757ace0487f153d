/**
 * Outputs that steps left for later runs, and which process works on one that is not there yet. A claim is good as long as its
 * owner lives: no clock is involved.
 */
import type { StatementSync } from 'node:sqlite';
import type { CacheClaim } from '../../core/ports.ts';
import { notAcquired } from '../commit-rules.ts';
import { namedSum } from './checksum.ts';
import type { Connection, Query } from './connection.ts';
import { isOwnerAlive } from './lock.ts';
import type { Owner } from './ownership.ts';

interface Entry {
  readonly value: string | null;
  readonly owner: number | null;
  readonly expires_at: number;
  readonly sum: number;
}

export class StepCache {
  readonly #connection: Connection;
  readonly #owner: Owner;
  readonly #find: Query<Entry>;
  readonly #isOwner: Query<unknown>;
  readonly #put: StatementSync;
  readonly #release: StatementSync;
  readonly #prune: StatementSync;
  readonly #pruneClaims: StatementSync;

  constructor(connection: Connection, owner: Owner) {
    const { db } = connection;
    this.#connection = connection;
    this.#owner = owner;
    this.#find = connection.query('select value, owner, expires_at, sum from cache where key = ?');
    this.#isOwner = connection.query('select id from owners where id = ?');
    this.#put = db.prepare('insert or replace into cache (key, value, owner, expires_at, sum) values (?, ?, ?, ?, ?)');
    this.#release = db.prepare('delete from cache where key = ? and owner = ?');
    this.#prune = db.prepare(
      `delete from cache where id in
         (select id from cache where value is not null and expires_at <= ? order by expires_at limit ?)`,
    );
    this.#pruneClaims = db.prepare(
      'delete from cache where owner is not null and owner not in (select id from owners)',
    );
  }

  claim(key: string, now: number): CacheClaim {
    const owner = this.#owner.id;
    if (owner === null) throw notAcquired();
    // Mostly it is there: to see that takes no transaction.
    const found = this.#connection.read(() => this.#look(key, owner, now));
    if (found !== null) return found;
    return this.#connection.write(() => {
      const again = this.#look(key, owner, now);
      if (again !== null) return again;
      this.#put.run(key, null, owner, 0, 0);
      return 'claimed';
    });
  }

  /** Null: there is nothing, or nothing that counts. */
  #look(key: string, owner: number, now: number): CacheClaim | null {
    const entry = this.#find.get(key);
    if (entry === undefined) return null;
    if (entry.value !== null) {
      const isSound = entry.sum === namedSum(key, entry.value);
      return isSound && entry.expires_at > now ? { value: entry.value } : null;
    }
    if (entry.owner === owner) return 'claimed';
    return entry.owner !== null && this.#isLiving(entry.owner) ? 'busy' : null;
  }

  #isLiving(owner: number): boolean {
    return this.#isOwner.get(owner) !== undefined && isOwnerAlive(this.#connection.file, owner);
  }

  put(key: string, value: string, expiresAt: number): void {
    this.#connection.write(() => this.#put.run(key, value, null, expiresAt, namedSum(key, value)));
  }

  release(key: string): void {
    const owner = this.#owner.id;
    if (owner !== null) this.#connection.write(() => this.#release.run(key, owner));
  }

  prune(now: number, limit: number): number {
    return this.#connection.write(() => {
      const { changes } = this.#prune.run(now, limit);
      return Number(changes) + Number(this.#pruneClaims.run().changes);
    });
  }
}
