import { describe, expect, test } from 'vitest';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { loadRun } from '../../src/engine/runs/load.ts';
import { MemoryDatabase, openMemoryStore } from '../../src/store/memory.ts';
import { agent, flow, type LooseWorkflow } from '../support/flow.ts';
import { after, hangs, type MockCall, type MockTable } from '../support/mocks.ts';
import { collect, createTestEngine, type TestEngine } from '../support/test-engine.ts';

const echo = (call: MockCall): unknown => call.input;
const version = (number: string, workflow: LooseWorkflow): WorkflowDefinition =>
  flow({ name: 'main', version: number, ...workflow });

/** Engine of a process that knows these definitions. */
function engineOf(
  database: MemoryDatabase,
  workflows: readonly WorkflowDefinition[],
  mocks: MockTable = {},
): Promise<TestEngine> {
  return createTestEngine({ workflows, mocks, store: openMemoryStore(database) });
}

describe('a run that waits while its workflow is changed', () => {
  const one = version('1', {
    state: { n: 1 },
    steps: [
      agent('a'),
      { id: 'ask', type: 'human', timeout: '1h' },
      agent('b', { input: { prompt: 'old {{steps.a.output.text}}' } }),
    ],
    output: '{{steps.b.output.prompt}}',
  });
  const two = version('2', {
    state: { n: 0, added: 'new' },
    steps: [
      agent('a'),
      { id: 'approve', type: 'human', timeout: '1h' },
      {
        id: 'c',
        type: 'conditional',
        condition: '{{steps.a.output.text}} === "from a" && {{steps.approve.output.decision}} === "approve"',
        then: 'b',
        else: 'end',
      },
      agent('b', { input: { prompt: 'new {{steps.a.output.text}} {{state.n}} {{state.added}}' } }),
    ],
    output: '{{steps.b.output.prompt}}',
  });
  const mocks = { a: { text: 'from a', long: 'x'.repeat(300) }, b: echo };

  test('FLT-UP-03, FLT-UP-04: ends on its own definition, unless it is migrated', async () => {
    const database = new MemoryDatabase();
    await using lab = await engineOf(database, [one, two], mocks);
    await lab.engine.start(one, {}, { runId: 'r' });
    await lab.engine.start(one, {}, { runId: 's' });
    await lab.clock.settle();
    const migration = { workflow: 'main', from: '1', to: '2', steps: { ask: 'approve' } };
    expect(await lab.engine.migrate({ ...migration, dryRun: true })).toEqual({
      workflow: 'main',
      version: '2',
      dryRun: true,
      moved: 2,
      stayed: 0,
      runs: [
        { runId: 'r', version: '1', problems: [] },
        { runId: 's', version: '1', problems: [] },
      ],
    });
    expect(lab.engine.report('r').version).toBe('1');
    await lab.engine.complete('s', 'ask', { decision: 'approve' });
    expect(await lab.drive('s')).toMatchObject({ version: '1', output: 'old from a' });
    const transform = ({ n, added }: Readonly<Record<string, unknown>>) => ({ n: Number(n) * 10, added });
    expect(await lab.engine.migrate({ ...migration, transform, by: 'ann' })).toMatchObject({ moved: 1, stayed: 0 });
    expect(lab.engine.report('r')).toMatchObject({ version: '2', hash: two.hash, status: 'running' });
    expect(lab.engine.query('r').waitingFor).toMatchObject([{ for: 'human', id: 'r:approve:1', step: 'approve' }]);
    await lab.engine.answer('r:approve:1', { decision: 'approve' });
    expect(await lab.drive('r')).toMatchObject({ status: 'completed', output: 'new from a 10 new' });
    expect(lab.mocks.counts).toEqual({ a: 2, b: 2 });
    const events = await collect(lab.engine.events('r'));
    expect(events.map(({ type }) => type)).toContain('run.rebased');
    expect(lab.engine.steps('r').map(({ id, status }) => `${id} ${status}`)).toEqual([
      'a completed',
      'approve completed',
      'c completed',
      'b completed',
    ]);
  });

  test('keeps the time that its timeout began with', async () => {
    await using lab = await engineOf(new MemoryDatabase(), [one, two], mocks);
    await lab.engine.start(one, {}, { runId: 'r' });
    await lab.clock.advance(3_000_000);
    await lab.engine.migrate({ workflow: 'main', to: '2', steps: { ask: 'approve' } });
    expect(await lab.drive('r')).toMatchObject({ status: 'failed', error: { code: 'TIMEOUT' } });
    expect(lab.clock.elapsedMs).toBe(3_600_000);
  });

  test(
    '1,000 of them: none is lost; all that can have moved, the others end where they were',
    { timeout: 60_000 },
    async () => {
      const database = new MemoryDatabase();
      const count = 1_000;
      const first = await engineOf(database, [one], mocks);
      for (let n = 0; n < count; n++) await first.engine.start(one, {}, { runId: `r${n}` });
      await first.clock.settle();
      // Every tenth is at work on the step that follows.
      const busy = Array.from({ length: count / 10 }, (_, n) => `r${n * 10}`);
      await first.engine.close();
      const hanging = await engineOf(database, [one], { ...mocks, b: hangs() });
      await Promise.all(busy.map((id) => hanging.engine.answer(`${id}:ask:1`, { decision: 'approve' })));
      await hanging.clock.settle();
      await hanging.engine.close();
      await using lab = await engineOf(database, [one, two], { ...mocks, b: after(10, echo) });
      await lab.clock.settle();
      const migration = { workflow: 'main', from: '1', to: '2', steps: { ask: 'approve' } };
      const moved = await lab.engine.migrate({ ...migration });
      // What is at work on a step that is in the new version as well goes on there.
      expect(moved).toMatchObject({ moved: count, stayed: 0 });
      const rows = () => Array.from({ length: count }, (_, n) => lab.engine.report(`r${n}`));
      expect(rows().filter((row) => row.version === '2')).toHaveLength(count);
      await lab.clock.advance(100);
      await Promise.all(
        rows().flatMap((row) =>
          row.status === 'running' ? [lab.engine.answer(`${row.id}:approve:1`, { decision: 'approve' })] : [],
        ),
      );
      await lab.clock.advance(100);
      expect(rows().filter(({ status }) => status === 'completed')).toHaveLength(count);
    },
  );
});

