import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { resume } from '../../../src/cli/commands/resume.ts';
import { run } from '../../../src/cli/commands/run.ts';
import { status } from '../../../src/cli/commands/status.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { createEngine } from '../../../src/engine/create-engine.ts';
import { loadWorkflows } from '../../../src/project/project.ts';
import { folderWith, helloYaml } from '../../project/folder.ts';
import { startAgent } from '../agents.ts';
import { createFakeIo } from '../fake-io.ts';
import { Screen } from '../view/screen.ts';

const agentYaml = `id: ask
steps:
  - { id: first, type: agent, agentId: helper, input: { prompt: 'first' } }
  - { id: second, type: agent, agentId: helper, input: { prompt: 'second' }, retry: { maxAttempts: 3, delay: 1 } }
  - { id: each, type: loop, items: [1, 2, 3], steps: [{ id: one, type: transform, template: '{{loop.item}}' }] }
output: { answer: '{{steps.second.output}}', each: '{{steps.each.output}}' }
`;

const configured = `export const agents = [
  { name: 'helper', url: 'http://127.0.0.1:1' },
  { name: 'other', id: '550e8400-e29b-41d4-a716-446655440000', url: 'http://127.0.0.1:1' },
];`;

const jsonLines = (text: string): readonly Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('run', () => {
  test('tells every step with its attempts and times, then gives the output', async () => {
    const agent = await startAgent((prompt, count) => {
      if (count === 2) throw new Error('overloaded');
      return `re: ${prompt}`;
    });
    const io = createFakeIo(folderWith({ 'workflows.yaml': agentYaml }));
    expect(await run(io, 'ask', [], { agent: [`helper=${agent.url}`], runId: 'r-1', tag: ['a'] })).toBe(0);
    expect(JSON.parse(io.stdoutText())).toEqual({ answer: 're: second', each: [1, 2, 3] });
    const told = io.stderrText().replaceAll(/^\d\d:\d\d:\d\d\.\d{3} {2}/gm, '');
    expect(told).toMatch(/^first {2}completed in \d+ms$/m);
    expect(told).toMatch(/^second {2}attempt 1 failed: .*500.*overloaded.* \(AGENT_ERROR\); again in 1ms$/m);
    expect(told).toMatch(/^second {2}completed in \d+ms, 2 attempts$/m);
    expect(told).toMatch(/^completed in .*\nLook at it again: dank-workflow logs r-1\n$/m);
  });

  test('refuses addresses of agents that nobody asks for: a slip would leave the right one where it is', async () => {
    const io = createFakeIo(folderWith({ 'workflows.yaml': agentYaml, 'dank.config.mjs': configured }));
    await expect(run(io, 'ask', [], { agent: ['hepler=http://127.0.0.1:1'] })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      message: "--agent hepler=...: no workflow of this project asks for an agent 'hepler'; did you mean 'helper'?",
    });
    await expect(run(io, 'ask', [], { agent: ['x=http://127.0.0.1:1'] })).rejects.toThrow('; they ask for helper');
    // What the configuration knows may be meant for other workflows.
    const agent = await startAgent(() => 'yes');
    for (const name of ['other', '550e8400-e29b-41d4-a716-446655440000'])
      expect(await run(io, 'ask', [], { agent: [`helper=${agent.url}`, `${name}=http://127.0.0.1:1`] })).toBe(0);
  });

  test('draws a tree on a terminal, and leaves it whole', async () => {
    const agent = await startAgent((prompt) => `re: ${prompt}`);
    const io = createFakeIo(folderWith({ 'workflows.yaml': agentYaml }), { isTTY: true, columns: 70 });
    expect(await run(io, 'ask', [], { agent: [`helper=${agent.url}`], runId: 'r-1' })).toBe(0);
    const screen = new Screen(70, 30);
    screen.write(io.stderrText());
    expect(screen.lines.map((line) => line.replaceAll(/\d+ms/g, 'Nms'))).toEqual([
      'ask  run r-1  Nms',
      '├ ✔ first   agent helper  Nms',
      '├ ✔ second  agent helper  Nms',
      '└ ✔ each    loop  Nms  3 rounds done',
      'completed in Nms',
      'Look at it again: dank-workflow logs r-1',
    ]);
    expect(screen.isCursorShown).toBe(true);
  });

  test('with --json writes events and the result, one per line', async () => {
    const io = createFakeIo(folderWith({ 'workflows.yaml': helloYaml }));
    expect(await run(io, 'hello', ['name=Kim'], { json: true })).toBe(0);
    const lines = jsonLines(io.stdoutText());
    expect(lines.map(({ type }) => type)).toEqual([
      'run.started',
      'step.started',
      'step.completed',
      'run.completed',
      'result',
    ]);
    expect(lines.at(-1)).toMatchObject({ workflow: 'hello', status: 'completed', output: 'Hello Kim', exitCode: 0 });
    expect(io.stderrText()).toBe('');
  });

  test('with --quiet writes the output only, texts as they are', async () => {
    const io = createFakeIo(folderWith({ 'workflows.yaml': helloYaml }));
    expect(await run(io, 'hello', ['name="Kim\u001b[2J"'], { quiet: true, store: ':memory:' })).toBe(0);
    expect(io.stdoutText()).toBe('Hello "Kim\u001b[2J"\n');
    expect(io.stderrText()).toBe('');
    expect(existsSync(join(io.cwd, '.dank'))).toBe(false);
  });

  test('takes what would steer a terminal out of an output that is shown on one', async () => {
    const io = createFakeIo(folderWith({ 'workflows.yaml': helloYaml }), { isTTY: true });
    await run(io, 'hello', ['name=Kim\u001b[2J'], { quiet: true, store: ':memory:' });
    expect(io.stdoutText()).toBe('Hello Kim\n');
  });

  test('tells a failure with what caused it, and what can be mended with code 4', async () => {
    const io = createFakeIo(folderWith({ 'workflows.yaml': agentYaml }));
    expect(await run(io, 'ask', [], { agent: ['helper=http://127.0.0.1:9'], quiet: true })).toBe(4);
    expect(io.stderrText()).toMatch(
      /^failed in .*: .*could not reach http:\/\/127\.0\.0\.1:9\/prompt.* \(AGENT_UNREACHABLE\)\n {2}caused by: /,
    );
    expect(io.stdoutText()).toBe('');
    const json = createFakeIo(io.cwd);
    expect(await run(json, 'ask', [], { agent: ['helper=http://127.0.0.1:9'], json: true, quiet: true })).toBe(4);
    expect(jsonLines(json.stdoutText())).toMatchObject([
      { type: 'result', status: 'failed', error: { code: 'AGENT_UNREACHABLE' }, exitCode: 4 },
    ]);
  });

  test('allows hosts that are named, and no others', async () => {
    const service = await startAgent(() => 'ok');
    const yaml = `id: call\nsteps:\n  - { id: a, type: http, method: POST, url: '${service.url}/', body: { prompt: x }, retry: { maxAttempts: 1 } }\n`;
    const io = createFakeIo(folderWith({ 'workflows.yaml': yaml }));
    expect(await run(io, 'call', [], { quiet: true })).toBe(1);
    expect(io.stderrText()).toContain('ADDRESS_BLOCKED');
    expect(await run(io, 'call', [], { quiet: true, allowHost: [new URL(service.url).host] })).toBe(0);
  });

  test('of a cancelled run says so with code 6', async () => {
    const dir = folderWith({ 'workflows.yaml': 'id: w\nsteps:\n  - { id: a, type: wait, duration: 1h }\n' });
    const engine = await createEngine(await loadWorkflows(dir, { env: {} }));
    const started = await engine.start('w', {}, { runId: 'r' });
    await started.cancel({ by: 'kim' });
    await engine.close();
    const io = createFakeIo(dir);
    expect(await run(io, 'w', [], { runId: 'r' })).toBe(6);
    expect(io.stderrText()).toMatch(/^cancelled in /m);
  });

  test('names what does not fit before anything is stored', async () => {
    const io = createFakeIo(folderWith({ 'workflows.yaml': helloYaml }));
    await expect(run(io, 'helo', [], {})).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining("did you mean 'hello'") as string,
    });
    await expect(run(io, 'hello', [], { timeout: 'soon' })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await expect(run(io, 'hello', [], { agent: ['helper'] })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await expect(run(io, 'hello', [], { agent: ['helper=nowhere'] })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
    expect(existsSync(join(io.cwd, '.dank'))).toBe(false);
  });

  test('says that it reads the terminal', async () => {
    const io = createFakeIo(folderWith({ 'workflows.yaml': helloYaml }), { isTTY: true, stdin: '{"name":"Kim"}' });
    expect(await run(io, 'hello', [], { input: '-', quiet: true, store: ':memory:' })).toBe(0);
    expect(io.stderrText()).toContain('end it with Ctrl-D');
    expect(io.stdoutText()).toBe('Hello Kim\n');
  });
});

