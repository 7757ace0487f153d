/** Runs that wait for the world: signals, people, other runs; and that people steer. */
import { afterEach, describe, expect, test } from 'vitest';
import { parseDefinitions, type WorkflowDefinition } from '../../src/definition/index.ts';
import { createEngine } from '../../src/engine/create-engine.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { MemoryDatabase, openMemoryStore } from '../../src/store/memory.ts';
import { silentLogger } from '../../src/engine/default-ports.ts';

const engines: Engine[] = [];
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()));
});

function define(...workflows: readonly unknown[]): readonly WorkflowDefinition[] {
  const result = parseDefinitions({ workflows });
  if (result.definitions === undefined) throw new Error(JSON.stringify(result.issues, null, 1));
  return result.definitions;
}

async function engineOf(workflows: readonly WorkflowDefinition[], database = new MemoryDatabase()): Promise<Engine> {
  const engine = await createEngine({ workflows, store: openMemoryStore(database), env: {}, logger: silentLogger });
  engines.push(engine);
  return engine;
}

const approval = {
  id: 'approval',
  steps: [
    { id: 'draft', type: 'transform', template: 'Hello {{workflow.input.name}}' },
    {
      id: 'review',
      type: 'human',
      title: 'Review for {{workflow.input.name}}',
      message: '{{steps.draft.output}}',
      assignees: ['kim'],
    },
    {
      id: 'decide',
      type: 'conditional',
      condition: '{{steps.review.output.decision}} === "approve"',
      then: 'publish',
      else: 'end',
    },
    {
      id: 'publish',
      type: 'transform',
      template: { text: '{{steps.draft.output}}', by: '{{steps.review.output.by}}' },
    },
  ],
};

