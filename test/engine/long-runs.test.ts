/** Runs that go on and on: what is kept of them stays bounded, and they lose nothing of what they still need. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Commit, Store } from '../../src/core/ports.ts';
import { decodeEvent } from '../../src/engine/drive/codec.ts';
import { RunView } from '../../src/engine/read/run-view.ts';
import { exportRuns } from '../../src/store/archive/export.ts';
import { importRuns } from '../../src/store/archive/import.ts';
import { MemoryDatabase, openMemoryStore } from '../../src/store/memory.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { agent, flow } from '../support/flow.ts';
import type { MockCall } from '../support/mocks.ts';
import { collect, createTestEngine, type TestEngine } from '../support/test-engine.ts';
import { driveUntil, VirtualClock } from '../support/virtual-clock.ts';
import { MortalStore } from './crash.ts';

const limits = { maxEpochEvents: 40, maxEarlierEvents: 60 };
const polls = 300;

/** Says something long at its beginning that it reads at its end; polls in between; hears signals meanwhile. */
const polling = (last: object = agent('b', { input: { prompt: '{{steps.a.output.text}} {{steps.look.output.n}}' } })) =>
  flow({
    state: { heard: [] },
    steps: [
      agent('a'),
      {
        id: 'w',
        type: 'wait',
        condition: `{{steps.look.output.n}} < ${polls}`,
        pollInterval: '1s',
        poll: agent('look'),
      },
      { id: 's', type: 'signal', name: 'early', assign: { heard: { append: '{{steps.s.output}}' } } },
      last as never,
    ],
    output: { said: '{{steps.b.output.prompt}}', heard: '{{state.heard}}' },
  });
const long = 'long '.repeat(100);
const early = { big: 'early '.repeat(50) };
const mocks = {
  a: { text: long },
  look: ({ visit }: MockCall) => ({ n: visit, text: 'x'.repeat(100) }),
  b: (call: MockCall) => call.input,
};
const output = { said: `${long} ${polls}`, heard: [early] };

const countOf = (store: Store, run = 'run'): number => store.readEvents(run, 1).length;

async function started(store: Store, clock: VirtualClock): Promise<TestEngine> {
  const lab = await createTestEngine({ store, clock, mocks, limits, workflows: [polling()] });
  await lab.engine.start(polling(), {}, { runId: 'run' });
  await lab.engine.signal('run', 'early', early);
  return lab;
}

const stores: readonly (readonly [string, (folder: string) => Store])[] = [
  ['in memory', () => openMemoryStore()],
  ['in a file', (folder) => openSqliteStore(join(folder, 'store.db'), { durability: 'normal' })],
];

