/** S5: a row that was changed behind our back is refused, by name, and no other run is affected. */
import * as fs from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WorkflowError } from '../../../src/core/errors.ts';
import type { Store } from '../../../src/core/ports.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { epoch, event, events, start, timer } from '../samples.ts';
import { temporaryDirectory, type TemporaryDirectory } from './files.ts';

let directory: TemporaryDirectory;
let file: string;

beforeEach(() => {
  directory = temporaryDirectory();
  file = directory.file();
  const store = openSqliteStore(file);
  store.acquire();
  const common = { checkpoint: { seq: 3, snapshot: '{"value":"secret-of-the-snapshot"}' } };
  store.commit([
    { ...start('sound', 4), ...common, timers: [timer('sound', 't')] },
    {
      ...start('hurt', 2),
      events: [event(1), event(2, '{"text":"secret-of-the-event"}'), event(3), event(4)],
      ...common,
      timers: [timer('hurt', 't')],
      definitions: [{ hash: 'd', canonical: '{"id":"tides"}' }],
    },
  ]);
  store.post('hurt', '{"signal":"go"}', epoch);
  store.close();
});
afterEach(() => directory.remove());

function flipBitOf(text: string): void {
  const bytes = fs.readFileSync(file);
  const at = bytes.indexOf(text) + 3;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  fs.writeFileSync(file, bytes);
}

function edit(sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}

function failure(work: () => unknown): WorkflowError | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof WorkflowError) return error;
    throw error;
  }
}

const ofHurt = `run = (select key from runs where id = 'hurt')`;
const ofSound = `run = (select key from runs where id = 'sound')`;
const readAll = (store: Store): unknown => store.readEvents('hurt', 1);

describe('a changed row is refused with STORE_INVALID', () => {
  const cases: readonly (readonly [string, () => void, (store: Store) => unknown, RegExp])[] = [
    [
      'one bit in the data of an event',
      () => flipBitOf('secret-of-the-event'),
      readAll,
      /Event 2 of run 'hurt'.*checksum/,
    ],
    [
      'STO-004: one bit in a snapshot',
      () => flipBitOf(`secret-of-the-snapshot"}`),
      (store) => [store.readCheckpoint('sound'), store.readCheckpoint('hurt')],
      /checkpoint of run '(hurt|sound)' at event 3.*checksum/,
    ],
    [
      'the data of an event',
      () => edit(`update history set data = '{}' where ${ofHurt} and seq = 2`),
      (store) => store.readEvent('hurt', 2),
      /Event 2 of run 'hurt'/,
    ],
    [
      'the time of an event',
      () => edit(`update history set at = at + 1 where ${ofHurt} and seq = 2`),
      readAll,
      /Event 2 of run 'hurt'/,
    ],
    [
      'the type of an event',
      () => edit(`update history set type = 'run.cancelled' where ${ofHurt} and seq = 2`),
      readAll,
      /Event 2 of run 'hurt'/,
    ],
    [
      'the place of an event',
      () => edit(`update history set seq = 5 where ${ofHurt} and seq = 4`),
      (store) => store.readEvent('hurt', 5),
      /Event 5 of run 'hurt'/,
    ],
    [
      'an event of another run',
      () =>
        edit(
          `delete from history where ${ofHurt} and seq = 4; update history set run = (select key from runs where id = 'hurt') where ${ofSound} and seq = 4`,
        ),
      readAll,
      /Event 4 of run 'hurt'/,
    ],
    [
      'an event that was removed',
      () => edit(`delete from history where ${ofHurt} and seq = 2`),
      readAll,
      /Event 2 of run 'hurt' is missing/,
    ],
    [
      'the first event removed',
      () => edit(`delete from history where ${ofHurt} and seq = 1`),
      readAll,
      /Event 1 of run 'hurt' is missing/,
    ],
    [
      'the seq of a checkpoint',
      () => edit(`update checkpoints set seq = 4 where ${ofHurt}`),
      (store) => store.readCheckpoint('hurt'),
      /checkpoint of run 'hurt'/,
    ],
    [
      'the due time of a timer',
      () => edit(`update timers set due_at = due_at + 1 where ${ofHurt}`),
      (store) => store.readTimers('hurt'),
      /timer 't' of run 'hurt'/,
    ],
    [
      'a definition',
      () => edit(`update definitions set canonical = '{"id":"other"}'`),
      (store) => store.readDefinition('d'),
      /definition d/,
    ],
    [
      'the status of a run',
      () => edit(`update runs set status = 'weird' where id = 'hurt'`),
      (store) => store.readRun('hurt'),
      /run 'hurt'.*status/,
    ],
    [
      'the kind of a run',
      () => edit(`update runs set kind = 'job' where id = 'hurt'`),
      (store) => store.readRun('hurt'),
      /run 'hurt'.*kind/,
    ],
    [
      'the output of a run',
      () => edit(`update runs set output = '{"v":' where id = 'hurt'`),
      (store) => store.readRun('hurt'),
      /run 'hurt'.*output/,
    ],
  ];

  test.each(cases)('%s', (_, damage, read, mention) => {
    damage();
    const store = openSqliteStore(file);
    const error = failure(() => read(store));
    expect(error?.code).toBe('STORE_INVALID');
    expect(error?.message).toMatch(mention);
    expect(error?.retryable).toBe(false);
    store.close();
  });

  test('other runs, and the sound rows before it, are read as ever', () => {
    flipBitOf('secret-of-the-event');
    const store = openSqliteStore(file);
    expect(store.readEvents('sound', 1)).toEqual(events(1, 4));
    expect(store.readEvents('hurt', 1, 1)).toEqual([event(1)]);
    expect(store.readEvents('hurt', 3)).toEqual(events(3, 4));
    expect(store.listRuns({})).toHaveLength(2);
    store.close();
  });

  test('a damaged inbox entry does not keep the others from their runs', () => {
    edit(`update inbox set data = '{"signal":"no"}'`);
    const store = openSqliteStore(file);
    store.acquire();
    store.adopt();
    store.post('sound', '{"n":1}', epoch);
    const entries = store.readInbox();
    expect(entries.map((entry) => entry.run)).toEqual(['sound']);
    store.removeInbox(entries.map((entry) => entry.id));
    expect(failure(() => store.readInbox())?.message).toMatch(/inbox, for run 'hurt'.*checksum/);
    store.close();
  });

  test('keys of JSON that look like prototypes stay data', () => {
    edit(`update runs set output = '{"v":{"__proto__":{"polluted":1}}}' where id = 'hurt'`);
    const store = openSqliteStore(file);
    const output = store.readRun('hurt')?.output as { readonly v: object };
    expect(Object.keys(output.v)).toEqual(['__proto__']);
    expect('polluted' in output.v).toBe(false);
    store.close();
  });
});
