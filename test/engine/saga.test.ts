/** Sagas on the engine: cancels, crashes at every batch, and the runs that undo rounds. */
import { describe, expect, test } from 'vitest';
import { WorkflowError } from '../../src/core/errors.ts';
import { endedStatuses } from '../../src/core/run.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { MemoryDatabase } from '../../src/store/memory.ts';
import { agent, flow, type LooseStep } from '../support/flow.ts';
import { after, hangs, type MockCall, type MockTable } from '../support/mocks.ts';
import { createTestEngine, type TestEngine } from '../support/test-engine.ts';
import { VirtualClock, driveUntil } from '../support/virtual-clock.ts';
import { live, type Death } from './crash.ts';

/** A step that another undoes: `<id>-compensate`. */
function undoable(id: string, more: object = {}, undo: object = {}): LooseStep {
  const compensate = { type: 'agent', agentId: 'any', input: { prompt: `undo ${id}` }, ...undo };
  return agent(id, { compensate, ...more });
}

interface Cancelled {
  readonly name: string;
  make(): WorkflowDefinition;
  readonly others?: () => readonly WorkflowDefinition[];
  readonly mocks: MockTable;
  /** Compensations that a receiver counts, in the order in which they came. */
  readonly undone: readonly string[];
  readonly compensation?: 'complete' | 'incomplete';
}

/** All are cancelled after 100 ms. */
const cancelledFlows: readonly Cancelled[] = [
  {
    name: 'during the call of an agent',
    make: () => flow({ steps: [undoable('a'), undoable('b'), agent('never')] }),
    mocks: { b: hangs() },
    undone: ['run:b-compensate:1', 'run:a-compensate:1'],
  },
  {
    name: 'while a step waits for its next attempt, which had been refused',
    make: () => flow({ steps: [undoable('a'), undoable('b', { retry: { maxAttempts: 2, delay: '1h' } })] }),
    mocks: {
      b: () => {
        throw new WorkflowError('AGENT_ERROR', 'busy', { details: { status: 503 } });
      },
    },
    undone: ['run:a-compensate:1'],
  },
  {
    name: 'while handlers run: the work was done',
    make: () => flow({ steps: [undoable('a')], onStepComplete: { a: () => new Promise<undefined>(() => undefined) } }),
    mocks: {},
    undone: ['run:a-compensate:1'],
  },
  {
    name: 'while it waits, and while branches are in their queue',
    make: () =>
      flow({
        steps: [
          undoable('a'),
          {
            id: 'p',
            type: 'parallel',
            maxConcurrency: 1,
            steps: [{ id: 'w', type: 'wait', duration: '1h' }, undoable('queued')],
          },
        ],
      }),
    mocks: {},
    undone: ['run:a-compensate:1'],
  },
  {
    name: 'while rounds of a loop are under way',
    make: () => flow({ steps: [{ id: 'l', type: 'loop', items: [1, 2, 3], steps: [undoable('a'), undoable('b')] }] }),
    mocks: { b: (call: MockCall) => (call.run.endsWith('/1') ? hangs()(call) : 'b') },
    undone: [
      'run/l:1/1/undo:b-compensate:1',
      'run/l:1/1/undo:a-compensate:1',
      'run/l:1/0/undo:b-compensate:1',
      'run/l:1/0/undo:a-compensate:1',
    ],
  },
  {
    name: 'while a child is under way, which undoes itself first',
    make: () => flow({ steps: [undoable('a'), { id: 'kid', type: 'workflow', workflow: 'child' }] }),
    others: () => [flow({ name: 'child', steps: [undoable('c'), agent('d')] })],
    mocks: { d: hangs() },
    undone: ['run/kid:1:c-compensate:1', 'run:a-compensate:1'],
  },
  {
    name: 'and one of the compensations fails',
    make: () => flow({ steps: [undoable('a'), undoable('b'), agent('c')] }),
    mocks: {
      c: hangs(),
      'b-compensate': () => {
        throw new WorkflowError('AGENT_ERROR', 'no');
      },
    },
    undone: ['run:b-compensate:1', 'run:a-compensate:1'],
    compensation: 'incomplete',
  },
];

const cancelAt = 100;

