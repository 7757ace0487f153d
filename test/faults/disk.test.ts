/** Real faults of the disk under an engine on a real file: no room, torn and flipped bytes, locks of others, backups. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as sqlite from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Commit } from '../../src/core/ports.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import type { SqliteStore } from '../../src/store/sqlite/store.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../store/sqlite/files.ts';
import { agent, flow } from '../support/flow.ts';
import { hangs, type MockCall } from '../support/mocks.ts';
import { createTestEngine, type TestEngine } from '../support/test-engine.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

let directory: TemporaryDirectory;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory.remove());

const two = flow({
  name: 'two',
  steps: [
    agent('a', { input: { prompt: '{{workflow.input.n}}' } }),
    { id: 'w', type: 'wait', duration: 1_000 },
    agent('b', { input: { prompt: '{{steps.a.output.text}}' } }),
  ],
  output: '{{steps.b.output}}',
});
const answer = (call: MockCall): unknown => ({ text: `answer to ${JSON.stringify(call.input)}`.padEnd(400, '.') });
const mocks = { a: answer, b: answer };

async function startAll(lab: TestEngine, count: number): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, (_, index) => `r${index}`);
  for (const runId of ids) await lab.engine.start('two', { n: runId }, { runId });
  await lab.clock.settle();
  return ids;
}

/** Every run ends as it should, and no effect was carried out under two keys. */
async function expectAllEnd(lab: TestEngine, ids: readonly string[]): Promise<void> {
  for (const id of ids) expect(await lab.drive(id)).toMatchObject({ status: 'completed' });
  const keys = new Set(lab.mocks.calls.map(({ key }) => key));
  for (const key of keys) expect(key).toMatch(/^r\d+:[ab]:1$/);
}

const canMount = ((): boolean => {
  const at = temporaryDirectory();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', at.path], { stdio: 'ignore' });
    execFileSync('umount', [at.path]);
    return true;
  } catch {
    return false;
  } finally {
    at.remove();
  }
})();

function fillUp(file: string): void {
  for (;;) {
    try {
      writeFileSync(file, Buffer.alloc(4_096), { flag: 'a' });
    } catch {
      return;
    }
  }
}

