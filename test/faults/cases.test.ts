/** Hostile stores, events and sizes, as the case files name them: what no crash of ours leaves, but an editor or an attacker may. */
import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exportRuns } from '../../src/store/archive/export.ts';
import { openMemoryStore } from '../../src/store/memory.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../store/sqlite/files.ts';
import { agent, flow } from '../support/flow.ts';
import { hangs, type MockCall } from '../support/mocks.ts';
import { createTestEngine } from '../support/test-engine.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

let directory: TemporaryDirectory;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory.remove());

const counting = flow({
  name: 'counting',
  state: { n: 0 },
  steps: [
    {
      id: 'l',
      type: 'loop',
      while: '{{state.n}} < 120',
      steps: [agent('n', { assign: { n: { expr: '{{state.n}} + 1' } } })],
    },
    agent('z'),
  ],
});

interface Snapshot {
  status: string;
  value: unknown;
  context: Record<string, unknown>;
  effects: { src: string }[];
}

/** The checkpoint is made after 100 events; the call after it is under way. */
const waits = (call: MockCall): unknown => (call.visit > 100 ? hangs()(call) : 1);

/** A checkpoint that was written by somebody else, with a checksum that fits. */
describe('a checkpoint', () => {
  const cases: readonly (readonly [string, (snapshot: Snapshot) => unknown])[] = [
    ['STO-013: of a status that there is not', (snapshot) => ({ ...snapshot, status: 'weird' })],
    [
      'STO-014: of a state that the definition does not have',
      (snapshot) => ({ ...snapshot, value: { $main: 'gone' } }),
    ],
    [
      'SEC-STO-06: of an effect that nobody can carry out',
      (snapshot) => ({ ...snapshot, effects: snapshot.effects.map((effect) => ({ ...effect, src: 'shell' })) }),
    ],
    ['that is no snapshot', () => ({})],
  ];
  test.each(cases)('%s leaves its run alone, which is told, and the others go on', async (_name, change) => {
    const clock = new VirtualClock();
    const store = openSqliteStore(directory.file(), { durability: 'normal' });
    const lab = await createTestEngine({ store, clock, workflows: [counting], mocks: { n: waits } });
    for (const runId of ['bad', 'good']) await lab.engine.start('counting', {}, { runId });
    await clock.settle();
    const checkpoint = store.readCheckpoint('bad');
    const seq = store.lastSeq('bad');
    // Nothing came after it: it is all that there is of what is under way.
    expect(checkpoint?.seq).toBe(seq);
    await lab.engine.close();
    const editor = openSqliteStore(directory.file());
    editor.acquire();
    const snapshot = JSON.stringify(change(JSON.parse(checkpoint?.snapshot ?? '') as Snapshot));
    editor.commit([{ run: 'bad', events: [], checkpoint: { seq, snapshot } }]);
    editor.close();

    await using after = await createTestEngine({
      store: openSqliteStore(directory.file()),
      clock,
      workflows: [counting],
    });
    expect(await after.drive('good')).toMatchObject({ status: 'completed' });
    await clock.settle();
    const { status } = after.engine.run('bad').status();
    // It is left as it is, or fails with what is wrong; it never goes on from a state that is none.
    expect(['running', 'failed']).toContain(status);
    if (status === 'running') expect(after.log.problems).toContain('a run could not be continued; it is left as it is');
    expect(after.mocks.calls.filter(({ run }) => run === 'bad')).toEqual([]);
  });

  test('SEC-STO-07: with keys that look like prototypes changes no prototype', async () => {
    const clock = new VirtualClock();
    const store = openSqliteStore(directory.file(), { durability: 'normal' });
    const lab = await createTestEngine({ store, clock, workflows: [counting], mocks: { z: hangs() } });
    await lab.engine.start('counting', {}, { runId: 'bad' });
    await clock.settle();
    const { seq = 0, snapshot = '' } = store.readCheckpoint('bad') ?? {};
    await lab.engine.close();
    const editor = openSqliteStore(directory.file());
    editor.acquire();
    const edited = snapshot.replace('"state":{', '"state":{"__proto__":{"pwn":1},');
    expect(edited).not.toBe(snapshot);
    editor.commit([{ run: 'bad', events: [], checkpoint: { seq, snapshot: edited } }]);
    editor.close();
    await using after = await createTestEngine({
      store: openSqliteStore(directory.file()),
      clock,
      workflows: [counting],
    });
    await clock.settle();
    expect(after.engine.runs()).toHaveLength(1);
    expect('pwn' in {}).toBe(false);
  });
});

test('STO-015: a run whose workflow is not known here waits, and goes on where it is', async () => {
  const store = openSqliteStore(directory.file(), { durability: 'normal' });
  const clock = new VirtualClock();
  const lab = await createTestEngine({ store, clock, workflows: [counting], mocks: { n: hangs() } });
  await lab.engine.start('counting', {}, { runId: 'run' });
  await lab.engine.close();
  const stranger = await createTestEngine({ store: openSqliteStore(directory.file()), clock, workflows: [] });
  expect(stranger.log.problems).toContain(
    'interrupted runs are left as they are: their workflow is not registered here',
  );
  expect(stranger.engine.run('run').status().status).toBe('running');
  await stranger.engine.close();
  await using back = await createTestEngine({ store: openSqliteStore(directory.file()), clock, workflows: [counting] });
  expect(await back.drive('run')).toMatchObject({ status: 'completed' });
});

