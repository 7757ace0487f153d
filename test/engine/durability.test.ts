import { describe, expect, test } from 'vitest';
import type { Commit } from '../../src/core/ports.ts';
import { MemoryDatabase, MemoryStore, openMemoryStore } from '../../src/store/memory.ts';
import { agent, flow } from '../support/flow.ts';
import { after, hangs } from '../support/mocks.ts';
import { collect, createTestEngine } from '../support/test-engine.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { driveToDeath, live } from './crash.ts';
import { flows } from './flows.ts';

/** Notes what is written, among what else happens. */
class RecordingStore extends MemoryStore {
  readonly log: string[];

  constructor(log: string[] = []) {
    super(new MemoryDatabase());
    this.log = log;
  }

  override commit(batch: readonly Commit[]): void {
    super.commit(batch);
    this.log.push(
      `commit ${batch.map(({ run, events }) => events.map(({ seq }) => `${run}:${seq}`).join('+')).join(' ')}`,
    );
  }
}

describe("durability 'sync'", () => {
  test('an effect starts only after the event that it follows from is stored', async () => {
    const log: string[] = [];
    const store = new RecordingStore(log);
    const note = (call: { readonly step: string }): string => {
      log.push(`call ${call.step}`);
      return call.step;
    };
    await using lab = await createTestEngine({ store, mocks: { a: note, b: note } });
    await lab.engine.start(flow({ steps: [agent('a'), agent('b')] }), {}, { runId: 'run' });
    await lab.drive('run');
    expect(log).toEqual(['commit run:1', 'call a', 'commit run:2', 'call b', 'commit run:3']);
  });

  test('what many runs have to write in one turn is one batch', async () => {
    const store = new RecordingStore();
    await using lab = await createTestEngine({ store });
    const workflow = flow({ steps: [agent('a')] });
    await Promise.all(Array.from({ length: 20 }, (_, n) => lab.engine.start(workflow, {}, { runId: `run-${n}` })));
    for (let n = 0; n < 20; n++) await lab.drive(`run-${n}`);
    expect(store.log.length).toBeLessThanOrEqual(3);
    expect(store.log[0]?.split(' ')).toHaveLength(21);
  });

  test('a run is what its stored events say: nobody sees more', async () => {
    const store = new RecordingStore();
    await using lab = await createTestEngine({ store, mocks: { a: 'x'.repeat(1_000) } });
    const seen: string[] = [];
    const commit = store.commit.bind(store);
    store.commit = (batch) => {
      const { status } = lab.engine.run('run').status();
      seen.push(`${status} before ${batch.flatMap(({ events }) => events.map(({ seq }) => seq)).join()}`);
      commit(batch);
    };
    const starting = lab.engine.start(flow({ steps: [agent('a')] }), {}, { runId: 'run' });
    expect(() => lab.engine.run('run').status()).toThrow("no run 'run'");
    store.commit = commit;
    await starting;
    store.commit = (batch) => {
      seen.push(
        `${lab.engine.run('run').status().status}, then ${batch.flatMap(({ events }) => events.map(({ seq }) => seq)).join()}`,
      );
      commit(batch);
    };
    await lab.drive('run');
    expect(seen).toEqual(['running, then 2']);
  });
});