describe('a run that is interrupted', () => {
  const slow = `id: slow
steps:
  - { id: first, type: agent, agentId: helper, input: { prompt: first } }
  - { id: second, type: agent, agentId: helper, input: { prompt: second } }
output: '{{steps.first.output}} {{steps.second.output}}'
`;

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s stays as it is, and resume goes on with it', async (signal, code) => {
    const gate = Promise.withResolvers<void>();
    const agent = await startAgent(async (prompt, count) => {
      if (count === 2) await gate.promise;
      return `re: ${prompt}`;
    });
    const flags = { agent: [`helper=${agent.url}`] };
    const io = createFakeIo(folderWith({ 'workflows.yaml': slow }));
    const running = run(io, 'slow', [], { ...flags, runId: 'r', file: 'workflows.yaml' });
    await agent.asked(2);
    io.signal(signal);
    expect(await running).toBe(code);
    expect(io.stderrText()).toMatch(
      new RegExp(`stopped by ${signal}; .*: dank-workflow resume r --file workflows.yaml\\n$`),
    );
    gate.resolve();

    const again = createFakeIo(io.cwd);
    expect(await resume(again, 'r', flags)).toBe(0);
    expect(again.stdoutText()).toBe('re: first re: second\n');
    expect(agent.prompts).toEqual(['first', 'second', 'second']);
    expect(await resume(createFakeIo(io.cwd), 'r', flags)).toBe(0);
    expect(agent.prompts).toHaveLength(3);
  });

  test('by a second signal ends at once', async () => {
    const agent = await startAgent(() => new Promise(() => undefined));
    const io = createFakeIo(folderWith({ 'workflows.yaml': slow }));
    const running = run(io, 'slow', [], { agent: [`helper=${agent.url}`], json: true });
    await agent.asked(1);
    io.signal('SIGINT');
    expect(() => io.signal('SIGINT')).toThrow('exit 130');
    expect(await running).toBe(130);
    expect(jsonLines(io.stdoutText()).at(-1)).toMatchObject({
      type: 'result',
      status: 'running',
      stoppedBy: 'SIGINT',
      exitCode: 130,
    });
  });

  test('by its --timeout can be resumed, with a name for its store', async () => {
    const agent = await startAgent((prompt, count) => (count === 1 ? new Promise(() => undefined) : `re: ${prompt}`));
    const io = createFakeIo(folderWith({ 'workflows.yaml': slow }));
    const flags = { agent: [`helper=${agent.url}`], store: 'my runs.db' };
    expect(await run(io, 'slow', [], { ...flags, timeout: '50ms', runId: 'r' })).toBe(124);
    expect(io.stderrText()).toContain(
      "stopped after 50ms; the run has not ended. Go on with it: dank-workflow resume r --store 'my runs.db'",
    );
    const again = createFakeIo(io.cwd);
    expect(await run(again, 'slow', [], { ...flags, runId: 'r' })).toBe(0);
    expect(again.stderrText()).toMatch(
      /^run 'r' was begun before; this goes on with it, and repeats nothing that was completed\n/,
    );
    const after = createFakeIo(io.cwd);
    expect(await run(after, 'slow', [], { ...flags, runId: 'r' })).toBe(0);
    expect(after.stderrText()).toMatch(/^run 'r' is completed already; this is how it went\n/);
  });

  test('is not touched by a command that is about another run', async () => {
    const dir = folderWith({ 'workflows.yaml': 'id: w\nsteps:\n  - { id: a, type: wait, duration: 1h }\n' });
    for (const runId of ['one', 'two'])
      expect(await run(createFakeIo(dir), 'w', [], { runId, timeout: '20ms' })).toBe(124);
    expect(await resume(createFakeIo(dir), 'one', { timeout: '20ms' })).toBe(124);
    const store = openSqliteStore(join(dir, '.dank/workflows.db'), { readOnly: true });
    expect([store.lastSeq('one'), store.lastSeq('two')]).toEqual([1, 1]);
    store.close();
  });
});

