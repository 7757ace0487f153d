/** A person's pause: what it holds besides the run itself, and whom it tells. */
import { describe, expect, test } from 'vitest';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { createWorkflow } from '../../src/definition/index.ts';
import { MemoryDatabase, openMemoryStore } from '../../src/store/memory.ts';
import { agent, flow } from '../support/flow.ts';
import { after, hangs, type MockTable } from '../support/mocks.ts';
import { createTestEngine, type TestEngine } from '../support/test-engine.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { live } from './crash.ts';

const two = [agent('a'), agent('b')];
const slow: MockTable = { a: after(100, 'a'), b: 'b' };

/** What holds steps in runs of their own. */
const holders: readonly (readonly [string, () => readonly WorkflowDefinition[]])[] = [
  ['the rounds of a loop', () => [flow({ steps: [{ id: 'l', type: 'loop', items: [1, 2], steps: two }] })]],
  [
    'a child workflow',
    () => [flow({ steps: [{ id: 'kid', type: 'workflow', workflow: 'child' }] }), flow({ name: 'child', steps: two })],
  ],
  [
    'the rounds of a loop of a child workflow',
    () => [
      flow({ steps: [{ id: 'kid', type: 'workflow', workflow: 'child' }] }),
      flow({ name: 'child', steps: [{ id: 'l', type: 'loop', items: [1, 2], parallel: true, steps: two }] }),
    ],
  ],
];

async function started(workflows: readonly WorkflowDefinition[], mocks: MockTable): Promise<TestEngine> {
  const lab = await createTestEngine({ mocks, workflows: [...workflows] });
  await lab.engine.start('test', {}, { runId: 'run' });
  await lab.clock.settle();
  return lab;
}

describe.each(holders)('a pause holds %s', (_name, workflows) => {
  test('what is under way finishes, nothing new starts until it is resumed', async () => {
    await using lab = await started(workflows(), slow);
    await lab.engine.pause('run', { by: 'kim' });
    await lab.clock.advance(10_000);
    expect(lab.mocks.counts['b']).toBeUndefined();
    const begun = lab.mocks.counts['a'];
    await lab.engine.resume('run');
    expect(await lab.drive('run')).toMatchObject({ status: 'completed' });
    expect(lab.mocks.counts['b']).toBeGreaterThanOrEqual(begun ?? 1);
  });

  test('also across a crash', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const first = await live(database, workflows(), slow, clock);
    await first.engine.start('test', {}, { runId: 'run' });
    await clock.settle();
    await first.engine.pause('run');
    first.store.crash();
    await first.engine.close();
    const second = await live(database, workflows(), slow, clock);
    await clock.advance(10_000);
    expect(second.calls).toEqual([]);
    await second.engine.resume('run');
    expect(await second.drive('run')).toMatchObject({ status: 'completed' });
    await second.engine.close();
  });
});

test("a child that somebody paused by itself stays paused when its parent's pause ends", async () => {
  const [, child] = holders[1] ?? [];
  await using lab = await started(child?.() ?? [], slow);
  await lab.engine.pause('run/kid:1', { by: 'lee' });
  await lab.engine.pause('run', { by: 'kim' });
  await lab.engine.resume('run');
  await lab.clock.advance(10_000);
  expect(lab.engine.run('run/kid:1').status().status).toBe('paused');
  await lab.engine.resume('run/kid:1');
  expect(await lab.drive('run')).toMatchObject({ status: 'completed' });
});

test('a detached child goes on', async () => {
  const workflows = [
    flow({ steps: [{ id: 'kid', type: 'workflow', workflow: 'child', mode: 'detach' }, agent('c')] }),
    flow({ name: 'child', steps: two }),
  ];
  await using lab = await started(workflows, { ...slow, c: after(100, 'c') });
  await lab.engine.pause('run');
  await lab.clock.advance(1_000);
  expect(lab.engine.run('run/kid:1').status().status).toBe('completed');
});

