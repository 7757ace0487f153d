/** Runs that cannot go on through no fault of their own, or that go too far. */
import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../src/core/errors.ts';
import type { EffectHandler } from '../../src/effects/call.ts';
import { createEngine } from '../../src/engine/create-engine.ts';
import { MemoryDatabase, openMemoryStore } from '../../src/store/memory.ts';
import { agent, flow } from '../support/flow.ts';
import { hangs, type MockCall } from '../support/mocks.ts';
import { anyAgents, collect, createTestEngine } from '../support/test-engine.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const leftLine = (run: string, error: string): object => ({
  level: 'error',
  message: 'a run is left as it is',
  details: { run, error: expect.stringContaining(error) },
});

describe('a bug of ours', () => {
  test('leaves the run as it was committed; who waits for it is told; nobody else is harmed', async () => {
    const bug: EffectHandler = () => Promise.reject(new InvariantError('two and two are five'));
    await using lab = await createTestEngine({ handlers: new Map([['agent', bug]]) });
    const run = await lab.engine.start(
      flow({ steps: [agent('a', { retry: { maxAttempts: 3 } })] }),
      {},
      { runId: 'run' },
    );
    await expect(run.result()).rejects.toThrow('two and two are five');
    await expect(collect(run.events())).resolves.toHaveLength(2);
    expect(run.status()).toMatchObject({ status: 'running' });
    expect(lab.store.lastSeq('run')).toBe(1);
    expect(lab.log.lines).toContainEqual(leftLine('run', 'two and two are five'));
    const other = await lab.engine.start(
      flow({ steps: [{ id: 'w', type: 'wait', duration: 5 }] }),
      {},
      { runId: 'other' },
    );
    await lab.drive(other.id);
  });

  test('in a round leaves the run around it too, and its other rounds; none is cancelled', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const definition = flow({
      steps: [
        {
          id: 'each',
          type: 'loop',
          items: [1, 2, 3],
          parallel: true,
          steps: [agent('a', { input: { prompt: '{{loop.item}}' } })],
        },
      ],
    });
    const promptOf = (call: MockCall): unknown => (call.input as { readonly prompt: unknown }).prompt;
    const store = openMemoryStore(database);
    const first = await createTestEngine({
      store,
      clock,
      workflows: [definition],
      mocks: {
        a: (call: MockCall) => {
          if (promptOf(call) === 2) throw new InvariantError('round 2 is broken');
          return hangs()(call);
        },
      },
    });
    const run = await first.engine.start(definition, {}, { runId: 'run' });
    await expect(run.result()).rejects.toThrow('round 2 is broken');
    await clock.settle();
    const statuses = store.listRuns({ kind: ['run', 'round'] }).map(({ id, status }) => `${id} ${status}`);
    expect(statuses.sort()).toEqual([
      'run running',
      'run/each:1/0 running',
      'run/each:1/1 running',
      'run/each:1/2 running',
    ]);
    await first.engine.close();
    await using second = await createTestEngine({
      store: openMemoryStore(database),
      clock,
      workflows: [definition],
      mocks: { a: promptOf },
    });
    await second.drive('run');
    expect(await second.engine.run('run').result()).toEqual([1, 2, 3]);
  });
});

test('a source of randomness that throws is a bug too', async () => {
  const random = {
    next: (): number => {
      throw new Error('no dice');
    },
    uuid: () => 'run',
  };
  await using lab = await createTestEngine({
    random,
    mocks: {
      a: () => {
        throw new Error('first');
      },
    },
  });
  const run = await lab.engine.start(flow({ steps: [agent('a')] }));
  await expect(run.result()).rejects.toThrow('no dice');
});

test("a handler of one's own may give its output as it is", async () => {
  const handlers = new Map([['agent', (() => Promise.resolve({ plain: true })) as unknown as EffectHandler]]);
  await using lab = await createTestEngine({ handlers });
  const run = await lab.engine.start(flow({ steps: [agent('a')] }));
  expect(await run.result()).toEqual({ plain: true });
});

describe('functions that are not there', () => {
  const withHandler = (handler?: () => void) =>
    flow({ name: 'told', steps: [agent('a')], ...(handler === undefined ? {} : { onWorkflowComplete: handler }) });

  test('of onWorkflowComplete: the run waits for them', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const told: string[] = [];
    const definition = withHandler(() => void told.push('complete'));
    const first = await createTestEngine({ store: openMemoryStore(database), clock, mocks: { a: hangs() } });
    await first.engine.start(definition, {}, { runId: 'run' });
    await first.engine.close();
    const second = await createTestEngine({ store: openMemoryStore(database), clock, recover: ['run'] });
    await expect(second.engine.run('run').result()).rejects.toMatchObject({ code: 'FUNCTION_MISSING' });
    expect(second.mocks.counts).toEqual({ a: 1 });
    await second.engine.close();
    await using third = await createTestEngine({ store: openMemoryStore(database), clock, workflows: [definition] });
    await third.drive('run');
    expect([told, third.mocks.counts]).toEqual([['complete'], {}]);
  });

  test('are found when their workflow is used again, without being listed', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const definition = (): ReturnType<typeof flow> =>
      flow({ name: 'late', steps: [agent('a'), { id: 't', type: 'transform', transform: () => 42 }] });
    const first = await createTestEngine({ store: openMemoryStore(database), clock, mocks: { a: hangs() } });
    await first.engine.start(definition(), {}, { runId: 'run' });
    await first.engine.close();
    await using second = await createTestEngine({ store: openMemoryStore(database), clock });
    // Read, and so made of what is stored, before its code is there.
    expect(second.engine.run('run').steps()).toHaveLength(2);
    await second.engine.start(definition(), {}, { runId: 'other' });
    second.engine.continueRun('run');
    await second.drive('run');
    expect(await second.engine.run('run').result()).toBe(42);
  });
});

