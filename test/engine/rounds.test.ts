import { describe, expect, test } from 'vitest';
import { TerminalError } from '../../src/core/errors.ts';
import type { StoredEvent } from '../../src/core/ports.ts';
import { MemoryDatabase, MemoryStore, openMemoryStore } from '../../src/store/memory.ts';
import { agent, flow, type LooseStep } from '../support/flow.ts';
import { after, hangs, type MockCall } from '../support/mocks.ts';
import { createTestEngine } from '../support/test-engine.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const promptOf = (call: MockCall): unknown => (call.input as { readonly prompt: unknown }).prompt;

function looped(more: Readonly<Record<string, unknown>> = {}, step: Readonly<Record<string, unknown>> = {}): LooseStep {
  return {
    id: 'each',
    type: 'loop',
    items: '{{workflow.input.list}}',
    steps: [agent('work', { input: { prompt: '{{loop.item}}' }, ...step })],
    ...more,
  };
}

const fiveItems = { list: [1, 2, 3, 4, 5] };

describe('an items loop', () => {
  test('keeps no more rounds in memory than run at once, and none when it has ended', async () => {
    const items = Array.from({ length: 10_000 }, (_, index) => index);
    let [running, most] = [0, 0];
    await using lab = await createTestEngine({
      mocks: {
        work: async (call: MockCall) => {
          running += 1;
          most = Math.max(most, running);
          await Promise.resolve();
          running -= 1;
          return promptOf(call);
        },
      },
    });
    const definition = flow({ steps: [looped({ parallel: true, maxConcurrency: 50 })] });
    const run = await lab.engine.start(definition, { list: items }, { runId: 'run' });
    await lab.drive(run.id);
    const output = (await run.result()) as readonly unknown[];
    expect(output).toHaveLength(10_000);
    expect(output).toEqual(items);
    expect(most).toBeLessThanOrEqual(50);
    // The history of the run itself stays short: rounds have their own.
    expect(lab.store.lastSeq('run')).toBe(2);
  }, 60_000);

  test.each([
    { onItemError: 'collect', output: [1, null, 3, null, 5] },
    { onItemError: 'skip', output: [1, 3, 5] },
  ])("onItemError '$onItemError': $output", async ({ onItemError, output }) => {
    await using lab = await createTestEngine({
      mocks: {
        work: (call: MockCall) => {
          const item = promptOf(call);
          if (item === 2 || item === 4) throw new TerminalError(`no ${String(item)}`);
          return item;
        },
      },
    });
    const run = await lab.engine.start(
      flow({
        steps: [looped({ onItemError })],
        output: { out: '{{steps.each.output}}', errors: '{{steps.each.metadata.errors}}' },
      }),
      fiveItems,
      { runId: 'run' },
    );
    await lab.drive(run.id);
    expect(await run.result()).toMatchObject({
      out: output,
      errors: { 1: { message: 'no 2' }, 3: { message: 'no 4' } },
    });
  });

  test("onItemError 'fail': the first failure ends the loop, the rounds under way are cancelled, the rest never begins", async () => {
    await using lab = await createTestEngine({
      mocks: {
        work: (call: MockCall) => {
          if (promptOf(call) === 2)
            return after(10, () => {
              throw new TerminalError('no 2');
            })(call);
          return hangs()(call);
        },
      },
    });
    const run = await lab.engine.start(flow({ steps: [looped({ parallel: 3 })] }), fiveItems, { runId: 'run' });
    const report = await lab.drive(run.id);
    await lab.clock.settle();
    expect(report).toMatchObject({
      status: 'failed',
      error: {
        code: 'STEPS_FAILED',
        message: "round 1 of loop 'each' failed at step 'work': no 2",
        details: { index: 1, step: 'each' },
      },
    });
    expect(lab.mocks.counts).toEqual({ work: 3 });
    expect(lab.mocks.aborted).toEqual(['work', 'work']);
    const rounds = lab.store.listRuns({ parent: 'run', kind: ['round'] }).map(({ id, status }) => `${id} ${status}`);
    expect(rounds.sort()).toEqual(['run/each:1/0 cancelled', 'run/each:1/1 failed', 'run/each:1/2 cancelled']);
  });

  test('cancelling the run cancels its rounds', async () => {
    await using lab = await createTestEngine({ mocks: { work: hangs() } });
    const run = await lab.engine.start(flow({ steps: [looped({ parallel: 2 })] }), fiveItems, { runId: 'run' });
    await lab.clock.settle();
    await run.cancel({ by: 'kim' });
    await lab.clock.settle();
    expect(lab.mocks.aborted).toEqual(['work', 'work']);
    const rounds = lab.store.listRuns({ parent: 'run', kind: ['round'] });
    expect(rounds.map(({ status, endedAt }) => [status, endedAt])).toEqual([
      ['cancelled', lab.clock.now()],
      ['cancelled', lab.clock.now()],
    ]);
  });

  test.each([undefined, null, 7, 'text', { length: 2 }])('items that are no list fail the step: %o', async (list) => {
    await using lab = await createTestEngine();
    const run = await lab.engine.start(flow({ steps: [looped()] }), { list }, { runId: 'run' });
    expect(await lab.drive(run.id)).toMatchObject({ status: 'failed', error: { code: 'TEMPLATE_FAILED' } });
  });

  test('large items are stored once: rounds refer to them', async () => {
    const list = Array.from({ length: 20 }, (_, index) => ({ index, text: `${index}`.repeat(5_000) }));
    await using lab = await createTestEngine({
      mocks: { work: (call: MockCall) => (promptOf(call) as string).length },
    });
    const run = await lab.engine.start(
      flow({ steps: [looped({}, { input: { prompt: '{{loop.item.text}}' } })] }),
      { list },
      { runId: 'run' },
    );
    await lab.drive(run.id);
    expect(await run.result()).toEqual(list.map(({ text }) => text.length));
    for (const { id } of lab.store.listRuns({ parent: 'run', kind: ['round'] })) {
      expect(JSON.stringify(lab.store.readEvents(id, 1)).length).toBeLessThan(2_000);
    }
  });

  test('an attempt of the loop begins with fresh rounds', async () => {
    await using lab = await createTestEngine({
      mocks: { work: (call: MockCall) => (call.index < 3 ? hangs()(call) : promptOf(call)) },
    });
    const definition = flow({
      steps: [looped({ parallel: true, timeout: 100, retry: { maxAttempts: 2, delay: 10 } })],
    });
    const run = await lab.engine.start(definition, { list: [1, 2, 3] }, { runId: 'run' });
    await lab.drive(run.id);
    expect(await run.result()).toEqual([1, 2, 3]);
    expect(lab.mocks.counts).toEqual({ work: 6 });
  });
});

