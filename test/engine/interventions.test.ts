import { describe, expect, test } from 'vitest';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { MemoryDatabase, openMemoryStore } from '../../src/store/memory.ts';
import { agent, flow } from '../support/flow.ts';
import { after, fails, hangs, type MockCall, type MockTable } from '../support/mocks.ts';
import { collect, createTestEngine, type TestEngine } from '../support/test-engine.ts';

const run = 'run';

async function started(
  workflow: WorkflowDefinition,
  mocks: MockTable = {},
  options: { readonly database?: MemoryDatabase; readonly input?: unknown } = {},
): Promise<TestEngine> {
  const store = openMemoryStore(options.database ?? new MemoryDatabase());
  const lab = await createTestEngine({ mocks, workflows: [workflow], store });
  await lab.engine.start(workflow, options.input ?? {}, { runId: run });
  await lab.clock.settle();
  return lab;
}

const statuses = ({ engine }: TestEngine, id = run): Readonly<Record<string, string>> =>
  Object.fromEntries(engine.steps(id).map(({ id: step, status, visit }) => [step, `${status} ${visit}`]));
const echo = (call: MockCall): unknown => call.input;
const reads = (id: string, path: string) => agent(id, { input: { prompt: `{{${path}}}` } });

describe('complete', () => {
  test('gives a running step its output; what follows an answer follows, what was under way is aborted', async () => {
    const definition = flow({
      state: { seen: null },
      steps: [agent('a', { assign: { seen: '{{steps.a.output.text}}' } }), reads('b', 'state.seen')],
      onStepComplete: {
        a: (_: string, output: { readonly text: string }) => ({ text: `${output.text}!` }),
      },
    });
    await using lab = await started(definition, { a: hangs(), b: echo });
    await lab.engine.complete(run, 'a', { text: 'by hand' }, { by: 'ann' });
    expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: { prompt: 'by hand!' } });
    expect(lab.mocks.aborted).toEqual(['a']);
    expect(statuses(lab)).toEqual({ a: 'completed 1', b: 'completed 1' });
  });

  test('of a step that backs off, of one that waits, and of a task', async () => {
    const steps = [
      agent('a', { retry: { maxAttempts: 2, delay: 1_000 } }),
      { id: 'w', type: 'wait', duration: 60_000 },
      { id: 'h', type: 'human' },
      reads('b', 'steps.h.output.decision'),
    ];
    await using lab = await started(flow({ steps }), { a: fails(), b: echo });
    expect(statuses(lab)).toMatchObject({ a: 'backoff 1' });
    await lab.engine.complete(run, 'a', 1);
    expect(statuses(lab)).toMatchObject({ a: 'completed 1', w: 'running 1' });
    await lab.engine.complete(run, 'w', null);
    await expect(lab.engine.complete(run, 'h', { decision: 'perhaps' })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
    await lab.engine.complete(run, 'h', { decision: 'approve' }, { by: 'ann' });
    expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: { prompt: 'approve' } });
    expect(lab.clock.elapsedMs).toBe(0);
  });

  test('an output that does not fit the schema of the agent is refused, and nothing has changed', async () => {
    const schema = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] };
    await using lab = await started(flow({ steps: [agent('a', { schema })] }), { a: hangs() });
    await expect(lab.engine.complete(run, 'a', { n: 'one' })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    expect(statuses(lab)).toEqual({ a: 'running 1' });
    await lab.engine.complete(run, 'a', { n: 1 });
    expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: { n: 1 } });
  });

  test('conditions read what was given by hand', async () => {
    const steps = [
      agent('a'),
      { id: 'c', type: 'conditional', condition: '{{steps.a.output.score}} > 3', then: 'good', else: 'bad' },
      agent('good'),
      agent('bad'),
    ];
    await using lab = await started(flow({ steps }), { a: hangs() });
    await lab.engine.complete(run, 'a', { score: 4, long: 'x'.repeat(500) });
    expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: 'good' });
  });

  test('a run that failed at the step goes on; other failed branches are retried', async () => {
    const steps = [{ id: 'p', type: 'parallel', steps: [agent('x'), agent('y'), agent('z')] }];
    let isDown = true;
    const down = (): unknown => (isDown ? fails()() : 'up');
    await using lab = await started(flow({ steps }), { x: fails(), y: down });
    expect(await lab.drive(run)).toMatchObject({ status: 'failed' });
    isDown = false;
    await lab.engine.complete(run, 'x', 'given');
    expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: { x: 'given', y: 'up', z: 'z' } });
    expect(lab.mocks.counts).toEqual({ x: 1, y: 2, z: 1 });
  });

  test('of a failed branch while the others run', async () => {
    const group = { id: 'g', type: 'sequential', steps: [agent('g1'), agent('g2')] };
    const steps = [{ id: 'p', type: 'parallel', steps: [group, agent('y')] }];
    await using lab = await started(flow({ steps }), { g1: fails(), y: after(100, 'y') });
    expect(statuses(lab)).toMatchObject({ g: 'failed 1', g1: 'failed 1', y: 'running 1' });
    await lab.engine.complete(run, 'g1', 1);
    expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: { g: 'g2', y: 'y' } });
    expect(lab.mocks.counts).toEqual({ g1: 1, g2: 1, y: 1 });
  });

  test.each([
    ['z', 'NOT_FOUND', /no step 'z'/],
    ['a', 'CONFLICT', /step 'a' is completed already/],
    ['c', 'CONFLICT', /step 'c' has not begun yet/],
    ['inner', 'CONFLICT', /belongs to the rounds of loop 'l'/],
  ])('of step %s is refused: %s', async (step, code, message) => {
    const loop = { id: 'l', type: 'loop', items: [1], steps: [agent('inner')] };
    await using lab = await started(flow({ steps: [agent('a'), agent('b'), agent('c'), loop] }), { b: hangs() });
    const refused = lab.engine.complete(run, step, 1);
    await expect(refused).rejects.toMatchObject({ code });
    await expect(refused).rejects.toThrow(message);
    expect(lab.engine.report(run).status).toBe('running');
  });
});

