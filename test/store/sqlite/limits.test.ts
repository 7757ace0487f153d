/** Full disks, busy stores, durability, and what a run takes up. */
import * as fs from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WorkflowError } from '../../../src/core/errors.ts';
import type { Commit } from '../../../src/core/ports.ts';
import { Connection } from '../../../src/store/sqlite/connection.ts';
import { toStoreError } from '../../../src/store/sqlite/errors.ts';
import { checkSettings, openSqliteStore, type SqliteStoreOptions } from '../../../src/store/sqlite/open.ts';
import { RunCache } from '../../../src/store/sqlite/run-cache.ts';
import { append, end, epoch, event, row, seqs, start } from '../samples.ts';
import { temporaryDirectory, type TemporaryDirectory } from './files.ts';
import { cpuTimer } from '../../support/cpu-time.ts';

let directory: TemporaryDirectory;

beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory.remove());

function openOwner(options: SqliteStoreOptions = { durability: 'normal' }) {
  const store = openSqliteStore(directory.file(), options);
  store.acquire();
  return store;
}

function failure(work: () => unknown): WorkflowError {
  try {
    work();
  } catch (error) {
    if (error instanceof WorkflowError) return error;
    throw error;
  }
  throw new Error('It did not fail');
}

describe('a full disk', () => {
  test('nothing of the batch is written, reading goes on, and so does writing once there is room', () => {
    const store = openOwner({ maxBytes: 300_000 });
    store.commit([start('a'), start('b')]);
    const big = `"${'x'.repeat(20_000)}"`;
    let seq = 1;
    const error = failure(() => {
      for (;;) {
        store.commit([{ run: 'a', events: [event(seq + 1, big)] }, append('b', seq + 1), start(`extra-${seq}`)]);
        seq++;
      }
    });
    expect([error.code, error.retryable]).toEqual(['STORE_UNAVAILABLE', true]);
    expect(error.message).toMatch(/no room.*maxBytes.*Nothing was written/);
    expect(seq).toBeGreaterThan(3);
    expect([store.lastSeq('a'), store.lastSeq('b')]).toEqual([seq, seq]);
    expect(store.readRun(`extra-${seq}`)).toBeNull();
    store.commit([append('b', seq + 1)]);
    store.close();

    const roomier = openOwner();
    expect(roomier.adopt()).toContain('a');
    roomier.commit([{ run: 'a', events: [event(seq + 1, big)] }]);
    expect(roomier.readEvents('a', 1)).toHaveLength(seq + 1);
    roomier.close();
  });
});

describe('a busy store', () => {
  test('STORE_BUSY within the time-out, nothing written, and the same batch goes through later', () => {
    const store = openOwner();
    store.commit([start('a')]);
    const other = new DatabaseSync(directory.file());
    other.exec('begin immediate');
    const took = cpuTimer();
    const error = failure(() => store.commit([append('a', 2), start('b')]));
    expect(took()).toBeLessThan(500);
    expect([error.code, error.retryable]).toEqual(['STORE_BUSY', true]);
    expect(failure(() => store.post('a', '{}', epoch)).code).toBe('STORE_BUSY');
    expect(store.lastSeq('a')).toBe(1);
    other.exec('commit');
    other.close();
    store.commit([append('a', 2), start('b')]);
    expect(store.lastSeq('a')).toBe(2);
    store.close();
  });

  test('readers do not wait for a writer', () => {
    const store = openOwner();
    store.commit([start('a')]);
    const other = new DatabaseSync(directory.file());
    other.exec(`begin immediate; update runs set status = 'failed'`);
    expect(store.readRun('a')?.status).toBe('running');
    other.exec('rollback');
    other.close();
    store.close();
  });
});

