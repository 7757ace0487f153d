/** The test engine as its users use it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { TimeoutError, WorkflowError } from '../../src/core/errors.ts';
import { createWorkflow } from '../../src/definition/index.ts';
import {
  after,
  createTestEngine,
  fail,
  hangs,
  respond,
  sequence,
  stream,
  UnmockedError,
} from '../../src/testing/index.ts';

const research = createWorkflow('research', { input: z.object({ topic: z.string() }) })
  .addStep('search', {
    type: 'agent',
    agentId: 'researcher',
    input: { prompt: 'Research {{workflow.input.topic}}' },
    retry: { maxAttempts: 3, delay: '10s' },
  })
  .addStep('write', { type: 'agent', agentId: 'writer', input: { prompt: 'Write about: {{steps.search.output}}' } })
  .setOutput('{{steps.write.output}}');

const approval = createWorkflow('approval')
  .addStep('draft', { type: 'agent', agentId: 'writer', input: { prompt: 'draft' } })
  .addStep('approve', { type: 'human', title: 'Publish?', timeout: '3d' })
  .addStep('wait', { type: 'wait', duration: '1h' })
  .addStep('go', { type: 'signal', name: 'go' })
  .addStep('publish', {
    type: 'http',
    url: 'https://api.example.com/posts',
    method: 'POST',
    body: { text: '{{steps.draft.output}}' },
  })
  .setOutput({ decision: '{{steps.approve.output.decision}}', id: '{{steps.publish.output.id}}' });

test('agents answer what they are told, and are asked what the workflow asks', async () => {
  await using engine = await createTestEngine({
    workflows: [research],
    agents: { researcher: 'tides are slow', writer: ({ prompt }: { prompt: string }) => `<${prompt}>` },
  });
  const run = await engine.start(research, { topic: 'tides' });
  expect(await engine.finish(run)).toBe('<Write about: tides are slow>');
  expect(engine.calls('researcher')).toMatchObject([{ prompt: 'Research tides', step: 'search', attempt: 1 }]);
  expect(engine.calls('write')).toHaveLength(1);
  expect(engine.calls()).toHaveLength(2);
});

test('what is sent to an endpoint is told as data', async () => {
  const flow = createWorkflow('publish').addStep('send', {
    type: 'agent',
    agentId: 'publisher',
    action: 'http',
    endpoint: '/api/publish',
    input: { content: { title: 'Tides' } },
  });
  await using engine = await createTestEngine({ workflows: [flow], agents: { publisher: { id: 1 } } });
  expect(await engine.finish(await engine.start(flow, {}))).toEqual({ id: 1 });
  expect(engine.calls('publisher')[0]?.input).toEqual({ content: { title: 'Tides' } });
});

test('failures, retries and delays take virtual time, and no other', async () => {
  await using engine = await createTestEngine({
    workflows: [research],
    agents: { researcher: sequence(fail('busy', { times: 2 }), after('4m', 'found')), writer: 'text' },
  });
  const before = performance.now();
  const run = await engine.start('research', { topic: 'x' });
  expect(engine.calls('researcher')).toHaveLength(1);
  await engine.advanceBy('10s');
  expect(engine.calls('researcher')).toHaveLength(2);
  expect(run.steps()[0]).toMatchObject({ status: 'backoff', attempt: 2 });
  await engine.finish(run);
  expect(engine.calls('researcher').map(({ at }) => at - engine.clock.start)).toEqual([0, 10_000, 20_000]);
  expect(engine.clock.elapsedMs).toBeGreaterThanOrEqual(20_000);
  expect(performance.now() - before).toBeLessThan(10_000);
});

test('a failure is told as the agent’s would be', async () => {
  await using engine = await createTestEngine({ workflows: [research], agents: { researcher: fail({ status: 403 }) } });
  const run = await engine.start(research, { topic: 'x' });
  await expect(engine.finish(run)).rejects.toThrow("agent 'researcher'");
  expect(engine.calls('researcher')).toHaveLength(1);
  const odd = await engine.start(research, { topic: 'y' });
  expect((await engine.finishReport(odd)).status).toBe('failed');
});

test('an error is thrown as it is, a hanging agent runs into its timeout', async () => {
  const flow = createWorkflow('slow')
    .addStep('a', { type: 'agent', agentId: 'a', input: { prompt: 'x' }, timeout: '2m', onError: 'continue' })
    .addStep('b', { type: 'agent', agentId: 'b', input: { prompt: 'x' } });
  await using engine = await createTestEngine({
    workflows: [flow],
    agents: { a: hangs(), b: fail(new WorkflowError('CONFLICT', 'taken')) },
  });
  const run = await engine.start(flow, {});
  const report = await engine.finishReport(run);
  expect(report).toMatchObject({
    status: 'failed',
    error: { code: 'CONFLICT', message: expect.stringContaining('taken') },
  });
  expect(run.steps()[0]).toMatchObject({ status: 'failed', error: { code: new TimeoutError('x').code } });
  expect(engine.clock.elapsedMs).toBe(120_000);
  expect(engine.mocks.aborted).toEqual(['a']);
});

test('an agent without a mock stops the run with an error that names it', async () => {
  await using engine = await createTestEngine({ workflows: [research], agents: { resercher: 'x' } });
  const run = await engine.start(research, { topic: 'x' });
  const error: unknown = await engine.finish(run).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UnmockedError);
  expect((error as Error).message).toBe(
    `agent 'researcher' (step 'search' of run '${run.id}') has no mock: give the test engine agents: { 'researcher': ... } or steps: { 'search': ... }; mocked are resercher; did you mean 'resercher'?`,
  );
});

test('mocks of steps that do not exist or do no work are refused at once', async () => {
  const create = createTestEngine({ workflows: [approval], steps: { publsh: 1, approve: {}, go: 1, draft: 'fine' } });
  await expect(create).rejects.toThrow(
    `mocks that cannot be used:
  - there is no step 'publsh'; did you mean 'publish'?
  - step 'approve' is of type 'human', which is not mocked: answer it with engine.answer()
  - step 'go' is of type 'signal', which is not mocked: send it with engine.signal()`,
  );
});

test('people and signals: time passes until one of them is wanted, not beyond', async () => {
  await using engine = await createTestEngine({
    workflows: [approval],
    agents: { writer: 'text' },
    steps: { publish: ({ input }: { input: { body: unknown } }) => ({ id: 7, was: input.body }) },
  });
  const run = await engine.start(approval, {}, { runId: 'r' });
  await engine.runUntilIdle();
  expect(engine.clock.elapsedMs).toBe(0);
  await expect(engine.finish(run)).rejects.toThrow(
    "run 'r' does not end by itself: r is running, task 'r:approve:1' waits for engine.answer()",
  );
  expect(engine.tasks()).toMatchObject([{ title: 'Publish?' }]);
  await expect(engine.answer('draft', {})).rejects.toThrow("step 'draft' has no open task; open are r:approve:1");
  await expect(engine.answer('approve', { decision: 'maybe' })).rejects.toThrow('decision');
  await engine.answer('approve', { decision: 'approve' }, { by: 'kim' });
  await engine.runUntilIdle();
  expect(engine.clock.elapsedMs).toBe(3_600_000);
  await engine.signal(run, 'go', { n: 1 });
  expect(await engine.finish(run)).toEqual({ decision: 'approve', id: 7 });
  expect(engine.calls('publish')).toMatchObject([
    { input: { url: 'https://api.example.com/posts', body: { text: 'text' } } },
  ]);
});

test('the timeout of a person is reached by letting time pass', async () => {
  await using engine = await createTestEngine({ workflows: [approval], agents: { writer: 'text' } });
  const run = await engine.start(approval, {});
  await engine.advanceBy('3d');
  expect(run.status()).toMatchObject({ status: 'failed', error: { code: 'TIMEOUT' } });
});

test('schemas, repairs, raw answers and streams are those of production', async () => {
  const flow = createWorkflow('shapes')
    .addStep('score', {
      type: 'agent',
      agentId: 'reviewer',
      input: { prompt: 'score it' },
      schema: z.object({ score: z.number() }),
      repair: 1,
    })
    .addStep('say', { type: 'agent', agentId: 'speaker', input: { prompt: 'speak' } })
    .addStep('call', { type: 'http', url: 'https://api.example.com/x' })
    .setOutput({ score: '{{steps.score.output.score}}', said: '{{steps.say.output}}', body: '{{steps.call.output}}' });
  await using engine = await createTestEngine({
    workflows: [flow],
    agents: { reviewer: sequence({ points: 3 }, { score: 3 }), speaker: stream('hel', 'lo') },
    steps: { call: respond({ body: { ok: true } }) },
  });
  const run = await engine.engine.start(flow, {});
  const chunks: string[] = [];
  const events = run.events();
  const reading = (async () => {
    for await (const event of events) if (event.type === 'step.chunk') chunks.push(event.text);
  })();
  expect(await engine.finish(run)).toEqual({ score: 3, said: 'hello', body: { ok: true } });
  await reading;
  expect(chunks).toEqual(['hel', 'lo']);
  const [first, second] = engine.calls('reviewer');
  expect(second?.prompt).toContain('Your last answer was');
  expect(second?.key).toBe(`${first?.key}:r1`);
});

test('functions that really take time are waited for', async () => {
  const flow = createWorkflow('real').addStep('read', {
    type: 'transform',
    transform: () => new Promise((resolve) => setTimeout(resolve, 20, 'done')),
  });
  await using engine = await createTestEngine({ workflows: [flow] });
  const run = await engine.start(flow, {});
  expect(run.status().status).toBe('completed');
});

test('a history as a snapshot', async () => {
  const histories = [];
  for (const seed of [1, 2]) {
    await using engine = await createTestEngine({
      workflows: [research],
      seed,
      startAt: `2026-0${seed}-01`,
      agents: { researcher: sequence(fail('busy'), 'found'), writer: 'text' },
    });
    const run = await engine.start(research, { topic: 'x' });
    await engine.finish(run);
    histories.push(engine.history(run));
  }
  expect(histories[0]).toEqual(histories[1]);
  expect(histories[0]).toMatchObject([
    { type: 'run.started', after: '0ms', workflow: 'research', input: { topic: 'x' } },
    { type: 'effect.failed', effect: 'search', attempt: 1, error: { code: 'AGENT_ERROR' } },
    { type: 'timer.fired', after: '10000ms', timer: 'backoff:search' },
    { type: 'effect.completed', effect: 'search', attempt: 2, output: 'found' },
    { type: 'effect.completed', effect: 'write', output: 'text' },
    { type: 'effect.completed', effect: '$run.output', output: 'text' },
  ]);
});

test.each(['memory', 'file'])('a process that is killed goes on in the next one (%s)', async (kind) => {
  const folder = mkdtempSync(join(tmpdir(), 'test-engine-'));
  try {
    const first = await createTestEngine({
      workflows: [research],
      store: kind === 'memory' ? ':memory:' : join(folder, 'runs.db'),
      agents: { researcher: 'found', writer: sequence(hangs(), 'text') },
    });
    const run = await first.start(research, { topic: 'x' }, { runId: 'r' });
    expect(run.steps().map(({ status }) => status)).toEqual(['completed', 'running']);
    await using second = await first.crash();
    expect(await second.finish(second.engine.run('r'))).toBe('text');
    const keys = second.calls('writer').map(({ key }) => key);
    expect(keys).toEqual(['r:write:1', 'r:write:1']);
    expect(second.calls('researcher')).toHaveLength(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