describe('a full disk', () => {
  test.skipIf(!canMount)(
    'FLT-DK-02: stops runs with a clear error, loses nothing, and lets them go on when there is room',
    async () => {
      const disk = join(directory.path, 'disk');
      mkdirSync(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', disk]);
      try {
        const filler = join(disk, 'filler');
        const store = openSqliteStore(join(disk, 'store.db'));
        await using lab = await createTestEngine({ store, workflows: [two], mocks });
        const ids = await startAll(lab, 5);
        fillUp(filler);
        const started: string[] = [];
        const refusals: unknown[] = [];
        for (let index = 100; refusals.length === 0 && index < 400; index += 1) {
          const runId = `r${index}`;
          const begun = lab.engine.start('two', { n: 'x'.repeat(3_000) }, { runId });
          begun.catch(() => undefined);
          // It is stored, waits for room, or is refused.
          await Promise.race([begun, lab.clock.settle()]).then(
            () => void started.push(runId),
            (error: unknown) => void refusals.push(error),
          );
        }
        expect(refusals[0]).toMatchObject({
          code: 'STORE_UNAVAILABLE',
          message: expect.stringMatching(/has no room: the disk is full/) as string,
        });
        expect(lab.log.problems).toContain('the store takes no commits now; runs wait for it');
        await lab.clock.advance(2_000);
        const before = lab.mocks.counts['b'] ?? 0;
        await lab.clock.advance(2_000);
        expect(lab.mocks.counts['b'] ?? 0).toBe(before);
        rmSync(filler);
        await lab.clock.advance(2_000);
        expect(lab.log.problems).toContain('the store takes commits again');
        await expectAllEnd(lab, [...ids, ...started]);
      } finally {
        execFileSync('umount', ['-l', disk]);
      }
    },
  );
});

describe('bytes that are not what was written', () => {
  function flipAfter(file: string, text: string): void {
    const bytes = readFileSync(file);
    const at = bytes.lastIndexOf(text);
    expect(at).toBeGreaterThan(0);
    bytes[at + 2] = (bytes[at + 2] ?? 0) ^ 1;
    writeFileSync(file, bytes);
  }

  test('FLT-DK-05, STO-004: in a history or a checkpoint stop that run alone, with its name and the reason', async () => {
    const clock = new VirtualClock();
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
    const workflows = [two, counting];
    const first = openSqliteStore(directory.file(), { durability: 'normal' });
    const lab = await createTestEngine({
      store: first,
      clock,
      workflows,
      mocks: { a: (call: MockCall) => ({ text: `mark of ${call.run}` }), b: hangs(), z: hangs() },
    });
    const ids = await startAll(lab, 3);
    await lab.engine.start('counting', {}, { runId: 'long' });
    // All are at work when it closes: those that rest are loaded again only when they wake.
    await clock.advance(1_000);
    expect(first.readCheckpoint('long')).not.toBeNull();
    await lab.engine.close();
    flipAfter(directory.file(), 'mark of r1');
    flipAfter(directory.file(), '"value":{"$main"');

    await using after = await createTestEngine({ store: openSqliteStore(directory.file()), clock, workflows, mocks });
    const left = after.log.lines.filter(
      ({ message }) => message === 'a run could not be continued; it is left as it is',
    );
    const why = Object.fromEntries(left.map(({ details }) => [String(details?.['run']), String(details?.['error'])]));
    expect(why).toEqual({
      long: expect.stringMatching(/checkpoint of run 'long' .*checksum does not fit/) as string,
      r1: expect.stringMatching(/Event 2 of run 'r1' is damaged: its checksum does not fit/) as string,
    });
    await expectAllEnd(after, [ids[0] ?? '', ids[2] ?? '']);
    expect(() => after.engine.continueRun('r1')).toThrow(/checksum does not fit/);
    expect(after.engine.run('r1').status().status).toBe('running');
  });

  test('FLT-CR-19: a log whose end never reached the disk gives the runs as they were at a commit, and they go on', async () => {
    const clock = new VirtualClock();
    const store = openSqliteStore(directory.file());
    const commit = store.commit.bind(store);
    const marks: { readonly bytes: number; readonly seqs: Readonly<Record<string, number>> }[] = [];
    store.commit = (batch: readonly Commit[]) => {
      commit(batch);
      const seqs = Object.fromEntries(['r0', 'r1', 'r2'].map((id) => [id, store.lastSeq(id)]));
      marks.push({ bytes: statSync(`${directory.file()}-wal`).size, seqs });
    };
    const lab = await createTestEngine({ store, clock, workflows: [two], mocks });
    const ids = await startAll(lab, 3);
    await clock.advance(1_000);
    const whole = statSync(`${directory.file()}-wal`).size;
    copyFileSync(directory.file(), directory.file('whole.db'));
    copyFileSync(`${directory.file()}-wal`, directory.file('whole.db-wal'));
    await lab.engine.close();
    expect(marks.length).toBeGreaterThan(5);
    for (let cut = 0; cut <= whole; cut += Math.ceil(whole / 40)) {
      const file = directory.file(`cut-${cut}.db`);
      copyFileSync(directory.file('whole.db'), file);
      copyFileSync(directory.file('whole.db-wal'), `${file}-wal`);
      truncateSync(`${file}-wal`, cut);
      const torn = openSqliteStore(file, { durability: 'normal' });
      const safe = marks.findLast(({ bytes }) => bytes <= cut);
      for (const id of ids) expect(torn.lastSeq(id)).toBeGreaterThanOrEqual(safe?.seqs[id] ?? 0);
      const known = ids.filter((id) => torn.readRun(id) !== null);
      for (const id of known) expect(torn.readEvents(id, 1)).toHaveLength(torn.lastSeq(id));
      await using again = await createTestEngine({
        store: torn,
        clock: new VirtualClock(clock.now()),
        workflows: [two],
        mocks,
      });
      await expectAllEnd(again, known);
    }
  });
});

describe('others at the file', () => {
  test('FLT-DK-08: who holds the lock for long keeps commits waiting, loses none, and readers are answered meanwhile', async () => {
    const store = openSqliteStore(directory.file(), { durability: 'normal', busyTimeoutMs: 1 });
    await using lab = await createTestEngine({ store, workflows: [two], mocks });
    const ids = await startAll(lab, 2);
    const outside = new DatabaseSync(directory.file());
    outside.exec('begin immediate');
    const begun = lab.engine.start('two', { n: 1 }, { runId: 'r9' });
    await lab.clock.advance(5_000);
    expect(lab.log.problems).toEqual(['the store takes no commits now; runs wait for it']);
    expect(lab.engine.run('r0').status().status).toBe('running');
    expect(lab.mocks.counts).toEqual({ a: 2 });
    outside.exec('rollback');
    await lab.clock.advance(1_000);
    await begun;
    // A reader that never ends keeps nobody waiting.
    outside.exec('begin; select count(*) from history');
    await expectAllEnd(lab, [...ids, 'r9']);
    outside.close();
  });

  test.each(['vacuum into', 'backup'])(
    'FLT-DK-10: a copy by %s while runs go on is sound, and its runs go on',
    async (how) => {
      const clock = new VirtualClock();
      const store = openSqliteStore(directory.file(), { durability: 'normal' });
      await using lab = await createTestEngine({ store, clock, workflows: [two], mocks });
      const ids = await startAll(lab, 20);
      const copy = directory.file('copy.db');
      const outside = new DatabaseSync(directory.file(), { readOnly: true });
      if (how === 'backup') {
        const copied = sqlite.backup(outside, copy, { rate: 2 });
        await clock.advance(1_000);
        await copied;
      } else outside.exec(`vacuum into '${copy}'`);
      outside.close();
      await expectAllEnd(lab, ids);
      const restored = openSqliteStore(copy, { check: 'full' });
      await using again = await createTestEngine({ store: restored, clock, workflows: [two], mocks });
      await expectAllEnd(again, ids);
      expect(restored.listRuns({ status: ['completed'] })).toHaveLength(20);
    },
  );
});

describe('FLT-DK-07: a disk that takes long for every commit', () => {
  async function slowLab(ms: number): Promise<{ readonly lab: TestEngine; readonly commits: () => number }> {
    const store: SqliteStore = openSqliteStore(directory.file());
    const commit = store.commit.bind(store);
    let commits = 0;
    store.commit = (batch) => {
      commits += 1;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
      commit(batch);
    };
    return { lab: await createTestEngine({ store, workflows: [two], mocks }), commits: () => commits };
  }

  test('makes runs slow, nothing else', async () => {
    const { lab } = await slowLab(50);
    await expectAllEnd(lab, await startAll(lab, 5));
    expect(lab.mocks.counts).toEqual({ a: 5, b: 5 });
    await lab.engine.close();
  });

  test('is not written to more often because more is going on: many runs share a commit', async () => {
    const { lab, commits } = await slowLab(20);
    const ids = Array.from({ length: 100 }, (_, index) => `r${index}`);
    await Promise.all(ids.map((runId) => lab.engine.start('two', { n: runId }, { runId })));
    expect(commits()).toBeLessThan(5);
    await expectAllEnd(lab, ids);
    expect(lab.mocks.counts).toEqual({ a: 100, b: 100 });
    // Five events of each run.
    expect(commits()).toBeLessThan(100);
    await lab.engine.close();
  });
});
