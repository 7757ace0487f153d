import { expect, test } from 'vitest';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import type { StartOptions } from '../../src/engine/runs/start.ts';
import { MemoryDatabase, openMemoryStore } from '../../src/store/memory.ts';
import { agent, flow } from '../support/flow.ts';
import { after, type MockCall, type MockTable } from '../support/mocks.ts';
import { collect, createTestEngine, type TestEngine } from '../support/test-engine.ts';

const run = 'run';
const echo = (call: MockCall): unknown => call.input;

async function started(
  workflow: WorkflowDefinition,
  mocks: MockTable,
  options: StartOptions,
  database = new MemoryDatabase(),
): Promise<TestEngine> {
  const lab = await createTestEngine({ mocks, workflows: [workflow], store: openMemoryStore(database) });
  await lab.engine.start(workflow, {}, { runId: run, ...options });
  await lab.clock.settle();
  return lab;
}

test('before a router the state can still be edited: nothing of it has happened', async () => {
  const steps = [
    agent('a'),
    { id: 'c', type: 'conditional', condition: '{{state.n}} > 3', then: 'big', else: 'small' },
    agent('big'),
    agent('small'),
  ];
  await using lab = await started(flow({ state: { n: 1 }, steps }), {}, { breakpoints: [{ step: 'c' }] });
  expect(lab.engine.query(run)).toMatchObject({
    status: 'paused',
    pause: { by: 'breakpoint', why: "before step 'c'" },
    breakpoints: [{ step: 'c', when: 'before' }],
  });
  expect(lab.engine.steps(run).find(({ id }) => id === 'c')).toMatchObject({ status: 'pending' });
  await lab.engine.edit(run, { state: { n: 7 } });
  await lab.engine.resume(run);
  expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: 'big' });
});

test('before the first step, and after a step: nothing that follows is carried out until it is resumed', async () => {
  const steps = [agent('a'), agent('b', { input: { prompt: '{{steps.a.output.text}}' } })];
  const breakpoints = [{ step: 'a' }, { step: 'a', when: 'after' as const }];
  await using lab = await started(flow({ steps }), { a: { text: 'first' }, b: echo }, { breakpoints });
  expect(lab.mocks.counts).toEqual({});
  await lab.engine.resume(run);
  await lab.clock.settle();
  expect(lab.engine.query(run)).toMatchObject({ status: 'paused', pause: { why: "after step 'a'" } });
  expect(lab.mocks.counts).toEqual({ a: 1 });
  await lab.engine.edit(run, { outputs: { a: { text: 'second' } } });
  await lab.engine.resume(run);
  expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: { prompt: 'second' } });
  const events = await collect(lab.engine.events(run));
  expect(events.flatMap((event) => (event.type === 'run.paused' ? [event.why] : []))).toEqual([
    "before step 'a'",
    "after step 'a'",
  ]);
});

test('a loop stops each time; one that is removed does not stop it any more', async () => {
  const loop = { id: 'l', type: 'loop', while: '{{loop.index}} < 3', steps: [agent('x'), agent('y')] };
  await using lab = await started(flow({ steps: [loop] }), {}, { breakpoints: [{ step: 'y' }] });
  for (let round = 1; round <= 2; round++) {
    expect(lab.engine.report(run).status).toBe('paused');
    expect(lab.mocks.counts['x']).toBe(round);
    await lab.engine.resume(run);
    await lab.clock.settle();
  }
  await lab.engine.removeBreakpoint(run, { step: 'y' });
  await expect(lab.engine.removeBreakpoint(run, { step: 'y' })).rejects.toThrow(
    /there is no breakpoint before step 'y'/,
  );
  expect(lab.engine.breakpoints(run)).toEqual([]);
  await lab.engine.resume(run);
  expect(await lab.drive(run)).toMatchObject({ status: 'completed' });
});

test('what arrives while it is stopped is held; breakpoints on the way through it stop it again', async () => {
  const branches = [
    { id: 'g', type: 'sequential', steps: [agent('g1'), agent('g2')] },
    { id: 'k', type: 'sequential', steps: [agent('k1'), agent('k2')] },
  ];
  const steps = [{ id: 'p', type: 'parallel', steps: branches }];
  const breakpoints = [{ step: 'g2' }, { step: 'k2' }];
  await using lab = await started(flow({ steps }), { k1: after(10, 'k1') }, { breakpoints });
  expect(lab.engine.query(run).pause?.why).toBe("before step 'g2'");
  await lab.clock.advance(20);
  await lab.engine.resume(run);
  await lab.clock.settle();
  expect(lab.engine.query(run).pause?.why).toBe("before step 'k2'");
  expect(lab.mocks.counts).toEqual({ g1: 1, k1: 1 });
  await lab.engine.resume(run);
  expect(await lab.drive(run)).toMatchObject({ status: 'completed' });
  expect(lab.mocks.counts).toEqual({ g1: 1, k1: 1, g2: 1, k2: 1 });
});

test('another process finds the run stopped where it was, with its breakpoints', async () => {
  const database = new MemoryDatabase();
  const definition = flow({ steps: [agent('a'), agent('b'), agent('c')] });
  const first = await started(definition, {}, { breakpoints: [{ step: 'b' }] }, database);
  await first.engine.setBreakpoint(run, { step: 'c', when: 'before' }, { by: 'ann' });
  await first.engine.close();
  await using second = await createTestEngine({ workflows: [definition], store: openMemoryStore(database) });
  await second.clock.settle();
  expect(second.engine.report(run).status).toBe('paused');
  await second.engine.resume(run);
  await second.clock.settle();
  expect(second.engine.query(run)).toMatchObject({ pause: { why: "before step 'c'" } });
  await second.engine.resume(run);
  expect(await second.drive(run)).toMatchObject({ status: 'completed' });
});

test('is refused for steps that are not there, twice, and in a run that has ended', async () => {
  const loop = { id: 'l', type: 'loop', items: [1], steps: [agent('inner')] };
  const definition = flow({ steps: [agent('a'), loop] });
  await using lab = await started(definition, {}, { breakpoints: [{ step: 'l' }] });
  await expect(lab.engine.setBreakpoint(run, { step: 'z' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(lab.engine.setBreakpoint(run, { step: 'inner' })).rejects.toThrow(/rounds of loop 'l'/);
  await expect(lab.engine.setBreakpoint(run, { step: 'a', when: 'during' as never })).rejects.toThrow(
    /'before' or 'after'/,
  );
  await expect(lab.engine.setBreakpoint(run, { step: 'l' })).rejects.toThrow(/already/);
  await expect(lab.engine.start(definition, {}, { breakpoints: [{ step: 'q' }] })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  await lab.engine.resume(run);
  await lab.drive(run);
  await expect(lab.engine.setBreakpoint(run, { step: 'a' })).rejects.toMatchObject({ code: 'CONFLICT' });
});
