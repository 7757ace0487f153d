/** Ownership among real processes: it ends with the process, however that ends, and never by a clock. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WorkflowError } from '../../../src/core/errors.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import type { SqliteStore } from '../../../src/store/sqlite/store.ts';
import { append, seqs, start } from '../samples.ts';
import { temporaryDirectory, type TemporaryDirectory } from './files.ts';

const script = fileURLToPath(new URL('./owner-process.ts', import.meta.url));

let directory: TemporaryDirectory;
let children: ChildProcess[];
let stores: SqliteStore[];

beforeEach(() => {
  directory = temporaryDirectory();
  children = [];
  stores = [];
});
afterEach(async () => {
  for (const child of children) await kill(child);
  for (const store of stores) store.close();
  directory.remove();
});

interface Child {
  readonly process: ChildProcess;
  line(): Promise<string>;
}

function run(mode: string): Child {
  const child = spawn(process.execPath, [script, directory.file(), mode], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { process: child, line: async () => String((await lines.next()).value ?? '') };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

function openOwner(): SqliteStore {
  const store = openSqliteStore(directory.file());
  store.acquire();
  stores.push(store);
  return store;
}

function lockFiles(): string[] {
  return fs.readdirSync(`${directory.file()}-owners`);
}

describe('a process that owns runs', () => {
  test('keeps them while it lives; killed with -9, they are adopted at once and go on', async () => {
    const child = run('hold');
    await child.line();
    const store = openOwner();
    expect(store.adopt()).toEqual([]);
    expect(store.isOwnedElsewhere('one')).toBe(true);
    expect(() => store.commit([append('one', 3)])).toThrow(/belongs to another process/);

    await kill(child.process);
    expect(store.isOwnedElsewhere('one')).toBe(false);
    expect(store.adopt()).toEqual(['one', 'two']);
    store.commit([append('one', 3)]);
    expect(seqs(store.readEvents('one', 1))).toEqual([1, 2, 3]);
    expect(lockFiles()).toHaveLength(1);
  });

  test('keeps them while it is stopped, however long', async () => {
    const child = run('hold');
    await child.line();
    child.process.kill('SIGSTOP');
    const store = openOwner();
    expect(store.adopt()).toEqual([]);
    expect(store.isOwnedElsewhere('one')).toBe(true);
    child.process.kill('SIGCONT');
    expect(store.adopt()).toEqual([]);
  });

  test('killed while it writes, all that it told of is there, without gaps', async () => {
    for (let round = 0; round < 3; round++) {
      fs.rmSync(directory.file(), { force: true });
      const child = run('write');
      let told = 0;
      while (told < 20 + round * 37) told = Number(await child.line());
      await kill(child.process);
      const store = openSqliteStore(directory.file());
      store.acquire();
      expect(store.adopt()).toEqual(['one', 'two']);
      const last = store.lastSeq('one');
      expect(last).toBeGreaterThanOrEqual(told);
      expect(store.lastSeq('two')).toBe(last);
      expect(store.readEvents('one', 1)).toHaveLength(last);
      store.close();
    }
  });

  test('of three processes that adopt at once, each run goes to exactly one', async () => {
    const dead = run('hold');
    await dead.line();
    const adopters = [run('adopt'), run('adopt')];
    for (const adopter of adopters) await adopter.line();
    const store = openOwner();
    await kill(dead.process);
    for (const adopter of adopters) adopter.process.stdin?.write('go\n');
    const shares = [
      store.adopt(),
      ...(await Promise.all(adopters.map(async (adopter) => JSON.parse(await adopter.line()) as string[]))),
    ];
    expect(shares.flat().toSorted()).toEqual(['one', 'two']);
    expect(shares.filter((share) => share.length > 0)).toHaveLength(1);
  });
});

test('several processes that open a new store at once all get the same one', async () => {
  const openers = Array.from({ length: 4 }, () => run('hold-none'));
  expect(await Promise.all(openers.map((opener) => opener.line()))).toEqual(['ready', 'ready', 'ready', 'ready']);
  openOwner();
  expect(lockFiles().toSorted()).toEqual(['1.lock', '2.lock', '3.lock', '4.lock', '5.lock']);
});

describe('fences', () => {
  test('a process that was taken for dead cannot write any more, not even to new runs', () => {
    const [living, other] = [openOwner(), openOwner()];
    living.commit([start('a')]);
    // Somebody clears away what looks like litter.
    for (const name of lockFiles().slice(0, 1)) fs.rmSync(`${directory.file()}-owners/${name}`);
    expect(other.adopt()).toEqual(['a']);
    for (const batch of [[append('a', 2)], [start('new')]]) {
      expect(() => living.commit(batch)).toThrow(/taken for dead/);
    }
    expect(() => living.adopt()).toThrow(/taken for dead/);
    other.commit([append('a', 2)]);
    expect(other.readRun('new')).toBeNull();
  });

  test('ids of owners are not used again', () => {
    const first = openOwner();
    first.close();
    const second = openOwner();
    expect(lockFiles()).toEqual(['2.lock']);
    second.close();
    expect(lockFiles()).toEqual([]);
  });

  test('lock files that nobody holds are cleared away by the next owner; those of the living stay', () => {
    const living = openOwner();
    fs.writeFileSync(`${directory.file()}-owners/900.lock`, '');
    fs.writeFileSync(`${directory.file()}-owners/notes.txt`, '');
    openOwner();
    expect(lockFiles().toSorted()).toEqual(['1.lock', '2.lock', 'notes.txt']);
    living.commit([start('a')]);
  });

  test('a lock file that somebody holds stays, whether or not there is a row for it', () => {
    openOwner();
    const holder = new DatabaseSync(`${directory.file()}-owners/900.lock`);
    holder.exec('pragma journal_mode = memory; begin exclusive');
    openOwner();
    expect(lockFiles()).toContain('900.lock');
    holder.close();
  });

  // The rows of a batch are inserted ten at a time, the rest one by one.
  test.each([1, 3, 30])('a row that got past all of them is noticed, after %i others in the batch', (before) => {
    const store = openOwner();
    store.commit([start('a'), start('b')]);
    const db = new DatabaseSync(directory.file());
    db.exec(
      `insert into history (run, seq, at, type, data, sum) select key, 7, 0, 'x', '{}', 0 from runs where id = 'a'`,
    );
    db.close();
    const batch = [append('b', 2, before + 1), append('a', 2, 8)];
    expect(() => store.commit(batch)).toThrow(/Event 7 of run 'a' was refused: another/);
    expect(store.lastSeq('b')).toBe(1);
  });

  test('a copy of the store elsewhere has no living owners', () => {
    const store = openOwner();
    store.commit([start('a')]);
    for (const suffix of ['', '-wal']) fs.copyFileSync(directory.file() + suffix, directory.file('copy.db') + suffix);
    const copy = openSqliteStore(directory.file('copy.db'));
    copy.acquire();
    expect(copy.adopt()).toEqual(['a']);
    copy.close();
  });

  test('closing when the store is busy frees the runs all the same', () => {
    const [leaving, other] = [openOwner(), openOwner()];
    leaving.commit([start('a')]);
    const writer = openSqliteStore(directory.file());
    stores.push(writer);
    holdWriteLock(() => leaving.close());
    expect(other.adopt()).toEqual(['a']);
  });

  test('a lock file that cannot be read is no proof of death', () => {
    const [living, other] = [openOwner(), openOwner()];
    living.commit([start('a')]);
    living.crash();
    fs.rmSync(`${directory.file()}-owners/1.lock`);
    fs.mkdirSync(`${directory.file()}-owners/1.lock`);
    expect(() => other.adopt()).toThrow(WorkflowError);
    expect(other.readRun('a')?.status).toBe('running');
    fs.rmdirSync(`${directory.file()}-owners/1.lock`);
    expect(other.adopt()).toEqual(['a']);
  });
});

function holdWriteLock(work: () => void): void {
  const db = new DatabaseSync(directory.file());
  db.exec('begin immediate');
  try {
    work();
  } finally {
    db.exec('rollback');
    db.close();
  }
}