describe.each(stores)('a run that polls on and on, %s', (_name, open) => {
  async function withStore(work: (store: Store) => Promise<void>): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'dank-long-'));
    try {
      await work(open(folder));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  test('keeps a bounded history, and what it refers to: it ends as if all were there', async () => {
    await withStore(async (store) => {
      const clock = new VirtualClock();
      await using lab = await started(store, clock);
      const counts: number[] = [];
      for (let n = 0; n < 28; n += 1) {
        await clock.advance(10_000);
        counts.push(countOf(store));
      }
      expect(Math.max(...counts)).toBeLessThan(180);
      expect(store.lastSeq('run')).toBeGreaterThan(500);
      const types = store.readEvents('run', 1).map(({ type }) => type);
      expect(types.slice(0, 4)).toEqual(['run.started', 'signal.received', 'effect.completed', 'events.removed']);
      expect(await lab.drive('run')).toMatchObject({ status: 'completed', output });
      expect(lab.mocks.counts).toEqual({ a: 1, look: polls, b: 1 });
    });
  });

  test('is shown, exported and imported, and forked', async () => {
    await withStore(async (store) => {
      const clock = new VirtualClock();
      await using lab = await started(store, clock);
      await clock.advance(200_000);
      const { seq } = lab.engine.query('run');
      const whole = store
        .readEvents('run', 1)
        .map(decodeEvent)
        .findLast(({ event }) => event.type === 'run.rebased' && event.keptFrom !== undefined)?.event;
      const { keptFrom = 0 } = whole as { readonly keptFrom?: number };
      expect(keptFrom).toBeGreaterThan(100);
      await expect(lab.engine.fork('run', { at: 50 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(lab.engine.fork('run', { at: 4 })).rejects.toMatchObject({ code: 'CONFLICT' });
      await lab.engine.fork('run', { at: seq, runId: 'now' });
      await lab.engine.fork('run', { at: keptFrom, runId: 'before' });
      await lab.engine.fork('now', { at: seq + 1, runId: 'again' });
      for (const id of ['run', 'now', 'before', 'again'])
        expect(await lab.drive(id)).toMatchObject({ status: 'completed', output });
      const view = new RunView(store, 'run');
      const told = view.update().map(({ type }) => type);
      expect([told[0], told.at(-1)]).toEqual(['run.started', 'run.completed']);
      expect(view.steps().map(({ status }) => status)).toEqual([
        'completed',
        'completed',
        'completed',
        'completed',
        'completed',
      ]);
      expect((await collect(lab.engine.run('run').events())).at(-1)).toMatchObject({ type: 'run.completed', output });
      const lines = [...exportRuns(store, ['run', 'before', 'again'])];
      const copy = openMemoryStore();
      copy.acquire();
      await importRuns(copy, () => asLines(lines));
      expect([...exportRuns(copy, ['run', 'before', 'again'])]).toEqual(lines);
      expect(new RunView(copy, 'again').report()).toMatchObject({ status: 'completed', output });
    });
  });

  test('much is removed in parts, none of which takes long', async () => {
    await withStore(async (store) => {
      const parts: number[] = [];
      const commit = store.commit.bind(store);
      store.commit = (batch: readonly Commit[]) => {
        commit(batch);
        for (const { removed = [] } of batch) for (const { from, to } of removed) parts.push(to - from + 1);
      };
      const clock = new VirtualClock();
      await using lab = await createTestEngine({
        store,
        clock,
        mocks: { ...mocks, look: { n: 0 } },
        limits: { maxEpochEvents: 1_200, maxEarlierEvents: 1 },
        workflows: [polling()],
      });
      await lab.engine.start(polling(), {}, { runId: 'run' });
      for (let n = 0; n < 4; n += 1) {
        await clock.advance(1_000_000);
        expect(countOf(store)).toBeLessThan(2_500);
      }
      expect(store.lastSeq('run')).toBeGreaterThan(8_000);
      // A part reaches 500 further than the one before; what was kept between two epochs goes with it.
      const steps = parts.slice(1).map((size, index) => size - (parts[index] ?? 0));
      expect(Math.max(...steps)).toBeLessThanOrEqual(502);
      expect(parts.length).toBeGreaterThan(12);
    });
  });
});

async function* asLines(lines: readonly string[]): AsyncIterable<string> {
  yield* await Promise.resolve(lines);
}

test('killed anywhere, it goes on as if nothing had happened', async () => {
  for (let batch = 3; batch < 420; batch += 31) {
    for (const when of ['before', 'after'] as const) {
      const clock = new VirtualClock();
      const database = new MemoryDatabase();
      const mortal = new MortalStore(database, { batch, when });
      const first = await started(mortal, clock).catch(() => null);
      await driveUntil(
        clock,
        () => mortal.isDead,
        () => `batch ${batch}`,
      );
      await first?.engine.close();
      const store = openMemoryStore(database);
      await using second = await createTestEngine({ store, clock, mocks, limits, workflows: [polling()] });
      expect(await second.drive('run')).toMatchObject({ status: 'completed', output });
      expect(countOf(store)).toBeLessThan(180);
    }
  }
});

test('a reader that is behind goes on with what is there', async () => {
  const store = openMemoryStore();
  const clock = new VirtualClock();
  await using lab = await started(store, clock);
  await clock.advance(10_000);
  const view = new RunView(store, 'run');
  expect(view.update().length).toBeGreaterThan(10);
  await clock.advance(200_000);
  expect(view.update().length).toBeGreaterThan(10);
  expect(await lab.drive('run')).toMatchObject({ status: 'completed' });
  expect(view.update().at(-1)).toMatchObject({ type: 'run.completed' });
});

test('of a run with rounds all is kept: they read it as it was when their loop began', async () => {
  const store = openMemoryStore();
  const clock = new VirtualClock();
  const definition = flow({
    steps: [
      agent('a'),
      {
        id: 'p',
        type: 'parallel',
        steps: [
          {
            id: 'w',
            type: 'wait',
            condition: `{{steps.look.output.n}} < ${polls}`,
            pollInterval: '1s',
            poll: agent('look'),
          },
          {
            id: 'each',
            type: 'loop',
            items: [1, 2],
            steps: [
              { id: 'g', type: 'signal', name: 'go' },
              agent('r', { input: { prompt: '{{steps.a.output.text}}' } }),
            ],
          },
        ],
      },
    ],
    output: '{{steps.each.output}}',
  });
  await using lab = await createTestEngine({
    store,
    clock,
    mocks: { ...mocks, r: (call: MockCall) => call.input },
    limits,
    workflows: [definition],
    sleepAfterMs: 0,
  });
  await lab.engine.start(definition, {}, { runId: 'run' });
  await clock.advance(200_000);
  expect(countOf(store)).toBe(store.lastSeq('run'));
  await lab.engine.signal('run/each:1/0', 'go');
  await clock.advance(1_000);
  await lab.engine.signal('run/each:1/1', 'go');
  expect(await lab.drive('run')).toMatchObject({ status: 'completed', output: [{ prompt: long }, { prompt: long }] });
});
