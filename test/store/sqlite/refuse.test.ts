/** Files that are no store of ours, damaged or newer: refused with what was found and what to do, and left as they are. */
import * as fs from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WorkflowError } from '../../../src/core/errors.ts';
import { openSqliteStore, type SqliteStoreOptions } from '../../../src/store/sqlite/open.ts';
import { applicationId, schemaVersion } from '../../../src/store/sqlite/schema.ts';
import { append, end, start } from '../samples.ts';
import { contents, temporaryDirectory, type TemporaryDirectory } from './files.ts';

let directory: TemporaryDirectory;
let file: string;

beforeEach(() => {
  directory = temporaryDirectory();
  file = directory.file();
});
afterEach(() => directory.remove());

function fill(runs = 20): void {
  const store = openSqliteStore(file, { durability: 'normal' });
  store.acquire();
  for (let index = 0; index < runs; index++) {
    store.commit([
      { ...start(`run-${index}`, 30), checkpoint: { seq: 30, snapshot: `{"big":"${'s'.repeat(6_000)}"}` } },
    ]);
  }
  store.commit([{ ...start('bound'), definitions: [{ hash: 'hash', canonical: '{"id":"tides"}' }] }]);
  store.close();
}

function edit(sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}

function refusal(options: SqliteStoreOptions = {}): WorkflowError {
  try {
    openSqliteStore(file, options).close();
  } catch (error) {
    if (error instanceof WorkflowError) return error;
    throw error;
  }
  throw new Error('The file was not refused');
}

function overwrite(offset: number, bytes: Uint8Array): void {
  const descriptor = fs.openSync(file, 'r+');
  fs.writeSync(descriptor, bytes, 0, bytes.length, offset);
  fs.closeSync(descriptor);
}

describe('refused as STORE_INVALID, untouched, with no file left beside', () => {
  const cases: readonly (readonly [string, () => void, readonly RegExp[]])[] = [
    [
      'STO-001: a text file',
      () => fs.writeFileSync(file, 'this is no database at all\n'.repeat(400)),
      [/not a database/, /store\.db/],
    ],
    ['a text file of one character', () => fs.writeFileSync(file, 'x'), [/not a database/]],
    ['a text file of one line', () => fs.writeFileSync(file, 'not much of a database'), [/not a database/]],
    [
      'a JSON file',
      () =>
        fs.writeFileSync(
          file,
          JSON.stringify({ id: 'tides', steps: Array.from({ length: 200 }, () => ({ id: 'a' })) }),
        ),
      [/not a database/],
    ],
    [
      'random bytes',
      () =>
        fs.writeFileSync(
          file,
          Uint8Array.from({ length: 20_000 }, (_, index) => (index * 7_919 + 13) % 251),
        ),
      [/not a database/],
    ],
    [
      'STO-008: a newer schema',
      () => (fill(1), edit(`pragma user_version = ${schemaVersion + 1}`)),
      [/newer/, /version/, /upgrade/],
    ],
    ['a schema version below 1', () => (fill(1), edit('pragma user_version = 0')), [/corrupt/, /version 0/]],
    [
      'STO-009: a database of another application',
      () => edit('pragma journal_mode = wal; create table notes (a); insert into notes values (1)'),
      [/not a workflow store/, /another application/],
    ],
    [
      'another application with its own mark and no tables',
      () => edit('pragma application_id = 4711; pragma user_version = 3'),
      [/not a workflow store/, /4711/],
    ],
    ['a table that is missing', () => (fill(1), edit('drop table timers')), [/corrupt/, /timers/]],
    [
      'a trigger that is not ours',
      () => (fill(1), edit('create trigger t after insert on history begin delete from history; end')),
      [/trigger 't'/],
    ],
    ['a view that is not ours', () => (fill(1), edit('create view v as select 1')), [/view 'v'/]],
    [
      'a file that was cut',
      () => (fill(), fs.truncateSync(file, Math.trunc(fs.statSync(file).size / 2))),
      [/corrupt/, /backup/],
    ],
    [
      'a file that was cut within a page',
      () => (fill(), fs.truncateSync(file, fs.statSync(file).size - 1_000)),
      [/corrupt/],
    ],
    ['a file of zeros', () => fs.writeFileSync(file, new Uint8Array(8_192)), [/not a database/]],
    [
      'an empty file with a log beside it',
      () => (fs.writeFileSync(file, ''), fs.writeFileSync(`${file}-wal`, 'something')),
      [/corrupt/, /log/],
    ],
  ];

  test.each(cases)('%s', (_, make, mention) => {
    make();
    const before = contents(directory.path);
    const error = refusal();
    expect(error.code).toBe('STORE_INVALID');
    for (const pattern of [...mention, /left as it is/]) expect(error.message).toMatch(pattern);
    expect(refusal({ readOnly: true }).code).toBe('STORE_INVALID');
    expect(contents(directory.path)).toEqual(before);
  });

  test('STO-003: any page of 0xFF bytes', () => {
    fill(4);
    const sound = fs.readFileSync(file);
    const pages = sound.length / 4_096;
    expect(pages).toBeGreaterThan(20);
    for (let page = 0; page < pages; page++) {
      fs.writeFileSync(file, sound);
      overwrite(page * 4_096, new Uint8Array(4_096).fill(0xff));
      const before = contents(directory.path);
      const error = refusal();
      expect([page, error.code, error.message]).toEqual([
        page,
        'STORE_INVALID',
        expect.stringMatching(/corrupt|not a database/),
      ]);
      expect(contents(directory.path)).toEqual(before);
    }
  });
});

