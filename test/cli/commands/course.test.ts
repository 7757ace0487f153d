import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { breakAt } from '../../../src/cli/commands/break.ts';
import { complete, edit, rerun, retry, skip } from '../../../src/cli/commands/course.ts';
import { events } from '../../../src/cli/commands/events.ts';
import { fork } from '../../../src/cli/commands/fork.ts';
import { logs } from '../../../src/cli/commands/logs.ts';
import { migrate } from '../../../src/cli/commands/migrate.ts';
import { query } from '../../../src/cli/commands/query.ts';
import { resume } from '../../../src/cli/commands/resume.ts';
import { run } from '../../../src/cli/commands/run.ts';
import { createEngine } from '../../../src/engine/create-engine.ts';
import { silentLogger } from '../../../src/engine/default-ports.ts';
import { loadWorkflows } from '../../../src/project/project.ts';
import { folderWith, packageUrl } from '../../project/folder.ts';
import { createFakeIo } from '../fake-io.ts';

/** Step `b` fails until there is a file `mended` in the folder. */
const code = `import { existsSync } from 'node:fs';
import { createWorkflow } from '${packageUrl}';
const isMended = () => existsSync(new URL('mended', import.meta.url));
export default createWorkflow('flow')
  .setState({ n: 1 })
  .addStep('a', { type: 'transform', transform: () => ({ text: 'from a' }) })
  .addStep('b', { type: 'transform', input: '{{steps.a.output.text}}', transform: (text) => {
    if (!isMended()) throw new Error('b is down');
    return text + ' b';
  } })
  .addStep('h', { type: 'human' })
  .addStep('c', { type: 'transform', template: '{{steps.b.output}} {{state.n}} {{steps.h.output.decision}}' });
`;

const folder = (): string => folderWith({ 'workflows.mjs': code });
const mend = (dir: string): void => {
  writeFileSync(join(dir, 'mended'), '');
};

/** A folder with run `r`, which failed at `b`. */
async function failedAtB(): Promise<string> {
  const dir = folder();
  expect(await run(createFakeIo(dir), 'flow', [], { runId: 'r', quiet: true })).toBe(1);
  return dir;
}

/** A folder with run `r`, which waits for a person. */
async function waiting(): Promise<string> {
  const dir = await failedAtB();
  mend(dir);
  expect(await retry(createFakeIo(dir), 'r', { quiet: true })).toBe(5);
  return dir;
}

