/**
 * One connection to the store file: its settings, its transactions, its errors. Knows nothing of tables.
 */
import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { InvariantError, WorkflowError } from '../../core/errors.ts';
import { primaryCode, sqliteCode, toStoreError } from './errors.ts';
import { DatabaseSync } from './node-sqlite.ts';

/** A prepared query whose rows have a known shape. */
export interface Query<Row> {
  get(...parameters: SQLInputValue[]): Row | undefined;
  all(...parameters: SQLInputValue[]): Row[];
}

/** `immutable`: reads the file alone, without locks or log, and makes no file beside it. */
export type ConnectionMode = 'readWrite' | 'readOnly' | 'immutable';

export interface ConnectionSettings {
  readonly durability: 'full' | 'normal';
  readonly busyTimeoutMs: number;
  /** null: as large as the disk. */
  readonly maxBytes: number | null;
}

/** At the start one may wait for other processes that start: they create the file, migrate it, become owners. */
const startTimeoutMs = 2_000;
const cacheKib = 8_192;
/** A write-ahead log that has grown beyond this is cut when it begins anew. */
const journalLimitBytes = 16 * 1024 * 1024;

export class Connection {
  readonly file: string;
  readonly db: DatabaseSync;
  readonly #mode: ConnectionMode;
  #begin: StatementSync | null = null;
  #commit: StatementSync | null = null;

  constructor(file: string, mode: ConnectionMode) {
    this.file = file;
    this.#mode = mode;
    this.db = open(file, mode);
    this.db.exec(`pragma busy_timeout = ${startTimeoutMs}; pragma trusted_schema = off; pragma cell_size_check = on`);
  }

  /** For good, once the file is known to be a store: what is written from now on is as durable as asked for. */
  configure(settings: ConnectionSettings): void {
    const { db } = this;
    db.exec(`
      pragma synchronous = ${settings.durability === 'full' ? 'full' : 'normal'};
      pragma cache_size = -${cacheKib};
      pragma temp_store = memory;
      pragma journal_size_limit = ${journalLimitBytes};
      pragma busy_timeout = ${Math.trunc(settings.busyTimeoutMs)}`);
    if (settings.maxBytes !== null) {
      db.exec(`pragma max_page_count = ${Math.max(1, Math.trunc(settings.maxBytes / this.pragma('page_size')))}`);
    }
  }

  /** Runs `work` with the patience of a start, blocking: not for use while runs are driven. */
  patiently<T>(work: () => T): T {
    const usual = this.read(() => this.query<{ readonly timeout: number }>('pragma busy_timeout').get()?.timeout ?? 0);
    this.db.exec(`pragma busy_timeout = ${startTimeoutMs}`);
    try {
      return work();
    } finally {
      this.db.exec(`pragma busy_timeout = ${usual}`);
    }
  }

  /**
   * Readers and the writer do not wait for each other, and a commit is one append and one fsync. Stays in the file.
   * @throws WorkflowError STORE_UNAVAILABLE: the file system has no shared memory (a network drive).
   */
  useLog(): void {
    const mode = this.read(
      () => this.query<{ readonly journal_mode: string }>('pragma journal_mode = wal').get()?.journal_mode,
    );
    if (mode === 'wal') return;
    throw new WorkflowError(
      'STORE_UNAVAILABLE',
      `The store ${this.file} is on a file system without write-ahead logs (a network drive?); put it on a local disk`,
      { retryable: false },
    );
  }

  query<Row>(sql: string): Query<Row> {
    return this.db.prepare(sql) as unknown as Query<Row>;
  }

  /** The value of a pragma that is a number. `name` comes from our own code only. */
  pragma(name: string): number {
    return Number(this.query<Record<string, unknown>>(`pragma ${name}`).get()?.[name]);
  }

  /** Runs `work` in one write transaction: all of it is written, or, when it throws, nothing. */
  write<T>(work: () => T): T {
    if (this.#mode !== 'readWrite') throw new InvariantError(`The store ${this.file} was opened for reading only`);
    const commit = this.read(() => {
      this.#begin ??= this.db.prepare('begin immediate');
      this.#commit ??= this.db.prepare('commit');
      this.#begin.run();
      return this.#commit;
    });
    try {
      const result = work();
      commit.run();
      return result;
    } catch (error) {
      this.#rollback();
      throw toStoreError(error, this.file);
    }
  }

  /** Runs `work` with errors of SQLite as errors of ours. */
  read<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw toStoreError(error, this.file);
    }
  }

  close(): void {
    this.db.close();
  }

  #rollback(): void {
    try {
      this.db.exec('rollback');
    } catch (error) {
      // After a full disk or an I/O error SQLite has rolled back by itself: "no transaction is active".
      if (primaryCode(error) !== sqliteCode.error) throw toStoreError(error, this.file);
    }
  }
}

function open(file: string, mode: ConnectionMode): DatabaseSync {
  const options = {
    readOnly: mode !== 'readWrite',
    enableForeignKeyConstraints: false,
    enableDoubleQuotedStringLiterals: false,
  };
  if (mode === 'immutable') {
    try {
      return new DatabaseSync(`${pathToFileURL(file).href}?immutable=1`, options);
    } catch (error) {
      // Node 22 before 22.15 knows no URIs: a read-only connection then, which may leave an empty log beside the file.
      if (primaryCode(error) !== sqliteCode.cantopen) throw toStoreError(error, file);
    }
  }
  try {
    return new DatabaseSync(file, options);
  } catch (error) {
    throw toStoreError(error, file);
  }
}
