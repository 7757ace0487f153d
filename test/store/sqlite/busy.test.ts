/** Another connection that is writing, for longer than a commit waits. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { start } from '../samples.ts';
import { temporaryDirectory } from './files.ts';

/** Holds the write lock on its own thread; calls of a store block theirs. */
const holder = `
  const { parentPort, workerData: { file, ms } } = require('node:worker_threads');
  const { DatabaseSync } = require('node:sqlite');
  const db = new DatabaseSync(file);
  db.exec('begin immediate');
  parentPort.postMessage('holds');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  db.exec('commit');
  db.close();`;

test('a commit that finds another writing is refused, and tried again by whoever makes it', async () => {
  const directory = temporaryDirectory();
  const store = openSqliteStore(directory.file());
  onTestFinished(() => {
    store.close();
    directory.remove();
  });
  store.acquire();
  const other = new Worker(holder, { eval: true, workerData: { file: directory.file(), ms: 300 } });
  await once(other, 'message');
  const ended = once(other, 'exit');
  expect(() => store.commit([start('a')])).toThrow(expect.objectContaining({ code: 'STORE_BUSY', retryable: true }));
  await ended;
  store.commit([start('a')]);
});