describe('a run that waits for a person', () => {
  const yaml = `id: ask
steps:
  - id: both
    type: parallel
    steps:
      - { id: approve, type: human, title: 'Go on?', timeout: 1h }
      - { id: other, type: agent, agentId: helper, input: { prompt: other } }
`;

  test('is left when nothing else goes on, with code 5', async () => {
    const agent = await startAgent((prompt) => prompt);
    const io = createFakeIo(folderWith({ 'workflows.yaml': yaml }));
    expect(await run(io, 'ask', [], { agent: [`helper=${agent.url}`], runId: 'r' })).toBe(5);
    expect(io.stderrText()).toMatch(/approve {2}waits for a person$/m);
    expect(io.stderrText()).toMatch(/other {2}completed/);
    expect(io.stderrText()).toMatch(
      /waiting for a person; once that is answered, go on with it: dank-workflow resume r\n$/,
    );
    const json = createFakeIo(io.cwd);
    expect(await resume(json, 'r', { agent: [`helper=${agent.url}`], json: true, quiet: true })).toBe(5);
    expect(jsonLines(json.stdoutText())).toMatchObject([
      { type: 'result', status: 'running', stoppedBy: 'person', exitCode: 5 },
    ]);
    expect(agent.prompts).toEqual(['other']);
    const stands = createFakeIo(io.cwd);
    expect(await status(stands, 'r', { exitStatus: true })).toBe(5);
    expect(stands.stdoutText()).toMatch(/^status {2}waiting for a person; once that is answered/m);
  });
});

describe('resume', () => {
  test('names what is not there', async () => {
    const io = createFakeIo(folderWith({ 'workflows.yaml': helloYaml }));
    await expect(resume(io, 'r', {})).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('there is no store') as string,
    });
    await expect(resume(io, 'r', { store: ':memory:' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await run(io, 'hello', ['name=x'], { quiet: true });
    await expect(resume(io, 'r', {})).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining("no run has the id 'r'") as string,
    });
  });

  test('leaves a run to the process that drives it', async () => {
    const dir = folderWith({ 'workflows.yaml': 'id: w\nsteps:\n  - { id: a, type: wait, duration: 1h }\n' });
    const engine = await createEngine(await loadWorkflows(dir, { env: {} }));
    await engine.start('w', {}, { runId: 'r' });
    await expect(resume(createFakeIo(dir), 'r', {})).rejects.toMatchObject({
      code: 'CONFLICT',
      message: "run 'r' is being run by another process; look at it with: dank-workflow logs r --follow",
    });
    await engine.close();
  });
});