describe('rounds after a crash', () => {
  test('see the run around them as it was when the loop began, also when that was held back by a pause', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const definition = () =>
      flow({
        steps: [agent('a'), looped({ items: [1, 2] }, { input: { prompt: '{{steps.a.output.text}} {{loop.item}}' } })],
      });
    const mocks = { a: after(50, { text: 'of a' }), work: after(1_000, promptOf) };
    const store = openMemoryStore(database);
    const first = await createTestEngine({ store, clock, mocks, workflows: [definition()] });
    const run = await first.engine.start(definition(), {}, { runId: 'run' });
    await run.pause();
    await clock.advance(100);
    expect(first.mocks.counts).toEqual({ a: 1 });
    await run.resume();
    await clock.settle();
    expect(first.mocks.counts).toEqual({ a: 1, work: 1 });
    store.crash();
    await using second = await createTestEngine({
      store: openMemoryStore(database),
      clock,
      mocks,
      workflows: [definition()],
    });
    await second.drive('run');
    expect(await second.engine.run('run').result()).toEqual(['of a 1', 'of a 2']);
  });
});

test('rounds that are brought back read the history of the run around them once, not each for itself', async () => {
  class CountingStore extends MemoryStore {
    readonly read: string[] = [];

    override readEvents(run: string, fromSeq: number, limit?: number): readonly StoredEvent[] {
      this.read.push(run);
      return super.readEvents(run, fromSeq, limit);
    }
  }
  const definition = flow({ steps: [agent('a'), looped({ parallel: true, maxConcurrency: 20 })] });
  const list = Array.from({ length: 20 }, (_, index) => index);
  const database = new MemoryDatabase();
  const [first, second] = [new MemoryStore(database), new CountingStore(database)];
  const clock = new VirtualClock();
  const mocks = { work: hangs() };
  const before = await createTestEngine({ workflows: [definition], store: first, clock, mocks });
  await before.engine.start(definition, { list }, { runId: 'run' });
  await clock.settle();
  first.crash();
  await using lab = await createTestEngine({ workflows: [definition], store: second, clock });
  await lab.drive('run');
  expect(lab.engine.report('run')).toMatchObject({ status: 'completed', output: list.map(() => 'work') });
  const [rounds, around] = [second.read.filter((id) => id !== 'run'), second.read.filter((id) => id === 'run')];
  expect(new Set(rounds).size).toBe(list.length);
  expect(around.length).toBeLessThan(6);
});