describe("durability 'async'", () => {
  test.each(flows)('$name', async ({ make, others, input = {}, mocks = {}, status = 'completed', ...more }) => {
    await using lab = await createTestEngine({
      mocks,
      workflows: [make(), ...(others?.() ?? [])],
      durability: 'async',
    });
    const run = await lab.engine.start(make().name, input, { runId: 'run' });
    const events = collect(run.events());
    const report = await lab.drive('run');
    expect(report).toMatchObject({ status });
    if ('output' in more) expect(report).toMatchObject({ output: more.output });
    // That a step waits for a limit is told as it happens, and not again.
    const told = (await events).filter(({ type }) => type !== 'step.queued');
    expect(told).toEqual(await collect(run.events()));
  });

  test.each(flows)(
    'forgets the last moments in a crash, and tears nothing: $name',
    async ({ make, others, input = {}, mocks = {}, status = 'completed', ...more }) => {
      for (let batch = 2; batch < 8; batch++) {
        const clock = new VirtualClock();
        const database = new MemoryDatabase();
        const calm = await live(new MemoryDatabase(), [make(), ...(others?.() ?? [])], mocks, clock, {
          durability: 'async',
        });
        await calm.engine.start(make().name, input, { runId: 'run' });
        await calm.drive('run');
        await calm.engine.close();
        if (calm.store.batches < batch) return;
        const first = await live(database, [make(), ...(others?.() ?? [])], mocks, clock, {
          durability: 'async',
          death: { batch, when: 'before' },
        });
        await first.engine.start(make().name, input, { runId: 'run' });
        await driveToDeath(clock, first.store);
        await first.engine.close();
        const second = await live(database, [make(), ...(others?.() ?? [])], mocks, clock);
        if (!database.runs.has('run')) await second.engine.start(make().name, input, { runId: 'run' });
        const report = await second.drive('run');
        expect(report).toMatchObject({ status });
        if ('output' in more) expect(report).toMatchObject({ output: more.output });
        await second.engine.close();
      }
    },
  );

  test('a reader that comes between an event and its commit misses nothing and sees nothing twice', async () => {
    const readers: Promise<readonly unknown[]>[] = [];
    const engines: Awaited<ReturnType<typeof createTestEngine>>[] = [];
    const read = (call: { readonly step: string }): string => {
      const [lab] = engines;
      if (lab !== undefined) readers.push(collect(lab.engine.run('run').events()));
      return call.step;
    };
    await using lab = await createTestEngine({ durability: 'async', mocks: { a: read, b: read, c: read } });
    engines.push(lab);
    await lab.engine.start(flow({ steps: [agent('a'), agent('b'), agent('c')] }), {}, { runId: 'run' });
    await lab.drive('run');
    const all = await collect(lab.engine.run('run').events());
    expect(readers).toHaveLength(3);
    for (const events of await Promise.all(readers)) expect(events).toEqual(all);
  });

  test('a store that takes nothing for a while does not let runs get ahead without bound', async () => {
    const store = openMemoryStore();
    let isFull = false;
    const commit = store.commit.bind(store);
    const { WorkflowError } = await import('../../src/core/errors.ts');
    store.commit = (batch) => {
      if (isFull) throw new WorkflowError('STORE_UNAVAILABLE', 'the disk is full');
      commit(batch);
    };
    await using lab = await createTestEngine({ store, durability: 'async', mocks: { a: after(1, 'a') } });
    await lab.engine.start(
      flow({ steps: [{ id: 'l', type: 'loop', while: 'true', maxIterations: 20_000, steps: [agent('a')] }] }),
      {},
      { runId: 'run' },
    );
    isFull = true;
    await lab.clock.advance(1_500);
    const ahead = lab.mocks.calls.length;
    await lab.clock.advance(3_000);
    expect(lab.mocks.calls.length).toBe(ahead);
    isFull = false;
    await lab.clock.advance(1_500);
    expect(lab.mocks.calls.length).toBeGreaterThan(ahead);
  });
});

test("durability 'async': what was done when the engine is closed is written", async () => {
  const database = new MemoryDatabase();
  const lab = await createTestEngine({ store: openMemoryStore(database), durability: 'async', mocks: { b: hangs() } });
  const run = await lab.engine.start(flow({ steps: [agent('a'), agent('b')] }), {}, { runId: 'run' });
  while (run.steps().length === 0 || run.steps()[0]?.status !== 'completed') await Promise.resolve();
  expect(openMemoryStore(database).lastSeq('run')).toBeLessThan(2);
  await lab.engine.close();
  expect(openMemoryStore(database).lastSeq('run')).toBe(2);
});

describe("durability 'none'", () => {
  test('runs without a file', async () => {
    const { createEngine } = await import('../../src/engine/create-engine.ts');
    await using engine = await createEngine({ durability: 'none', store: '/nowhere/at/all.db', agents: {} });
    const run = await engine.start(flow({ steps: [{ id: 't', type: 'transform', transform: () => 42 }] }));
    expect(await run.result()).toBe(42);
  });
});
