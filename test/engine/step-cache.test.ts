/** The cache of steps: whose work is taken over by whom, and for how long. */
import { describe, expect, test } from 'vitest';
import { WorkflowError } from '../../src/core/errors.ts';
import { createWorkflow, defineStepType, type WorkflowDefinition } from '../../src/definition/index.ts';
import type { StepContext } from '../../src/definition/step-context.ts';
import { MemoryDatabase, openMemoryStore, type MemoryStore } from '../../src/store/memory.ts';
import { z } from 'zod';
import { agent, flow, type LooseStep } from '../support/flow.ts';
import { after, type MockCall, type MockTable } from '../support/mocks.ts';
import { collect, createTestEngine, type TestEngine, type TestEngineOptions } from '../support/test-engine.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const one = (more: Readonly<Record<string, unknown>> = {}): WorkflowDefinition =>
  flow({ steps: [agent('s', { cache: '1h', input: { prompt: 'on {{workflow.input.topic}}' }, ...more })] });

const counted = (call: MockCall): unknown => ({ said: call.index, to: call.input });

interface Lab extends TestEngine {
  outputs(...runs: readonly (readonly [id: string, input: unknown])[]): Promise<readonly unknown[]>;
  readonly count: () => number;
}

async function lab(
  workflow: WorkflowDefinition,
  mocks: MockTable = { s: counted },
  more: TestEngineOptions = {},
): Promise<Lab> {
  const made = await createTestEngine({ workflows: [workflow], mocks, ...more });
  const outputs: Lab['outputs'] = async (...runs) => {
    for (const [id, input] of runs) await made.engine.start(workflow, input, { runId: id });
    const results: unknown[] = [];
    for (const [id] of runs) {
      const report = await made.drive(id);
      results.push(report.status === 'completed' ? report.output : report.status);
    }
    return results;
  };
  return { ...made, outputs, count: () => made.mocks.calls.length };
}

describe('a cached step', () => {
  test('is carried out once for the same work, and says so', async () => {
    await using given = await lab(one());
    const [first, second] = await given.outputs(['a', { topic: 'x' }], ['b', { topic: 'x' }]);
    expect(second).toEqual(first);
    await given.outputs(['c', { topic: 'y' }]);
    expect(given.count()).toBe(2);
    const told = (await collect(given.engine.run('b').events())).find(({ type }) => type === 'step.completed');
    expect(told).toMatchObject({ cached: true, output: first });
    const own = (await collect(given.engine.run('a').events())).find(({ type }) => type === 'step.completed');
    expect(own).not.toHaveProperty('cached');
  });

  test('is carried out again when its time is over', async () => {
    await using given = await lab(one());
    await given.outputs(['a', { topic: 'x' }]);
    await given.clock.advance(3_599_999);
    await given.outputs(['b', { topic: 'x' }]);
    expect(given.count()).toBe(1);
    await given.clock.advance(1);
    await given.outputs(['c', { topic: 'x' }]);
    expect(given.count()).toBe(2);
  });

  test('with a key of the author is known by that alone', async () => {
    await using given = await lab(one({ cache: { key: '{{workflow.input.user}}', ttl: '1h' } }));
    const [a, b, c] = await given.outputs(
      ['a', { topic: 'x', user: 1 }],
      ['b', { topic: 'y', user: 1 }],
      ['c', { topic: 'x', user: 2 }],
    );
    expect(b).toEqual(a);
    expect(c).not.toEqual(a);
  });

  test('keeps what came beside the output, also that there was none', async () => {
    const steps: readonly LooseStep[] = [
      { id: 's', type: 'transform', input: '{{workflow.input}}', transform: () => undefined, cache: '1h' },
      agent('t', { cache: '1h' }),
    ];
    const workflow = flow({ steps, output: { s: '{{steps.s.output}}', t: '{{steps.t.output}}' } });
    await using given = await lab(workflow, {});
    const [a, b] = await given.outputs(['a', { n: 1 }], ['b', { n: 1 }]);
    expect(b).toEqual(a);
    expect(given.count()).toBe(1);
  });

  test('its handlers and its assign run each time', async () => {
    const seen: string[] = [];
    const workflow = flow({
      state: { n: 0 },
      steps: [agent('s', { cache: '1h', assign: { n: { expr: '{{state.n}} + 1' } } })],
      onStepComplete: {
        s: (_id: string, _output: unknown, context: StepContext) => void seen.push(context.workflow.runId),
      },
      output: '{{state.n}}',
    });
    await using given = await lab(workflow, {});
    expect(await given.outputs(['a', {}], ['b', {}])).toEqual([1, 1]);
    expect([seen, given.count()]).toEqual([['a', 'b'], 1]);
  });
});