describe('what is looked at', () => {
  /** A page of `history` in the middle of the file. */
  function damageHistory(): void {
    const db = new DatabaseSync(file, { readOnly: true });
    const pages = db
      .prepare(`select pageno from dbstat where name = 'history' and pagetype = 'leaf' order by pageno`)
      .all();
    db.close();
    // A read-only connection leaves an empty log.
    for (const suffix of ['-wal', '-shm']) fs.rmSync(file + suffix, { force: true });
    overwrite((Number(pages[Math.trunc(pages.length / 2)]?.['pageno']) - 1) * 4_096, new Uint8Array(4_096).fill(0xff));
  }

  test(`with check 'none' a damaged page is met by the read that needs it, and only by that`, () => {
    fill();
    damageHistory();
    expect(refusal({ check: 'full' }).code).toBe('STORE_INVALID');
    const store = openSqliteStore(file, { check: 'none' });
    const outcome = (run: string): string => {
      try {
        return `${store.readEvents(run, 1).length} events`;
      } catch (error) {
        return error instanceof WorkflowError ? error.code : String(error);
      }
    };
    const outcomes = Array.from({ length: 20 }, (_, index) => outcome(`run-${index}`));
    expect(new Set(outcomes)).toEqual(new Set(['30 events', 'STORE_INVALID']));
    expect(outcomes.filter((text) => text === 'STORE_INVALID').length).toBeLessThan(6);
    store.close();
  });

  test('a damaged store that crashed is refused with its log untouched', () => {
    fill();
    const store = openSqliteStore(file);
    store.acquire();
    store.commit([start('late', 3)]);
    for (const suffix of ['', '-wal']) fs.copyFileSync(file + suffix, `${directory.file('copy.db')}${suffix}`);
    store.close();
    file = directory.file('copy.db');
    damageHistory2();
    const before = [fs.readFileSync(file), fs.readFileSync(`${file}-wal`)];
    expect(refusal().code).toBe('STORE_INVALID');
    expect([fs.readFileSync(file), fs.readFileSync(`${file}-wal`)]).toEqual(before);
  });

  /** Without opening it: that would read the log. */
  function damageHistory2(): void {
    overwrite(20 * 4_096, new Uint8Array(4_096).fill(0xff));
  }

  test('a newer version that is still in the log is seen', () => {
    fill(1);
    const db = new DatabaseSync(file);
    db.exec(`pragma user_version = ${schemaVersion + 1}`);
    for (const suffix of ['', '-wal']) fs.copyFileSync(file + suffix, `${directory.file('copy.db')}${suffix}`);
    db.close();
    file = directory.file('copy.db');
    const before = [fs.readFileSync(file), fs.readFileSync(`${file}-wal`)];
    expect(refusal().message).toMatch(/newer/);
    expect([fs.readFileSync(file), fs.readFileSync(`${file}-wal`)]).toEqual(before);
  });
});

describe('accepted', () => {
  test('an empty file, and a database without mark or tables, become a store', () => {
    for (const make of [
      () => fs.writeFileSync(file, ''),
      () => edit('pragma journal_mode = wal; create table t (a); drop table t'),
    ]) {
      fs.rmSync(file, { force: true });
      make();
      const store = openSqliteStore(file);
      store.acquire();
      store.commit([start('a')]);
      store.close();
      const db = new DatabaseSync(file, { readOnly: true });
      expect(db.prepare('pragma application_id').get()).toEqual({ application_id: applicationId });
      expect(db.prepare('pragma user_version').get()).toEqual({ user_version: schemaVersion });
      db.close();
    }
  });

  test('a store that was killed has all that was committed, and goes on', () => {
    const store = openSqliteStore(file);
    store.acquire();
    store.commit([start('a', 3)]);
    for (const suffix of ['', '-wal']) fs.copyFileSync(file + suffix, `${directory.file('copy.db')}${suffix}`);
    store.close();
    const copy = openSqliteStore(directory.file('copy.db'));
    copy.acquire();
    expect(copy.adopt()).toEqual(['a']);
    copy.commit([append('a', 4), end('a', 5)]);
    expect(copy.lastSeq('a')).toBe(5);
    copy.close();
  });

  test('a log whose end was torn keeps every whole batch', () => {
    const store = openSqliteStore(file);
    store.acquire();
    for (let batch = 0; batch < 5; batch++) store.commit([start(`a${batch}`, 3), start(`b${batch}`, 3)]);
    const [main, log] = [fs.readFileSync(file), fs.readFileSync(`${file}-wal`)];
    store.close();
    let seen = 0;
    for (let cut = log.length; cut > 0; cut -= 1_811) {
      const copy = directory.file(`cut-${cut}.db`);
      fs.writeFileSync(copy, main);
      fs.writeFileSync(`${copy}-wal`, log.subarray(0, cut));
      const torn = openSqliteStore(copy);
      const ids = torn
        .listRuns({})
        .map((item) => item.id)
        .toSorted();
      const batches = ids.filter((id) => id.startsWith('a')).map((id) => id.slice(1));
      expect(ids).toEqual([...batches.map((batch) => `a${batch}`), ...batches.map((batch) => `b${batch}`)]);
      expect(batches).toEqual(['0', '1', '2', '3', '4'].slice(0, batches.length));
      for (const id of ids) expect(torn.readEvents(id, 1)).toHaveLength(3);
      seen = Math.max(seen, batches.length);
      torn.close();
    }
    expect(seen).toBe(5);
  });
});