test('a detached child goes on that had begun in the very moment of the pause', async () => {
  const workflows = [
    flow({ steps: [{ id: 'kid', type: 'workflow', workflow: 'child', mode: 'detach' }] }),
    flow({ name: 'child', steps: two }),
  ];
  const store = openMemoryStore();
  const commit = store.commit.bind(store);
  await using lab = await createTestEngine({ store, workflows, mocks: slow });
  const pausing: Promise<unknown>[] = [];
  store.commit = (batch) => {
    commit(batch);
    if (batch.some(({ create }) => create?.kind === 'child')) pausing.push(lab.engine.pause('run'));
  };
  await lab.engine.start('test', {}, { runId: 'run' });
  await lab.clock.advance(1_000);
  await Promise.all(pausing);
  expect(lab.engine.run('run').status().status).toBe('paused');
  expect(lab.engine.run('run/kid:1').status().status).toBe('completed');
  await lab.engine.resume('run');
  expect(await lab.drive('run')).toMatchObject({ status: 'completed' });
});

const timed = (): WorkflowDefinition => flow({ steps: [agent('a', { timeout: 1_000 })] });

test('an attempt that a pause keeps from beginning has not run out of its time when it begins', async () => {
  const store = openMemoryStore();
  const commit = store.commit.bind(store);
  await using lab = await createTestEngine({ store, workflows: [timed()], mocks: { a: after(900, 'a') } });
  const pausing: Promise<unknown>[] = [];
  store.commit = (batch) => {
    commit(batch);
    if (pausing.length === 0) pausing.push(lab.engine.pause('run'));
  };
  await lab.engine.start('test', {}, { runId: 'run' });
  await Promise.all(pausing);
  await lab.clock.advance(10_000);
  expect(lab.mocks.counts).toEqual({});
  await lab.engine.resume('run');
  expect(await lab.drive('run')).toMatchObject({ status: 'completed', output: 'a' });
});

test.each([0, 5_000])(
  'what a pause keeps from being made again after a crash has its whole time then (put to sleep after %i ms)',
  async (sleepAfterMs) => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const first = await live(database, timed(), { a: hangs() }, clock, { sleepAfterMs });
    await first.engine.start('test', {}, { runId: 'run' });
    await first.engine.pause('run');
    first.store.crash();
    await first.engine.close();
    const second = await live(database, timed(), { a: after(900, 'a') }, clock, { sleepAfterMs });
    await clock.advance(60_000);
    await second.engine.resume('run');
    expect(await second.drive('run')).toMatchObject({ status: 'completed', output: 'a' });
    await second.engine.close();
  },
);

test('FLT-CR-21: handlers are told of a pause and of its end; what they throw is logged', async () => {
  const told: string[] = [];
  const workflow = createWorkflow('test')
    .addStep('w', { type: 'wait', duration: 100 })
    .onWorkflowPause(({ workflow: { runId } }) => told.push(`pause ${runId}`))
    .onWorkflowPause(() => {
      throw new Error('no pause');
    })
    .onWorkflowResume((context) => told.push(`resume ${context.steps.w.status}`));
  await using lab = await started([workflow.definition], {});
  await lab.engine.pause('run');
  await lab.clock.settle();
  expect(told).toEqual(['pause run']);
  expect(lab.log.problems).toEqual(['a handler of the workflow threw; the run stays as it is']);
  await lab.engine.resume('run');
  await lab.drive('run');
  expect(told).toEqual(['pause run', 'resume running']);
});

test('runs that sleep are held as well: what they wait for comes to pass when the pause is over', async () => {
  const workflows = [
    flow({ steps: [{ id: 'kid', type: 'workflow', workflow: 'child' }] }),
    flow({ name: 'child', steps: [{ id: 'w', type: 'wait', duration: '2h' }, agent('b')] }),
  ];
  await using lab = await started(workflows, {});
  await lab.clock.advance(60 * 60_000);
  await lab.engine.pause('run');
  await lab.clock.advance(5 * 60 * 60_000);
  expect(lab.mocks.counts).toEqual({});
  await lab.engine.resume('run');
  expect(await lab.drive('run')).toMatchObject({ status: 'completed', output: 'b' });
});