describe('skip', () => {
  test('passes over a step in any place where it can stand', async () => {
    const steps = [
      { id: 'p', type: 'parallel', steps: [agent('x'), agent('y')] },
      agent('b', { retry: { maxAttempts: 3, delay: 1_000 } }),
      { id: 'h', type: 'human' },
      agent('c', { input: { prompt: '{{steps.b.status}} {{steps.h.status}}' } }),
    ];
    await using lab = await started(flow({ steps }), { x: hangs(), y: after(10, 'y'), b: fails(), c: echo });
    await lab.engine.skip(run, 'x', { why: 'not needed' });
    await lab.clock.advance(10);
    expect(statuses(lab)).toMatchObject({ x: 'skipped 1', p: 'completed 1', b: 'backoff 1' });
    await lab.engine.skip(run, 'b');
    await lab.engine.skip(run, 'h');
    expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: { prompt: 'skipped skipped' } });
    const events = await collect(lab.engine.events(run));
    expect(events.flatMap((event) => (event.type === 'step.skipped' ? [`${event.step} ${event.why}`] : []))).toEqual([
      'x by hand',
      'b by hand',
      'h by hand',
    ]);
  });

  test('of the step that a run failed at lets it go on', async () => {
    await using lab = await started(flow({ steps: [agent('a'), agent('b'), agent('c')] }), { b: fails() });
    expect(await lab.drive(run)).toMatchObject({ status: 'failed' });
    await expect(lab.engine.skip(run, 'a')).rejects.toThrow(/completed already/);
    await expect(lab.engine.skip(run, 'c')).rejects.toThrow(/is not where the run stopped \(b\)/);
    await lab.engine.skip(run, 'b');
    expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: 'c' });
  });

  test('a whole group with what is under way in it', async () => {
    const group = { id: 'g', type: 'sequential', steps: [agent('g1'), agent('g2')] };
    await using lab = await started(flow({ steps: [group, agent('b')] }), { g1: hangs() });
    await lab.engine.skip(run, 'g');
    expect(await lab.drive(run)).toMatchObject({ status: 'completed' });
    expect(lab.mocks.aborted).toEqual(['g1']);
    expect(lab.mocks.counts).toEqual({ g1: 1, b: 1 });
  });
});

