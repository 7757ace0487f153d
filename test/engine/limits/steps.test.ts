/** Limits of steps and agents, seen from runs: who is called when, and what is told of those who wait. */
import { describe, expect, test } from 'vitest';
import { WorkflowError } from '../../../src/core/errors.ts';
import { createAgentRegistry } from '../../../src/agents/registry.ts';
import type { WorkflowDefinition } from '../../../src/definition/index.ts';
import { MemoryDatabase, openMemoryStore } from '../../../src/store/memory.ts';
import { agent, flow, type LooseStep } from '../../support/flow.ts';
import { after, type MockCall, type MockTable } from '../../support/mocks.ts';
import { collect, createTestEngine, type TestEngine, type TestEngineOptions } from '../../support/test-engine.ts';

interface Lab extends TestEngine {
  /** Who was called, and when (milliseconds since the start). */
  calls(): readonly string[];
}

async function lab(workflow: WorkflowDefinition, mocks: MockTable, more: TestEngineOptions = {}): Promise<Lab> {
  const test_ = await createTestEngine({ workflows: [workflow], mocks, ...more });
  const calls = (): readonly string[] =>
    test_.mocks.calls.map(({ run, step, at }) => `${run.replace(/\/.*\//, '/')}.${step}@${at - test_.clock.start}`);
  return { ...test_, calls };
}

async function startAll({ engine, clock }: TestEngine, ...ids: readonly string[]): Promise<void> {
  for (const id of ids) await engine.start('test', { user: id[0] }, { runId: id });
  await clock.settle();
}

async function driveAll(test_: TestEngine, ...ids: readonly string[]): Promise<readonly string[]> {
  const statuses: string[] = [];
  for (const id of ids) statuses.push((await test_.drive(id)).status);
  return statuses;
}

const one = (more: Readonly<Record<string, unknown>>): WorkflowDefinition => flow({ steps: [agent('s', more)] });