function rowOf(database: MemoryDatabase): unknown {
  return JSON.parse(database.runs.get('run')?.row ?? 'null');
}

/** The keys of compensations that a receiver sees, each once, in the order in which it saw them first. */
function received(calls: readonly MockCall[]): readonly string[] {
  return [...new Set(calls.filter(({ step }) => step.endsWith('-compensate')).map(({ key }) => key))];
}

/** One process: starts the run, or goes on with it; cancels it when it is time, unless that is done; until the end or its death. */
async function oneLife(flowCase: Cancelled, database: MemoryDatabase, clock: VirtualClock, death?: Death) {
  const life = await live(database, [flowCase.make(), ...(flowCase.others?.() ?? [])], flowCase.mocks, clock, {
    ...(death === undefined ? {} : { death }),
  });
  const starting = database.runs.has('run')
    ? null
    : life.engine.start(flowCase.make().name, {}, { runId: 'run' }).catch(() => null);
  await clock.settle();
  if (clock.elapsedMs < cancelAt) await clock.advance(cancelAt - clock.elapsedMs);
  const isTold = database.runs.get('run')?.events.some(({ type }) => type === 'run.cancelled') ?? false;
  const cancelling = isTold || life.store.isDead ? null : life.engine.cancel('run', { by: 'kim' }).catch(() => null);
  await driveUntil(
    clock,
    () => life.store.isDead || endedStatuses.has(database.runs.get('run')?.status ?? 'pending'),
    () => flowCase.name,
  );
  await clock.settle();
  await Promise.all([starting, cancelling]);
  await life.engine.close();
  return { calls: life.calls, batches: life.store.batches };
}

describe.each(cancelledFlows)('cancelled $name', (flowCase) => {
  test('killed at every batch: each compensation happens once', async () => {
    const calm = new MemoryDatabase();
    const { calls, batches } = await oneLife(flowCase, calm, new VirtualClock());
    expect(received(calls)).toEqual(flowCase.undone);
    const { compensation = 'complete' } = flowCase;
    const ended = { status: 'cancelled', error: { code: 'CANCELLED', details: { compensation } } };
    expect(rowOf(calm)).toMatchObject(ended);
    for (let batch = 1; batch < batches; batch++) {
      for (const when of ['before', 'after'] as const) {
        const place = `${when} batch ${batch} of ${batches}`;
        const database = new MemoryDatabase();
        const clock = new VirtualClock();
        const first = await oneLife(flowCase, database, clock, { batch, when });
        const second = await oneLife(flowCase, database, clock);
        expect({ place, undone: received([...first.calls, ...second.calls]) }).toEqual({
          place,
          undone: flowCase.undone,
        });
        expect({ place, row: rowOf(database) }).toMatchObject({ row: ended });
      }
    }
  });
});

async function started(definition: WorkflowDefinition, mocks: MockTable): Promise<TestEngine> {
  const lab = await createTestEngine({ mocks, workflows: [definition] });
  await lab.engine.start(definition, {}, { runId: 'run' });
  await lab.clock.settle();
  return lab;
}

const two = (): WorkflowDefinition =>
  flow({ steps: [undoable('a'), undoable('b'), agent('c')], onFailure: [agent('mourn')] });

test('a second cancel ends the run at once: the rest is not undone, no onFailure step runs', async () => {
  await using lab = await started(two(), { c: hangs(), 'b-compensate': hangs() });
  await lab.engine.cancel('run', { by: 'kim' });
  await lab.clock.settle();
  expect(lab.engine.run('run').status().status).toBe('running');
  await lab.engine.cancel('run', { by: 'lee' });
  expect(lab.engine.run('run').status()).toMatchObject({
    status: 'cancelled',
    error: { message: 'the run was cancelled by kim', details: { compensation: 'incomplete' } },
  });
  expect(lab.mocks.aborted).toEqual(['c', 'b-compensate']);
  expect(lab.mocks.counts).toEqual({ a: 1, b: 1, c: 1, 'b-compensate': 1 });
});