describe('the key', () => {
  const keysOf = async (...flows: readonly WorkflowDefinition[]): Promise<number> => {
    const database = new MemoryDatabase();
    for (const [index, workflow] of flows.entries()) {
      await using given = await lab(workflow, { s: 1, t: 1 }, { store: openMemoryStore(database) });
      await given.outputs([`r${index}`, { topic: 'x' }]);
    }
    return [...database.cache.keys()].length;
  };
  const transform = (fn: (data: unknown) => unknown, version = '1'): WorkflowDefinition =>
    flow({ version, steps: [{ id: 's', type: 'transform', input: { a: 1 }, transform: fn, cache: '1h' }] });
  const http = (more: object): WorkflowDefinition =>
    flow({ steps: [{ id: 's', type: 'http', url: 'https://a.test/{{workflow.input.topic}}', cache: '1h', ...more }] });

  test.each<[string, number, readonly WorkflowDefinition[]]>([
    ['is the same for the same work', 1, [one(), one()]],
    ['holds the prompt', 2, [one(), one({ input: { prompt: 'of {{workflow.input.topic}}' } })]],
    ['holds what the prompt comes to, not how it is written', 1, [one(), one({ input: { prompt: 'on x' } })]],
    ['holds the agent', 2, [one(), one({ agentId: 'other' })]],
    ['holds how the answer is read', 3, [one(), one({ format: 'text' }), one({ schema: { type: 'object' } })]],
    ['leaves out what changes no answer', 1, [one(), one({ timeout: 5, retry: { maxAttempts: 2 }, tags: ['x'] })]],
    ['holds the code of a function', 2, [transform((data) => data), transform(() => 1)]],
    ['holds the version for a function', 2, [transform((data) => data), transform((data) => data, '2')]],
    [
      'holds the request',
      4,
      [http({}), http({ method: 'POST' }), http({ query: { a: 1 } }), http({ headers: { b: 2 } })],
    ],
    [
      'holds the workflow',
      2,
      [one(), flow({ name: 'other', steps: [agent('s', { cache: '1h', input: { prompt: 'on x' } })] })],
    ],
    ['holds the step', 2, [one(), flow({ steps: [agent('t', { cache: '1h', input: { prompt: 'on x' } })] })]],
  ])('%s', async (_name, expected, flows) => {
    expect(await keysOf(...flows)).toBe(expected);
  });

  test('holds secrets by their names: nothing of them is kept, and another value is no other work', async () => {
    const database = new MemoryDatabase();
    for (const secret of ['first-secret', 'second-secret']) {
      const workflow = http({ headers: { authorization: 'Bearer {{env.KEY}}' } });
      await using given = await lab(workflow, { s: 'ok' }, { store: openMemoryStore(database), env: { KEY: secret } });
      await given.outputs([secret, { topic: 'x' }]);
      expect(given.count()).toBe(secret === 'first-secret' ? 1 : 0);
    }
  });

  test('is made of what a function gives, which is called once', async () => {
    let calls = 0;
    const input = (context: StepContext): unknown => {
      calls += 1;
      return { prompt: `on ${(context.workflow.input as { readonly topic: string }).topic}` };
    };
    await using given = await lab(one({ input }));
    const [a, b] = await given.outputs(['a', { topic: 'x' }], ['b', { topic: 'x' }]);
    expect(b).toEqual(a);
    expect([calls, given.count()]).toEqual([2, 1]);
    expect(given.mocks.calls[0]?.input).toEqual({ prompt: 'on x' });
  });

  test('that cannot be made fails the step', async () => {
    const broken = (): never => {
      throw new Error('no input');
    };
    await using given = await lab(one({ input: broken }));
    await given.outputs(['a', {}]);
    expect(given.engine.run('a').status()).toMatchObject({ status: 'failed', error: { message: 'no input' } });
    await using other = await lab(one({ cache: { key: 'of {{workflow.input.nobody}}', ttl: 5 } }));
    await other.outputs(['a', { topic: 'x' }]);
    expect(other.engine.run('a').status()).toMatchObject({ status: 'failed', error: { code: 'TEMPLATE_FAILED' } });
  });

  test('of a type of your own holds its fields', async () => {
    let runs = 0;
    const double = defineStepType({
      type: 'double',
      schema: z.object({ n: z.number() }),
      run: ({ n }) => (runs++, n * 2),
    });
    const workflow = createWorkflow('own', { stepTypes: [double] }).addStep('s', {
      type: 'double',
      n: '{{workflow.input.n}}' as never,
      cache: '1h',
    }).definition;
    await using given = await lab(workflow, {});
    expect(await given.outputs(['a', { n: 1 }], ['b', { n: 1 }], ['c', { n: 2 }])).toEqual([2, 2, 4]);
    expect(runs).toBe(2);
  });
});