describe('rerun', () => {
  test('visits a step and all that comes after it anew, with the state as it was then', async () => {
    const counts = { n: { expr: '{{state.n}} + 1' } };
    const steps = [agent('a', { assign: counts }), agent('b', { assign: counts }), agent('c', { assign: counts })];
    await using lab = await started(flow({ state: { n: 0 }, steps, output: '{{state.n}}' }));
    expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: 3 });
    expect(lab.engine.rerunPlan(run, 'b')).toEqual({
      runId: run,
      steps: ['b', 'c'],
      repeats: [
        { step: 'b', type: 'agent', attempts: 1 },
        { step: 'c', type: 'agent', attempts: 1 },
      ],
    });
    await lab.engine.rerun(run, 'b');
    expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: 3 });
    expect(lab.mocks.calls.map(({ key }) => key)).toEqual(['run:a:1', 'run:b:1', 'run:c:1', 'run:b:2', 'run:c:2']);
  });

  test('of a step in a branch leaves the other branches alone, also while they run', async () => {
    const group = { id: 'g', type: 'sequential', steps: [agent('g1'), agent('g2')] };
    const steps = [{ id: 'p', type: 'parallel', steps: [group, agent('y')] }, agent('z')];
    await using lab = await started(flow({ steps }), { y: after(100, 'y') });
    expect(statuses(lab)).toMatchObject({ g: 'completed 1', y: 'running 1' });
    await lab.engine.rerun(run, 'g1');
    expect(await lab.drive(run)).toMatchObject({ status: 'completed' });
    await lab.engine.rerun(run, 'g2');
    expect(await lab.drive(run)).toMatchObject({ status: 'completed' });
    expect(lab.mocks.counts).toEqual({ g1: 2, g2: 3, y: 1, z: 2 });
  });

  test('goes back from wherever the run is, and drops what is under way there', async () => {
    await using lab = await started(
      flow({ steps: [agent('a'), agent('b'), { id: 'w', type: 'wait', duration: 5_000 }] }),
    );
    expect(statuses(lab)).toMatchObject({ w: 'running 1' });
    await lab.clock.advance(4_000);
    await lab.engine.rerun(run, 'b');
    await lab.clock.settle();
    expect(statuses(lab)).toMatchObject({ a: 'completed 1', b: 'completed 2', w: 'running 2' });
    expect(await lab.drive(run)).toMatchObject({ status: 'completed' });
    expect(lab.clock.elapsedMs).toBe(9_000);
  });

  test('of a loop that is over is another round of it', async () => {
    const loop = { id: 'l', type: 'loop', while: '{{loop.index}} < 2', steps: [agent('a'), agent('b')] };
    await using lab = await started(flow({ steps: [loop], output: '{{steps.l.output}}' }), {
      b: ({ visit }: MockCall) => visit,
    });
    expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: [1, 2] });
    await lab.engine.rerun(run, 'b');
    expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: [1, 3] });
    expect(lab.mocks.counts).toEqual({ a: 2, b: 3 });
  });

  test('is refused for a step that is still to come, and for parts of steps', async () => {
    const steps = [agent('a', { onError: agent('mend') }), agent('b')];
    await using lab = await started(flow({ steps, onFailure: [agent('clean')] }), { a: hangs() });
    await expect(lab.engine.rerun(run, 'b')).rejects.toThrow(/still to come/);
    await expect(lab.engine.rerun(run, 'mend')).rejects.toThrow(/part of step 'a'/);
    await expect(lab.engine.rerun(run, 'clean')).rejects.toThrow(/follows the failure/);
  });
});

describe('edit', () => {
  test('sets the state and outputs of a run that is paused or waits', async () => {
    const steps = [agent('a'), { id: 'h', type: 'human' }, reads('b', 'steps.a.output.text')];
    await using lab = await started(
      flow({ state: { n: 1, m: 2 }, steps, output: { b: '{{steps.b.output}}', n: '{{state.n}}', m: '{{state.m}}' } }),
      {
        a: { text: 'first' },
        b: echo,
      },
    );
    await lab.engine.edit(run, { state: { n: 7 }, outputs: { a: { text: 'second' } } }, { by: 'ann' });
    await lab.engine.complete(run, 'h', { decision: 'approve' });
    expect(await lab.drive(run)).toMatchObject({ output: { b: { prompt: 'second' }, n: 7, m: 2 } });
  });

  test('is refused while it works, and of a run that has ended', async () => {
    await using lab = await started(flow({ steps: [agent('a')] }), { a: after(10, 'a') });
    await expect(lab.engine.edit(run, { state: {} })).rejects.toThrow(/is at work on a; pause it first/);
    await lab.engine.pause(run);
    await lab.engine.edit(run, { state: { n: 1 } });
    expect(lab.engine.report(run).status).toBe('paused');
    await lab.engine.resume(run);
    await lab.drive(run);
    await expect(lab.engine.edit(run, { state: {} })).rejects.toThrow(/is completed; fork it/);
  });
});