describe('concurrency', () => {
  test('holds for all runs of an engine', async () => {
    await using given = await lab(one({ concurrency: { name: 'crm', limit: 2 } }), { s: after(10, 'ok') });
    await startAll(given, 'a', 'b', 'c', 'd', 'e');
    expect(await driveAll(given, 'a', 'b', 'c', 'd', 'e')).toEqual(Array(5).fill('completed'));
    expect(given.calls()).toEqual(['a.s@0', 'b.s@0', 'c.s@10', 'd.s@10', 'e.s@20']);
  });

  test('has a limit for each value of its key', async () => {
    const workflow = one({ concurrency: { key: '{{workflow.input.user}}', limit: 1 } });
    await using given = await lab(workflow, { s: after(10, 'ok') });
    await startAll(given, 'a1', 'a2', 'b1', 'b2');
    await driveAll(given, 'a2', 'b2');
    expect(given.calls()).toEqual(['a1.s@0', 'b1.s@0', 'a2.s@10', 'b2.s@10']);
  });

  test('is shared by steps of that name, also of other workflows', async () => {
    const limit = { concurrency: 'crm' };
    const both = flow({
      steps: [{ id: 'p', type: 'parallel', steps: [agent('s', limit), agent('t', limit)] }],
    });
    await using given = await lab(both, { s: after(10, 1), t: after(10, 2), u: after(10, 3) });
    await startAll(given, 'a');
    await given.engine.start(flow({ name: 'other', steps: [agent('u', limit)] }), {}, { runId: 'b' });
    await driveAll(given, 'a', 'b');
    expect(given.calls()).toEqual(['a.s@0', 'a.t@10', 'b.u@20']);
  });

  test('a run with a thousand branches in line does not keep a run with one waiting', async () => {
    const branches = Array.from({ length: 1_000 }, (_, index) => index);
    const workflow = flow({
      steps: [
        {
          id: 'l',
          type: 'loop',
          items: '{{workflow.input.items}}',
          parallel: 1_000,
          steps: [agent('s', { concurrency: { name: 'x', limit: 5 } })],
        },
      ],
    });
    await using given = await lab(workflow, { s: after(10, 'ok') });
    await given.engine.start('test', { items: branches }, { runId: 'big' });
    await given.clock.settle();
    await given.engine.start('test', { items: [1] }, { runId: 'small' });
    expect((await given.drive('small')).status).toBe('completed');
    expect(given.clock.elapsedMs).toBeLessThanOrEqual(20);
    expect(given.calls().filter((call) => call.startsWith('big')).length).toBeLessThanOrEqual(15);
  });

  test('a step that waits is told of, and its timeout counts from when it begins', async () => {
    const workflow = one({ concurrency: { name: 'crm', key: 'k', limit: 1 }, timeout: 100 });
    await using given = await lab(workflow, { s: (call: MockCall) => after(call.run === 'c' ? 150 : 90, 'ok')(call) });
    await startAll(given, 'a', 'b', 'c');
    const told = collect(given.engine.run('c').events());
    await given.clock.settle();
    const queues = (): readonly unknown[] => ['a', 'b', 'c'].map((id) => given.engine.run(id).steps()[0]?.queue);
    const queue = { kind: 'concurrency', limit: 'crm', key: 'k' };
    expect(queues()).toEqual([null, { ...queue, ahead: 0 }, { ...queue, ahead: 1 }]);
    await given.clock.advance(90);
    expect(queues()).toEqual([null, null, { ...queue, ahead: 0 }]);
    expect(await driveAll(given, 'a', 'b', 'c')).toEqual(['completed', 'completed', 'failed']);
    expect(given.clock.elapsedMs).toBe(90 + 90 + 100);
    const place = { type: 'step.queued', runId: 'c', step: 's', visit: 1, attempt: 1 };
    expect((await told).filter(({ type }) => type === 'step.queued')).toEqual([
      { ...place, queue: { ...queue, ahead: 1 } },
      { ...place, queue: null },
    ]);
  });

  test('events tell of the line as it forms', async () => {
    const workflow = one({ concurrency: { name: 'crm', limit: 1 } });
    await using given = await lab(workflow, { s: after(10, 'ok') });
    await startAll(given, 'a');
    const run = await given.engine.start('test', {}, { runId: 'b' });
    const told = collect(run.events());
    await driveAll(given, 'b');
    expect(
      (await told).map((event) => ('queue' in event ? `queued ${event.queue?.limit ?? '-'}` : event.type)),
    ).toEqual(['run.started', 'step.started', 'queued crm', 'queued -', 'step.completed', 'run.completed']);
  });

  test('totalTimeout counts the waiting', async () => {
    const workflow = one({ concurrency: { name: 'crm', limit: 1 }, totalTimeout: 50 });
    await using given = await lab(workflow, { s: after(40, 'ok') });
    await startAll(given, 'a', 'b', 'c');
    expect(await driveAll(given, 'a', 'b', 'c')).toEqual(['completed', 'failed', 'failed']);
    // Its time is over before its turn comes.
    expect(given.calls()).toEqual(['a.s@0', 'b.s@40']);
  });

  test('a cancelled step leaves the line, and its place', async () => {
    await using given = await lab(one({ concurrency: { name: 'crm', limit: 1 } }), { s: after(10, 'ok') });
    await startAll(given, 'a', 'b', 'c');
    await given.engine.run('b').cancel();
    await given.clock.advance(5);
    await given.engine.run('a').cancel();
    await driveAll(given, 'a', 'b', 'c');
    expect(given.calls()).toEqual(['a.s@0', 'c.s@5']);
  });

  test('while a run is paused its turns pass; it is in line again when it is resumed', async () => {
    const workflow = one({ concurrency: { name: 'crm', limit: 1 }, timeout: 30 });
    await using given = await lab(workflow, { s: after(20, 'ok') });
    await startAll(given, 'a', 'b', 'c');
    await given.engine.run('b').pause();
    await given.clock.advance(100);
    expect(given.calls()).toEqual(['a.s@0', 'c.s@20']);
    await given.engine.run('b').resume();
    expect(await driveAll(given, 'b')).toEqual(['completed']);
    expect(given.calls().at(-1)).toBe('b.s@100');
  });

  test('of a child workflow counts the child until it ends, also one that goes on after a crash', async () => {
    const database = new MemoryDatabase();
    const parent = flow({
      steps: [{ id: 'kid', type: 'workflow', workflow: 'child', concurrency: { name: 'kids', limit: 1 } }],
    });
    const child = flow({ name: 'child', steps: [agent('s')] });
    const workflows = [parent, child];
    const store = openMemoryStore(database);
    const first = await lab(parent, { s: after(100, 'ok') }, { workflows, store });
    await startAll(first, 'a', 'b', 'c');
    expect(first.calls()).toEqual(['a/kid:1.s@0'].map((each) => each.replace('a/kid:1', 'a/kid:1')));
    store.crash();
    await using second = await lab(parent, { s: after(100, 'ok') }, { workflows, store: openMemoryStore(database) });
    await driveAll(second, 'a', 'b', 'c');
    const times = second.mocks.calls.map(({ at }) => at - second.clock.start);
    expect(times).toEqual([0, 100, 200]);
  });

  test('of a child workflow is held while the run that waits for it could sleep', async () => {
    const parent = flow({
      steps: [{ id: 'kid', type: 'workflow', workflow: 'child', concurrency: { name: 'kids', limit: 1 } }],
    });
    const workflows = [parent, flow({ name: 'child', steps: [agent('s')] })];
    await using given = await lab(parent, { s: after(10_000, 'ok') }, { workflows, sleepAfterMs: 10 });
    await startAll(given, 'a', 'b', 'c');
    await driveAll(given, 'a', 'b', 'c');
    expect(given.mocks.calls.map(({ at }) => at - given.clock.start)).toEqual([0, 10_000, 20_000]);
  });

  test('after a crash all of it is carried out within the limit, each with its full time', async () => {
    const database = new MemoryDatabase();
    const workflow = one({ concurrency: { name: 'crm', limit: 1 }, timeout: 100 });
    const store = openMemoryStore(database);
    const first = await lab(workflow, { s: after(90, 'ok') }, { store });
    await startAll(first, 'a', 'b', 'c');
    await first.clock.advance(50);
    store.crash();
    await using second = await lab(workflow, { s: after(90, 'ok') }, { store: openMemoryStore(database) });
    second.clock.jump(1_000);
    expect(await driveAll(second, 'a', 'b', 'c')).toEqual(['completed', 'completed', 'completed']);
    expect(second.calls().map((call) => call.slice(0, 1))).toHaveLength(3);
  });

  test('a key that cannot be made fails the step, and takes no place', async () => {
    const workflow = one({ concurrency: { key: 'user {{workflow.input.name}}', limit: 1 } });
    await using given = await lab(workflow, {});
    await startAll(given, 'a');
    await given.drive('a');
    expect(given.engine.run('a').status()).toMatchObject({ status: 'failed', error: { code: 'TEMPLATE_FAILED' } });
    expect(given.calls()).toEqual([]);
  });
});