describe('of several that want the same at once', () => {
  const down = (): never => {
    throw new WorkflowError('AGENT_ERROR', 'status 500');
  };

  test('one makes it, the others wait for it, and say so', async () => {
    await using given = await lab(one(), { s: after(100, 'made') });
    for (const id of ['a', 'b', 'c']) await given.engine.start('test', { topic: 'x' }, { runId: id });
    await given.clock.settle();
    expect(['a', 'b'].map((id) => given.engine.run(id).steps()[0]?.queue?.kind)).toEqual([undefined, 'cache']);
    for (const id of ['a', 'b', 'c']) expect(await given.drive(id)).toMatchObject({ output: 'made' });
    expect([given.count(), given.clock.elapsedMs]).toEqual([1, 100]);
  });

  test('when it fails the next one makes it', async () => {
    const workflow = one({ onError: { output: 'failed' } });
    await using given = await lab(workflow, { s: (call: MockCall) => after(10, call.index < 2 ? down : 'made')(call) });
    expect(await given.outputs(...['a', 'b', 'c', 'd'].map((id) => [id, { topic: 'x' }] as const))).toEqual([
      'failed',
      'failed',
      'made',
      'made',
    ]);
    expect([given.count(), given.clock.elapsedMs]).toEqual([3, 30]);
  });

  test('those that are cancelled leave the line, and one that made it hands it on', async () => {
    await using given = await lab(one(), { s: after(100, 'made') });
    for (const id of ['a', 'b', 'c', 'd']) await given.engine.start('test', { topic: 'x' }, { runId: id });
    await given.clock.advance(50);
    await given.engine.run('b').cancel();
    await given.engine.run('a').cancel();
    for (const id of ['c', 'd']) expect(await given.drive(id)).toMatchObject({ output: 'made' });
    expect(given.mocks.calls.map(({ run }) => run)).toEqual(['a', 'c']);
    expect(given.clock.elapsedMs).toBe(150);
  });

  test('a paused one does not keep the others waiting', async () => {
    await using given = await lab(one({ onError: { output: 'failed' } }), {
      s: (call: MockCall) => after(10, call.index === 0 ? down : 'made')(call),
    });
    for (const id of ['a', 'b', 'c']) await given.engine.start('test', { topic: 'x' }, { runId: id });
    await given.clock.settle();
    await given.engine.run('b').pause();
    expect(await given.drive('c')).toMatchObject({ output: 'made' });
    await given.engine.run('b').resume();
    expect(await given.drive('b')).toMatchObject({ output: 'made' });
    expect(given.count()).toBe(2);
  });

  test('its timeout counts from when it makes it, and one that was found costs no place in a limit', async () => {
    const workflow = one({ timeout: 60, concurrency: { name: 'x', limit: 1 }, retry: { maxAttempts: 2, delay: 1 } });
    await using given = await lab(workflow, {
      s: (call: MockCall) => after(call.index === 0 ? 1_000 : 50, 'made')(call),
    });
    for (const id of ['a', 'b']) await given.engine.start('test', { topic: 'x' }, { runId: id });
    expect(await given.drive('a')).toMatchObject({ status: 'completed' });
    expect(await given.drive('b')).toMatchObject({ output: 'made' });
    expect(given.count()).toBe(2);
  });

  test('of two processes one makes it, the other waits', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const mocks = { s: after(250, 'made') };
    await using a = await lab(one(), mocks, { store: openMemoryStore(database), clock });
    await using b = await lab(one(), mocks, { store: openMemoryStore(database), clock });
    await a.engine.start('test', { topic: 'x' }, { runId: 'a' });
    await b.engine.start('test', { topic: 'x' }, { runId: 'b' });
    expect(await b.drive('b')).toMatchObject({ output: 'made' });
    expect([a.count(), b.count(), clock.elapsedMs]).toEqual([1, 0, 300]);
  });

  test('when the process that makes it dies another one does', async () => {
    const database = new MemoryDatabase();
    const clock = new VirtualClock();
    const mocks = { s: after(250, 'made') };
    const dying: MemoryStore = openMemoryStore(database);
    const a = await lab(one(), mocks, { store: dying, clock });
    await using b = await lab(one(), mocks, { store: openMemoryStore(database), clock });
    await a.engine.start('test', { topic: 'x' }, { runId: 'a' });
    await b.engine.start('test', { topic: 'x' }, { runId: 'b' });
    await clock.advance(50);
    dying.crash();
    expect(await b.drive('b')).toMatchObject({ output: 'made' });
    expect([b.count(), clock.elapsedMs]).toEqual([1, 100 + 250]);
  });
});

