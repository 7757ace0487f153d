import { describe, expect, test } from 'vitest';
import { answer } from '../../../src/cli/commands/answer.ts';
import { cancel } from '../../../src/cli/commands/cancel.ts';
import { pause } from '../../../src/cli/commands/pause.ts';
import { resume } from '../../../src/cli/commands/resume.ts';
import { run } from '../../../src/cli/commands/run.ts';
import { runs } from '../../../src/cli/commands/runs.ts';
import { signal } from '../../../src/cli/commands/signal.ts';
import { tasks } from '../../../src/cli/commands/tasks.ts';
import { terminate } from '../../../src/cli/commands/terminate.ts';
import { createEngine } from '../../../src/engine/create-engine.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { silentLogger } from '../../../src/engine/default-ports.ts';
import { loadWorkflows } from '../../../src/project/project.ts';
import { addFiles, folderWith } from '../../project/folder.ts';
import { createFakeIo, type FakeIo } from '../fake-io.ts';

const yaml = `workflows:
  - id: approval
    steps:
      - id: review
        type: human
        title: 'Publish {{workflow.input.name}}?'
        message: "First line\\nsecond line"
        assignees: [kim, lee]
        timeout: 1h
      - { id: publish, type: transform, template: '{{steps.review.output.decision}} by {{steps.review.output.by}}' }
  - id: form
    steps:
      - id: ask
        type: human
        form: { type: object, properties: { amount: { type: integer, description: In euros }, note: { type: string } }, required: [amount] }
  - id: paid
    steps:
      - { id: wait, type: signal, name: payment }
      - { id: then, type: signal, name: delivery }
    output: '{{steps.wait.output.amount}} {{steps.then.output}}'
  - id: slow
    steps: [{ id: a, type: wait, duration: 1h }]
    onFailure: [{ id: mourn, type: transform, template: gone }]
  - id: rounds
    steps:
      - { id: each, type: loop, items: [a], steps: [{ id: ask, type: human, title: Round }] }
  - id: outer
    steps: [{ id: sub, type: workflow, workflow: approval, input: { name: inner } }]
`;

const folder = (): string => folderWith({ 'workflows.yaml': yaml });

/** A folder with the run `r` of a workflow, which nobody drives. */
async function folderWithRun(workflow: string, values: readonly string[] = []): Promise<string> {
  const dir = folder();
  await run(createFakeIo(dir), workflow, values, { runId: 'r', quiet: true, timeout: '50ms' });
  return dir;
}

async function engineIn(dir: string): Promise<Engine> {
  return createEngine({ ...(await loadWorkflows(dir, { env: {} })), logger: silentLogger });
}

async function outputOf(io: FakeIo, code: Promise<number>): Promise<readonly [number, string, string]> {
  return [await code, io.stdoutText(), io.stderrText()];
}

const json = (io: FakeIo): Record<string, unknown> =>
  JSON.parse(io.stdoutText().trim().split('\n').at(-1) ?? '') as Record<string, unknown>;

