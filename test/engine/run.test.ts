/** What the handle of a run gives: status, steps, events, result, cancel; and what a start promises. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createEngine } from '../../src/engine/create-engine.ts';
import { MemoryDatabase, openMemoryStore } from '../../src/store/memory.ts';
import { agent, flow } from '../support/flow.ts';
import { after, fails, hangs, replies, type MockCall } from '../support/mocks.ts';
import { collect, createTestEngine, anyAgents } from '../support/test-engine.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const two = flow({ name: 'two', steps: [agent('a'), agent('b')] });

describe('start', () => {
  test('with the same id and input twice gives the same run, which runs once', async () => {
    await using life = await createTestEngine({ workflows: [two] });
    const first = await life.engine.start('two', { x: 1 }, { runId: 'order-17' });
    const again = await life.engine.start('two', { x: 1 }, { runId: 'order-17' });
    expect(again.id).toBe(first.id);
    await life.drive('order-17');
    const late = await life.engine.start('two', { x: 1 }, { runId: 'order-17' });
    expect(await late.result()).toBe('b');
    expect(life.mocks.counts).toEqual({ a: 1, b: 1 });
    expect(life.engine.runs()).toHaveLength(1);
  });

  test('the order of the keys of an input does not matter, its values do', async () => {
    await using life = await createTestEngine({ workflows: [two] });
    await life.engine.start('two', { x: 1, y: { a: 1, b: 2 } }, { runId: 'r' });
    await expect(life.engine.start('two', { y: { b: 2, a: 1 }, x: 1 }, { runId: 'r' })).resolves.toBeDefined();
    await expect(life.engine.start('two', { x: 2 }, { runId: 'r' })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: "run 'r' exists already, with another input",
    });
  });

  test('another workflow under the same id is a conflict', async () => {
    const other = flow({ name: 'other', steps: [agent('a')] });
    await using life = await createTestEngine({ workflows: [two, other] });
    await life.engine.start('two', {}, { runId: 'r' });
    await expect(life.engine.start('other', {}, { runId: 'r' })).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('at the same time, twice: both resolve when the run is stored', async () => {
    const store = openMemoryStore();
    await using life = await createTestEngine({ workflows: [two], store });
    let isStored = false;
    const commit = store.commit.bind(store);
    store.commit = (batch) => {
      commit(batch);
      isStored = true;
    };
    const seen = await Promise.all(
      [0, 1].map(async () => {
        const run = await life.engine.start('two', {}, { runId: 'r' });
        return [run.id, isStored];
      }),
    );
    expect(seen).toEqual([
      ['r', true],
      ['r', true],
    ]);
    await life.drive('r');
    expect(life.mocks.counts).toEqual({ a: 1, b: 1 });
  });

  test('without an id each start is a run of its own', async () => {
    await using life = await createTestEngine({ workflows: [two] });
    const ids = await Promise.all([1, 2, 3].map(async () => (await life.engine.start('two', {})).id));
    expect(new Set(ids).size).toBe(3);
  });

  test.each(['', ' ', 'a b', 'a/b', '../x', '-x', 'x'.repeat(201), 'ü'])(
    'an id that cannot be one is refused: %j',
    async (runId) => {
      await using life = await createTestEngine({ workflows: [two] });
      await expect(life.engine.start('two', {}, { runId })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    },
  );

  test('an input that does not fit is refused with all problems, and nothing is started', async () => {
    const typed = flow({
      name: 'typed',
      input: z.object({ topic: z.string(), n: z.number().default(3) }),
      steps: [agent('a', { input: { prompt: '{{workflow.input.topic}} {{workflow.input.n}}' } })],
    });
    await using life = await createTestEngine({ workflows: [typed], mocks: { a: ({ input }: MockCall) => input } });
    await expect(life.engine.start('typed', { topic: 7, n: 'x' })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      issues: [{ path: 'topic' }, { path: 'n' }],
    });
    expect(life.engine.runs()).toEqual([]);
    const run = await life.engine.start('typed', { topic: 'tides' });
    await life.drive(run.id);
    expect(await run.result()).toEqual({ prompt: 'tides 3' });
  });

  test.each<[string, unknown]>([
    ['a function', () => 1],
    ['a bigint inside', { n: 10n }],
    ['a symbol', Symbol('x')],
  ])('an input that is no JSON is refused: %s', async (_name, input) => {
    await using life = await createTestEngine({ workflows: [two] });
    await expect(life.engine.start('two', input)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  test('an unknown workflow is named, with what it might be', async () => {
    await using life = await createTestEngine({ workflows: [two] });
    await expect(life.engine.start('twoo')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining("did you mean 'two'?") as unknown,
    });
    await expect(life.engine.start('something-else')).rejects.toMatchObject({
      message: expect.stringContaining('Known workflows: two') as unknown,
    });
  });

  test('by name, by id, by title; a workflow that was not listed too', async () => {
    const unlisted = flow({ name: 'unlisted', steps: [agent('a')] });
    await using life = await createTestEngine({ workflows: [two] });
    const run = await life.engine.start(unlisted, {});
    await life.drive(run.id);
    expect(await run.result()).toBe('a');
  });
});

describe('the handle of a run', () => {
  test('status and steps tell of now', async () => {
    await using life = await createTestEngine({ workflows: [two], mocks: { a: after(10, 'A'), b: after(10, 'B') } });
    const run = await life.engine.start('two', {}, { runId: 'r', tags: ['night'] });
    expect(run.status()).toMatchObject({
      id: 'r',
      workflow: 'two',
      version: '1',
      kind: 'run',
      status: 'running',
      waitingFor: 'effect',
      tags: ['night'],
      endedAt: null,
      parent: null,
    });
    await life.clock.advance(10);
    const started = life.clock.start;
    expect(run.steps()).toEqual([
      {
        id: 'a',
        type: 'agent',
        parent: null,
        status: 'completed',
        visit: 1,
        attempt: 1,
        branch: null,
        error: null,
        queue: null,
        startedAt: started,
        endedAt: started + 10,
      },
      {
        id: 'b',
        type: 'agent',
        parent: null,
        status: 'running',
        visit: 1,
        attempt: 1,
        branch: null,
        error: null,
        queue: null,
        startedAt: started + 10,
        endedAt: null,
      },
    ]);
    await life.drive('r');
    expect(run.status()).toMatchObject({
      status: 'completed',
      output: 'B',
      waitingFor: null,
      createdAt: started,
      endedAt: started + 20,
    });
    expect(run.steps().map(({ status }) => status)).toEqual(['completed', 'completed']);
  });

  test('steps of a failed run tell of the error, of inner steps whose they are', async () => {
    const nested = flow({ name: 'nested', steps: [{ id: 'g', type: 'sequential', steps: [agent('a'), agent('b')] }] });
    await using life = await createTestEngine({ workflows: [nested], mocks: { b: fails('broken') } });
    const run = await life.engine.start('nested', {}, { runId: 'r' });
    await life.drive('r');
    expect(run.status()).toMatchObject({ status: 'failed', error: { message: 'broken' } });
    expect(run.steps()).toMatchObject([
      { id: 'g', parent: null, status: 'failed' },
      { id: 'a', parent: 'g', status: 'completed', error: null },
      { id: 'b', parent: 'g', status: 'failed', error: { message: 'broken' } },
    ]);
    await expect(run.result()).rejects.toMatchObject({
      name: 'RunFailedError',
      code: 'STEP_FAILED',
      message: 'broken',
      runId: 'r',
    });
  });

  test('waitingFor says what it waits for', async () => {
    const waiting = flow({
      name: 'waiting',
      steps: [{ id: 'w', type: 'wait', duration: 50 }, agent('a', { retry: { maxAttempts: 2, delay: 50 } })],
    });
    await using life = await createTestEngine({ workflows: [waiting], mocks: { a: replies(fails(), 'ok') } });
    const run = await life.engine.start('waiting', {}, { runId: 'r' });
    expect(run.status()).toMatchObject({ waitingFor: 'timer' });
    await life.clock.advance(50);
    expect(run.status()).toMatchObject({ waitingFor: 'timer' });
    await life.drive('r');
  });

  test('result rejects with CancelledError after a cancel', async () => {
    await using life = await createTestEngine({ workflows: [two], mocks: { a: hangs() } });
    const run = await life.engine.start('two', {}, { runId: 'r' });
    await life.clock.settle();
    const result = run.result().catch((error: unknown) => error);
    await run.cancel({ by: 'kim', why: 'enough' });
    expect(await result).toMatchObject({
      name: 'CancelledError',
      code: 'CANCELLED',
      message: 'the run was cancelled by kim: enough',
    });
    expect(life.mocks.aborted).toEqual(['a']);
    expect(run.status()).toMatchObject({ status: 'cancelled' });
    expect(run.steps().map(({ status }) => status)).toEqual(['cancelled', 'pending']);
  });

  test('of a run that does not exist', async () => {
    await using life = await createTestEngine({ workflows: [two] });
    const run = life.engine.run('nobody');
    expect(() => run.status()).toThrow("no run 'nobody'");
    expect(() => run.steps()).toThrow("no run 'nobody'");
    expect(() => run.events()).toThrow("no run 'nobody'");
    await expect(run.result()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(run.cancel()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('lists of runs, newest first', async () => {
    const failing = flow({ name: 'failing', steps: [agent('bad')] });
    await using life = await createTestEngine({ workflows: [two, failing], mocks: { bad: fails() } });
    for (const [name, id] of [
      ['two', 'r1'],
      ['failing', 'r2'],
      ['two', 'r3'],
    ] as const) {
      await life.engine.start(name, {}, { runId: id });
      await life.drive(id);
      await life.clock.advance(1);
    }
    const ids = (...parameters: Parameters<typeof life.engine.runs>): readonly string[] =>
      life.engine.runs(...parameters).map(({ id }) => id);
    expect(ids()).toEqual(['r3', 'r2', 'r1']);
    expect(ids({ workflow: 'two' })).toEqual(['r3', 'r1']);
    expect(ids({ status: ['failed'] })).toEqual(['r2']);
    expect(ids({ limit: 1 })).toEqual(['r3']);
  });
});

describe('events', () => {
  test('what happened, then what happens, without gap or duplicate, ending with the run', async () => {
    await using life = await createTestEngine({ workflows: [two], mocks: { a: after(10, 'A'), b: after(10, 'B') } });
    const run = await life.engine.start('two', {}, { runId: 'r' });
    const fromStart = collect(run.events());
    await life.clock.advance(10);
    const fromMiddle = collect(run.events());
    await life.drive('r');
    const fromEnd = await collect(run.events());
    const types = fromEnd.map(({ type, ...more }) => ('step' in more ? `${type} ${more.step}` : type));
    expect(types).toEqual([
      'run.started',
      'step.started a',
      'step.completed a',
      'step.started b',
      'step.completed b',
      'run.completed',
    ]);
    expect(await fromStart).toEqual(fromEnd);
    expect(await fromMiddle).toEqual(fromEnd);
    expect(fromEnd.at(-1)).toMatchObject({ runId: 'r', output: 'B', at: life.clock.start + 20 });
  });

  test('pieces of streamed answers come as they are made', async () => {
    await using life = await createTestEngine({
      workflows: [two],
      mocks: {
        a: async (call: MockCall) => {
          await after(5, null)(call);
          call.stream('one ');
          await after(5, null)(call);
          call.stream('two');
          return 'one two';
        },
      },
    });
    const run = await life.engine.start('two', {}, { runId: 'r' });
    const events = collect(run.events());
    await life.drive('r');
    const chunks = (await events).filter(({ type }) => type === 'step.chunk');
    expect(chunks).toEqual([
      { type: 'step.chunk', runId: 'r', step: 'a', visit: 1, attempt: 1, text: 'one ' },
      { type: 'step.chunk', runId: 'r', step: 'a', visit: 1, attempt: 1, text: 'two' },
    ]);
    // They are no part of the history.
    expect((await collect(run.events())).some(({ type }) => type === 'step.chunk')).toBe(false);
  });

  test('a reader that stops early is forgotten', async () => {
    await using life = await createTestEngine({ workflows: [two], mocks: { a: after(10, 'A') } });
    const run = await life.engine.start('two', {}, { runId: 'r' });
    for await (const event of run.events()) if (event.type === 'run.started') break;
    expect(await life.drive('r')).toMatchObject({ status: 'completed' });
  });

  test('the past of a long run is not what a reader is behind', async () => {
    const long = flow({
      name: 'long',
      steps: [
        { id: 'l', type: 'loop', while: '{{loop.index}} < 60', step: { id: 't', type: 'transform', template: 1 } },
      ],
    });
    await using life = await createTestEngine({ workflows: [long], limits: { maxBufferedEvents: 10 } });
    const run = await life.engine.start('long', {}, { runId: 'r' });
    await life.drive('r');
    expect(await collect(run.events())).toHaveLength(2 + 2 + 120);
  });

  test('a reader that is too far behind is told so; others are not harmed', async () => {
    const long = flow({
      name: 'long',
      steps: [{ id: 'l', type: 'loop', while: '{{loop.index}} < 60', step: agent('t') }],
    });
    await using life = await createTestEngine({ workflows: [long], limits: { maxBufferedEvents: 10 } });
    const run = await life.engine.start('long', {}, { runId: 'r' });
    const slow = run.events();
    await slow.next();
    const quick = collect(run.events());
    await life.drive('r');
    const rest = collect({ [Symbol.asyncIterator]: () => slow });
    await expect(rest).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('maxBufferedEvents') as unknown,
    });
    expect(await quick).toHaveLength(2 + 2 + 120);
  });
});

describe('limits', () => {
  const limited = async (
    limits: object,
    definition: ReturnType<typeof flow>,
    mocks: object = {},
    input: unknown = {},
  ) => {
    await using life = await createTestEngine({
      workflows: [definition],
      limits,
      mocks: mocks as Record<string, unknown>,
    });
    const run = await life.engine.start(definition, input, { runId: 'r' });
    return await life.drive(run.id);
  };

  test('maxInputBytes: a start is refused', async () => {
    await expect(limited({ maxInputBytes: 100 }, two, {}, { text: 'x'.repeat(200) })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('maxInputBytes') as unknown,
    });
  });

  test.each([
    ['a text', 'x'.repeat(200)],
    ['data', { list: Array.from({ length: 50 }, (_, index) => index * 1000) }],
  ])('maxOutputBytes: the step fails, for good; %s', async (_name, value) => {
    const definition = flow({ name: 'w', steps: [agent('a', { retry: { maxAttempts: 3 } })] });
    expect(await limited({ maxOutputBytes: 100 }, definition, { a: value })).toMatchObject({
      status: 'failed',
      error: {
        code: 'LIMIT_EXCEEDED',
        message: expect.stringMatching(/the output of step 'a' is \d+ characters of JSON.*maxOutputBytes/) as unknown,
        details: { attempt: 1 },
      },
    });
  });

  test('maxKeptBytes: what conditions read of one output', async () => {
    const definition = flow({ name: 'w', steps: [agent('a'), agent('b', { condition: '{{steps.a.output}} !== ""' })] });
    expect(await limited({ maxKeptBytes: 100 }, definition, { a: 'x'.repeat(200) })).toMatchObject({
      status: 'failed',
      error: { code: 'LIMIT_EXCEEDED', message: expect.stringContaining('maxKeptBytes') as unknown },
    });
    expect(await limited({ maxKeptBytes: 250 }, definition, { a: 'x'.repeat(200) })).toMatchObject({
      status: 'completed',
    });
  });

  test.each([
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['a bigint', 10n],
    ['a bigint inside', { n: 10n }],
    ['nothing that JSON knows', { toJSON: () => undefined }],
  ])('an output that is %s fails the step', async (_name, value) => {
    const definition = flow({ name: 'w', steps: [{ id: 'a', type: 'transform', transform: () => value }] });
    expect(await limited({}, definition)).toMatchObject({ status: 'failed', error: { code: 'OUTPUT_INVALID' } });
  });

  test.each<[unknown, unknown]>([
    [undefined, null],
    [NaN, null],
    [-0, 0],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [{ a: undefined, b: [undefined] }, { b: [null] }],
    [new Map([[1, 2]]), {}],
  ])('an output is what JSON makes of it: %j', async (value, expected) => {
    const definition = flow({
      name: 'w',
      steps: [{ id: 'a', type: 'transform', transform: () => value }],
      output: { a: '{{steps.a.output}}' },
    });
    expect(await limited({}, definition)).toMatchObject({ status: 'completed', output: { a: expected } });
  });

  test('maxRuns: a start beyond it is refused, until a run has ended', async () => {
    await using life = await createTestEngine({
      workflows: [two],
      limits: { maxRuns: 1 },
      mocks: { a: replies(hangs(), 'A') },
    });
    const run = await life.engine.start('two', {}, { runId: 'r1' });
    await expect(life.engine.start('two', {}, { runId: 'r2' })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('maxRuns') as unknown,
    });
    await run.cancel();
    await life.engine.start('two', {}, { runId: 'r3' });
    await life.drive('r3');
  });

  test('maxEffects: more wait in line, and are not started once they are cancelled', async () => {
    const wide = flow({
      name: 'wide',
      steps: [{ id: 'p', type: 'parallel', join: 3, steps: ['a', 'b', 'c', 'd'].map((id) => agent(id)) }],
    });
    let running = 0;
    let most = 0;
    const counted = async (call: MockCall): Promise<string> => {
      running += 1;
      most = Math.max(most, running);
      await after(10, null)(call);
      running -= 1;
      return call.step;
    };
    await using life = await createTestEngine({
      workflows: [wide],
      limits: { maxEffects: 1 },
      mocks: { a: counted, b: counted, c: counted, d: counted },
    });
    await life.engine.start('wide', {}, { runId: 'r' });
    expect(await life.drive('r')).toMatchObject({ status: 'completed', output: { a: 'a', b: 'b', c: 'c' } });
    expect(most).toBe(1);
    expect(life.clock.elapsedMs).toBe(30);
  });
});

describe('close', () => {
  test('while runs go on: they stay as they are, and go on in the next engine', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const first = await createTestEngine({
      workflows: [two],
      store: openMemoryStore(database),
      clock,
      mocks: { a: after(10, 'A'), b: hangs() },
    });
    const run = await first.engine.start('two', {}, { runId: 'r' });
    const result = run.result().catch((error: unknown) => error);
    const events = collect(run.events()).catch((error: unknown) => error);
    await clock.advance(10);
    await first.engine.close();
    await first.engine.close();
    expect(first.mocks.aborted).toEqual(['b']);
    expect(await result).toMatchObject({ code: 'CONFLICT', message: 'the engine was closed' });
    expect(await events).toMatchObject([
      { type: 'run.started' },
      { type: 'step.started' },
      { type: 'step.completed' },
      { type: 'step.started' },
    ]);
    await expect(first.engine.start('two', {})).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(first.log.problems).toEqual([]);

    await using second = await createTestEngine({
      workflows: [two],
      store: openMemoryStore(database),
      clock,
      mocks: { b: 'B' },
    });
    expect(await second.drive('r')).toMatchObject({ status: 'completed', output: 'B' });
    expect(second.mocks.counts).toEqual({ b: 1 });
  });

  test('what was done before is stored', async () => {
    const database = new MemoryDatabase();
    const first = await createTestEngine({ workflows: [two], store: openMemoryStore(database) });
    const run = await first.engine.start('two', {}, { runId: 'r' });
    await Promise.all([run.result(), first.clock.settle()]);
    const more = first.engine.start('two', {}, { runId: 'r2' });
    await Promise.all([more, first.engine.close()]);
    const store = openMemoryStore(database);
    expect(store.readRun('r')?.status).toBe('completed');
    expect(store.readRun('r2')?.status).toBe('running');
  });

  test('overdue timers fire at once in the next engine', async () => {
    const waiting = flow({
      name: 'waiting',
      steps: [{ id: 'w', type: 'wait', duration: '1h' }, agent('a', { timeout: '1m' })],
    });
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const first = await createTestEngine({ workflows: [waiting], store: openMemoryStore(database), clock });
    await first.engine.start('waiting', {}, { runId: 'r' });
    await first.engine.close();
    clock.jump(3 * 3_600_000);
    const before = clock.now();
    await using second = await createTestEngine({ workflows: [waiting], store: openMemoryStore(database), clock });
    expect(await second.drive('r')).toMatchObject({ status: 'completed', endedAt: before });
  });
});

describe('recovery', () => {
  test('recover: false leaves runs alone; recover(ids) takes some', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const first = await createTestEngine({
      workflows: [two],
      store: openMemoryStore(database),
      clock,
      mocks: { a: hangs() },
    });
    for (const runId of ['r1', 'r2']) await first.engine.start('two', {}, { runId });
    await first.engine.close();
    await using second = await createTestEngine({
      workflows: [two],
      store: openMemoryStore(database),
      clock,
      recover: false,
    });
    await clock.settle();
    expect(second.mocks.calls).toEqual([]);
    await expect(second.engine.run('r1').result()).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(second.engine.recover(['r2'])).toEqual(['r2']);
    await second.drive('r2');
    expect(second.engine.run('r1').status()).toMatchObject({ status: 'running' });
    expect(second.engine.recover()).toEqual(['r1']);
    expect(second.engine.recover()).toEqual([]);
    await second.drive('r1');
  });

  test('a run whose functions are not there is left as it is, and goes on where they are', async () => {
    const withCode = () =>
      flow({
        name: 'code',
        steps: [
          agent('a'),
          { id: 't', type: 'transform', input: '{{steps.a.output}}', transform: (data: unknown) => ({ data }) },
        ],
      });
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const first = await createTestEngine({
      workflows: [withCode()],
      store: openMemoryStore(database),
      clock,
      mocks: { a: hangs() },
    });
    await first.engine.start('code', {}, { runId: 'r' });
    await first.engine.close();
    const without = await createTestEngine({ workflows: [], store: openMemoryStore(database), clock });
    await clock.settle();
    expect(without.engine.run('r').status()).toMatchObject({ status: 'running' });
    expect(without.mocks.calls).toEqual([]);
    expect(JSON.stringify(without.log.lines)).toContain('code');
    await without.engine.close();
    await using second = await createTestEngine({
      workflows: [withCode()],
      store: openMemoryStore(database),
      clock,
      mocks: { a: 1 },
    });
    expect(await second.drive('r')).toMatchObject({ status: 'completed', output: { data: 1 } });
  });

  test('a run stays bound to its definition; functions are those of the registered workflow of its version', async () => {
    const version = (prompt: string, made: string) =>
      flow({
        name: 'bound',
        steps: [
          agent('a', { input: { prompt } }),
          { id: 't', type: 'transform', input: '{{steps.a.output}}', transform: (data: unknown) => ({ made, data }) },
        ],
      });
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const first = await createTestEngine({
      workflows: [version('old', 'before')],
      store: openMemoryStore(database),
      clock,
      mocks: { a: hangs() },
    });
    await first.engine.start('bound', {}, { runId: 'r' });
    await first.engine.close();
    await using second = await createTestEngine({
      workflows: [version('new', 'after')],
      store: openMemoryStore(database),
      clock,
      mocks: { a: ({ input }: MockCall) => input },
    });
    expect(await second.drive('r')).toMatchObject({
      status: 'completed',
      output: { made: 'after', data: { prompt: 'old' } },
    });
  });

  test('a history that does not fit its machine is refused, and the run left untouched', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const first = await createTestEngine({
      workflows: [two],
      store: openMemoryStore(database),
      clock,
      mocks: { b: hangs() },
    });
    await first.engine.start('two', {}, { runId: 'r' });
    await clock.settle();
    await first.engine.close();
    const events = database.runs.get('r')?.events as { seq: number; at: number; type: string; data: string }[];
    const [, second] = events;
    if (second !== undefined) events[1] = { ...second, data: second.data.replace('"effect":"a"', '"effect":"b"') };
    await using again = await createTestEngine({ workflows: [two], store: openMemoryStore(database), clock });
    expect(again.log.problems).toEqual(['a run could not be continued; it is left as it is']);
    expect(JSON.stringify(again.log.lines)).toContain('does not fit its machine');
    expect(again.engine.run('r').status()).toMatchObject({ status: 'running' });
    expect(again.mocks.calls).toEqual([]);
  });
});

describe('createEngine', () => {
  test('refuses two different workflows of one name and version, and unknown agents', async () => {
    const other = flow({ name: 'two', steps: [agent('x')] });
    await expect(createEngine({ workflows: [two, other], agents: anyAgents, store: ':memory:' })).rejects.toMatchObject(
      {
        code: 'DEFINITION_INVALID',
        message: expect.stringContaining("workflow 'two' of version '1' is defined twice") as unknown,
      },
    );
    await expect(
      createEngine({ workflows: [two], agents: { writer: 'http://writer.test' }, store: ':memory:' }),
    ).rejects.toMatchObject({ code: 'DEFINITION_INVALID', message: expect.stringContaining("'any'") as unknown });
    await (await createEngine({ workflows: [two, two], agents: anyAgents, store: ':memory:' })).close();
  });

  test('works with its own clock, randomness and log', async () => {
    await using engine = await createEngine({ store: ':memory:', env: {} });
    const run = await engine.start(
      flow({
        steps: [
          { id: 'w', type: 'wait', duration: 1 },
          { id: 't', type: 'transform', template: 'done' },
        ],
      }),
    );
    expect(run.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(await run.result()).toBe('done');
  });
});
