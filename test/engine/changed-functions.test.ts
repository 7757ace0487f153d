/** Runs whose author changed the code of their functions and kept the version of the workflow. */
import { describe, expect, test } from 'vitest';
import { decodeEvent } from '../../src/engine/drive/codec.ts';
import type { Store } from '../../src/core/ports.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { createEngine } from '../../src/engine/create-engine.ts';
import { MemoryDatabase, openMemoryStore, type MemoryStore } from '../../src/store/memory.ts';
import { agent, flow } from '../support/flow.ts';
import { collect, createTestEngine, type TestEngine } from '../support/test-engine.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const waits = { id: 'ok', type: 'human' };
const output = '{{steps.t.output}}';
const one = (): WorkflowDefinition =>
  flow({ name: 'sum', steps: [waits, { id: 't', type: 'transform', transform: () => 1 }, agent('a')], output });
const two = (): WorkflowDefinition =>
  flow({ name: 'sum', steps: [waits, { id: 't', type: 'transform', transform: () => 2 }, agent('a')], output });
const place = 'steps.t.transform';

class House {
  readonly database = new MemoryDatabase();
  readonly clock = new VirtualClock();
  open(workflow: WorkflowDefinition, functions?: 'record' | 'strict'): Promise<TestEngine> {
    return createTestEngine({
      store: openMemoryStore(this.database),
      clock: this.clock,
      workflows: [workflow],
      mocks: { a: 'done' },
      ...(functions === undefined ? {} : { functions }),
    });
  }
}

function changes(store: Store, run = 'run'): readonly unknown[] {
  return store
    .readEvents(run, 1)
    .map(decodeEvent)
    .filter(({ event }) => event.type === 'function.changed');
}

/** Killed before the run fell asleep: whoever comes next brings it back at once. */
async function killed(house: House, { engine, store }: TestEngine): Promise<void> {
  await house.clock.settle();
  (store as MemoryStore).crash();
  await engine.close();
}

async function started(house: House, workflow: WorkflowDefinition): Promise<void> {
  const first = await house.open(workflow);
  await first.engine.start(workflow, {}, { runId: 'run' });
  await killed(house, first);
}

test('the run goes on with the code that is there; its history says so once, and its readers are told', async () => {
  const house = new House();
  await started(house, one());
  const second = await house.open(two());
  await house.clock.settle();
  expect(changes(second.store)).toMatchObject([
    { event: { functions: { [place]: expect.stringMatching(/^[0-9a-f]{16}$/) } } },
  ]);
  expect(second.log.lines).toContainEqual({
    level: 'warn',
    message: 'a run goes on with other code than before',
    details: { run: 'run', functions: [place] },
  });
  await second.engine.close();
  await using third = await house.open(two());
  await third.engine.answer('run:ok:1', { decision: 'approve' });
  await third.drive('run');
  expect(changes(third.store)).toHaveLength(1);
  expect(await third.engine.run('run').result()).toBe(2);
  expect(await collect(third.engine.run('run').events())).toContainEqual(
    expect.objectContaining({ type: 'function.changed', functions: [place] }),
  );
});

test('going back to the code before is a change too; the same code is none', async () => {
  const house = new House();
  await started(house, one());
  for (const workflow of [one(), two(), two(), one()]) await killed(house, await house.open(workflow));
  expect(changes(openMemoryStore(house.database))).toHaveLength(2);
});

test('a run that sleeps is told of when it wakes', async () => {
  const house = new House();
  const first = await house.open(one());
  await first.engine.start(one(), {}, { runId: 'run' });
  await house.clock.settle();
  await first.engine.close();
  await using second = await house.open(two());
  expect(changes(second.store)).toEqual([]);
  await second.engine.answer('run:ok:1', { decision: 'approve' });
  await second.drive('run');
  expect(await second.engine.run('run').result()).toBe(2);
  expect(second.store.readEvents('run', 1).map(({ type }) => type)).toContain('function.changed');
});

test('a failed run that is retried with mended code says so', async () => {
  const broken = flow({
    name: 'sum',
    steps: [
      {
        id: 't',
        type: 'transform',
        transform: (): number => {
          throw new Error('broken');
        },
      },
      agent('a'),
    ],
  });
  const mended = flow({ name: 'sum', steps: [{ id: 't', type: 'transform', transform: () => 3 }, agent('a')] });
  expect(mended.hash).toBe(broken.hash);
  const house = new House();
  const first = await house.open(broken);
  await first.engine.start(broken, {}, { runId: 'run' });
  await first.drive('run');
  await first.engine.close();
  await using second = await house.open(mended);
  await second.engine.retry('run');
  await second.drive('run');
  expect(second.engine.run('run').status()).toMatchObject({ status: 'completed' });
  expect(changes(second.store)).toHaveLength(1);
});

test('a run that moves to another version knows the functions of that one', async () => {
  const house = new House();
  await started(house, one());
  const next = flow({
    name: 'sum',
    version: '2',
    steps: [waits, { id: 't', type: 'transform', transform: () => 2 }, agent('a')],
  });
  const second = await createTestEngine({
    store: openMemoryStore(house.database),
    clock: house.clock,
    workflows: [one(), next],
  });
  await second.engine.migrate({ workflow: 'sum', to: '2' });
  await second.engine.close();
  await using third = await house.open(next, 'strict');
  expect(changes(third.store)).toEqual([]);
  expect(third.engine.tasks()).toHaveLength(1);
});

describe("functions: 'strict'", () => {
  test('the run is left as it is, with what to do about it, until the code is there that it knows', async () => {
    const house = new House();
    await started(house, one());
    const second = await house.open(two(), 'strict');
    await expect(second.engine.run('run').result()).rejects.toMatchObject({
      code: 'FUNCTION_CHANGED',
      message: expect.stringContaining(`the code of ${place} in workflow 'sum'`),
    });
    await expect(second.engine.answer('run:ok:1', { decision: 'approve' })).rejects.toMatchObject({
      code: 'FUNCTION_CHANGED',
    });
    expect(changes(second.store)).toEqual([]);
    await second.engine.close();
    await using third = await house.open(one(), 'strict');
    await third.engine.answer('run:ok:1', { decision: 'approve' });
    await third.drive('run');
    expect(await third.engine.run('run').result()).toBe(1);
  });

  test('holds for the rounds of loops and what they call', async () => {
    const loop = (transform: () => number): WorkflowDefinition =>
      flow({
        name: 'sum',
        steps: [{ id: 'each', type: 'loop', items: [1], steps: [waits, { id: 't', type: 'transform', transform }] }],
      });
    const house = new House();
    const first = await house.open(loop(() => 1));
    await first.engine.start(
      loop(() => 1),
      {},
      { runId: 'run' },
    );
    await house.clock.settle();
    await first.engine.close();
    await using second = await house.open(
      loop(() => 2),
      'strict',
    );
    await expect(second.engine.answer('run/each:1/0:ok:1', { decision: 'approve' })).rejects.toMatchObject({
      code: 'FUNCTION_CHANGED',
      message: expect.stringContaining("run 'run' is left"),
    });
  });
});

test('the option takes nothing else', async () => {
  await expect(createEngine({ store: ':memory:', functions: 'loose' as 'strict' })).rejects.toMatchObject({
    code: 'REQUEST_INVALID',
    message: `functions takes 'record' or 'strict', not "loose"`,
  });
});
