/** Schema versions: from nothing to the newest, step by step, and never half of it. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Connection } from '../../../src/store/sqlite/connection.ts';
import { checkReadable } from '../../../src/store/sqlite/inspect.ts';
import { migrate } from '../../../src/store/sqlite/migrate.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import type { Migration } from '../../../src/store/sqlite/migrations/migration.ts';
import { migrations, tableNames } from '../../../src/store/sqlite/schema.ts';
import { start } from '../samples.ts';
import { buildStore } from './kept/dump.ts';
import { temporaryDirectory, type TemporaryDirectory } from './files.ts';

const addColumn: Migration = {
  tables: [],
  steps: ['alter table runs add column note text', (db) => db.exec(`update runs set note = 'old'`)],
};
const addTable: Migration = {
  tables: ['boxes'],
  steps: ['create table boxes (key text primary key, value text)'],
};

let directory: TemporaryDirectory;

beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory.remove());

function migrateTo(steps: readonly Migration[]): void {
  const connection = new Connection(directory.file(), 'readWrite');
  try {
    connection.useLog();
    migrate(connection, steps);
  } finally {
    connection.close();
  }
}

/** A process that is killed once it has run so many statements; gives the signal that ended it. */
function killAfter(statements: number, file: string): string | null {
  const script = fileURLToPath(new URL('migrating-process.ts', import.meta.url));
  const { signal, stderr } = spawnSync(process.execPath, [script, file, String(statements)], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return signal;
}

function look(sql: string, file: string = directory.file()): unknown {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return Object.values(db.prepare(sql).get() ?? {})[0];
  } finally {
    db.close();
  }
}

function fill(): void {
  const store = openSqliteStore(directory.file());
  store.acquire();
  store.commit([start('a', 3)]);
  store.close();
}

describe('migrations', () => {
  test('make all tables from an empty file', () => {
    migrateTo(migrations);
    const db = new DatabaseSync(directory.file(), { readOnly: true });
    const names = db.prepare(`select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'`).all();
    db.close();
    expect(names.map((item) => String(item['name'])).toSorted()).toEqual(tableNames.toSorted());
  });

  test('that are due run in order and keep the rows; those that ran do not run again', () => {
    fill();
    const ran: number[] = [];
    const known = [...migrations, addColumn, addTable].map(({ tables, steps }, index): Migration => ({
      tables,
      steps: [...steps, () => void ran.push(index + 1)],
    }));
    migrateTo(known);
    migrateTo(known);
    expect(ran).toEqual([migrations.length + 1, migrations.length + 2]);
    expect(look('pragma user_version')).toBe(migrations.length + 2);
    expect(look(`select note from runs where id = 'a'`)).toBe('old');
    expect(look('select count(*) from history')).toBe(3);
  });

  test('that fail leave the store at its old version, whole', () => {
    fill();
    const broken: Migration = {
      tables: [],
      steps: [
        () => {
          throw new Error('half way');
        },
      ],
    };
    expect(() => migrateTo([...migrations, addColumn, broken])).toThrow();
    expect(look('pragma user_version')).toBe(migrations.length);
    expect(look(`select count(*) from pragma_table_info('runs') where name = 'note'`)).toBe(0);
    const store = openSqliteStore(directory.file());
    expect(store.lastSeq('a')).toBe(3);
    store.close();
  });

  test('FLT-CR-15, FLT-UP-07: killed after any statement, a store has its old version, or none; the next process makes it whole', () => {
    const known = [...migrations, addColumn, addTable];
    const statements = known.flatMap(({ steps }) => steps).length;
    const first = migrations[0]?.steps.length ?? 0;
    const kept = directory.file('kept.db');
    buildStore(kept, readFileSync(new URL('kept/version-1.sql', import.meta.url), 'utf8'));
    for (let last = 1; last <= statements; last += 1) {
      expect(killAfter(last, directory.file())).toBe('SIGKILL');
      expect(look('pragma user_version')).toBe(0);
    }
    for (let last = 1; last <= statements - first; last += 1) {
      const file = directory.file(`kept-${last}.db`);
      copyFileSync(kept, file);
      expect(killAfter(last, file)).toBe('SIGKILL');
      expect(look('pragma user_version', file)).toBe(1);
      const store = openSqliteStore(file);
      expect(store.lastSeq('long')).toBeGreaterThan(100);
      store.close();
    }
    migrateTo(known);
    expect(look('pragma user_version')).toBe(known.length);
  }, 120_000);

  test('wait until no process of the older release owns runs', () => {
    const store = openSqliteStore(directory.file());
    store.acquire();
    store.commit([start('a')]);
    expect(() => migrateTo([...migrations, addTable])).toThrow(/in use by an older release \(process \d+\)/);
    expect(look('pragma user_version')).toBe(migrations.length);
    store.crash();
    migrateTo([...migrations, addTable]);
    expect(look('pragma user_version')).toBe(migrations.length + 1);
  });

  test('are asked for when an older store is to be read only', () => {
    expect(() => checkReadable('f', { kind: 'store', version: 1 }, 2)).toThrow(
      /older release.*version 1.*reads 2.*open it for writing/,
    );
    expect(() => checkReadable('f', { kind: 'store', version: 2 }, 2)).not.toThrow();
  });
});

test('what runs were bound to before is known of a store of version 6', () => {
  buildStore(directory.file(), readFileSync(new URL('kept/version-6.sql', import.meta.url), 'utf8'));
  openSqliteStore(directory.file()).close();
  const bound = `select group_concat(json_extract(d.canonical, '$.version')) from definitions d
    join epochs e on e.hash = d.hash join runs r on r.key = e.run where r.id = 'moved'`;
  expect(look(bound)).toMatch(/^(?:1,2|2,1)$/);
  expect(look('select count(*) from epochs')).toBe(2);
  expect(look(`select count(*) from definitions where workflow = 'movable'`)).toBe(2);
});
