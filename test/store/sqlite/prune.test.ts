/** Removal of runs from a file: in bounded transactions, across crashes, and the room they took. */
import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Commit } from '../../../src/core/ports.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import type { SqliteStore } from '../../../src/store/sqlite/store.ts';
import { pruneAll } from '../contract-prune.ts';
import { codeOf } from '../harness.ts';
import { epoch, event, start } from '../samples.ts';
import { temporaryDirectory, type TemporaryDirectory } from './files.ts';

let directory: TemporaryDirectory;
let store: SqliteStore;
beforeEach(() => {
  directory = temporaryDirectory();
  store = openSqliteStore(directory.file(), { durability: 'normal' });
  store.acquire();
});
afterEach(() => {
  store.close();
  directory.remove();
});

const done = { status: 'completed', endedAt: epoch } as const;

function count(table: string): number {
  const db = new DatabaseSync(directory.file(), { readOnly: true });
  try {
    return Number(db.prepare(`select count(*) as n from ${table}`).get()?.['n']);
  } finally {
    db.close();
  }
}

function withRounds(id: string, rounds: number): readonly Commit[] {
  return [
    start(id, 3, { ...done, tags: ['red'] }),
    ...Array.from({ length: rounds }, (_, index) =>
      start(`${id}/loop:1/${index}`, 9, { ...done, kind: 'round', parent: id }),
    ),
  ];
}

describe('a run of many rows', () => {
  test('goes in several transactions of bounded size; nobody sees it after the first', () => {
    store.commit([...withRounds('wide', 500), ...withRounds('other', 2)]);
    const first = store.prune(['wide', 'other']);
    expect(first).toEqual({ removed: ['wide'], kept: [], isDone: false });
    const rows = 3 + 500 * 9 + 3 + 2 * 9;
    expect(count('history')).toBeGreaterThanOrEqual(rows - 2_000);
    expect(count('history')).toBeLessThan(rows - 1_500);
    expect(store.readRun('wide')).toBeNull();
    expect(store.listRuns({ tag: 'red' }).map(({ id }) => id)).toEqual(['other']);
    expect(codeOf(() => store.commit([start('wide')]))).toBe('CONFLICT');
    expect(() => store.commit([start('wide')])).toThrow(/is being removed by retention/);
    expect(codeOf(() => store.commit([{ run: 'wide', events: [event(4)] }]))).toBe('NOT_FOUND');
    expect(pruneAll(store, [])).toEqual([]);
    expect(count('history')).toBe(3 + 2 * 9);
    expect(count('runs')).toBe(3);
    store.commit([start('wide')]);
    expect(store.lastSeq('wide')).toBe(1);
  });

  test('is gone on with after a crash, by whoever prunes next', () => {
    store.commit(withRounds('wide', 500));
    expect(store.prune(['wide']).isDone).toBe(false);
    store.crash();
    store = openSqliteStore(directory.file());
    expect(pruneAll(store, [])).toEqual([]);
    for (const table of ['runs', 'history', 'tags', 'attributes']) expect(count(table)).toBe(0);
  });

  test('of a long history goes in pieces too', () => {
    store.commit([start('long', 5_000, done)]);
    let calls = 1;
    for (let result = store.prune(['long']); !result.isDone; result = store.prune([])) calls += 1;
    expect(calls).toBeGreaterThanOrEqual(3);
    expect(count('history')).toBe(0);
  });
});

describe('the room that runs took', () => {
  const text = 'x'.repeat(2_000);
  const fill = (from: number, to: number): void => {
    for (let first = from; first < to; first += 100) {
      store.commit(
        Array.from({ length: 100 }, (_, index) => ({
          ...start(`r${first + index}`, 1, done),
          events: [event(1), event(2, text), event(3, text)],
        })),
      );
    }
  };
  const size = (): number => {
    const db = new DatabaseSync(directory.file());
    db.exec('pragma wal_checkpoint(truncate)');
    db.close();
    return statSync(directory.file()).size;
  };

  test('is given back to the disk, but for some that is used again', () => {
    fill(0, 200);
    const small = size();
    fill(200, 2_000);
    const large = size();
    pruneAll(
      store,
      Array.from({ length: 1_800 }, (_, index) => `r${index}`),
    );
    const after = size();
    expect(large).toBeGreaterThan(small * 9);
    expect(after).toBeLessThan(small * 1.2 + 256 * 4_096);
    fill(2_000, 2_100);
    expect(size()).toBe(after);
    expect(store.lastSeq('r1999')).toBe(3);
  });
});

test('what is damaged can be removed', () => {
  store.commit([start('a', 2, { ...done, tags: ['red'] })]);
  const db = new DatabaseSync(directory.file());
  db.exec(`update runs set tags = '["re', status = 'odd'; update history set data = '{"inp'`);
  db.close();
  expect(store.prune(['a'])).toEqual({ removed: ['a'], kept: [], isDone: true });
  expect(count('runs')).toBe(0);
});