describe('fork', () => {
  const steps = [
    agent('a'),
    agent('b', { input: { prompt: '{{steps.a.output.text}} {{workflow.input.topic}}' } }),
    agent('c'),
  ];
  const definition = flow({ steps, output: '{{steps.b.output.prompt}}' });
  const mocks = { a: { text: 'from a', long: 'x'.repeat(300) }, b: echo };
  const input = { topic: 'tides' };

  test('goes on from an event as a run of its own, with keys of its own; the other is not touched', async () => {
    await using lab = await started(definition, mocks, { input });
    await lab.drive(run);
    const before = lab.engine.report(run);
    expect(lab.engine.forkPlan(run, 'b')).toMatchObject({
      seq: 2,
      repeats: [
        { step: 'b', type: 'agent', attempts: 1 },
        { step: 'c', type: 'agent', attempts: 1 },
      ],
    });
    const fork = await lab.engine.fork(run, { at: 2, runId: 'fork', outputs: { a: { text: 'other' } }, by: 'ann' });
    expect(await lab.drive(fork.id)).toMatchObject({ status: 'completed', output: 'other tides', kind: 'run' });
    expect(lab.engine.report(run)).toEqual(before);
    expect(lab.mocks.calls.map(({ key }) => key)).toEqual(['run:a:1', 'run:b:1', 'run:c:1', 'fork:b:1', 'fork:c:1']);
    const events = await collect(fork.events());
    expect(events.map(({ type }) => type).slice(0, 5)).toEqual([
      'run.started',
      'step.started',
      'step.completed',
      'step.started',
      'run.rebased',
    ]);
    expect(events[4]).toMatchObject({ kind: 'fork', from: { run, seq: 2 }, by: 'ann' });
  });

  test('with other input, which is checked', async () => {
    await using lab = await started(definition, mocks, { input });
    await lab.drive(run);
    const fork = await lab.engine.fork(run, { at: 'b', input: { topic: 'moons' } });
    expect(await lab.drive(fork.id)).toMatchObject({ output: 'from a moons' });
  });

  test('of what waits: timers begin anew', async () => {
    await using lab = await started(
      flow({ steps: [{ id: 'w', type: 'wait', duration: 5_000 }, agent('b', { timeout: 100 })] }),
    );
    await lab.clock.advance(4_000);
    const fork = await lab.engine.fork(run, { at: 1 });
    expect(await lab.drive(fork.id)).toMatchObject({ status: 'completed' });
    expect(lab.clock.elapsedMs).toBe(9_000);
  });

  test('of a fork, and of a run that was retried', async () => {
    let isDown = true;
    await using lab = await started(
      definition,
      { ...mocks, b: (call: MockCall) => (isDown ? fails()() : call.input) },
      { input },
    );
    expect(await lab.drive(run)).toMatchObject({ status: 'failed' });
    isDown = false;
    await lab.engine.retry(run);
    await lab.drive(run);
    const fork = await lab.engine.fork(run, { at: 'c' });
    await lab.drive(fork.id);
    const again = await fork.fork({ at: 2 });
    expect(await lab.drive(again.id)).toMatchObject({ status: 'completed', output: 'from a tides' });
  });

  test.each([
    [{ at: 99 }, 'NOT_FOUND', /no event 99/],
    [{ at: 'z' }, 'NOT_FOUND', /no step 'z'/],
    [{ at: 5 }, 'CONFLICT', /had ended with event 5/],
    [{ at: 2, runId: run }, 'CONFLICT', /exists already/],
    [{ at: 2, runId: '../x' }, 'REQUEST_INVALID', /cannot be a run id/],
    [{ at: 2, outputs: { c: 1 } }, 'CONFLICT', /no output to edit/],
  ])('%j is refused', async (options, code, message) => {
    await using lab = await started(definition, mocks, { input });
    await lab.drive(run);
    await expect(lab.engine.fork(run, options)).rejects.toMatchObject({ code });
    await expect(lab.engine.fork(run, options)).rejects.toThrow(message);
  });
});

