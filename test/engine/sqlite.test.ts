/** The engine on a real file: crashes of the store object, two engines on one file, and what is in its bytes. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import type { SqliteStore } from '../../src/store/sqlite/store.ts';
import { agent, flow } from '../support/flow.ts';
import { hangs, type MockCall } from '../support/mocks.ts';
import { collect, createTestEngine } from '../support/test-engine.ts';
import { driveUntil, VirtualClock } from '../support/virtual-clock.ts';
import { flows } from './flows.ts';

let folder: string;
const file = (): string => join(folder, 'store.db');
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dank-engine-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Dies after so many batches, once they are written. */
function mortalStore(batches: number): SqliteStore & { isDead: boolean } {
  const store = Object.assign(openSqliteStore(file(), { durability: 'normal' }), { isDead: false });
  const commit = store.commit.bind(store);
  let left = batches;
  store.commit = (batch) => {
    commit(batch);
    left -= 1;
    if (left > 0) return;
    store.isDead = true;
    store.crash();
    commit(batch);
  };
  return store;
}

describe('a file', () => {
  test.each(flows)(
    '$name: killed after every second batch, and continued',
    async ({ make, others, input = {}, mocks = {}, status = 'completed', ...more }) => {
      const clock = new VirtualClock();
      let [lives, hasEnded] = [0, false];
      for (; !hasEnded && lives < 60; lives++) {
        const store = mortalStore(2);
        const lab = await createTestEngine({ store, clock, mocks, workflows: [make(), ...(others?.() ?? [])] });
        if (lives === 0) await lab.engine.start(make().name, input, { runId: 'run' });
        await driveUntil(
          clock,
          () => store.isDead || store.readRun('run')?.endedAt !== null,
          () => 'neither dead nor ended',
        );
        await lab.engine.close();
        const after = openSqliteStore(file(), { readOnly: true });
        hasEnded = after.readRun('run')?.endedAt !== null;
        after.close();
      }
      expect(lives).toBeGreaterThan(1);
      expect(hasEnded).toBe(true);
      const store = openSqliteStore(file());
      await using lab = await createTestEngine({ store, clock, mocks, workflows: [make(), ...(others?.() ?? [])] });
      expect(lab.engine.run('run').status()).toMatchObject({
        status,
        ...('output' in more ? { output: more.output } : {}),
      });
      expect((await collect(lab.engine.run('run').events())).at(-1)).toMatchObject({ type: `run.${status}` });
    },
  );

  test('that two engines have open: runs stay with the living, and go over from the dead', async () => {
    const definition = flow({ steps: [agent('a'), agent('b')] });
    const clock = new VirtualClock();
    const first = openSqliteStore(file());
    const one = await createTestEngine({ store: first, clock, workflows: [definition], mocks: { a: hangs() } });
    await one.engine.start(definition, {}, { runId: 'run' });
    await using two = await createTestEngine({ store: openSqliteStore(file()), clock, workflows: [definition] });
    expect(two.engine.recover()).toEqual([]);
    expect(two.engine.run('run').status()).toMatchObject({ status: 'running' });
    expect(() => two.engine.continueRun('run')).toThrow("run 'run' is being run by another process");
    expect((await two.engine.start(definition, {}, { runId: 'run' })).id).toBe('run');
    await clock.settle();
    expect(two.mocks.counts).toEqual({});
    first.crash();
    expect(two.engine.recover()).toEqual(['run']);
    await two.drive('run');
    expect(two.mocks.calls.map(({ step, key }) => `${step} ${key}`)).toEqual(['a run:a:1', 'b run:b:1']);
    await one.engine.close();
  });

  test('of a run of many events: a checkpoint and the events after it are what a whole replay gives', async () => {
    const definition = flow({
      state: { n: 0 },
      steps: [
        {
          id: 'rounds',
          type: 'loop',
          while: '{{state.n}} < 150',
          steps: [
            agent('a', { input: { prompt: '{{state.n}}' }, assign: { n: { expr: '{{state.n}} + 1' } } }),
            agent('b'),
          ],
        },
        agent('last', { input: { prompt: '{{steps.a.output.text}}' } }),
      ],
    });
    const mocks = {
      a: (call: MockCall) => ({ text: `round ${String((call.input as { readonly prompt: unknown }).prompt)}` }),
      last: hangs(),
    };
    const clock = new VirtualClock();
    const store = openSqliteStore(file(), { durability: 'normal' });
    const first = await createTestEngine({ store, clock, mocks, workflows: [definition] });
    await first.engine.start(definition, {}, { runId: 'run' });
    await clock.settle();
    const checkpoint = store.readCheckpoint('run');
    expect(store.lastSeq('run')).toBe(301);
    expect(checkpoint?.seq).toBeGreaterThan(100);
    const steps = first.engine.run('run').steps();
    store.crash();
    await first.engine.close();
    await using second = await createTestEngine({
      store: openSqliteStore(file()),
      clock,
      workflows: [definition],
      mocks: { last: (call: MockCall) => call.input },
    });
    expect(second.engine.run('run').steps()).toEqual(steps);
    await second.drive('run');
    expect(await second.engine.run('run').result()).toEqual({ prompt: 'round 149' });
    expect(second.mocks.counts).toEqual({ last: 1 });
  });
});

test('nothing is left beside the file when the engine is closed', async () => {
  const lab = await createTestEngine({ store: openSqliteStore(file()) });
  await lab.engine.start(flow({ steps: [agent('a')] }), {}, { runId: 'run' });
  await lab.drive('run');
  await lab.engine.close();
  expect(readdirSync(folder)).toEqual(['store.db', 'store.db-owners']);
  expect(readdirSync(join(folder, 'store.db-owners'))).toEqual([]);
  expect(readFileSync(file()).subarray(0, 15).toString()).toBe('SQLite format 3');
});