describe('retry', () => {
  test('of a failed run goes on where it stopped, is shown, and is in its history', async () => {
    const dir = await failedAtB();
    expect(await retry(createFakeIo(dir), 'r', {})).toBe(1);
    mend(dir);
    const io = createFakeIo(dir);
    expect(await retry(io, 'r', { by: 'ann', why: 'mended' })).toBe(5);
    expect(io.stderrText()).toContain('run retried: b by ann: mended');
    expect(io.stderrText()).toContain('waiting for a person');
    const look = createFakeIo(dir);
    expect(await events(look, 'r', {})).toBe(0);
    expect(look.stdoutText()).toMatch(/6 +\S+ +run\.rebased +retry b +by ann: mended\n/);
    const listed = createFakeIo(dir);
    await events(listed, 'r', { json: true, from: '2', limit: '2' });
    expect(JSON.parse(listed.stdoutText())).toMatchObject([
      { seq: 2, type: 'effect.completed', effect: 'a' },
      { seq: 3, type: 'effect.failed', effect: 'b' },
    ]);
    const told = createFakeIo(dir);
    expect(await logs(told, 'r', {})).toBe(0);
    expect(told.stdoutText()).toMatch(/run failed.*\n.*run retried: b by tester/);
  });

  test('--from goes back to a step', async () => {
    const dir = await failedAtB();
    mend(dir);
    const io = createFakeIo(dir);
    expect(await retry(io, 'r', { from: 'a', yes: true })).toBe(5);
    expect(io.stderrText()).toContain("Going back to step 'a' visits anew: a, b");
  });

  test('is refused where there is nothing to retry', async () => {
    const dir = await waiting();
    await expect(retry(createFakeIo(dir), 'r', {})).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(retry(createFakeIo(dir), 'nobody', {})).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('rerun', () => {
  test('says what it would repeat, and does it only when it may', async () => {
    const dir = await waiting();
    const io = createFakeIo(dir);
    await expect(rerun(io, 'r', 'b', {})).rejects.toThrow(/nothing was done: say --yes/);
    expect(io.stderrText()).toContain('visits anew: b, h');
    expect(io.stderrText()).toContain('  b  (transform, 1 attempt so far)');
    await expect(rerun(createFakeIo(dir, { isTTY: true, stdin: 'n' }), 'r', 'b', {})).rejects.toThrow(
      'nothing was done',
    );
    expect(await rerun(createFakeIo(dir, { isTTY: true, stdin: 'y' }), 'r', 'b', {})).toBe(5);
    expect(await rerun(createFakeIo(dir), 'r', 'b', { yes: true, quiet: true })).toBe(5);
  });
});

describe('skip, complete, edit', () => {
  test('of a run that nobody drives', async () => {
    const dir = await failedAtB();
    expect(await complete(createFakeIo(dir), 'r', 'b', [], { input: '"given"' })).toBe(5);
    expect(await edit(createFakeIo(dir), 'r', { state: '{"n":7}', output: ['a={"text":"x"}'] })).toBe(5);
    await expect(edit(createFakeIo(dir), 'r', {})).rejects.toThrow(/nothing to edit/);
    await expect(edit(createFakeIo(dir), 'r', { state: '[]' })).rejects.toThrow(/expected a JSON object/);
    await expect(edit(createFakeIo(dir), 'r', { output: ['a'] })).rejects.toThrow(/expected step=JSON/);
    await expect(complete(createFakeIo(dir), 'r', 'h', ['decision=no'], {})).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
    const io = createFakeIo(dir);
    expect(await complete(io, 'r', 'h', ['decision=approve'], {})).toBe(0);
    expect(io.stdoutText()).toBe('given 7 approve\n');
    await expect(skip(createFakeIo(dir), 'r', 'h', {})).rejects.toThrow(/completed already/);
  });

  test('of a run that another process drives are left for it, and taken', async () => {
    const dir = await waiting();
    await using engine = await createEngine({ ...(await loadWorkflows(dir, { env: {} })), logger: silentLogger });
    const io = createFakeIo(dir);
    expect(await complete(io, 'r', 'h', ['decision=reject'], { json: true })).toBe(0);
    expect(JSON.parse(io.stdoutText())).toMatchObject({ type: 'left', runId: 'r', isTaken: true });
    expect(await engine.run('r').result()).toBe('from a b 1 reject');
  });
});

describe('fork', () => {
  test('says what it would repeat, and makes a run of its own', async () => {
    const dir = await waiting();
    const io = createFakeIo(dir);
    await expect(fork(io, 'r', { at: 'b' })).rejects.toThrow(/say --yes/);
    expect(io.stderrText()).toContain('A new run would go on after event 2 of run r\n');
    expect(io.stderrText()).toContain('  b  (transform, 2 attempts so far)');
    const flags = { at: '2', yes: true, runId: 'f', state: '{"n":2}', output: ['a={"text":"other"}'] };
    expect(await fork(createFakeIo(dir), 'r', flags)).toBe(5);
    const done = createFakeIo(dir);
    expect(await complete(done, 'f', 'h', ['decision=reject'], {})).toBe(0);
    expect(done.stdoutText()).toBe('other b 2 reject\n');
  });
});

describe('migrate', () => {
  const changed = (): string =>
    code
      .replace("createWorkflow('flow')", "createWorkflow('flow', { version: '2' })")
      .replaceAll("'h'", "'ask'")
      .replaceAll('.h.', '.ask.');

  test('tells which runs can move, then moves them', async () => {
    const dir = await waiting();
    // Another file: this process has read the first one.
    writeFileSync(join(dir, 'next.mjs'), changed());
    const file = 'next.mjs';
    const trial = createFakeIo(dir);
    expect(await migrate(trial, 'flow', { file, dryRun: true })).toBe(1);
    expect(trial.stdoutText()).toContain("step 'h' is running, and there is no such step any more");
    expect(trial.stderrText()).toBe('flow, to version 2: 0 runs can move, 1 cannot\n');
    expect(await migrate(createFakeIo(dir), 'flow', { file, dryRun: true, rename: ['h=ask'] })).toBe(0);
    await expect(migrate(createFakeIo(dir), 'flow', { file, rename: ['h'] })).rejects.toThrow(/expected old=new/);
    const io = createFakeIo(dir);
    expect(await migrate(io, 'flow', { file, rename: ['h=ask'], json: true })).toBe(0);
    expect(JSON.parse(io.stdoutText())).toMatchObject({ moved: 1, runs: [{ runId: 'r', problems: [] }] });
    const done = createFakeIo(dir);
    expect(await complete(done, 'r', 'ask', ['decision=approve'], { file })).toBe(0);
    expect(done.stdoutText()).toBe('from a b 1 approve\n');
  });
});

test('query tells where a run is and what can happen next', async () => {
  const dir = await waiting();
  const io = createFakeIo(dir);
  expect(await query(io, 'flow', {})).toBe(0);
  expect(io.stdoutText()).toMatch(/human +h +r:h:1/);
  const asJson = createFakeIo(dir);
  await query(asJson, 'r', { json: true });
  const told = JSON.parse(asJson.stdoutText()) as { readonly next: readonly unknown[] };
  expect(told).toMatchObject({
    status: 'running',
    state: { n: 1 },
    waitingFor: [{ for: 'human', id: 'r:h:1', until: null }],
  });
  expect(told.next).toContainEqual({ type: 'answer', id: 'r:h:1', step: 'h' });
  expect(told.next).toContainEqual({ type: 'control', id: 'skip', step: 'h' });
});

test('break stops a run at a step, and is listed and removed', async () => {
  const dir = folder();
  mend(dir);
  expect(await run(createFakeIo(dir), 'flow', [], { runId: 'r', break: ['b'], quiet: true })).toBe(0);
  const listed = createFakeIo(dir);
  expect(await breakAt(listed, 'r', undefined, {})).toBe(0);
  expect(listed.stdoutText()).toBe('before b\n');
  expect(await breakAt(createFakeIo(dir), 'r', 'b', { remove: true })).toBe(0);
  expect(await breakAt(createFakeIo(dir), 'r', 'b', { after: true, by: 'ann' })).toBe(0);
  const io = createFakeIo(dir);
  expect(await query(io, 'r', {})).toBe(0);
  expect(io.stdoutText()).toContain("paused breakpoint: before step 'b'\nbreakpoints after b\n");
  expect(await resume(createFakeIo(dir), 'r', { timeout: '20s', quiet: true })).toBe(0);
  const shown = createFakeIo(dir);
  await events(shown, 'r', {});
  expect(shown.stdoutText()).toMatch(/breakpoint\.set +after b +by ann/);
});