describe('a command for a run of another process', () => {
  const definition = flow({ steps: [agent('a'), { id: 'h', type: 'human' }, agent('b')] });

  test('reaches it through the inbox; what would be refused is refused at once', async () => {
    const database = new MemoryDatabase();
    let look = (): void => undefined;
    const poll = (looks: () => void): (() => void) => {
      look = looks;
      return () => undefined;
    };
    await using owner = await createTestEngine({ workflows: [definition], store: openMemoryStore(database), poll });
    await owner.engine.start(definition, {}, { runId: run });
    await owner.clock.settle();
    await using other = await createTestEngine({ workflows: [definition], store: openMemoryStore(database) });
    await expect(other.engine.skip(run, 'b')).rejects.toThrow(/has not begun/);
    const completing = other.engine.complete(run, 'h', { decision: 'reject' }, { by: 'bob' });
    await other.clock.settle();
    expect(owner.engine.report(run).status).toBe('running');
    look();
    await owner.clock.settle();
    await other.clock.advance(100);
    expect(await completing).toBe('elsewhere');
    expect(await owner.drive(run)).toMatchObject({ status: 'completed' });
    expect(other.engine.steps(run).map(({ status }) => status)).toEqual(['completed', 'completed', 'completed']);
  });

  test('that nobody drives any more takes it over', async () => {
    const database = new MemoryDatabase();
    const dead = openMemoryStore(database);
    const first = await createTestEngine({ workflows: [definition], store: dead });
    await first.engine.start(definition, {}, { runId: run });
    await first.clock.settle();
    dead.crash();
    await using second = await createTestEngine({
      workflows: [definition],
      store: openMemoryStore(database),
      recover: false,
    });
    await second.engine.skip(run, 'h');
    expect(await second.drive(run)).toMatchObject({ status: 'completed', output: 'b' });
  });
});

test('a run that undid what it did is not retried, but run again', async () => {
  let isDown = true;
  const steps = [agent('a', { compensate: agent('undo') }), agent('b')];
  await using lab = await started(flow({ steps }), { b: () => (isDown ? fails()() : 'b') });
  expect(await lab.drive(run)).toMatchObject({ status: 'failed' });
  expect(lab.mocks.counts).toEqual({ a: 1, b: 1, undo: 1 });
  isDown = false;
  await expect(lab.engine.retry(run)).rejects.toThrow(/was undone .*run it again from step 'a'/);
  await expect(lab.engine.skip(run, 'b')).rejects.toThrow(/was undone/);
  await lab.engine.rerun(run, 'a');
  // What undoes has its place in the failure of a run only.
  for (const end of [() => lab.engine.skip(run, 'undo'), () => lab.engine.complete(run, 'undo', 'x')])
    await expect(end()).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: 'b' });
  expect(lab.mocks.counts).toEqual({ a: 2, b: 2, undo: 1 });
});

test('query tells what a run waits for, since when and until when, and what can happen', async () => {
  const loop = { id: 'l', type: 'loop', items: [1], steps: [{ id: 'x', type: 'signal', name: 'go' }] };
  const branches = [
    { id: 'h', type: 'human', timeout: '1m' },
    { id: 's', type: 'signal', name: 'paid' },
    { id: 'w', type: 'wait', duration: 5_000 },
    agent('slow', { output: 'v' }),
    loop,
  ];
  const steps = [agent('first', { output: 'first' }), { id: 'p', type: 'parallel', steps: branches }];
  await using lab = await started(flow({ state: { n: 1 }, steps }), { slow: hangs() }, { input: { topic: 't' } });
  const { start } = lab.clock;
  const query = lab.engine.query(run);
  expect(query).toMatchObject({
    status: 'running',
    seq: 2,
    input: { topic: 't' },
    state: { n: 1 },
    vars: { first: 'first' },
  });
  expect(query.waitingFor).toMatchObject([
    { for: 'human', step: 'h', id: 'run:h:1', since: start, until: start + 60_000 },
    { for: 'signal', step: 's', id: 'paid', until: null },
    { for: 'effect', step: 'slow', id: 'slow', since: start },
    { for: 'rounds', step: 'l', id: 'run/l:1/', since: start },
    { for: 'timer', step: 'w', id: 'wait:w', since: start, until: start + 5_000 },
  ]);
  for (const next of [
    { type: 'answer', id: 'run:h:1', step: 'h' },
    { type: 'signal', id: 'paid', step: 's' },
    { type: 'timer', id: 'timeout:h', step: 'h' },
    { type: 'result', id: 'slow', step: 'slow' },
    { type: 'control', id: 'complete', step: 'w' },
    { type: 'control', id: 'pause', step: null },
  ])
    expect(query.next).toContainEqual(next);
  expect(JSON.parse(JSON.stringify(query))).toEqual(query);
  await lab.engine.terminate(run);
  expect(lab.engine.query(run)).toMatchObject({
    status: 'cancelled',
    waitingFor: [],
    next: [{ id: 'retry' }, { id: 'rerun' }, { id: 'fork' }],
  });
});
