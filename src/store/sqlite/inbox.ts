/** Events that other processes leave for the owner of a run. */
import type { StatementSync } from 'node:sqlite';
import type { Delivery, InboxEntry } from '../../core/ports.ts';
import { notAcquired, runMissing } from '../commit-rules.ts';
import { checksumError, textSum } from './checksum.ts';
import type { Connection, Query } from './connection.ts';
import type { Owner } from './ownership.ts';

interface InboxRecord extends InboxEntry {
  readonly sum: number;
}

export class Inbox {
  readonly #connection: Connection;
  readonly #owner: Owner;
  readonly #insert: StatementSync;
  readonly #remove: StatementSync;
  readonly #mine: Query<InboxRecord>;
  readonly #refuse: StatementSync;
  readonly #forget: StatementSync;
  readonly #fate: Query<{ readonly refused: string | null }>;

  constructor(connection: Connection, owner: Owner) {
    this.#connection = connection;
    this.#owner = owner;
    this.#insert = connection.db.prepare(
      'insert into inbox (run, data, at, sum) select key, ?, ?, ? from runs where id = ?',
    );
    this.#remove = connection.db.prepare('delete from inbox where id = ?');
    this.#mine = connection.query(
      `select i.id, r.id as run, i.data, i.at, i.sum from inbox i cross join runs r on r.key = i.run
       where i.refused is null and (r.owner = ? or r.owner is null) order by i.id`,
    );
    this.#refuse = connection.db.prepare('update inbox set refused = ? where id = ?');
    this.#forget = connection.db.prepare('delete from inbox where refused is not null and at < ?');
    this.#fate = connection.query('select refused from inbox where id = ?');
  }

  post(run: string, data: string, at: number): number {
    return this.#connection.write(() => {
      const { changes, lastInsertRowid } = this.#insert.run(data, at, textSum(data), run);
      if (Number(changes) === 0) throw runMissing(run);
      return Number(lastInsertRowid);
    });
  }

  refuse(entry: number, why: string, before: number): void {
    this.#connection.write(() => {
      this.#refuse.run(why, entry);
      this.#forget.run(before);
    });
  }

  /** Who takes an entry removes it in the commit that applies it. */
  deliveryOf(entry: number): Delivery {
    const record = this.#connection.read(() => this.#fate.get(entry));
    if (record === undefined) return 'taken';
    return record.refused === null ? 'waiting' : { refused: record.refused };
  }

  /**
   * For our runs, and for those that have ended (nobody owns them, and somebody has to say no). A damaged entry is left out
   * as long as there are others: it must not keep them from their runs.
   */
  read(): readonly InboxEntry[] {
    const owner = this.#owner.id;
    if (owner === null) throw notAcquired();
    const records = this.#connection.read(() => this.#mine.all(owner));
    const sound = records.filter((record) => textSum(record.data) === record.sum);
    const damaged = records[0];
    if (sound.length === 0 && damaged !== undefined) {
      throw checksumError(`Entry ${damaged.id} of the inbox, for run '${damaged.run}',`, {
        run: damaged.run,
        entry: damaged.id,
      });
    }
    return sound.map(({ id, run, data, at }) => ({ id, run, data, at }));
  }

  remove(ids: readonly number[]): void {
    if (ids.length === 0) return;
    this.#connection.write(() => {
      for (const id of ids) this.#remove.run(id);
    });
  }
}