describe('events from outside', () => {
  test.each([
    ['SEC-EVT-02', 'xstate.after.1000.wait'],
    ['SEC-EVT-03', 'xstate.stop'],
    ['SEC-EVT-04', 'xstate.error.actor.a'],
    ['SEC-EVT-07', '__proto__'],
  ])('%s: a signal called %s changes nothing', async (_id, name) => {
    await using lab = await createTestEngine({
      store: openMemoryStore(),
      workflows: [flow({ name: 'w', steps: [{ id: 's', type: 'signal', name: 'go' }, agent('a')] })],
    });
    await lab.engine.start('w', {}, { runId: 'run' });
    const outcome = await lab.engine.signal('run', name, {}).then(
      () => 'taken',
      (error: unknown) => (error as { code?: string }).code,
    );
    expect(['REQUEST_INVALID', 'taken']).toContain(outcome);
    if (name.startsWith('xstate.')) expect(outcome).toBe('REQUEST_INVALID');
    await lab.clock.settle();
    expect(lab.engine.run('run').status()).toMatchObject({ status: 'running', waitingFor: 'signal' });
    await lab.engine.signal('run', 'go', 1);
    expect(await lab.drive('run')).toMatchObject({ status: 'completed' });
  });

  test('SEC-EVT-03: an entry of the inbox that is no command of ours is refused, and its run goes on', async () => {
    const store = openSqliteStore(directory.file(), { durability: 'normal' });
    let look: () => void = () => undefined;
    const poll = (work: () => void): (() => void) => {
      look = work;
      return () => undefined;
    };
    await using lab = await createTestEngine({
      store,
      poll,
      workflows: [flow({ name: 'w', steps: [{ id: 's', type: 'signal', name: 'go' }] })],
    });
    await lab.engine.start('w', {}, { runId: 'run' });
    const other = openSqliteStore(directory.file());
    for (const data of [
      '{"type":"xstate.stop"}',
      '{"type":"effect.completed","effect":"s","visit":1,"attempt":1,"output":{"v":1}}',
      'null',
      '{',
    ])
      other.post('run', data, 1);
    other.close();
    look();
    await lab.clock.settle();
    expect(lab.engine.run('run').status()).toMatchObject({ status: 'running', waitingFor: 'signal' });
    expect(store.readInbox()).toEqual([]);
  });
});

test('SEC-SEC-08: an export holds no secret that a step was given', async () => {
  const secret = 'CANARY-9f2c-of-the-test';
  const store = openSqliteStore(directory.file(), { durability: 'normal' });
  await using lab = await createTestEngine({
    store,
    env: { API_KEY: secret },
    workflows: [flow({ name: 'w', steps: [agent('a', { input: { prompt: 'with {{env.API_KEY}}' } })] })],
    mocks: { a: () => ({ text: 'done' }) },
  });
  await lab.engine.start('w', {}, { runId: 'run' });
  await lab.drive('run');
  expect([...exportRuns(store, ['run'])].join('\n')).not.toContain(secret);
});

test('SEC-DOS-09: a run whose answers are large makes the store grow by their size, not by its square', async () => {
  const store = openSqliteStore(directory.file(), { durability: 'normal' });
  const rounds = 30;
  const megabyte = 1_000_000;
  const lab = await createTestEngine({
    store,
    workflows: [
      flow({
        name: 'w',
        state: { n: 0 },
        steps: [
          {
            id: 'l',
            type: 'loop',
            while: `{{state.n}} < ${rounds}`,
            steps: [agent('a', { assign: { n: { expr: '{{state.n}} + 1' } } })],
          },
        ],
        output: '{{steps.l.output}}',
      }),
    ],
    mocks: { a: (call: { readonly visit: number }) => String(call.visit % 10).repeat(megabyte) },
  });
  await lab.engine.start('w', {}, { runId: 'run' });
  expect(await lab.drive('run')).toMatchObject({ status: 'completed' });
  await lab.engine.close();
  const db = new DatabaseSync(directory.file());
  db.exec('pragma wal_checkpoint(truncate)');
  db.close();
  expect(statSync(directory.file()).size).toBeLessThan(rounds * megabyte * 1.1 + 300_000);
});

test('FIG-LD-13: a finished run of 10 steps with outputs of 2 KB takes at most 60,000 bytes of the file', async () => {
  const steps = Array.from({ length: 10 }, (_, index) => agent(`s${index}`));
  const runs = 20;
  const store = openSqliteStore(directory.file(), { durability: 'normal' });
  const size = (): number => {
    const db = new DatabaseSync(directory.file());
    db.exec('pragma wal_checkpoint(truncate)');
    db.close();
    return statSync(directory.file()).size;
  };
  const mocks = Object.fromEntries(steps.map(({ id }) => [id, 'x'.repeat(2_048)]));
  await using lab = await createTestEngine({ store, workflows: [flow({ name: 'w', steps })], mocks });
  await lab.engine.start('w', {}, { runId: 'warm' });
  await lab.drive('warm');
  const before = size();
  for (let index = 0; index < runs; index += 1) {
    await lab.engine.start('w', { customer: index }, { runId: `r${index}` });
    await lab.drive(`r${index}`);
  }
  expect((size() - before) / runs).toBeLessThan(60_000);
  expect((size() - before) / runs).toBeGreaterThan(20_000);
});
