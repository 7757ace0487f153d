/** Schema versions: from nothing to the newest, step by step, and never half of it. */
import * as fs from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Connection } from '../../../src/store/sqlite/connection.ts';
import { checkReadable } from '../../../src/store/sqlite/inspect.ts';
import { migrate } from '../../../src/store/sqlite/migrate.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { migrations, tableNames, type Migration } from '../../../src/store/sqlite/schema.ts';
import { start } from '../samples.ts';
import { temporaryDirectory, type TemporaryDirectory } from './files.ts';

const addColumn: Migration = (db) => db.exec(`alter table runs add column note text; update runs set note = 'old'`);
const addTable: Migration = (db) => db.exec('create table cache (key text primary key, value text)');

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

function look(sql: string): unknown {
  const db = new DatabaseSync(directory.file(), { readOnly: true });
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
    const steps = [...migrations, addColumn, addTable].map((step, index): Migration => (db) => {
      ran.push(index + 1);
      step(db);
    });
    migrateTo(steps);
    migrateTo(steps);
    expect(ran).toEqual([migrations.length + 1, migrations.length + 2]);
    expect(look('pragma user_version')).toBe(migrations.length + 2);
    expect(look(`select note from runs where id = 'a'`)).toBe('old');
    expect(look('select count(*) from history')).toBe(3);
  });

  test('that fail leave the store at its old version, whole', () => {
    fill();
    const broken: Migration = () => {
      throw new Error('half way');
    };
    expect(() => migrateTo([...migrations, addColumn, broken])).toThrow();
    expect(look('pragma user_version')).toBe(migrations.length);
    expect(look(`select count(*) from pragma_table_info('runs') where name = 'note'`)).toBe(0);
    const store = openSqliteStore(directory.file());
    expect(store.lastSeq('a')).toBe(3);
    store.close();
  });

  test('that are cut short by a crash leave the old version', () => {
    fill();
    const crash: Migration = () => {
      for (const suffix of ['', '-wal']) fs.copyFileSync(directory.file() + suffix, directory.file('copy.db') + suffix);
    };
    migrateTo([...migrations, addColumn, crash]);
    const copy = openSqliteStore(directory.file('copy.db'));
    expect(copy.lastSeq('a')).toBe(3);
    copy.close();
  });

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