describe('rateLimit', () => {
  test('bounds the starts in any stretch of time, for all runs', async () => {
    await using given = await lab(one({ rateLimit: { limit: 2, per: '1s' } }), {});
    await startAll(given, 'a', 'b', 'c', 'd', 'e');
    expect(given.engine.run('c').steps()[0]?.queue).toEqual({
      kind: 'rateLimit',
      limit: 'test/s',
      key: null,
      ahead: 0,
    });
    await driveAll(given, 'a', 'b', 'c', 'd', 'e');
    expect(given.calls()).toEqual(['a.s@0', 'b.s@0', 'c.s@1000', 'd.s@1000', 'e.s@2000']);
  });

  test('attempts count', async () => {
    const down = (): never => {
      throw new WorkflowError('AGENT_ERROR', 'status 500');
    };
    const workflow = one({ rateLimit: { limit: 1, per: 100 }, retry: { maxAttempts: 3, delay: 10 } });
    await using given = await lab(workflow, { s: down });
    await startAll(given, 'a');
    await given.drive('a');
    expect(given.calls()).toEqual(['a.s@0', 'a.s@100', 'a.s@200']);
  });

  test('what the other side asks to wait for holds back all who share the limit', async () => {
    const busy = (call: MockCall): unknown => {
      if (call.index > 0) return 'ok';
      throw new WorkflowError('HTTP_ERROR', 'status 429', { retryAfterMs: 500, details: { status: 429 } });
    };
    const workflow = one({ rateLimit: { name: 'api', limit: 100, per: '1s' }, retry: { maxAttempts: 2, delay: 10 } });
    await using given = await lab(workflow, { s: busy });
    await startAll(given, 'a');
    await given.clock.advance(100);
    await startAll(given, 'b');
    expect(await driveAll(given, 'a', 'b')).toEqual(['completed', 'completed']);
    expect(given.calls()).toEqual(['a.s@0', 'b.s@500', 'a.s@500']);
  });
});