describe('durability', () => {
  test('is full by default, with a short wait and no limit of size', () => {
    expect(checkSettings({})).toEqual({ durability: 'full', busyTimeoutMs: 20, maxBytes: null });
    expect(checkSettings({ durability: 'normal', busyTimeoutMs: 5, maxBytes: 1e6 })).toEqual({
      durability: 'normal',
      busyTimeoutMs: 5,
      maxBytes: 1e6,
    });
  });

  test.each([
    ['full', 2],
    ['normal', 1],
  ] as const)('%s is synchronous=%i', (durability, synchronous) => {
    const connection = new Connection(directory.file(), 'readWrite');
    connection.configure({ durability, busyTimeoutMs: 7, maxBytes: null });
    expect(connection.pragma('synchronous')).toBe(synchronous);
    expect(connection.pragma('foreign_keys')).toBe(0);
    expect(connection.query('pragma busy_timeout').get()).toEqual({ timeout: 7 });
    connection.close();
  });

  test('the log is write-ahead, and stays small', () => {
    const store = openOwner();
    store.commit([start('a')]);
    for (let seq = 2; seq < 600; seq++) store.commit([{ run: 'a', events: [event(seq, `"${'x'.repeat(20_000)}"`)] }]);
    expect(fs.statSync(`${directory.file()}-wal`).size).toBeLessThan(20_000_000);
    store.close();
    const db = new DatabaseSync(directory.file(), { readOnly: true });
    expect(db.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' });
    db.close();
  });
});

describe('size', () => {
  const bytes = (): number => fs.statSync(directory.file()).size;

  function finished(id: string, steps: number, outputBytes: number): Commit[] {
    const output = JSON.stringify({ effect: 'step', visit: 1, attempt: 1, output: { v: 'x'.repeat(outputBytes) } });
    const outputs = Array.from({ length: steps }, (_, index): Commit => ({
      run: id,
      events: [event(index + 2, output)],
    }));
    return [
      start(id),
      ...outputs,
      { ...end(id, steps + 2), checkpoint: { seq: steps + 2, snapshot: JSON.stringify({ s: 'x'.repeat(500) }) } },
    ];
  }

  test('a finished run of 10 steps with outputs of 2 KB takes at most 60,000 bytes', () => {
    openOwner().close();
    const before = bytes();
    const store = openOwner();
    for (let run = 0; run < 20; run++) for (const commit of finished(`run-${run}`, 10, 2_048)) store.commit([commit]);
    store.close();
    expect((bytes() - before) / 20).toBeLessThan(60_000);
  });

  test('50 steps of 100 KB take at most 1.1 times their own size', () => {
    const store = openOwner();
    for (const commit of finished('big', 50, 100_000)) store.commit([commit]);
    store.close();
    expect(bytes()).toBeLessThan(50 * 100_000 * 1.1);
  });

  test('a paused run takes at most 2,000 bytes, and nothing in memory but a bounded cache', () => {
    openOwner().close();
    const before = bytes();
    const store = openOwner();
    const paused = (index: number): Commit => ({
      run: `0198a7c2-1111-7000-8000-${String(index).padStart(12, '0')}`,
      create: row(`0198a7c2-1111-7000-8000-${String(index).padStart(12, '0')}`, {
        status: 'running',
        waitingFor: 'human',
        hash: 'h'.repeat(64),
        inputHash: 'i'.repeat(64),
      }),
      events: [event(1, `{"input":"${'x'.repeat(80)}"}`), event(2, `{"output":"${'x'.repeat(120)}"}`)],
      checkpoint: { seq: 2, snapshot: JSON.stringify({ value: 'approve', steps: 'x'.repeat(300) }) },
    });
    store.commit(Array.from({ length: 2_000 }, (_, index) => paused(index)));
    store.close();
    expect((bytes() - before) / 2_000).toBeLessThan(2_000);
  });
});

describe('the cache of owned runs', () => {
  test('holds at most twice its capacity, and keeps what is used', () => {
    const cache = new RunCache(10);
    cache.set('used', { key: 1, next: 5 });
    for (let index = 0; index < 500; index++) {
      cache.set(`r${index}`, { key: index, next: 1 });
      expect(cache.get('used')?.next).toBe(5);
      expect(cache.size).toBeLessThanOrEqual(20);
    }
    expect(cache.get('r0')).toBeUndefined();
    cache.delete('used');
    expect(cache.get('used')).toBeUndefined();
  });

  test('more runs than it holds are written to without a mistake', () => {
    const store = openOwner();
    const ids = Array.from({ length: 25_000 }, (_, index) => `r${index}`);
    store.commit(ids.map((id) => start(id)));
    store.commit(ids.map((id) => append(id, 2)));
    store.commit(ids.slice(0, 50).map((id) => append(id, 3)));
    expect([seqs(store.readEvents('r0', 1)), store.lastSeq('r24999')]).toEqual([[1, 2, 3], 2]);
    store.close();
  });
});

describe('results of SQLite', () => {
  const codes: readonly (readonly [number, string, boolean])[] = [
    [5, 'STORE_BUSY', true],
    [6, 'STORE_BUSY', true],
    [5 | (1 << 8), 'STORE_BUSY', true],
    [7, 'STORE_UNAVAILABLE', true],
    [8, 'STORE_UNAVAILABLE', false],
    [10, 'STORE_UNAVAILABLE', true],
    [10 | (4 << 8), 'STORE_UNAVAILABLE', true],
    [11, 'STORE_INVALID', false],
    [13, 'STORE_UNAVAILABLE', true],
    [14, 'STORE_UNAVAILABLE', false],
    [18, 'LIMIT_EXCEEDED', false],
    [19, 'CONFLICT', false],
    [26, 'STORE_INVALID', false],
  ];

  test.each(codes)('code %i is %s, worth another try: %s', (errcode, code, retryable) => {
    const error = toStoreError(
      Object.assign(new Error('text of SQLite'), { code: 'ERR_SQLITE_ERROR', errcode }),
      '/x/store.db',
    );
    expect(error).toMatchObject({ code, retryable });
    expect(error.message).toContain('/x/store.db');
  });

  test('anything else is a bug of ours, with its cause', () => {
    const cause = new TypeError('no');
    expect(toStoreError(cause, 'f')).toMatchObject({ name: 'InvariantError', cause });
    expect(toStoreError(Object.assign(new Error('syntax'), { errcode: 1 }), 'f')).toMatchObject({
      name: 'InvariantError',
    });
  });
});
