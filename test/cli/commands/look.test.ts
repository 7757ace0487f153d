import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { logs } from '../../../src/cli/commands/logs.ts';
import { run } from '../../../src/cli/commands/run.ts';
import { status } from '../../../src/cli/commands/status.ts';
import { createEngine } from '../../../src/engine/create-engine.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { loadWorkflows } from '../../../src/project/project.ts';
import { addFiles, folderWith, helloYaml } from '../../project/folder.ts';
import { startAgent } from '../agents.ts';
import { createFakeIo } from '../fake-io.ts';
import { Screen } from '../view/screen.ts';

const title = helloYaml.replace('  - id: hello\n', '  - id: hello\n    name: Say hello\n');

/** A folder whose store holds the run `r` of `hello`. */
async function folderWithRun(yaml = title, flags = {}): Promise<string> {
  const dir = folderWith({ 'workflows.yaml': yaml });
  await run(createFakeIo(dir), 'hello', ['name=Kim'], { quiet: true, runId: 'r', ...flags });
  return dir;
}

const waiting = 'id: w\nsteps:\n  - { id: a, type: wait, duration: 1h }\n';

async function engineWith(dir: string): Promise<Engine> {
  return createEngine(await loadWorkflows(dir, { env: {} }));
}

describe('status', () => {
  test.each(['r', 'hello', 'Say hello'])('of %s shows how the run stands', async (wanted) => {
    const dir = await folderWithRun(title, { tag: ['a', 'b'] });
    const io = createFakeIo(dir);
    expect(await status(io, wanted, {})).toBe(0);
    expect(
      io
        .stdoutText()
        .replaceAll(/\d+ms/g, 'Nms')
        .replaceAll(/\d{4}-.{14}/g, 'TIME'),
    ).toBe(
      [
        'hello  run r  Nms',
        '└ ✔ greet  transform  Nms',
        'status  completed',
        'started TIME, ended TIME after Nms, version 1',
        'tags    a, b',
        'input   {"name":"Kim"}',
        'output  Hello Kim',
        '',
      ].join('\n'),
    );
  });

  test('needs no code of the project', async () => {
    const dir = await folderWithRun();
    addFiles(dir, { 'workflows.yaml': 'broken: [' });
    expect(await status(createFakeIo(dir), 'r', {})).toBe(0);
  });

  test('with --json gives the run, its input and its steps', async () => {
    const io = createFakeIo(await folderWithRun());
    expect(await status(io, 'hello', { json: true })).toBe(0);
    expect(JSON.parse(io.stdoutText())).toMatchObject({
      run: { id: 'r', workflow: 'hello', status: 'completed', output: 'Hello Kim' },
      input: { name: 'Kim' },
      isDriven: false,
      steps: [{ id: 'greet', type: 'transform', parent: null, status: 'completed', visit: 1, attempt: 1 }],
    });
  });

  test('of a run under way tells who drives it, of an interrupted one how to go on', async () => {
    const dir = folderWith({ 'workflows.yaml': waiting });
    const engine = await engineWith(dir);
    await engine.start('w', {}, { runId: 'r' });
    const driven = createFakeIo(dir);
    await status(driven, 'w', {});
    expect(driven.stdoutText()).toMatch(/^status {2}running, waiting for its time$/m);
    await engine.close();
    const interrupted = createFakeIo(dir);
    expect(await status(interrupted, 'w', { exitStatus: true })).toBe(0);
    expect(interrupted.stdoutText()).toMatch(
      /^status {2}interrupted, .*: nobody drives it; go on with it: dank-workflow resume r$/m,
    );
  });

  test('of a failed run tells why, with its code when that is asked for', async () => {
    const yaml = 'id: hello\nsteps:\n  - { id: a, type: transform, template: "{{workflow.input.gone.too}}!" }\n';
    const dir = await folderWithRun(yaml);
    const io = createFakeIo(dir);
    expect(await status(io, 'r', { exitStatus: true })).toBe(1);
    expect(io.stdoutText()).toMatch(/^error {3}.*gone.*\(TEMPLATE_FAILED\)$/m);
    expect(await status(createFakeIo(dir), 'r', {})).toBe(0);
  });

  test('--watch follows a run of another engine to its end', async () => {
    const gate = Promise.withResolvers<void>();
    const agent = await startAgent(async () => {
      await gate.promise;
      return 'done';
    });
    const dir = folderWith({
      'workflows.yaml': `id: w\nsteps:\n  - { id: a, type: agent, agentId: '${agent.url}', input: { prompt: x } }\n  - { id: each, type: loop, items: [1, 2], steps: [{ id: t, type: transform, template: x }] }\n`,
    });
    const engine = await engineWith(dir);
    await engine.start('w', {}, { runId: 'r' });
    await agent.asked(1);
    const io = createFakeIo(dir, { isTTY: true, columns: 60 });
    const json = createFakeIo(dir);
    const watching = [status(io, 'r', { watch: true }), status(json, 'r', { watch: true, json: true })];
    gate.resolve();
    expect(await Promise.all(watching)).toEqual([0, 0]);
    const screen = new Screen(60, 30);
    screen.write(io.stderrText());
    expect(screen.lines.slice(1, 4).map((line) => line.replaceAll(/\d+ms|\d\.\ds/g, 'N'))).toEqual([
      '├ ✔ a     agent ' + agent.url + '  N',
      '└ ✔ each  loop  N  2 rounds done',
      'status  completed',
    ]);
    const lines = json.stdoutText().trim().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ run: { status: 'completed' } });
    await engine.close();
  });

  test('--watch ends with Ctrl-C and leaves the run alone', async () => {
    const dir = folderWith({ 'workflows.yaml': waiting });
    const engine = await engineWith(dir);
    const started = await engine.start('w', {}, { runId: 'r' });
    const io = createFakeIo(dir);
    const watching = status(io, 'r', { watch: true });
    await io.wrote('a  started');
    io.signal('SIGINT');
    expect(await watching).toBe(130);
    expect(started.status().status).toBe('running');
    await engine.close();
  });
});