test('a cancel while a failure is undone does not keep it from being undone; the next one does', async () => {
  const down = (): never => {
    throw new WorkflowError('AGENT_ERROR', 'down');
  };
  await using lab = await started(two(), { c: down, 'b-compensate': after(1_000, 'ok') });
  await lab.engine.cancel('run', { by: 'kim' });
  await lab.clock.settle();
  const report = await lab.drive('run');
  expect(report).toMatchObject({ status: 'failed', error: { message: 'down', details: { compensation: 'complete' } } });
  await using other = await started(two(), { c: down, 'b-compensate': hangs() });
  await other.engine.cancel('run', { by: 'kim' });
  await other.engine.cancel('run', { by: 'kim' });
  expect(other.engine.run('run').status()).toMatchObject({
    status: 'cancelled',
    error: { code: 'CANCELLED', details: { compensation: 'incomplete' }, cause: { message: 'down' } },
  });
});

test('what was undone during a pause is not undone again when a cancel ends the pause', async () => {
  const down = (): never => {
    throw new WorkflowError('AGENT_ERROR', 'down');
  };
  await using lab = await started(two(), { c: down, 'b-compensate': after(1_000, 'ok') });
  await lab.engine.pause('run');
  await lab.clock.advance(2_000);
  await lab.engine.cancel('run', { by: 'kim' });
  const report = await lab.drive('run');
  expect(report).toMatchObject({ status: 'failed', error: { message: 'down', details: { compensation: 'complete' } } });
  expect(lab.mocks.counts).toMatchObject({ 'b-compensate': 1, 'a-compensate': 1 });
});

test('a signal that came during a pause is not lost when a cancel ends the pause', async () => {
  const mourning = flow({ steps: [agent('c')], onFailure: [{ id: 'go', type: 'signal', name: 'go' }, agent('mourn')] });
  await using lab = await started(mourning, { c: hangs() });
  await lab.engine.pause('run');
  await lab.engine.signal('run', 'go', 1);
  await lab.engine.cancel('run');
  expect(await lab.drive('run')).toMatchObject({ status: 'cancelled' });
  expect(lab.mocks.counts).toEqual({ c: 1, mourn: 1 });
});

test('what fell due in a pause while something was undone comes to pass when a cancel ends the pause', async () => {
  const down = (): never => {
    throw new WorkflowError('AGENT_ERROR', 'down');
  };
  const again = flow({ steps: [undoable('a', {}, { retry: { maxAttempts: 2, delay: 1_000 } }), agent('c')] });
  const mocks = { c: down, 'a-compensate': (call: MockCall) => (call.attempt === 1 ? down() : 'ok') };
  await using lab = await started(again, mocks);
  await lab.engine.pause('run');
  await lab.clock.advance(5_000);
  await lab.engine.cancel('run', { by: 'kim' });
  expect(await lab.drive('run')).toMatchObject({ error: { details: { compensation: 'complete' } } });
  expect(lab.mocks.counts).toMatchObject({ 'a-compensate': 2 });
});

test('the undoing of rounds that a pause held goes on when a cancel ends the pause', async () => {
  const down = (): never => {
    throw new WorkflowError('AGENT_ERROR', 'down');
  };
  const rounds = flow({
    steps: [
      { id: 'l', type: 'loop', items: [1, 2], parallel: true, steps: [undoable('a'), undoable('b')] },
      agent('c'),
    ],
  });
  await using lab = await started(rounds, { c: down, 'b-compensate': after(1_000, 'ok') });
  await lab.engine.pause('run');
  await lab.clock.advance(2_000);
  await lab.engine.cancel('run', { by: 'kim' });
  const report = await lab.drive('run');
  expect(report).toMatchObject({ status: 'failed', error: { message: 'down', details: { compensation: 'complete' } } });
  expect(lab.mocks.counts).toMatchObject({ 'b-compensate': 2, 'a-compensate': 2 });
});

test('a visit that was ended and then completed by hand is undone once', async () => {
  const down = (): never => {
    throw new WorkflowError('AGENT_ERROR', 'down', { retryable: false });
  };
  await using lab = await started(two(), { a: hangs(), b: down });
  await lab.engine.terminate('run');
  await lab.engine.complete('run', 'a', { output: 'done', by: 'kim' });
  expect(await lab.drive('run')).toMatchObject({ error: { details: { compensation: 'complete' } } });
  expect(lab.mocks.counts).toMatchObject({ a: 1, b: 1, 'a-compensate': 1 });
});

