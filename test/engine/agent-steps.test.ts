import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createAgentRegistry } from '../../src/agents/registry.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { agent, flow } from '../support/flow.ts';
import { collect } from '../support/test-engine.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { answered, createWorld, inTurn, says, type Answer, type World } from './http-world.ts';

async function runIn(world: World, definition: WorkflowDefinition, input: unknown = {}) {
  const run = await world.engine.start(definition, input, { runId: 'run' });
  return world.drive(run.id);
}

const retry = { maxAttempts: 3, delay: 1_000, backoff: 'exponential' };

describe('attempts', () => {
  test('500, 500, 200: three, after exactly 1 s and 2 s, under one key', async () => {
    await using world = await createWorld(inTurn(answered(500, 'oh'), answered(500, 'oh'), says('fine')));
    const report = await runIn(
      world,
      flow({ steps: [agent('a', { retry })], output: '{{steps.a.output}} after {{steps.a.attempts}}' }),
    );
    expect(report).toMatchObject({ status: 'completed', output: 'fine after 3' });
    expect(world.sent.map(({ at }) => at)).toEqual([0, 1_000, 3_000]);
    expect(world.sent.map(({ headers }) => [headers?.['idempotency-key'], headers?.['x-attempt']])).toEqual([
      ['run:a:1', 1],
      ['run:a:1', 2],
      ['run:a:1', 3],
    ]);
  });

  test.each([
    { status: 404, tried: 1 },
    { status: 400, tried: 1 },
    { status: 408, tried: 3 },
    { status: 425, tried: 3 },
    { status: 429, tried: 3 },
    { status: 503, tried: 3 },
  ])('$status is tried $tried times', async ({ status, tried }) => {
    await using world = await createWorld(inTurn(answered(status, { error: 'no' })));
    const report = await runIn(world, flow({ steps: [agent('a', { retry })] }));
    expect(report).toMatchObject({
      status: 'failed',
      error: { code: 'AGENT_ERROR', details: { status, step: 'a', attempt: tried } },
    });
    expect(world.sent).toHaveLength(tried);
  });

  test('what Retry-After asks for is waited for', async () => {
    await using world = await createWorld(inTurn(answered(429, 'slow down', { 'retry-after': '7' }), says('ok')));
    await runIn(world, flow({ steps: [agent('a', { retry })] }));
    expect(world.sent.map(({ at }) => at)).toEqual([0, 7_000]);
  });

  test("one that hangs is ended by the step's own timeout, and its call is aborted", async () => {
    const hangs: Answer = ({ signal }) =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))));
    await using world = await createWorld(hangs);
    const report = await runIn(
      world,
      flow({ steps: [agent('a', { timeout: '2s', retry: { maxAttempts: 2, delay: 500 } })] }),
    );
    expect(report).toMatchObject({
      status: 'failed',
      error: { name: 'TimeoutError', code: 'TIMEOUT', message: "step 'a' did not finish within 2000 ms" },
    });
    expect(world.sent.map(({ at, signal }) => [at, signal?.aborted])).toEqual([
      [0, true],
      [2_500, true],
    ]);
    expect(world.clock.elapsedMs).toBe(4_500);
    // The transport's own deadline comes later: the one that counts is in the history.
    expect(world.sent[0]?.timeoutMs).toBe(7_000);
  });

  test('without a timeout of its own, five minutes', async () => {
    await using world = await createWorld(
      ({ signal }) =>
        new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted')))),
    );
    const report = await runIn(world, flow({ steps: [agent('a')] }));
    expect(report).toMatchObject({ error: { code: 'TIMEOUT' } });
    expect(world.clock.elapsedMs).toBe(300_000);
  });
});

describe('a prompt', () => {
  const prompts = [
    {
      name: 'a path that is missing',
      input: { prompt: '{{workflow.input.none}}' },
    },
    {
      name: 'a path that is missing, beside other fields',
      input: { prompt: '{{workflow.input.none}}', tone: 'kind' },
    },
    { name: 'null', input: { prompt: '{{workflow.input.nothing}}' } },
    { name: 'an empty text', input: { prompt: '{{workflow.input.empty}}' } },
    { name: 'a whole input that is missing', input: '{{workflow.input.none}}' },
    { name: 'a hole in a text', input: { prompt: 'about {{workflow.input.none}}' } },
    {
      name: 'a fallback that gives nothing',
      input: { prompt: '{{workflow.input.none}} || {{workflow.input.empty}}' },
    },
  ];
  test.each(prompts)('$name: the step fails, the agent is not called, nothing is tried again', async ({ input }) => {
    await using world = await createWorld(inTurn(says('never')));
    const report = await runIn(world, flow({ steps: [agent('a', { input, retry })] }), { nothing: null, empty: '' });
    expect(report).toMatchObject({
      status: 'failed',
      error: { name: 'TemplateError', code: 'TEMPLATE_FAILED' },
    });
    expect(world.sent).toEqual([]);
  });

  test.each([undefined, null, ''])('%o, given by a function, neither', async (prompt) => {
    await using world = await createWorld(inTurn(says('never')));
    const report = await runIn(world, flow({ steps: [agent('a', { input: () => ({ prompt }) })] }));
    expect(report).toMatchObject({ status: 'failed', error: { code: 'TEMPLATE_FAILED' } });
    expect(world.sent).toEqual([]);
  });

  test('is not asked for with a hole either when holes in texts are allowed', async () => {
    await using world = await createWorld(inTurn(says('never')));
    const report = await runIn(
      world,
      flow({ missing: 'empty', steps: [agent('a', { input: { prompt: '{{workflow.input.none}}' } })] }),
    );
    expect(report).toMatchObject({ status: 'failed', error: { code: 'TEMPLATE_FAILED' } });
  });
});