describe('logs', () => {
  const lines = (text: string): readonly string[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) =>
        line
          .replaceAll(/\d\d:\d\d:\d\d\.\d{3}/g, 'TIME')
          .replaceAll(/\d{4}-.{14}/g, 'DATE')
          .replaceAll(/ *\+\d+ms/g, ' +N')
          .replaceAll(/\d+ms/g, 'N'),
      );

  test('tell what happened, with outputs, from the beginning', async () => {
    const io = createFakeIo(await folderWithRun());
    expect(await logs(io, 'hello', {})).toBe(0);
    expect(lines(io.stdoutText())).toEqual([
      'hello version 1  run r  DATE',
      'input {"name":"Kim"}',
      'TIME +N  run started',
      'TIME +N  greet  started  transform',
      'TIME +N  greet  completed in N  Hello Kim',
      'TIME +N  run completed in N  Hello Kim',
    ]);
  });

  test('tell failures with what caused them, and cut what is long', async () => {
    const yaml = `id: hello
input: { type: object }
steps:
  - { id: long, type: transform, template: '${'long '.repeat(100)}' }
  - { id: ask, type: agent, agentId: 'http://127.0.0.1:9', input: { prompt: x }, retry: { maxAttempts: 1 } }
`;
    const io = createFakeIo(await folderWithRun(yaml), { isTTY: true, columns: 120 });
    await logs(io, 'r', {});
    const told = lines(io.stdoutText());
    expect(told.find((line) => line.includes('long  completed'))).toMatch(/ long…$|long long l?o?n?g?…$/);
    const failed = told.findIndex((line) => line.includes('ask  failed'));
    expect(told[failed]).toMatch(/ask {2}failed in N: .*could not reach.* \(AGENT_UNREACHABLE\)$/);
    expect(told[failed + 1]).toMatch(/^ {20,}caused by: /);
  });

  test('with --json give the run and its events', async () => {
    const io = createFakeIo(await folderWithRun());
    expect(await logs(io, 'r', { json: true })).toBe(0);
    const told = JSON.parse(io.stdoutText()) as { run: object; events: { type: string }[] };
    expect(told).toMatchObject({ run: { id: 'r' }, input: { name: 'Kim' } });
    expect(told.events.map(({ type }) => type)).toEqual([
      'run.started',
      'step.started',
      'step.completed',
      'run.completed',
    ]);
  });

  test('--follow goes on until the run has ended', async () => {
    const gate = Promise.withResolvers<void>();
    const agent = await startAgent(async () => {
      await gate.promise;
      return 'done';
    });
    const dir = folderWith({
      'workflows.yaml': `id: w\nsteps:\n  - { id: a, type: agent, agentId: '${agent.url}', input: { prompt: x } }\n`,
    });
    const engine = await engineWith(dir);
    await engine.start('w', {}, { runId: 'r' });
    await agent.asked(1);
    const io = createFakeIo(dir);
    const json = createFakeIo(dir);
    const following = [logs(io, 'r', { follow: true }), logs(json, 'r', { follow: true, json: true })];
    await io.wrote('a  started');
    gate.resolve();
    expect(await Promise.all(following)).toEqual([0, 0]);
    expect(io.stdoutText()).toMatch(/run completed in .* {2}done\n$/);
    expect(
      json
        .stdoutText()
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { type: string }).type),
    ).toEqual(['run.started', 'step.started', 'step.completed', 'run.completed']);
    await engine.close();
  });

  test('--follow says when nobody drives the run, and ends with Ctrl-C', async () => {
    const dir = folderWith({ 'workflows.yaml': waiting });
    const engine = await engineWith(dir);
    await engine.start('w', {}, { runId: 'r' });
    await engine.close();
    const io = createFakeIo(dir);
    let now = 0;
    const clock = { now: () => (now += 3_000), schedule: io.clock.schedule };
    const following = logs(
      {
        ...io,
        clock,
        err: (text) => {
          io.err(text);
          io.signal('SIGINT');
        },
      },
      'r',
      { follow: true },
    );
    expect(await following).toBe(130);
    expect(io.stderrText()).toBe('nobody drives this run now; go on with it: dank-workflow resume r\n');
  });
});