describe('a run without end', () => {
  test('in one step of the machine fails, and has its input', async () => {
    const endless = flow({
      maxVisits: 10_000,
      steps: [
        { id: 'a', type: 'conditional', condition: 'true', then: 'b', else: 'end' },
        { id: 'b', type: 'conditional', condition: '{{workflow.input.go}}', then: 'a', else: 'end' },
      ],
      onFailure: [agent('clean', { input: { prompt: 'after {{workflow.input.go}}: {{workflow.error.code}}' } })],
    });
    await using lab = await createTestEngine();
    const run = await lab.engine.start(endless, { go: true }, { runId: 'run' });
    const report = await lab.drive(run.id);
    expect(report).toMatchObject({ status: 'failed', error: { message: expect.stringContaining('nfinite loop') } });
    expect(lab.mocks.calls.map(({ input, key }) => [input, key])).toEqual([
      [{ prompt: 'after true: CONDITION_FAILED' }, 'run:clean:1'],
    ]);
    expect((await collect(run.events())).map(({ type }) => type)).toEqual([
      'run.started',
      'step.started',
      'step.completed',
      'run.failed',
    ]);
  });

  test('in its history: limits.maxEvents', async () => {
    const polling = flow({
      steps: [{ id: 'w', type: 'wait', condition: 'true', pollInterval: 10, poll: agent('look') }],
      onFailure: [agent('clean')],
    });
    await using lab = await createTestEngine({ limits: { maxEvents: 50 } });
    const run = await lab.engine.start(polling, {}, { runId: 'run' });
    expect(await lab.drive(run.id)).toMatchObject({
      status: 'failed',
      error: {
        code: 'LIMIT_EXCEEDED',
        message: 'the history of the run has 50 events, the limit (option limits.maxEvents)',
      },
    });
    expect(lab.mocks.counts['clean']).toBe(1);
    expect(lab.store.lastSeq('run')).toBe(51);
  });
});

describe('limits', () => {
  test.each([
    [{ maxRuns: 0 }, 'limits.maxRuns takes a whole number from 1 on, or Infinity'],
    [{ maxEffects: Number.NaN }, 'limits.maxEffects takes'],
    [{ maxEvents: 1.5 }, 'limits.maxEvents takes'],
    [{ maxOutputBytes: '10' }, 'limits.maxOutputBytes takes'],
    [{ maxRun: 5 }, "there is no limit 'maxRun'; there are maxEffects, maxRuns, "],
  ])('%o is refused', async (limits, message) => {
    const store = openMemoryStore();
    await expect(createEngine({ store, limits: limits as never, agents: anyAgents })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      message: expect.stringContaining(message),
    });
  });

  test('an effect that ignores its signal gives its place back when it is aborted', async () => {
    const deaf = (): Promise<never> => new Promise(() => undefined);
    await using lab = await createTestEngine({ limits: { maxEffects: 1 }, mocks: { a: deaf } });
    const run = await lab.engine.start(
      flow({ steps: [agent('a', { timeout: 100, onError: 'continue' }), agent('b')] }),
      {},
      { runId: 'run' },
    );
    await lab.drive(run.id);
    expect(await run.result()).toBe('b');
  });

  test('writes to the state count as output', async () => {
    await using lab = await createTestEngine({ limits: { maxOutputBytes: 1_000 } });
    const definition = flow({
      state: { text: '' },
      steps: [agent('a')],
      onStepComplete: {
        a: (_id: string, _output: unknown, context: { set(key: string, value: unknown): void }) =>
          context.set('text', 'x'.repeat(2_000)),
      },
    });
    const run = await lab.engine.start(definition, {}, { runId: 'run' });
    expect(await lab.drive(run.id)).toMatchObject({ status: 'failed', error: { code: 'LIMIT_EXCEEDED' } });
  });
});

test('who cancels and why are texts, and nothing else is taken from them', async () => {
  await using lab = await createTestEngine({ mocks: { a: hangs() } });
  const run = await lab.engine.start(flow({ steps: [agent('a')] }), {}, { runId: 'run' });
  await expect(run.cancel({ why: 5 as never })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  await expect(run.cancel({ why: 'x'.repeat(2_000) })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  await run.cancel({ by: 'kim', type: 'run.started', seq: 9 } as never);
  expect(run.status()).toMatchObject({ status: 'cancelled' });
  expect(lab.store.readEvents('run', 2)).toMatchObject([{ type: 'run.cancelled', data: '{"by":"kim"}' }]);
});

test('a workflow that was not listed is checked for unknown agents before anything is started', async () => {
  await using engine = await createEngine({ store: openMemoryStore(), agents: { writer: 'http://127.0.0.1:1' } });
  await expect(engine.start(flow({ steps: [agent('a', { agentId: 'wirter' })] }))).rejects.toMatchObject({
    name: 'DefinitionError',
    message: expect.stringContaining("'writer'"),
  });
  expect(engine.runs()).toEqual([]);
});
