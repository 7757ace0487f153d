/** Retention: what is old goes, what is needed stays, and runs go on meanwhile. */
import { describe, expect, test } from 'vitest';
import type { EngineOptions } from '../../src/engine/options.ts';
import type { RetentionOptions } from '../../src/engine/retention.ts';
import { MemoryDatabase, MemoryStore, openMemoryStore } from '../../src/store/memory.ts';
import { agent, flow } from '../support/flow.ts';
import { fails } from '../support/mocks.ts';
import { createTestEngine, type TestEngine } from '../support/test-engine.ts';

const day = 86_400_000;
const good = flow({ name: 'good', steps: [agent('a')] });
const other = flow({ name: 'other', steps: [agent('a')] });
const bad = flow({ name: 'bad', steps: [agent('b')] });
const open = flow({ name: 'open', steps: [{ id: 'h', type: 'signal', name: 'go' }] });
const parent = flow({
  name: 'parent',
  steps: [{ id: 'sub', type: 'workflow', workflow: 'open', input: {}, mode: 'detach', onParentClose: 'abandon' }],
});

interface Sweeping extends TestEngine {
  /** Lets the engine sweep for as long as it has something to do. */
  sweep(): Promise<void>;
  readonly steps: () => number;
}

async function engineWith(retention: RetentionOptions, options: Partial<EngineOptions> = {}): Promise<Sweeping> {
  let step: () => void = () => undefined;
  let steps = 0;
  const lab = await createTestEngine({
    workflows: [good, other, bad, open, parent],
    mocks: { b: fails('broken') },
    retention,
    sweep: (work) => {
      step = work;
      return () => {
        step = () => undefined;
      };
    },
    store: openMemoryStore(),
    ...(options as object),
  });
  return Object.assign(lab, {
    steps: () => steps,
    sweep: async () => {
      await lab.clock.advance(6 * 60_000);
      for (let each = 0; each < 50; each += 1) {
        step();
        steps += 1;
      }
      await lab.clock.settle();
    },
  });
}

const ids = (lab: TestEngine): readonly string[] => lab.engine.runs({ order: 'asc' }).map(({ id }) => id);

async function start(lab: TestEngine, workflow: string, ...runs: readonly string[]): Promise<void> {
  for (const runId of runs) await lab.engine.start(workflow, {}, { runId });
  await lab.clock.settle();
}

