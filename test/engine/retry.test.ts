import { describe, expect, test } from 'vitest';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { agent, flow } from '../support/flow.ts';
import { after, hangs, type MockCall, type MockTable } from '../support/mocks.ts';
import { collect, createTestEngine, type TestEngine } from '../support/test-engine.ts';

/** Steps that are down until they are mended. */
class World {
  readonly down = new Set<string>();
  readonly mock =
    (id: string) =>
    ({ input }: MockCall): unknown => {
      const { prompt = '' } = (input ?? {}) as { readonly prompt?: string };
      const called = /^\d+$/.test(prompt) ? `${id} ${prompt}` : id;
      if (this.down.has(called)) throw new Error(`${called} is down`);
      return called;
    };

  constructor(...down: readonly string[]) {
    for (const id of down) this.down.add(id);
  }
}

const run = 'run';

async function started(
  workflows: WorkflowDefinition | readonly WorkflowDefinition[],
  mocks: MockTable,
): Promise<TestEngine> {
  const all = [workflows].flat();
  const lab = await createTestEngine({ mocks, workflows: all });
  await lab.engine.start(all[0]?.name ?? '', {}, { runId: run });
  return lab;
}

const keys = ({ mocks }: TestEngine): readonly string[] => mocks.calls.map(({ key, attempt }) => `${key} ${attempt}`);
const statuses = ({ engine }: TestEngine): Readonly<Record<string, string>> =>
  Object.fromEntries(engine.steps(run).map(({ id, status, visit }) => [id, `${status} ${visit}`]));

