/** Texts that all processes on the store agree on: whoever comes first says what they are. */
import type { StatementSync } from 'node:sqlite';
import { checksumError, namedSum } from './checksum.ts';
import type { Connection, Query } from './connection.ts';

export class Settings {
  readonly #connection: Connection;
  readonly #find: Query<{ readonly value: string; readonly sum: number }>;
  readonly #insert: StatementSync;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#find = connection.query('select value, sum from settings where name = ?');
    this.#insert = connection.db.prepare('insert or ignore into settings (name, value, sum) values (?, ?, ?)');
  }

  of(name: string, initial: string): string {
    const known = this.#connection.read(() => this.#read(name));
    if (known !== null) return known;
    return this.#connection.write(() => {
      this.#insert.run(name, initial, namedSum(name, initial));
      return this.#read(name) ?? initial;
    });
  }

  #read(name: string): string | null {
    const found = this.#find.get(name);
    if (found === undefined) return null;
    if (found.sum !== namedSum(name, found.value)) throw checksumError(`The setting '${name}'`, { name });
    return found.value;
  }
}