describe('a task', () => {
  test('of any number of runs is listed, unless so many are asked for', async () => {
    const engine = await engineOf(define(approval));
    const started = Array.from({ length: 620 }, (_, n) =>
      engine.start('approval', { name: 'Ada' }, { runId: `r${n}` }),
    );
    await Promise.all(started);
    await expect.poll(() => engine.tasks().length).toBe(620);
    expect(engine.tasks({ limit: 5 })).toHaveLength(5);
    expect(new Set(engine.tasks({ sort: 'updated' }).map(({ id }) => id)).size).toBe(620);
  });

  test('is listed with what a person needs, and is taken exactly once', async () => {
    const engine = await engineOf(define(approval));
    const run = await engine.start('approval', { name: 'Ada' }, { runId: 'a' });
    await expect.poll(() => engine.tasks().length).toBe(1);
    const [task] = engine.tasks();
    expect(task).toMatchObject({
      id: 'a:review:1',
      title: 'Review for Ada',
      message: 'Hello Ada',
      assignees: ['kim'],
      dueAt: null,
    });
    expect(run.status()).toMatchObject({ status: 'running', waitingFor: 'human' });
    await expect(engine.answer('a:review:1', { decision: 'maybe' })).rejects.toThrow(/decision/);
    await engine.answer('a:review:1', { decision: 'approve' }, { by: 'kim' });
    expect(await run.result()).toEqual({ text: 'Hello Ada', by: 'kim' });
    await expect(engine.answer('a:review:1', { decision: 'reject' })).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(engine.answer('a:nothing:1', {})).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(engine.answer('nonsense', {})).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('is still open after a crash, and can be answered then', async () => {
    const database = new MemoryDatabase();
    const store = openMemoryStore(database);
    const first = await createEngine({ workflows: define(approval), store, env: {}, logger: silentLogger });
    await first.start('approval', { name: 'Ada' }, { runId: 'a' });
    await expect.poll(() => first.tasks().length).toBe(1);
    store.crash();
    const second = await engineOf(define(approval), database);
    await second.answer('a:review:1', { decision: 'approve', comment: 'fine' }, { by: 'lee' });
    expect(await second.run('a').result()).toEqual({ text: 'Hello Ada', by: 'lee' });
  });
});

const waiting = {
  id: 'waiting',
  steps: [
    { id: 'paid', type: 'signal', name: 'payment', match: '{{signal.payload.amount}} >= 10' },
    { id: 'last', type: 'transform', template: { amount: '{{steps.paid.output.amount}}' } },
  ],
};

describe('a signal', () => {
  test('is taken by the step that waits for it, if it matches', async () => {
    const engine = await engineOf(define(waiting));
    const run = await engine.start('waiting', {});
    await run.signal('other', 1);
    await run.signal('payment', { amount: 5 });
    expect(run.status()).toMatchObject({ status: 'running', waitingFor: 'signal' });
    await run.signal('payment', { amount: 12 });
    expect(await run.result()).toEqual({ amount: 12 });
  });

  test('that comes before anybody waits is kept', async () => {
    const early = { ...waiting, id: 'early', steps: [{ id: 'before', type: 'signal', name: 'go' }, ...waiting.steps] };
    const engine = await engineOf(define(early));
    const run = await engine.start('early', {});
    await run.signal('payment', { amount: 1 });
    await run.signal('payment', { amount: 20, note: 'x'.repeat(500) });
    await run.signal('go');
    expect(await run.result()).toEqual({ amount: 20 });
  });

  test('starts the run when it is not there yet', async () => {
    const engine = await engineOf(define(waiting));
    const run = await engine.signalWithStart(
      'waiting',
      {},
      { runId: 'order-1' },
      { name: 'payment', payload: { amount: 99 } },
    );
    expect(await run.result()).toEqual({ amount: 99 });
  });

  test('may not be named like an event of the machine', async () => {
    const engine = await engineOf(define(waiting));
    const run = await engine.start('waiting', {});
    for (const name of ['xstate.stop', 'xstate.done.actor.paid', '$x', ''])
      await expect(run.signal(name)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    expect(run.status().status).toBe('running');
  });
});

describe('a pause', () => {
  test('holds what arrives until the run is resumed', async () => {
    const engine = await engineOf(define(waiting));
    const run = await engine.start('waiting', {});
    await run.pause({ by: 'kim', why: 'lunch' });
    expect(run.status().status).toBe('paused');
    await run.signal('payment', { amount: 50 });
    expect(run.status().status).toBe('paused');
    await expect(run.pause()).rejects.toMatchObject({ code: 'CONFLICT' });
    await run.resume({ by: 'kim' });
    expect(await run.result()).toEqual({ amount: 50 });
    const types: string[] = [];
    for await (const event of run.events()) types.push(event.type);
    expect(types).toEqual([
      'run.started',
      'step.started',
      'run.paused',
      'run.resumed',
      'step.completed',
      'step.started',
      'step.completed',
      'run.completed',
    ]);
  });

  test('lasts across a crash', async () => {
    const database = new MemoryDatabase();
    const store = openMemoryStore(database);
    const first = await createEngine({ workflows: define(waiting), store, env: {}, logger: silentLogger });
    const run = await first.start('waiting', {}, { runId: 'p' });
    await run.pause();
    await run.signal('payment', { amount: 50 });
    store.crash();
    const second = await engineOf(define(waiting), database);
    expect(second.run('p').status().status).toBe('paused');
    await second.resume('p');
    expect(await second.run('p').result()).toEqual({ amount: 50 });
  });
});

describe('a child workflow', () => {
  const child = {
    id: 'child',
    input: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] },
    steps: [{ id: 'twice', type: 'transform', template: { n: '{{workflow.input.n}}' } }],
  };
  const parent = (step: object) => ({
    id: 'parent',
    steps: [{ id: 'sub', type: 'workflow', workflow: 'child', input: { n: '{{workflow.input.n}}' }, ...step }],
  });

  test('is a run of its own, whose output is the output of the step', async () => {
    const engine = await engineOf(define(child, parent({})));
    const run = await engine.start('parent', { n: 4 }, { runId: 'p' });
    expect(await run.result()).toEqual({ n: 4 });
    expect(engine.run('p/sub:1').status()).toMatchObject({ status: 'completed', kind: 'child', parent: 'p' });
  });

  test('that is detached gives its run id at once', async () => {
    const engine = await engineOf(define(child, parent({ mode: 'detach' })));
    const run = await engine.start('parent', { n: 4 }, { runId: 'p' });
    expect(await run.result()).toBe('p/sub:1');
    await expect.poll(() => engine.run('p/sub:1').status().status).toBe('completed');
  });

  test('that gets a wrong input fails the step with all problems', async () => {
    const engine = await engineOf(define(child, parent({ input: { n: 'four' } })));
    const run = await engine.start('parent', {});
    await expect(run.result()).rejects.toThrow(/number/);
  });

  test('that waits goes on after a crash, and so does its parent', async () => {
    const database = new MemoryDatabase();
    const store = openMemoryStore(database);
    const nested = define({ ...waiting, id: 'child' }, parent({ input: {} }));
    const first = await createEngine({ workflows: nested, store, env: {}, logger: silentLogger });
    await first.start('parent', {}, { runId: 'p' });
    await expect.poll(() => first.runs({ waitingFor: ['signal'] }).map((row) => row.id)).toEqual(['p/sub:1']);
    store.crash();
    const second = await engineOf(nested, database);
    await second.signal('p/sub:1', 'payment', { amount: 11 });
    expect(await second.run('p').result()).toEqual({ amount: 11 });
  });

  test('is cancelled with its parent, or abandoned', async () => {
    for (const onParentClose of ['cancel', 'abandon']) {
      const engine = await engineOf(define({ ...waiting, id: 'child' }, parent({ input: {}, onParentClose })));
      const run = await engine.start('parent', {}, { runId: 'p' });
      await expect.poll(() => engine.runs({ waitingFor: ['signal'] }).length).toBe(1);
      await run.cancel({ by: 'kim' });
      await expect(run.result()).rejects.toMatchObject({ code: 'CANCELLED' });
      await expect
        .poll(() => engine.run('p/sub:1').status().status)
        .toBe(onParentClose === 'cancel' ? 'cancelled' : 'running');
    }
  });
});

test('an emit step reaches the runs that wait for it, and only those', async () => {
  const emitter = { id: 'emitter', steps: [{ id: 'tell', type: 'emit', name: 'payment', payload: { amount: 30 } }] };
  const engine = await engineOf(define(waiting, emitter));
  const first = await engine.start('waiting', {});
  await (await engine.start('emitter', {})).result();
  expect(await first.result()).toEqual({ amount: 30 });
  const later = await engine.start('waiting', {});
  expect(later.status()).toMatchObject({ status: 'running', waitingFor: 'signal' });
});

test('terminate ends a run at once, without its onFailure steps', async () => {
  const flow = { ...waiting, onFailure: [{ id: 'mourn', type: 'signal', name: 'never' }] };
  const engine = await engineOf(define(flow));
  const run = await engine.start('waiting', {});
  await run.terminate({ by: 'kim', why: 'over' });
  await expect(run.result()).rejects.toThrow('over');
  expect(run.status().status).toBe('cancelled');
});