describe('what is looked for', () => {
  test.each([
    ['../../etc/passwd', /no run has the id '\.\.\/\.\.\/etc\/passwd'.*the store holds runs of hello/],
    ['helo', /did you mean 'hello'\?/],
  ])('%s is not there', async (wanted, message) => {
    const dir = await folderWithRun();
    for (const look of [status, logs]) {
      await expect(look(createFakeIo(dir), wanted, {})).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: expect.stringMatching(message) as string,
      });
    }
  });

  test('a store that is not there is told of', async () => {
    const io = createFakeIo(folderWith({}));
    await expect(logs(io, 'r', {})).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `there is no store ${join(io.cwd, '.dank/workflows.db')}; the first run makes it`,
    });
    await expect(logs(io, 'r', { store: 'x.db' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('a file that is no store is left alone', async () => {
    const io = createFakeIo(folderWith({ 'x.db': 'this is no database, but a text of some length' }));
    await expect(logs(io, 'r', { store: 'x.db' })).rejects.toMatchObject({ code: 'STORE_INVALID' });
  });

  test('is found in the store that the project names, and in another folder', async () => {
    const dir = folderWith({
      'workflows.mjs': `export default { store: 'data.db', workflows: [{ id: 'hello', steps: [{ id: 'a', type: 'wait', duration: 1 }] }] };`,
    });
    const ran = createFakeIo(dir);
    await run(ran, 'hello', [], { runId: 'r' });
    expect(ran.stderrText()).toContain('dank-workflow logs r --store data.db\n');
    expect(await status(createFakeIo(dir), 'r', {})).toBe(0);
    expect(await status(createFakeIo('/'), 'hello', { file: dir })).toBe(0);
    expect(await status(createFakeIo('/'), 'hello', { file: join(dir, 'workflows.mjs') })).toBe(0);
    await expect(status(createFakeIo(dir), 'nobody', {})).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('rounds of a loop are found by their id', async () => {
    const dir = await folderWithRun(
      'id: hello\nsteps:\n  - { id: each, type: loop, items: [1, 2], steps: [{ id: t, type: transform, template: x }] }\n',
    );
    const io = createFakeIo(dir);
    expect(await logs(io, 'r/each:1/0', {})).toBe(0);
    expect(io.stdoutText()).toContain('t  completed');
  });
});