describe('what cannot move is told, and stays as it is', () => {
  const steps = [agent('a'), { id: 'w', type: 'wait', duration: 1_000 }, agent('b')];

  test.each<readonly [string, LooseWorkflow, Readonly<Record<string, string>>, RegExp]>([
    [
      'a place that is gone',
      { steps: [agent('a'), agent('b')] },
      {},
      /step 'w' is running, and there is no such step any more/,
    ],
    [
      'another type',
      { steps: [agent('a'), { id: 'w', type: 'human' }, agent('b')] },
      {},
      /step 'w' is running as wait, and is human now/,
    ],
    [
      'a step ahead that reads one that will not run',
      { steps: [agent('a'), agent('x'), steps[1] as never, agent('b', { input: { prompt: '{{steps.x.output}}' } })] },
      {},
      /step 'b' will read 'steps.x.output', and step 'x' comes before/,
    ],
    [
      'an input that does not fit',
      { steps, input: { type: 'object', required: ['topic'] } },
      {},
      /its input does not fit/,
    ],
  ])('%s', async (_name, workflow, renamed, problem) => {
    const [one, two] = [version('1', { steps }), version('2', workflow)];
    await using lab = await engineOf(new MemoryDatabase(), [one, two]);
    await lab.engine.start(one, {}, { runId: 'r' });
    await lab.clock.settle();
    const report = await lab.engine.migrate({ workflow: 'main', to: '2', steps: renamed });
    expect(report).toMatchObject({ moved: 0, stayed: 1 });
    expect(report.runs[0]?.problems.join('\n')).toMatch(problem);
    expect(await lab.drive('r')).toMatchObject({ status: 'completed', version: '1' });
  });

  test('a step at work that has another name, and rounds under way', async () => {
    const loop = { id: 'l', type: 'loop', items: [1], steps: [agent('x')] };
    const [one, two] = [version('1', { steps: [agent('a'), loop] }), version('2', { steps: [agent('z'), loop] })];
    await using lab = await engineOf(new MemoryDatabase(), [one, two], { a: after(100, 'a'), x: after(100, 'x') });
    await lab.engine.start(one, {}, { runId: 'r' });
    await lab.clock.settle();
    const migrate = () => lab.engine.migrate({ workflow: 'main', to: '2', steps: { a: 'z' } });
    expect((await migrate()).runs[0]?.problems).toEqual([
      "'a' is at work, and has another place now: wait until it is done",
    ]);
    await lab.clock.advance(150);
    expect((await migrate()).runs[0]?.problems).toEqual(["the rounds of loop 'l' are under way"]);
    expect(await lab.drive('r')).toMatchObject({ status: 'completed', version: '1' });
  });

  test('a run that holds what came during its pause, and a branch that is new where branches are under way', async () => {
    const both = (...ids: readonly string[]) => [{ id: 'p', type: 'parallel', steps: ids.map((id) => agent(id)) }];
    const [one, two] = [version('1', { steps: both('a', 'b') }), version('2', { steps: both('a', 'b', 'c') })];
    await using lab = await engineOf(new MemoryDatabase(), [one, two], { a: after(100, 'a'), b: after(200, 'b') });
    await lab.engine.start(one, {}, { runId: 'r' });
    await lab.clock.settle();
    const problems = async () => (await lab.engine.migrate({ workflow: 'main', to: '2' })).runs[0]?.problems;
    expect(await problems()).toEqual(["branch 'c' is new in a parallel step that is under way"]);
    await lab.engine.pause('r');
    await lab.clock.advance(150);
    expect(await problems()).toContain('it is paused, and holds what arrived meanwhile: resume it first');
    await lab.engine.resume('r');
    expect(await lab.drive('r')).toMatchObject({ status: 'completed', version: '1' });
  });

  test('what would have to be undone, and cannot be any more; what can be is undone as the new version says', async () => {
    const undo = { type: 'agent', agentId: 'undo', input: { prompt: 'undo {{steps.book.output}}' } };
    const ask = { id: 'ask', type: 'human' };
    const saga = (number: string, ...sagaSteps: readonly object[]) =>
      version(number, { steps: [...sagaSteps, ask] as never, output: '{{vars.booked}}' });
    const [one, without, renamed] = [
      saga('1', agent('book', { compensate: undo, output: 'booked' })),
      saga('2', agent('book', { output: 'booked' })),
      saga(
        '3',
        agent('reserve', {
          compensate: { ...undo, input: { prompt: 'free {{steps.reserve.output}}' } },
          output: 'booked',
        }),
      ),
    ];
    const mocks = { book: 'seat 7', 'reserve-compensate': echo, reserve: 'never' };
    await using lab = await engineOf(new MemoryDatabase(), [one, without, renamed], mocks);
    await lab.engine.start(one, {}, { runId: 'r' });
    await lab.clock.settle();
    const stays = await lab.engine.migrate({ workflow: 'main', to: '2' });
    expect(stays.runs[0]?.problems).toEqual([
      "step 'book' would have to be undone should it fail, and cannot be any more",
    ]);
    expect(await lab.engine.migrate({ workflow: 'main', to: '3', steps: { book: 'reserve' } })).toMatchObject({
      moved: 1,
    });
    await lab.engine.run('r').cancel();
    expect(await lab.drive('r')).toMatchObject({ status: 'cancelled', version: '3', compensation: 'complete' });
    expect(lab.mocks.calls.filter(({ key }) => key.includes('compensate')).map(({ input }) => input)).toEqual([
      { prompt: 'free seat 7' },
    ]);
  });

  test('signals that came early and breakpoints move along', async () => {
    const go = { id: 'go', type: 'signal', name: 'go', match: '{{signal.payload.n}} === 2' };
    const [one, two] = [
      version('1', { steps: [{ id: 'w', type: 'wait', duration: 1_000 }, go, agent('b')] }),
      version('2', { steps: [{ id: 'w', type: 'wait', duration: 1_000 }, go, agent('last')] }),
    ];
    await using lab = await engineOf(new MemoryDatabase(), [one, two]);
    await lab.engine.start(one, {}, { runId: 'r' });
    await lab.clock.settle();
    await lab.engine.run('r').signal('go', { n: 2 });
    await lab.engine.setBreakpoint('r', { step: 'b', when: 'before' });
    expect(await lab.engine.migrate({ workflow: 'main', to: '2', steps: { b: 'last' } })).toMatchObject({ moved: 1 });
    expect(lab.engine.breakpoints('r')).toMatchObject([{ step: 'last', when: 'before' }]);
    await lab.clock.advance(1_000);
    expect(lab.engine.report('r').status).toBe('paused');
    await lab.engine.resume('r');
    expect(await lab.drive('r')).toMatchObject({ status: 'completed', version: '2', output: 'last' });
  });

  test('a transform that throws or gives no state leaves the run; a version or step that is not there is an error', async () => {
    const [one, two] = [version('1', { steps }), version('2', { steps: [...steps, agent('c')] })];
    await using lab = await engineOf(new MemoryDatabase(), [one, two]);
    await lab.engine.start(one, {}, { runId: 'r' });
    await lab.clock.settle();
    const broken = (): never => {
      throw new Error('not this one');
    };
    const migrate = (options: object) => lab.engine.migrate({ workflow: 'main', to: '2', ...options });
    expect((await migrate({ transform: broken })).runs[0]?.problems).toEqual(['not this one']);
    expect((await migrate({ transform: () => 7 })).runs[0]?.problems[0]).toMatch(/transform gives the new state/);
    await expect(migrate({ to: '3' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(migrate({ steps: { a: 'q' } })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    expect(await migrate({})).toMatchObject({ moved: 1 });
    expect(await lab.drive('r')).toMatchObject({ version: '2', output: 'c' });
  });
});

test('a migrated run is replayed each epoch with its own definition, also by another process', async () => {
  const database = new MemoryDatabase();
  const [one, two] = [
    version('1', { steps: [agent('a'), { id: 'w', type: 'wait', duration: 1_000 }, agent('b')] }),
    version('2', {
      steps: [
        agent('first'),
        { id: 'w', type: 'wait', duration: 1_000 },
        { id: 'w2', type: 'wait', duration: 500 },
        agent('b'),
      ],
    }),
  ];
  const first = await engineOf(database, [one, two]);
  await first.engine.start(one, {}, { runId: 'r' });
  await first.clock.settle();
  await first.engine.migrate({ workflow: 'main', steps: { a: 'first' } });
  await first.engine.close();
  await using second = await engineOf(database, [two]);
  expect(await second.drive('r')).toMatchObject({ status: 'completed', version: '2' });
  const told = (await collect(second.engine.events('r'))).flatMap((event) =>
    'step' in event ? [`${event.type} ${event.step}`] : [],
  );
  expect(told.slice(0, 3)).toEqual(['step.started a', 'step.completed a', 'step.started w']);
  const { state } = loadRun({ store: second.store, catalog: { ofRun: () => two } }, 'r');
  expect(state.snapshot).toMatchObject({ status: 'done' });
});