describe('the store behind it', () => {
  class Stubborn {
    readonly store = openMemoryStore();
    fails = 0;
    constructor(
      method: 'claimCached' | 'putCached' | 'releaseCached',
      code: 'STORE_BUSY' | 'STORE_INVALID' = 'STORE_BUSY',
    ) {
      const real = this.store[method].bind(this.store) as (...parameters: unknown[]) => unknown;
      Object.assign(this.store, {
        [method]: (...parameters: unknown[]): unknown => {
          if (this.fails-- > 0) throw new WorkflowError(code, 'not now');
          return real(...parameters);
        },
      });
    }
  }

  test('is asked again when it is busy', async () => {
    for (const method of ['claimCached', 'putCached'] as const) {
      const stubborn = new Stubborn(method);
      stubborn.fails = 3;
      await using given = await lab(one(), { s: 'made' }, { store: stubborn.store });
      expect(await given.outputs(['a', { topic: 'x' }])).toEqual(['made']);
      await given.clock.advance(1_000);
      await given.outputs(['b', { topic: 'x' }]);
      expect(given.count()).toBe(1);
    }
  });

  test('that does not take it at all costs the cache, not the runs', async () => {
    const stubborn = new Stubborn('putCached');
    stubborn.fails = 1_000;
    await using given = await lab(one(), { s: 'made' }, { store: stubborn.store });
    expect(await given.outputs(['a', { topic: 'x' }], ['b', { topic: 'x' }])).toEqual(['made', 'made']);
    expect(given.log.problems).toContain('the cache of steps could not be written');
  });

  test('that cannot be read is told of, and the work is done', async () => {
    const stubborn = new Stubborn('claimCached', 'STORE_INVALID');
    stubborn.fails = 1;
    await using given = await lab(one(), { s: 'made' }, { store: stubborn.store });
    expect(await given.outputs(['a', { topic: 'x' }])).toEqual(['made']);
    expect(given.log.problems).toEqual(['the cache of steps could not be read']);
  });

  test('loses what has expired, with what is put', async () => {
    const database = new MemoryDatabase();
    await using given = await lab(one({ cache: 100 }), { s: 'made' }, { store: openMemoryStore(database) });
    for (let index = 0; index < 20; index += 1) {
      await given.outputs([`r${index}`, { topic: index }]);
      await given.clock.advance(10_000);
    }
    expect(database.cache.size).toBeLessThan(10);
  });
});