describe('retention', () => {
  test('removes what ended longer ago than its status is kept', async () => {
    await using lab = await engineWith({ completed: '30d', failed: '90d' });
    await start(lab, 'good', 'good-1');
    await start(lab, 'bad', 'bad-1');
    await start(lab, 'open', 'open-1', 'open-2');
    await lab.engine.cancel('open-2');
    await lab.clock.advance(29 * day);
    await lab.sweep();
    await start(lab, 'good', 'good-2');
    expect(ids(lab)).toEqual(['good-1', 'bad-1', 'open-1', 'open-2', 'good-2']);
    await lab.clock.advance(2 * day);
    await lab.sweep();
    expect(ids(lab)).toEqual(['bad-1', 'open-1', 'open-2', 'good-2']);
    await lab.clock.advance(60 * day);
    await lab.sweep();
    expect(ids(lab)).toEqual(['open-1', 'open-2']);
    expect(lab.log.lines.filter(({ message }) => message === 'old runs were removed')).toHaveLength(2);
  });

  test('counts from the end of a run, not from its start', async () => {
    await using lab = await engineWith({ cancelled: '1d' });
    await start(lab, 'open', 'slow');
    await lab.clock.advance(5 * day);
    await lab.engine.cancel('slow');
    await lab.clock.settle();
    await lab.clock.advance(day / 2);
    await lab.sweep();
    expect(ids(lab)).toEqual(['slow']);
    await lab.clock.advance(day);
    await lab.sweep();
    expect(ids(lab)).toEqual([]);
  });

  test('keeps the last runs of each workflow in any case', async () => {
    await using lab = await engineWith({ completed: 0, failed: 0, keepLast: 2 });
    for (const n of [1, 2, 3, 4]) {
      await start(lab, 'good', `good-${n}`);
      await lab.clock.advance(1_000);
    }
    await start(lab, 'other', 'other-1');
    await start(lab, 'bad', 'bad-1', 'bad-2');
    await lab.sweep();
    expect(ids(lab)).toEqual(['good-3', 'good-4', 'other-1', 'bad-1', 'bad-2']);
  });

  test('leaves a run whose child still runs, and takes both when it has ended', async () => {
    await using lab = await engineWith({ completed: '1d', cancelled: '1d' });
    await start(lab, 'parent', 'p');
    expect(lab.engine.run('p').status().status).toBe('completed');
    await lab.clock.advance(2 * day);
    await lab.sweep();
    expect(ids(lab)).toEqual(['p', 'p/sub:1']);
    await lab.engine.cancel('p/sub:1');
    await lab.clock.settle();
    await lab.sweep();
    expect(ids(lab)).toEqual([]);
  });

  test('gets through more than a page, past what it has to keep', async () => {
    await using lab = await engineWith({ completed: '1d' });
    await start(lab, 'parent', ...Array.from({ length: 60 }, (_, index) => `p${index}`));
    await start(lab, 'good', ...Array.from({ length: 120 }, (_, index) => `g${index}`));
    await lab.clock.advance(2 * day);
    await lab.sweep();
    expect(lab.engine.runs({ kind: ['run'], limit: 1_000 }).map(({ workflow }) => workflow)).toEqual(
      Array.from({ length: 60 }, () => 'parent'),
    );
  });

  test('tries again later when the store does not let it, and stops with the engine', async () => {
    const store = openMemoryStore();
    const prune = store.prune.bind(store);
    let isBroken = true;
    let calls = 0;
    store.prune = (runs) => {
      calls += 1;
      if (isBroken) throw new Error('busy');
      return prune(runs);
    };
    const lab = await engineWith({ completed: '1d' }, { store });
    await start(lab, 'good', 'good-1');
    await lab.clock.advance(2 * day);
    await lab.sweep();
    expect(ids(lab)).toEqual(['good-1']);
    expect(lab.log.problems).toEqual(['old runs could not be removed now; it is tried again later']);
    isBroken = false;
    await lab.sweep();
    expect(ids(lab)).toEqual([]);
    await lab.engine.close();
    const before = calls;
    await lab.sweep();
    expect(calls).toBe(before);
  });

  test('removes what has expired in the cache of steps, with nothing cached any more', async () => {
    const store = openMemoryStore();
    await using lab = await engineWith({ completed: '30d' }, { store });
    for (let n = 0; n < 450; n += 1) store.putCached(`old-${n}`, '1', lab.clock.now() + 1_000);
    store.putCached('new', '1', lab.clock.now() + 2 * day);
    await lab.clock.advance(day);
    await lab.sweep();
    expect(store.pruneCached(lab.clock.now(), 1_000)).toBe(0);
    expect(store.claimCached('new', lab.clock.now())).toEqual({ value: '1' });
  });

  const wrong: readonly (readonly [object, RegExp])[] = [
    [{}, /nothing would be removed: give completed, failed, cancelled/],
    [{ keepLast: 5 }, /nothing would be removed/],
    [{ complete: '30d' }, /there is no 'complete'; there are completed, failed, cancelled and keepLast/],
    [{ completed: 'soon' }, /completed must be a number of milliseconds, or a text such as '30s'/],
    [{ completed: -1 }, /completed must not be negative/],
    [{ completed: '1d', keepLast: 1.5 }, /keepLast takes a whole number/],
  ];
  test.each(wrong)('%j is refused', async (retention, message) => {
    await expect(createTestEngine({ retention })).rejects.toThrow(message);
  });
});

test('definitions that no run refers to any more go too, and come again with a run', async () => {
  const database = new MemoryDatabase();
  const store = (): MemoryStore => new MemoryStore(database);
  const version = (n: number): typeof good =>
    flow({ name: 'good', steps: [agent('a', { input: { prompt: `v${n}` } })] });
  const [one, two, three] = [version(1), version(2), version(3)];
  const isThere = (): readonly boolean[] => [one, two, three].map(({ hash }) => database.definitions.has(hash));
  const retention = { completed: '1d' } as const;
  {
    await using lab = await engineWith(retention, { workflows: [one], store: store() });
    await start(lab, 'good', 'a');
  }
  {
    await using lab = await engineWith(retention, { workflows: [two, open], store: store() });
    await start(lab, 'good', 'b');
    await start(lab, 'open', 'live');
  }
  await using lab = await engineWith(retention, { workflows: [three, open], store: store() });
  await lab.clock.advance(day);
  await start(lab, 'good', 'c');
  expect(isThere()).toEqual([true, true, true]);
  await lab.sweep();
  expect(ids(lab)).toEqual(['live', 'c']);
  expect(isThere()).toEqual([false, false, true]);
  // A process that deployed it before goes on with it.
  await lab.engine.start(one, {}, { runId: 'd' });
  expect(isThere()).toEqual([true, false, true]);
  expect(await lab.drive('d')).toMatchObject({ status: 'completed' });
});
