/**
 * Looks at a file before anything is written to it: is it a store, is it ours to use? Owns the refusal of files that are
 * damaged, newer or not ours; a refused file is left as it is, byte for byte, and so is its write-ahead log.
 *
 * How: a first look ignores locks and log (`immutable`) and leaves no trace at all; only when there is a log, that is while
 * the store is in use or after a crash, a second one reads through it.
 */
import { existsSync } from 'node:fs';
import { WorkflowError } from '../../core/errors.ts';
import { Connection } from './connection.ts';
import { damaged, notDatabase, primaryCode, sqliteCode, toStoreError } from './errors.ts';
import { sizeOf, stampOf } from './files.ts';
import { applicationId, schemaVersion, tableNames } from './schema.ts';

/**
 * `auto`: header, version, tables, first and last row of each; and every page of a file up to 32 MiB (about 20 ms).
 * `full`: every page, whatever the size (about 0.6 ms per MiB). `none`: header, version and tables.
 */
export type FileCheck = 'auto' | 'full' | 'none';

/** A store may be older than we are. */
export type Found = { readonly kind: 'empty' } | { readonly kind: 'store'; readonly version: number };

const autoCheckBytes = 32 * 1024 * 1024;
const smallestPage = 512;

/**
 * `empty`: no store yet, to be filled.
 * @throws WorkflowError STORE_INVALID: damaged, newer or not ours; STORE_UNAVAILABLE: cannot be read.
 */
export function inspect(file: string, check: FileCheck): Found {
  const log = `${file}-wal`;
  const size = sizeOf(file);
  if (size === 0) {
    // Asked again: another process may have made a store of it between the two.
    if (sizeOf(log) > 0 && sizeOf(file) === 0) throw damaged(file, `it is empty, but its log ${log} is not`);
    return { kind: 'empty' };
  }
  // SQLite takes a file of one byte for an empty one, and would overwrite it.
  if (size < smallestPage) throw notDatabase(file);
  if (sizeOf(log) > 0) {
    screen(file);
  } else {
    const before = stampOf(file);
    try {
      return using(file, 'immutable', (connection) => {
        const found = examine(connection, check);
        if (size % connection.pragma('page_size') !== 0)
          throw damaged(file, `it ends within a page, after ${size} bytes`);
        return found;
      });
    } catch (error) {
      // Another process may have written while we looked: what we saw may have been half of it.
      if (stampOf(file) === before && !existsSync(log)) throw error;
    }
  }
  return using(file, 'readOnly', (connection) => examine(connection, check));
}

/** What is plainly not ours is refused before a connection could leave traces beside it. */
function screen(file: string): void {
  const connection = new Connection(file, 'immutable');
  try {
    refuseForeign(connection);
  } catch (error) {
    // Without its log the file may be half of what it is: that proves nothing.
    if (primaryCode(error) !== sqliteCode.corrupt) throw toStoreError(error, file);
  } finally {
    connection.close();
  }
}

/**
 * That a store can be read without writing to it first. `newest` is given in tests only.
 * @throws WorkflowError NOT_FOUND, STORE_INVALID: it has to be migrated.
 */
export function checkReadable(file: string, found: Found, newest: number = schemaVersion): void {
  if (found.kind === 'empty') {
    throw new WorkflowError('NOT_FOUND', `${file} holds no store yet; the first run creates it`, { details: { file } });
  }
  if (found.version < newest) {
    throw new WorkflowError(
      'STORE_INVALID',
      `The store ${file} was written by an older release (its schema has version ${found.version}, this release reads ${newest}); open it for writing once, as any run does, to bring it up to date`,
      { details: { file, version: found.version, known: newest } },
    );
  }
}

function using<T>(file: string, mode: 'immutable' | 'readOnly', work: (connection: Connection) => T): T {
  const connection = new Connection(file, mode);
  try {
    return connection.read(() => work(connection));
  } finally {
    connection.close();
  }
}

function examine(connection: Connection, check: FileCheck): Found {
  refuseForeign(connection);
  if (connection.pragma('application_id') !== applicationId) return { kind: 'empty' };
  const version = connection.pragma('user_version');
  checkVersion(connection.file, version);
  checkTables(connection, version);
  if (check !== 'none') checkPages(connection, check === 'full' || sizeOf(connection.file) <= autoCheckBytes);
  return { kind: 'store', version };
}

/**
 * A database with neither mark nor tables is nobody's: an empty one, or our own that died at birth. The mark is read again
 * after the tables, as another process may be making both, in one transaction, right now.
 */
export function refuseForeign(connection: Connection): void {
  if (connection.pragma('application_id') === applicationId) return;
  const objects =
    connection.query<{ readonly count: number }>('select count(*) as count from sqlite_schema').get()?.count ?? 0;
  const id = connection.pragma('application_id');
  if (id === applicationId || (id === 0 && objects === 0)) return;
  throw new WorkflowError(
    'STORE_INVALID',
    `${connection.file} is not a workflow store but a SQLite database of another application (application_id ${id}, ${objects} tables and indexes). It was left as it is; give another path`,
    { details: { file: connection.file, applicationId: id } },
  );
}

/** @throws WorkflowError STORE_INVALID: written by a newer release. */
export function checkVersion(file: string, version: number): void {
  if (version < 1) throw damaged(file, `its schema has version ${version}`);
  if (version <= schemaVersion) return;
  throw new WorkflowError(
    'STORE_INVALID',
    `The store ${file} was written by a newer release (its schema has version ${version}, this release knows ${schemaVersion}). It was left as it is; upgrade dank-workflow`,
    { details: { file, version, known: schemaVersion } },
  );
}

function checkTables(connection: Connection, version: number): void {
  const objects = connection
    .query<{ readonly type: string; readonly name: string }>('select type, name from sqlite_schema')
    .all();
  const code = objects.find((object) => object.type === 'trigger' || object.type === 'view');
  if (code !== undefined) throw damaged(connection.file, `it holds a ${code.type} '${code.name}' that is not ours`);
  if (version < schemaVersion) return;
  const names = new Set(objects.filter((object) => object.type === 'table').map((object) => object.name));
  const missing = tableNames.filter((name) => !names.has(name));
  if (missing.length > 0) throw damaged(connection.file, `tables are missing: ${missing.join(', ')}`);
}

function checkPages(connection: Connection, every: boolean): void {
  if (every) {
    const found =
      connection.query<{ readonly quick_check: string }>('pragma quick_check(1)').get()?.quick_check ?? 'no answer';
    if (found !== 'ok') throw damaged(connection.file, `integrity check: ${found}`);
    return;
  }
  for (const name of ['runs', 'history', 'checkpoints', 'inbox', 'definitions', 'owners']) {
    connection.query(`select * from ${name} order by rowid limit 1`).get();
    connection.query(`select * from ${name} order by rowid desc limit 1`).get();
  }
}