describe('a run that waits for a person', () => {
  test('shows its task when it is left, and is finished by the answer', async () => {
    const io = createFakeIo(folder());
    expect(await run(io, 'approval', ['name=it'], { runId: 'r' })).toBe(5);
    expect(io.stderrText()).toContain('r:review:1  Publish it?\n  approval, run r, for kim, lee, due ');
    expect(io.stderrText()).toContain('answer it: dank-workflow answer r:review:1 --approve | --reject\n');
    const answered = createFakeIo(io.cwd);
    expect(await answer(answered, 'r:review:1', [], { approve: true, by: 'kim' })).toBe(0);
    expect(answered.stdoutText()).toBe('approve by kim\n');
    await expect(answer(createFakeIo(io.cwd), 'r:review:1', [], { reject: true })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: "task 'r:review:1' is not open any more: its step is completed",
    });
    const left = createFakeIo(io.cwd);
    await tasks(left, undefined, {});
    expect([left.stdoutText(), left.stderrText()]).toEqual(['', 'nothing waits for a person\n']);
  });

  test('gives its tasks with --json', async () => {
    const io = createFakeIo(folder());
    expect(await run(io, 'approval', ['name=it'], { runId: 'r', json: true })).toBe(5);
    expect(json(io)).toMatchObject({ type: 'result', stoppedBy: 'person', tasks: [{ id: 'r:review:1' }] });
  });

  test('is answered by the user of the system when nobody else is named', async () => {
    const io = createFakeIo(await folderWithRun('approval', ['name=it']));
    expect(await answer(io, 'r:review:1', [], { reject: true, comment: '17', quiet: true })).toBe(0);
    expect(io.stdoutText()).toBe('reject by tester\n');
  });

  test('refuses an answer that does not fit, and stays as it is', async () => {
    const dir = await folderWithRun('form');
    const io = createFakeIo(dir);
    await tasks(io, 'r', {});
    expect(io.stdoutText()).toContain('  amount  integer: In euros\n  note  string (optional)\n');
    expect(io.stdoutText()).toContain('answer it: dank-workflow answer r:ask:1 amount=...\n');
    for (const [values, flags] of [
      [['amount=much'], {}],
      [[], { approve: true }],
    ] as const)
      await expect(answer(createFakeIo(dir), 'r:ask:1', values, flags)).rejects.toMatchObject({
        code: 'INPUT_INVALID',
        message: expect.stringContaining('amount') as string,
      });
    const misuse: readonly (readonly [string, object, string])[] = [
      ['r:ask:1', { approve: true, reject: true }, 'REQUEST_INVALID'],
      ['r:ask:1', { comment: 'x', input: '[]' }, 'REQUEST_INVALID'],
      ['r:other:1', {}, 'NOT_FOUND'],
      ['gone:ask:1', {}, 'NOT_FOUND'],
      ['nonsense', {}, 'NOT_FOUND'],
    ];
    for (const [task, flags, code] of misuse)
      await expect(answer(createFakeIo(dir), task, [], flags)).rejects.toMatchObject({ code });
    expect(await answer(io, 'r:ask:1', [], { input: '{"amount":3}', quiet: true })).toBe(0);
  });

  test('is found by its run, its workflow, or among all, without code of the project', async () => {
    const dir = await folderWithRun('approval', ['name=it']);
    await run(createFakeIo(dir), 'form', [], { runId: 'other', quiet: true });
    addFiles(dir, { 'workflows.yaml': 'broken: [' });
    const ids = async (wanted?: string): Promise<readonly unknown[]> => {
      const io = createFakeIo(dir);
      expect(await tasks(io, wanted, { json: true })).toBe(0);
      return (JSON.parse(io.stdoutText()) as { id: string }[]).map(({ id }) => id);
    };
    expect(await ids()).toEqual(['other:ask:1', 'r:review:1']);
    expect(await ids('r')).toEqual(['r:review:1']);
    expect(await ids('form')).toEqual(['other:ask:1']);
    await expect(ids('nope')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test.each([
    ['rounds', 'r/each:1/0:ask:1'],
    ['outer', 'r/sub:1:review:1'],
  ])('in %s is answered through the run around it', async (workflow, task) => {
    const dir = folder();
    const io = createFakeIo(dir);
    expect(await run(io, workflow, [], { runId: 'r' })).toBe(5);
    expect(io.stderrText()).toContain(`dank-workflow answer ${task} --approve`);
    expect(await answer(createFakeIo(dir), task, [], { approve: true, quiet: true })).toBe(0);
    const done = createFakeIo(dir);
    await runs(done, { status: ['completed'], json: true });
    expect((JSON.parse(done.stdoutText()) as { id: string }[]).map(({ id }) => id)).toContain('r');
  });
});

describe('signal', () => {
  test('drives a run that nobody drives until it waits again, then to its end', async () => {
    const dir = await folderWithRun('paid');
    const io = createFakeIo(dir);
    expect(await signal(io, 'r', 'payment', ['amount=7'], {})).toBe(0);
    expect(io.stderrText()).toMatch(/waiting for a signal; send it: dank-workflow signal r <name>; or .* resume r\n$/);
    const last = createFakeIo(dir);
    expect(await signal(last, 'r', 'delivery', [], { input: '"home"', quiet: true })).toBe(0);
    expect(last.stdoutText()).toBe('7 home\n');
    await expect(signal(createFakeIo(dir), 'r', 'more', [], {})).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(signal(createFakeIo(dir), 'q', 'more', [], {})).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('and all that changes a run take its id, and name that of the latest when they are given a workflow', async () => {
    const dir = await folderWithRun('paid');
    const changes = [() => signal(createFakeIo(dir), 'paid', 'x', [], {}), () => cancel(createFakeIo(dir), 'paid', {})];
    for (const change of changes)
      await expect(change()).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: "'paid' is a workflow, and this command takes the id of a run; the latest run of it is r (running)",
      });
    await run(createFakeIo(dir), 'paid', [], { quiet: true, timeout: '50ms', runId: 'order-17' });
    await expect(pause(createFakeIo(dir), 'order-71', {})).rejects.toThrow(
      "no run has the id 'order-71'; did you mean 'order-17'?",
    );
    await expect(pause(createFakeIo(dir), 'what', {})).rejects.toThrow(
      "no run has the id 'what'; the store holds runs of paid",
    );
  });
});

describe('what is said to a run that another engine drives', () => {
  test('is taken by that one', async () => {
    const dir = folder();
    const engine = await engineIn(dir);
    const paid = await engine.start('paid', {}, { runId: 'r' });
    const io = createFakeIo(dir);
    expect(await outputOf(io, signal(io, 'r', 'payment', ['amount=1'], {}))).toEqual([
      0,
      '',
      "the process that drives the run has taken the signal 'payment'; look at it with: dank-workflow logs r --follow\n",
    ]);
    const paused = createFakeIo(dir);
    expect(await pause(paused, 'r', { json: true })).toBe(0);
    expect(json(paused)).toEqual({
      type: 'left',
      runId: 'r',
      workflow: 'paid',
      status: 'paused',
      isTaken: true,
      exitCode: 0,
    });
    expect(await resume(createFakeIo(dir), 'r', { quiet: true })).toBe(0);
    expect(paid.status().status).toBe('running');
    await expect(resume(createFakeIo(dir), 'r', {})).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await signal(createFakeIo(dir), 'r', 'delivery', [], {})).toBe(0);
    expect(await paid.result()).toMatch(/^1/);
    await engine.close();
  });

  test('is answered or cancelled there; the second answer is told that it came too late', async () => {
    const dir = folder();
    const engine = await engineIn(dir);
    const approval = await engine.start('approval', { name: 'it' }, { runId: 'r' });
    const slow = await engine.start('slow', {}, { runId: 's' });
    await expect.poll(() => approval.tasks().length).toBe(1);
    const both = await Promise.allSettled([
      answer(createFakeIo(dir), 'r:review:1', [], { approve: true, by: 'kim' }),
      answer(createFakeIo(dir), 'r:review:1', [], { reject: true, by: 'lee' }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find((each) => each.status === 'rejected')?.reason).toMatchObject({ code: 'CONFLICT' });
    expect(await approval.result()).toMatch(/^(approve by kim|reject by lee)$/);
    expect(await cancel(createFakeIo(dir), 's', { why: 'over' })).toBe(0);
    await expect(slow.result()).rejects.toMatchObject({ code: 'CANCELLED' });
    await engine.close();
  });

  test('is kept when that one does not listen now', async () => {
    const dir = folder();
    const deaf = await createEngine({ ...(await loadWorkflows(dir, { env: {} })), poll: () => () => undefined });
    await deaf.start('paid', {}, { runId: 'r' });
    const io = createFakeIo(dir);
    let now = 0;
    const clock = { now: () => (now += 3_000), schedule: io.clock.schedule };
    expect(await signal({ ...io, clock }, 'r', 'payment', [], { json: true })).toBe(0);
    expect(json(io)).toMatchObject({ type: 'left', isTaken: false });
    expect(io.stderrText()).toContain(
      "the signal 'payment' is kept for the process that drives the run, which has not",
    );
    await deaf.close();
    const resumed = createFakeIo(dir);
    const going = resume(resumed, 'r', {});
    await resumed.wrote('then  started');
    resumed.signal('SIGINT');
    expect(await going).toBe(130);
  });
});

test('an answer that nobody took is taken when the run is resumed', async () => {
  const dir = folder();
  const deaf = await createEngine({ ...(await loadWorkflows(dir, { env: {} })), poll: () => () => undefined });
  const started = await deaf.start('approval', { name: 'it' }, { runId: 'r' });
  await expect.poll(() => started.tasks().length).toBe(1);
  const io = createFakeIo(dir);
  let now = 0;
  const clock = { now: () => (now += 3_000), schedule: io.clock.schedule };
  expect(await answer({ ...io, clock }, 'r:review:1', [], { approve: true })).toBe(0);
  await deaf.close();
  const resumed = createFakeIo(dir);
  expect(await resume(resumed, 'r', { quiet: true })).toBe(0);
  expect(resumed.stdoutText()).toBe('approve by tester\n');
});

describe('pause', () => {
  test('of a run that nobody drives lasts until resume, which says who ended it', async () => {
    const dir = await folderWithRun('paid');
    const io = createFakeIo(dir);
    expect(await pause(io, 'r', { by: 'kim', why: 'lunch' })).toBe(0);
    expect(io.stderrText()).toBe('paused; go on with it: dank-workflow resume r\n');
    await expect(pause(io, 'r', {})).rejects.toMatchObject({ code: 'CONFLICT' });
    const held = createFakeIo(dir);
    expect(await signal(held, 'r', 'payment', ['amount=2'], {})).toBe(0);
    expect(held.stderrText()).toMatch(/run paused by kim: lunch\n.*paused; go on with it: dank-workflow resume r\n$/s);
    const resumed = createFakeIo(dir);
    const going = resume(resumed, 'r', { by: 'lee' });
    await resumed.wrote('then  started');
    resumed.signal('SIGINT');
    expect(await going).toBe(130);
    expect(resumed.stderrText()).toContain('run resumed by lee');
  });
});

describe('cancel and terminate', () => {
  test.each([
    ['cancel', cancel, true],
    ['terminate', terminate, false],
  ] as const)('%s ends a run that nobody drives', async (_, command, mourns) => {
    const dir = await folderWithRun('slow');
    const io = createFakeIo(dir);
    expect(await command(io, 'r', { by: 'kim', why: 'over' })).toBe(0);
    expect(io.stderrText()).toContain('run cancelled');
    expect(io.stderrText().includes('mourn  completed')).toBe(mourns);
    expect(await run(createFakeIo(dir), 'slow', [], { runId: 'r' })).toBe(6);
    await expect(command(createFakeIo(dir), 'r', {})).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});

describe('runs', () => {
  async function folderWithRuns(): Promise<string> {
    const dir = await folderWithRun('slow');
    await run(createFakeIo(dir), 'approval', ['name=it'], { runId: 'a', quiet: true, tag: ['red'] });
    await cancel(createFakeIo(dir), 'r', { quiet: true });
    await run(createFakeIo(dir), 'slow', [], { runId: 's', quiet: true, timeout: '20ms' });
    return dir;
  }

  test('are listed as a table, newest first', async () => {
    const io = createFakeIo(await folderWithRuns());
    expect(await runs(io, {})).toBe(0);
    expect(
      io
        .stdoutText()
        .replaceAll(/\d{4}-.{14}/g, 'TIME')
        .replaceAll(/\d+ms|\d\.\ds/g, 'N')
        .replaceAll(/ {2,}/g, '  '),
    ).toBe(
      [
        'RUN  WORKFLOW  STATUS  STARTED  TOOK  TAGS  ERROR',
        's  slow  interrupted  TIME  N',
        'a  approval  waiting for a person  TIME  N  red',
        'r  slow  cancelled  TIME  N  CANCELLED: the run was cancelled by tester',
        '',
      ].join('\n'),
    );
  });

  test('are filtered in the store', async () => {
    const dir = await folderWithRuns();
    const ids = async (flags: object): Promise<string> => {
      const io = createFakeIo(dir);
      expect(await runs(io, { ...flags, json: true })).toBe(0);
      return (JSON.parse(io.stdoutText()) as { id: string }[]).map(({ id }) => id).join(' ');
    };
    const cases: readonly (readonly [object, string])[] = [
      [{}, 's a r'],
      [{ workflow: 'slow' }, 's r'],
      [{ status: ['cancelled'] }, 'r'],
      [{ status: ['cancelled', 'running'], limit: '2' }, 's a'],
      [{ waitingFor: ['human'] }, 'a'],
      [{ tag: 'red' }, 'a'],
      [{ since: '1h' }, 's a r'],
      [{ since: '2999-01-01' }, ''],
      [{ since: '2001-01-01T00:00:00Z' }, 's a r'],
      [{ until: '2001-01-01' }, ''],
      [{ updatedSince: '1h', updatedUntil: '2999-01-01' }, 's a r'],
      [{ input: ['name=it'] }, 'a'],
      [{ input: ['name=it', 'other=1'] }, ''],
      [{ workflowVersion: '2' }, ''],
      [{ parent: 'a' }, ''],
      [{ order: 'asc' }, 'r a s'],
      [{ limit: '1', after: 's' }, 'a'],
      [{ sort: 'updated', limit: '1', after: 's@9999999999999' }, 's'],
    ];
    for (const [flags, expected] of cases) expect([flags, await ids(flags)]).toEqual([flags, expected]);
    const io = createFakeIo(dir);
    expect(await outputOf(io, runs(io, { tag: 'blue' }))).toEqual([0, '', 'no runs\n']);
  });

  test.each([
    { status: ['done'] },
    { waitingFor: ['godot'] },
    { limit: '0' },
    { limit: 'all' },
    { since: 'yesterday' },
    { since: '2026-99-99' },
    { updatedSince: 'later' },
    { input: ['customer'] },
    { input: ['order={"region":"eu"}'] },
    { sort: 'status' },
    { order: 'up' },
    { sort: 'updated', after: 'r' },
  ])('refuse %j', async (flags) => {
    await expect(runs(createFakeIo(folder()), flags)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  test('tell how the list goes on', async () => {
    const io = createFakeIo(await folderWithRuns());
    expect(await runs(io, { limit: '2' })).toBe(0);
    expect(io.stderrText()).toBe('more, if there are any: --after a\n');
  });

  test('need a store', async () => {
    await expect(runs(createFakeIo(folder()), {})).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