describe('agents', () => {
  const agents = (more: object) => createAgentRegistry({ agents: { any: { url: 'http://a.test', ...more } } });

  test('are called so often at a time as they say, by whatever step', async () => {
    const workflow = flow({
      steps: [{ id: 'p', type: 'parallel', steps: ['s', 't', 'u'].map((id): LooseStep => agent(id)) }],
    });
    const mocks = { s: after(10, 1), t: after(10, 2), u: after(10, 3) };
    await using given = await lab(workflow, mocks, { agents: agents({ maxConcurrency: 2 }) });
    await startAll(given, 'a');
    expect(
      given.engine
        .run('a')
        .steps()
        .map(({ queue }) => queue),
    ).toEqual([null, null, null, { kind: 'agent', limit: 'any', key: null, ahead: 0 }]);
    await driveAll(given, 'a');
    expect(given.calls()).toEqual(['a.s@0', 'a.t@0', 'a.u@10']);
  });

  test('are called so often in a stretch of time as they say', async () => {
    await using given = await lab(one({}), {}, { agents: agents({ rateLimit: { limit: 1, per: '1m' } }) });
    await startAll(given, 'a', 'b');
    await driveAll(given, 'a', 'b');
    expect(given.calls()).toEqual(['a.s@0', 'b.s@60000']);
  });

  test.each([429, 503])('that answer %i with Retry-After are left alone by all until then', async (status) => {
    const busy = (call: MockCall): unknown => {
      if (call.index > 0) return 'ok';
      throw new WorkflowError('AGENT_ERROR', `status ${status}`, { retryAfterMs: 5_000, details: { status } });
    };
    await using given = await lab(one({ retry: { maxAttempts: 2, delay: 10 } }), { s: busy }, { agents: agents({}) });
    await startAll(given, 'a', 'b');
    await given.clock.advance(1_000);
    await startAll(given, 'c');
    expect(given.engine.run('c').steps()[0]?.queue).toMatchObject({ kind: 'agent', limit: 'any' });
    expect(await driveAll(given, 'a', 'b', 'c')).toEqual(['completed', 'completed', 'completed']);
    expect(given.calls()).toEqual(['a.s@0', 'b.s@5000', 'c.s@5000', 'a.s@5000']);
  });
});

describe('the engine', () => {
  test('lets so many effects be under way at a time; the time of those in line has not begun', async () => {
    const workflow = one({ timeout: 15 });
    await using given = await lab(workflow, { s: after(10, 'ok') }, { limits: { maxEffects: 2 } });
    await startAll(given, 'a', 'b', 'c', 'd', 'e', 'f');
    expect(given.engine.run('d').steps()[0]?.queue).toEqual({
      kind: 'engine',
      limit: 'limits.maxEffects',
      key: null,
      ahead: 1,
    });
    expect(await driveAll(given, 'a', 'b', 'c', 'd', 'e', 'f')).toEqual(Array(6).fill('completed'));
    expect(given.clock.elapsedMs).toBe(30);
  });

  test('a run in line for the engine that is paused keeps its time', async () => {
    await using given = await lab(one({ timeout: 15 }), { s: after(10, 'ok') }, { limits: { maxEffects: 1 } });
    await startAll(given, 'a', 'b');
    await given.engine.run('b').pause();
    await given.clock.advance(1_000);
    await given.engine.run('b').resume();
    expect(await driveAll(given, 'b')).toEqual(['completed']);
  });
});