describe('retry of a run that failed', () => {
  test('goes on from the failed step as a new visit with all its attempts; what completed stays', async () => {
    const world = new World('b');
    const steps = [agent('a'), agent('b', { retry: { maxAttempts: 2, delay: 10 } }), agent('c')];
    await using lab = await started(flow({ steps, output: '{{steps.c.output}}' }), {
      a: world.mock('a'),
      b: world.mock('b'),
      c: world.mock('c'),
    });
    expect(await lab.drive(run)).toMatchObject({ status: 'failed' });
    world.down.clear();
    await lab.engine.retry(run, { by: 'ann', why: 'mended' });
    expect(lab.engine.report(run)).toMatchObject({ status: 'running', endedAt: null });
    expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: 'c' });
    expect(keys(lab)).toEqual(['run:a:1 1', 'run:b:1 1', 'run:b:1 2', 'run:b:2 1', 'run:c:1 1']);
    expect(statuses(lab)).toEqual({ a: 'completed 1', b: 'completed 2', c: 'completed 1' });
    const events = await collect(lab.engine.events(run));
    expect(events.map(({ type }) => type).join(' ')).toBe(
      'run.started step.started step.completed step.started step.retrying step.started step.failed run.failed ' +
        'run.rebased step.started step.completed step.started step.completed run.completed',
    );
    expect(events.find(({ type }) => type === 'run.rebased')).toMatchObject({
      kind: 'retry',
      steps: ['b'],
      by: 'ann',
      why: 'mended',
    });
  });

  test('leaves the branches that completed as they are, and begins all that did not anew', async () => {
    const world = new World('x', 'g2');
    const group = { id: 'g', type: 'sequential', steps: [agent('g1'), agent('g2'), agent('g3')] };
    const steps = [{ id: 'p', type: 'parallel', steps: [agent('x'), agent('y'), group] }];
    const ids = ['x', 'y', 'g1', 'g2', 'g3'];
    await using lab = await started(
      flow({ steps, output: '{{steps.p.output}}' }),
      Object.fromEntries(ids.map((id) => [id, world.mock(id)])),
    );
    expect(await lab.drive(run)).toMatchObject({ status: 'failed' });
    world.down.clear();
    await lab.engine.retry(run);
    expect(await lab.drive(run)).toMatchObject({
      status: 'completed',
      output: { x: 'x', y: 'y', g: 'g3' },
    });
    expect(lab.mocks.counts).toEqual({ x: 2, y: 1, g1: 1, g2: 2, g3: 1 });
    expect(statuses(lab)).toMatchObject({ p: 'completed 1', g: 'completed 1', g2: 'completed 2', y: 'completed 1' });
  });

  test('of failFast begins the failed branch and the cancelled ones anew, within maxConcurrency', async () => {
    const world = new World('x');
    const steps = [
      {
        id: 'p',
        type: 'parallel',
        failFast: true,
        maxConcurrency: 2,
        steps: [agent('w'), agent('x'), agent('y'), agent('z')],
      },
    ];
    const isHanging = (): boolean => world.down.size > 0;
    await using lab = await started(flow({ steps }), {
      w: 'w',
      x: after(5, world.mock('x')),
      y: (call: MockCall) => (isHanging() ? hangs()(call) : 'y'),
      z: 'z',
    });
    expect(await lab.drive(run)).toMatchObject({ status: 'failed' });
    expect(statuses(lab)).toMatchObject({ w: 'completed 1', x: 'failed 1', y: 'cancelled 1' });
    world.down.clear();
    await lab.engine.retry(run);
    expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: { w: 'w', x: 'x', y: 'y', z: 'z' } });
    expect(lab.mocks.counts).toEqual({ w: 1, x: 2, y: 2, z: 1 });
  });

  test('goes on within the round of a while loop that failed', async () => {
    const world = new World('a 1');
    const loop = {
      id: 'l',
      type: 'loop',
      while: '{{state.n}} < 3',
      steps: [
        agent('a', { input: { prompt: '{{loop.index}}' }, assign: { n: { expr: '{{state.n}} + 1' } } }),
        agent('b', { input: { prompt: '{{loop.index}}' } }),
      ],
    };
    await using lab = await started(flow({ state: { n: 0 }, steps: [loop], output: '{{steps.l.output}}' }), {
      a: world.mock('a'),
      b: world.mock('b'),
    });
    expect(await lab.drive(run)).toMatchObject({ status: 'failed' });
    world.down.clear();
    await lab.engine.retry(run);
    expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: ['b 0', 'b 1', 'b 2'] });
    expect(lab.mocks.counts).toEqual({ a: 4, b: 3 });
  });

  test('runs the failed rounds of an items loop again, from the step that failed in them, and no other', async () => {
    const world = new World('b 1');
    const loop = {
      id: 'l',
      type: 'loop',
      items: [0, 1, 2],
      steps: [agent('a', { input: { prompt: '{{loop.item}}' } }), agent('b', { input: { prompt: '{{loop.item}}' } })],
    };
    await using lab = await started(flow({ steps: [loop], output: '{{steps.l.output}}' }), {
      a: world.mock('a'),
      b: world.mock('b'),
    });
    expect(await lab.drive(run)).toMatchObject({ status: 'failed' });
    world.down.clear();
    await lab.engine.retry(run);
    expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: ['b 0', 'b 1', 'b 2'] });
    expect(lab.mocks.counts).toEqual({ a: 3, b: 4 });
    expect(keys(lab).filter((key) => key.includes('/1:b'))).toEqual(['run/l:1/1:b:1 1', 'run/l:1/1:b:2 1']);
  });

  test('retries the child run that failed where it stopped', async () => {
    const world = new World('b');
    const child = flow({ name: 'child', steps: [agent('a'), agent('b')], output: '{{steps.b.output}}' });
    const parent = flow({ name: 'parent', steps: [{ id: 'c', type: 'workflow', workflow: 'child' }, agent('d')] });
    await using lab = await started([parent, child], { a: world.mock('a'), b: world.mock('b') });
    expect(await lab.drive(run)).toMatchObject({ status: 'failed' });
    await expect(lab.engine.retry('run/c:1')).rejects.toThrow(/is a child of run 'run'.*intervene in that one/);
    world.down.clear();
    await lab.engine.retry(run);
    expect(await lab.drive(run)).toMatchObject({ status: 'completed' });
    expect(lab.mocks.counts).toEqual({ a: 1, b: 2, d: 1 });
    expect(lab.engine.report('run/c:1')).toMatchObject({ status: 'completed', output: 'b' });
  });

  test('of a run that was cancelled, goes on with what was under way', async () => {
    const steps = [agent('a'), { id: 'w', type: 'wait', duration: 1_000 }, agent('b')];
    await using lab = await started(flow({ steps }), {});
    await lab.clock.advance(500);
    await lab.engine.cancel(run);
    expect(await lab.drive(run)).toMatchObject({ status: 'cancelled' });
    await lab.engine.retry(run);
    const before = lab.clock.elapsedMs;
    expect(await lab.drive(run)).toMatchObject({ status: 'completed' });
    expect(lab.clock.elapsedMs - before).toBe(1_000);
    expect(lab.mocks.counts).toEqual({ a: 1, b: 1 });
  });

  test('begins the output anew when that is what failed', async () => {
    const definition = flow({
      steps: [agent('a')],
      output: () => {
        if (world.down.size > 0) throw new Error('no output');
        return 'out';
      },
    });
    const world = new World('output');
    await using lab = await started(definition, {});
    expect(await lab.drive(run)).toMatchObject({ status: 'failed' });
    world.down.clear();
    await lab.engine.retry(run);
    expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: 'out' });
    expect(lab.mocks.counts).toEqual({ a: 1 });
  });

  test('is refused for a run that runs or completed', async () => {
    await using lab = await started(flow({ steps: [agent('a', {})] }), { a: after(10, 'a') });
    await expect(lab.engine.retry(run)).rejects.toMatchObject({ code: 'CONFLICT' });
    await lab.drive(run);
    await expect(lab.engine.retry(run)).rejects.toThrow(/only a failed or cancelled run can be retried/);
    await expect(lab.engine.retry('nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
