/** The store's files: created for the user alone, found through links, refused when they cannot be used. */
import * as fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WorkflowError } from '../../../src/core/errors.ts';
import { openSqliteStore, type SqliteStoreOptions } from '../../../src/store/sqlite/open.ts';
import { start } from '../samples.ts';
import { contents, modeOf, temporaryDirectory, type TemporaryDirectory } from './files.ts';

let directory: TemporaryDirectory;
let umask: number;

beforeEach(() => {
  directory = temporaryDirectory();
  umask = process.umask();
});
afterEach(() => {
  process.umask(umask);
  directory.remove();
});

function failure(file: string, options: SqliteStoreOptions = {}): WorkflowError {
  try {
    openSqliteStore(file, options).close();
  } catch (error) {
    if (error instanceof WorkflowError) return error;
    throw error;
  }
  throw new Error('The store was opened');
}

describe('permissions', () => {
  test.each([0o000, 0o022, 0o077, 0o177, 0o377])(
    'SEC-SEC-10: whatever the umask (%i), files are for the user alone',
    (mask) => {
      process.umask(mask);
      const file = directory.file('.dank/workflows.db');
      const store = openSqliteStore(file);
      store.acquire();
      store.commit([start('a')]);
      const modes = Object.fromEntries(
        Object.keys(contents(directory.path)).map((name) => [name, modeOf(directory.file(name))]),
      );
      expect(modes).toEqual({
        '.dank': '700',
        '.dank/workflows.db': '600',
        '.dank/workflows.db-wal': '600',
        '.dank/workflows.db-shm': '600',
        '.dank/workflows.db-owners': '700',
        '.dank/workflows.db-owners/1.lock': '600',
      });
      store.close();
      expect(Object.keys(contents(directory.path))).toEqual([
        '.dank',
        '.dank/workflows.db',
        '.dank/workflows.db-owners',
      ]);
    },
  );

  test('an existing directory and an existing store keep theirs, an empty file is made private', () => {
    fs.mkdirSync(directory.file('shared'), 0o755);
    fs.writeFileSync(directory.file('shared/store.db'), '');
    fs.chmodSync(directory.file('shared/store.db'), 0o644);
    openSqliteStore(directory.file('shared/store.db')).close();
    expect([modeOf(directory.file('shared')), modeOf(directory.file('shared/store.db'))]).toEqual(['755', '600']);
    fs.chmodSync(directory.file('shared/store.db'), 0o640);
    openSqliteStore(directory.file('shared/store.db')).close();
    expect(modeOf(directory.file('shared/store.db'))).toBe('640');
  });
});

describe('refused', () => {
  test('STO-006: a path whose directory is two levels away from one that exists', () => {
    const error = failure(directory.file('typo/deeper/store.db'));
    expect([error.code, error.retryable]).toEqual(['STORE_UNAVAILABLE', false]);
    expect(error.message).toMatch(/directory .*typo does not exist/);
    expect(contents(directory.path)).toEqual({});
  });

  test('STO-007: a file that is read-only', () => {
    const file = directory.file();
    openSqliteStore(file).close();
    fs.chmodSync(file, 0o444);
    const before = contents(directory.path);
    const error = failure(file);
    expect([error.code, error.retryable]).toEqual(['STORE_UNAVAILABLE', false]);
    expect(error.message).toMatch(/read-only.*0444/);
    expect(contents(directory.path)).toEqual(before);
    openSqliteStore(file, { readOnly: true }).close();
  });

  test('a directory', () => {
    expect(failure(directory.path).message).toMatch(/is no file/);
  });

  test('a directory that is a file', () => {
    fs.writeFileSync(directory.file('plain'), 'x');
    expect(failure(directory.file('plain/store.db')).code).toBe('STORE_UNAVAILABLE');
  });

  test('a link that leads nowhere', () => {
    fs.symlinkSync(directory.file('gone.db'), directory.file());
    expect(failure(directory.file()).code).toBe('STORE_UNAVAILABLE');
  });

  test.each(['', ':memory:'])('the path %j', (path) => {
    expect(failure(path)).toMatchObject({
      code: 'REQUEST_INVALID',
      message: expect.stringContaining('openMemoryStore') as string,
    });
  });

  test.each([
    { durability: 'none' },
    { busyTimeoutMs: 21 },
    { busyTimeoutMs: -1 },
    { busyTimeoutMs: NaN },
    { maxBytes: 0 },
  ])('the options %j', (options) => {
    expect(failure(directory.file(), options as SqliteStoreOptions).code).toBe('REQUEST_INVALID');
    expect(contents(directory.path)).toEqual({});
  });
});

describe('reading only', () => {
  test('a missing store is NOT_FOUND, and is not created; nor is its directory', () => {
    expect(failure(directory.file('.dank/store.db'), { readOnly: true })).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('.dank/store.db') as string,
    });
    fs.writeFileSync(directory.file(), '');
    expect(failure(directory.file(), { readOnly: true }).code).toBe('NOT_FOUND');
    expect(contents(directory.path)).toEqual({ 'store.db': '' });
  });

  test('reads a store that another process is writing to, and every use that would write is refused', () => {
    const writer = openSqliteStore(directory.file());
    writer.acquire();
    writer.commit([start('a', 2)]);
    const reader = openSqliteStore(directory.file(), { readOnly: true });
    expect(reader.lastSeq('a')).toBe(2);
    expect(reader.isOwnedElsewhere('a')).toBe(true);
    const seen = reader.changeCount();
    writer.commit([start('b')]);
    expect(reader.changeCount()).not.toBe(seen);
    expect(reader.listRuns({})).toHaveLength(2);
    const uses = [
      () => reader.acquire(),
      () => reader.post('a', '{}', 1),
      () => reader.refuseInbox(1, 'no', 1),
      () => reader.removeInbox([1]),
    ];
    for (const use of uses) expect(use).toThrow(/reading only/);
    reader.close();
    expect(writer.lastSeq('b')).toBe(1);
    writer.close();
  });

  test('leaves the file as it is, also when its last writer was killed', () => {
    const writer = openSqliteStore(directory.file());
    writer.acquire();
    writer.commit([start('a', 2)]);
    for (const suffix of ['', '-wal']) fs.copyFileSync(directory.file() + suffix, directory.file('copy.db') + suffix);
    writer.close();
    const before = [fs.readFileSync(directory.file('copy.db')), fs.readFileSync(directory.file('copy.db-wal'))];
    const reader = openSqliteStore(directory.file('copy.db'), { readOnly: true });
    expect(reader.lastSeq('a')).toBe(2);
    reader.close();
    expect([fs.readFileSync(directory.file('copy.db')), fs.readFileSync(directory.file('copy.db-wal'))]).toEqual(
      before,
    );
  });
});

test('STO-016: the same store by a link and by its name has the same owners', () => {
  const store = openSqliteStore(directory.file());
  store.acquire();
  store.commit([start('a')]);
  fs.symlinkSync(directory.file(), directory.file('link.db'));
  const linked = openSqliteStore(directory.file('link.db'));
  linked.acquire();
  expect(linked.file).toBe(store.file);
  expect(linked.adopt()).toEqual([]);
  expect(linked.isOwnedElsewhere('a')).toBe(true);
  linked.close();
  store.close();
});
