/**
 * Inserts into `history`, several rows per statement: a call into SQLite costs a third of what the row itself does. Rows
 * wait here until {@link EventInsert.flush}, which ends every batch within its transaction.
 */
import type { SQLInputValue, StatementSync } from 'node:sqlite';
import type { StoredEvent } from '../../core/ports.ts';
import { seqConflict } from '../commit-rules.ts';
import { eventSum } from './checksum.ts';
import type { Connection, Query } from './connection.ts';
import { primaryCode, sqliteCode } from './errors.ts';

const rowsPerStatement = 10;
const columns = 6;
const insert = 'insert into history (run, seq, at, type, data, sum) values ';
const places = '(?, ?, ?, ?, ?, ?)';

export class EventInsert {
  readonly #one: StatementSync;
  readonly #many: StatementSync;
  readonly #taken: Query<{ readonly id: string; readonly seq: number }>;
  #waiting: SQLInputValue[] = [];

  constructor(connection: Connection) {
    this.#one = connection.db.prepare(insert + places);
    this.#many = connection.db.prepare(insert + Array.from({ length: rowsPerStatement }, () => places).join(', '));
    this.#taken = connection.query(
      'select r.id, h.seq from history h join runs r on r.key = h.run where h.run = ? and h.seq = ?',
    );
  }

  /** `run` is the integer key. */
  add(run: number, event: StoredEvent): void {
    const { seq, at, type, data } = event;
    this.#waiting.push(run, seq, at, type, data, eventSum(run, seq, at, type, data));
    if (this.#waiting.length < rowsPerStatement * columns) return;
    const values = this.#waiting;
    this.#waiting = [];
    this.#run(this.#many, values);
  }

  flush(): void {
    const values = this.#waiting;
    this.#waiting = [];
    for (let index = 0; index < values.length; index += columns)
      this.#run(this.#one, values.slice(index, index + columns));
  }

  /** After a transaction that was not committed. */
  clear(): void {
    this.#waiting = [];
  }

  #run(statement: StatementSync, values: SQLInputValue[]): void {
    try {
      statement.run(...values);
    } catch (error) {
      throw primaryCode(error) === sqliteCode.constraint ? (this.#conflict(values) ?? error) : error;
    }
  }

  /** Which of the rows is there already: SQLite does not say. */
  #conflict(values: readonly SQLInputValue[]): Error | null {
    for (let index = 0; index < values.length; index += columns) {
      const taken = this.#taken.get(values[index] ?? null, values[index + 1] ?? null);
      if (taken !== undefined) return seqConflict(taken.id, taken.seq, null);
    }
    return null;
  }
}