const withChild = (): readonly WorkflowDefinition[] => [
  flow({ steps: [undoable('first'), { id: 'kid', type: 'workflow', workflow: 'child' }] }),
  flow({ name: 'child', steps: [undoable('a'), agent('b')] }),
];
const childMocks = (): MockTable => ({ b: after(2_000, 'b'), 'a-compensate': after(1_000, 'ok') });

async function startedWithChild(): Promise<TestEngine> {
  const lab = await createTestEngine({ mocks: childMocks(), workflows: withChild() });
  await lab.engine.start('test', {}, { runId: 'run' });
  await lab.clock.settle();
  return lab;
}

test('a child that undoes itself already is not cancelled once more with the run around it', async () => {
  await using lab = await startedWithChild();
  await lab.engine.cancel('run/kid:1', { by: 'kim' });
  await lab.engine.cancel('run', { by: 'lee' });
  expect(await lab.drive('run')).toMatchObject({
    status: 'cancelled',
    error: { details: { compensation: 'complete' } },
  });
  expect(lab.engine.report('run/kid:1')).toMatchObject({ error: { details: { compensation: 'complete' } } });
  expect(lab.mocks.counts).toMatchObject({ 'a-compensate': 1 });
});

test.each([
  ['that undoes itself', (engine: TestEngine['engine']) => engine.cancel('run')],
  [
    'of the attempt before, when it is retried meanwhile',
    (engine: TestEngine['engine']) => engine.terminate('run').then(() => engine.retry('run')),
  ],
])('a run that fell asleep is woken by the end of a child %s', async (_name, end) => {
  await using lab = await startedWithChild();
  await end(lab.engine);
  await lab.engine.pause('run/kid:1');
  await lab.clock.advance(3_600_000);
  expect(lab.engine.run('run').status().status).toBe('running');
  await lab.engine.resume('run/kid:1');
  expect(['failed', 'cancelled']).toContain((await lab.drive('run')).status);
});

test('terminate undoes nothing', async () => {
  await using lab = await started(two(), { c: hangs() });
  await lab.engine.terminate('run', { by: 'kim' });
  await lab.clock.settle();
  expect(lab.mocks.counts).toEqual({ a: 1, b: 1, c: 1 });
  expect(lab.engine.run('run').status()).toMatchObject({ status: 'cancelled' });
});

test('a run that is paused while it is undone goes on when it is resumed', async () => {
  await using lab = await started(two(), { c: hangs() });
  await lab.engine.cancel('run');
  await lab.clock.settle();
  await using paused = await started(two(), { c: hangs(), 'b-compensate': after(1_000, 'ok') });
  await paused.engine.cancel('run');
  await paused.engine.pause('run');
  await paused.clock.advance(5_000);
  expect(paused.mocks.counts['a-compensate']).toBeUndefined();
  await paused.engine.resume('run');
  expect(await paused.drive('run')).toMatchObject({ error: { details: { compensation: 'complete' } } });
});

test('a run that was undone does not go on as if it had not been: it is run again from the first step that was undone', async () => {
  let isDown = true;
  await using lab = await started(flow({ steps: [agent('first'), undoable('a'), agent('b')] }), {
    b: () => {
      if (isDown) throw new WorkflowError('AGENT_ERROR', 'down', { retryable: false });
      return 'up';
    },
  });
  expect(await lab.drive('run')).toMatchObject({ status: 'failed', error: { details: { compensation: 'complete' } } });
  isDown = false;
  await expect(lab.engine.retry('run')).rejects.toThrow(/was undone .* run it again from step 'a' or before/);
  await expect(lab.engine.rerun('run', 'b')).rejects.toThrow(/was undone/);
  await lab.engine.rerun('run', 'a');
  expect(await lab.drive('run')).toMatchObject({ status: 'completed', output: 'up' });
  expect(lab.mocks.calls.map(({ key }) => key)).toEqual([
    'run:first:1',
    'run:a:1',
    'run:b:1',
    'run:a-compensate:1',
    'run:a:2',
    'run:b:2',
  ]);
});