describe('a schema', () => {
  const schema = z.object({ score: z.number(), why: z.string() });

  test('that the answer fits gives the checked value', async () => {
    await using world = await createWorld(inTurn(says('{"score": 1, "why": "x", "more": true}', { model: 'm' })));
    const definition = flow({
      steps: [agent('a', { schema })],
      output: { out: '{{steps.a.output}}', model: '{{steps.a.metadata.model}}' },
    });
    expect(await runIn(world, definition)).toMatchObject({ output: { out: { score: 1, why: 'x' }, model: 'm' } });
  });

  test('that it does not fit: the agent is asked again, with what was wrong, under a key of its own', async () => {
    await using world = await createWorld(
      inTurn(says('{"score": "high"}'), says('not even JSON'), says('{"score": 2, "why": "w"}')),
    );
    const definition = flow({
      steps: [agent('a', { input: { prompt: 'Judge it', tone: 'kind' }, schema, repair: 2 })],
      output: { out: '{{steps.a.output}}', repairs: '{{steps.a.metadata.repairs}}', attempts: '{{steps.a.attempts}}' },
    });
    expect(await runIn(world, definition)).toMatchObject({
      output: { out: { score: 2, why: 'w' }, repairs: 2, attempts: 1 },
    });
    expect(world.sent.map(({ headers }) => headers?.['idempotency-key'])).toEqual([
      'run:a:1',
      'run:a:1:r1',
      'run:a:1:r2',
    ]);
    const [, second, third] = world.sent;
    expect(second?.body).toMatchObject({ tone: 'kind' });
    expect(second?.body?.['prompt']).toContain('Judge it\n\nYour last answer was:\n{"score":"high"}');
    expect(second?.body?.['prompt']).toContain('score');
    expect(second?.body?.['prompt']).toContain('why');
    expect(third?.body?.['prompt']).toContain('Judge it\n\nYour last answer was:\nnot even JSON');
    expect(world.sent.map(({ at }) => at)).toEqual([0, 0, 0]);
  });

  test('that no repair makes it fit: tried again as any failure, then an error with the problems and the answer', async () => {
    await using world = await createWorld(inTurn(says('{"score": "high"}')));
    const report = await runIn(
      world,
      flow({ steps: [agent('a', { schema, repair: 1, retry: { maxAttempts: 2, delay: 100 } })] }),
    );
    expect(report).toMatchObject({
      status: 'failed',
      error: {
        code: 'OUTPUT_INVALID',
        details: { excerpt: '{"score":"high"}', issues: [{ path: 'score' }, { path: 'why' }] },
      },
    });
    expect(world.sent.map(({ headers, at }) => [headers?.['idempotency-key'], headers?.['x-attempt'], at])).toEqual([
      ['run:a:1', 1, 0],
      ['run:a:1:r1', 1, 0],
      ['run:a:1', 2, 100],
      ['run:a:1:r1', 2, 100],
    ]);
  });
});

test('an agent that is not known where a run goes on: the run is left, and goes on when the agent is there', async () => {
  let isThere = true;
  const known = createAgentRegistry({ agents: { any: 'http://agents.test/any' } });
  const agents = {
    ...known,
    names: () => known.names(),
    suggest: (name: string) => known.suggest(name),
    find: (name: string) => (isThere ? known.find(name) : null),
  };
  await using world = await createWorld(inTurn(says('ok')), { agents });
  const definition = flow({ steps: [{ id: 'w', type: 'wait', duration: 10 }, agent('a', { retry })] });
  const run = await world.engine.start(definition, {}, { runId: 'run' });
  isThere = false;
  await world.clock.advance(100);
  await expect(run.result()).rejects.toMatchObject({
    code: 'DEFINITION_INVALID',
    message: "unknown agent 'any'; known agents: any; did you mean 'any'?",
  });
  expect([run.status().status, world.sent]).toEqual(['running', []]);
  isThere = true;
  world.engine.continueRun('run');
  await world.drive('run');
  expect(await run.result()).toBe('ok');
});

test('pieces of a streamed answer are told as they come, and are no part of the history', async () => {
  const clock = new VirtualClock();
  const answer: Answer = async (request) => {
    for (const piece of ['Hel', 'lo']) {
      await new Promise<void>((resolve) => void clock.schedule(resolve, 10));
      request.onChunk?.(piece);
    }
    return { ...says('ignored'), text: 'Hello', body: 'Hello', sse: { fields: { model: 'm' } } as never };
  };
  await using world = await createWorld(answer, { clock });
  const run = await world.engine.start(flow({ steps: [agent('a')] }), {}, { runId: 'run' });
  const live = collect(run.events());
  await world.drive(run.id);
  const chunk = { type: 'step.chunk', runId: 'run', step: 'a', visit: 1, attempt: 1 };
  expect((await live).filter(({ type }) => type === 'step.chunk')).toEqual([
    { ...chunk, text: 'Hel' },
    { ...chunk, text: 'lo' },
  ]);
  const told = await collect(run.events());
  expect(told.map(({ type }) => type)).toEqual(['run.started', 'step.started', 'step.completed', 'run.completed']);
  expect(JSON.stringify(world.store.readEvents('run', 1))).not.toContain('Hel"');
});
