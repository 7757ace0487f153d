import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { addFiles, folderWith, helloYaml } from '../../project/folder.ts';
import { startAgent } from '../agents.ts';
import { assertBuilt, cli, start, bin, root } from './cli.ts';

beforeAll(assertBuilt);

const project = (): string => folderWith({ 'workflows.yaml': helloYaml });

describe('wrong usage', () => {
  test.each([
    ['CLI-001 an unknown workflow', ['run', 'nope'], 3, [/unknown workflow 'nope'/, /hello/]],
    [
      'CLI-003 an input file that is not there',
      ['run', 'hello', '--input', '@/does/not/exist.json'],
      2,
      [/\/does\/not\/exist\.json/],
    ],
    ['CLI-007 a path in the place of a run', ['logs', '../../etc/passwd'], 3, [/store|run id/]],
    ['an unknown command', ['rnu', 'hello'], 2, [/unknown command 'rnu'/, /Did you mean run\?/]],
    ['an unknown option', ['run', 'hello', '--inptu', '{}'], 2, [/unknown option '--inptu'/, /Did you mean --input\?/]],
    ['a workflow with a slip', ['run', 'helo'], 3, [/did you mean 'hello'\?/]],
    ['a missing argument', ['run'], 2, [/missing required argument 'name'/]],
    ['too many arguments', ['list', 'more'], 2, [/too many arguments/]],
    ['no command', [], 2, [/Usage: dank-workflow/]],
    ['an input that is no JSON', ['run', 'hello', '--input', '{oops}'], 2, [/--input is not JSON/, /\^/]],
    ['a file that is not there', ['validate', 'gone.yaml'], 3, [/there is no file or folder .*gone\.yaml/]],
    [
      'a store that cannot be',
      ['run', 'hello', 'name=x', '--store', '/does/not/exist/x.db'],
      4,
      [/\/does\/not does not exist|\/does\/not\/exist/],
    ],
    [
      'STO-001 a text file in the place of the store',
      ['run', 'hello', 'name=x', '--store', 'workflows.yaml'],
      4,
      [/workflows\.yaml/, /not a (SQLite )?database/i],
    ],
    ['a run id that cannot be', ['run', 'hello', 'name=x', '--run-id', '../x'], 2, [/'\.\.\/x' cannot be a run id/]],
  ])('%s: exit code and a message without a stack', async (_, args, code, mentions) => {
    const ended = await cli(args, { cwd: project() }).ended;
    expect(ended.code).toBe(code);
    for (const each of mentions) expect(ended.stderr).toMatch(each);
    expect(ended.stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
    expect(ended.stdout).toBe('');
  });

  test('with --json is told on stdout as well', async () => {
    for (const args of [
      ['run', 'nope', '--json'],
      ['run', '--jsn', '--json'],
    ]) {
      const { stdout, code } = await cli(args, { cwd: project() }).ended;
      expect(JSON.parse(stdout)).toMatchObject({
        type: 'error',
        exitCode: code,
        error: { code: expect.any(String) as string },
      });
    }
  });

  test('shows its stack with DANK_DEBUG=1', async () => {
    const { stderr } = await cli(['run', 'nope'], { cwd: project(), env: { DANK_DEBUG: '1' } }).ended;
    expect(stderr).toMatch(/^\s+at findWorkflow .*:\d+:\d+\)$/m);
  });
});

describe('a command', () => {
  test('with --json leaves stdout to JSON, whatever the workflows print', async () => {
    const text = `import { createWorkflow } from 'dank-workflow';
      console.log('the file is loaded');
      export default createWorkflow('talk')
        .addStep('a', { type: 'transform', transform: () => { console.log('in a step'); process.stdout.write('half a line'); return 1; } })
        .onWorkflowComplete(() => console.info('over'));`;
    const cwd = folderWith({ 'workflows.mjs': text });
    for (const args of [
      ['run', 'talk', '--json'],
      ['list', '--json'],
      ['validate', '--json'],
    ]) {
      const ended = await cli(args, { cwd }).ended;
      expect(ended.code).toBe(0);
      expect(ended.stderr).toContain('the file is loaded');
      const documents = args[0] === 'run' ? ended.stdout.trim().split('\n') : [ended.stdout];
      for (const each of documents) expect(() => JSON.parse(each) as unknown).not.toThrow();
    }
  });

  test('leaves stdout to the output also without it', async () => {
    const text = `console.log('loaded');\nexport default { id: 'w', steps: [{ id: 'a', type: 'wait', duration: 1 }], output: 'done' };`;
    const ended = await cli(['run', 'w', '-q'], { cwd: folderWith({ 'workflows.mjs': text }) }).ended;
    expect(ended).toMatchObject({ code: 0, stdout: 'done\n', stderr: 'loaded\n' });
  });

  test('takes the input from stdin', async () => {
    const ended = await cli(['run', 'hello', '--input', '-', '--quiet'], { cwd: project(), stdin: '{"name":"Kim"}' })
      .ended;
    expect(ended).toMatchObject({ code: 0, stdout: 'Hello Kim\n', stderr: '' });
  });

  test.each([
    [{}, [], false],
    [{ FORCE_COLOR: '1' }, [], true],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, [], false],
    [{ FORCE_COLOR: '1' }, ['--no-color'], false],
  ])('with %j and %j: colours %s', async (env, flags, isColored) => {
    const { stdout } = await cli(['list', ...flags], { cwd: project(), env }).ended;
    expect(stdout.includes('\u001b[')).toBe(isColored);
  });

  test('does not fail when its reader leaves early', async () => {
    const cwd = project();
    await cli(['run', 'hello', 'name=x', '--run-id', 'r'], { cwd }).ended;
    const ended = await start(
      'sh',
      [
        '-c',
        `"${process.execPath}" "${bin}" logs r --json | head -c 5; "${process.execPath}" "${bin}" run hello name=x --json | true`,
      ],
      { cwd },
    ).ended;
    expect(ended).toMatchObject({ code: 0, stderr: '' });
  });

  test('ends when the run has, whatever the workflow file keeps open', async () => {
    const text = `setInterval(() => undefined, 1000);\nexport default { id: 'w', steps: [{ id: 'a', type: 'wait', duration: 1 }] };`;
    expect(await cli(['run', 'w', '--quiet'], { cwd: folderWith({ 'workflows.mjs': text }) }).ended).toMatchObject({
      code: 0,
    });
  });

  test('tells what code of the user throws when nobody waits for it in one paragraph', async () => {
    const text = `setTimeout(() => { throw new Error('out of the blue'); }, 20);\nexport default { id: 'w', steps: [{ id: 'a', type: 'wait', duration: '1m' }] };`;
    const ended = await cli(['run', 'w'], { cwd: folderWith({ 'workflows.mjs': text }) }).ended;
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/error: unexpected: out of the blue \(DANK_DEBUG=1 shows where it comes from\)\n$/);
  });

  test('reads variables from .env, which no message shows', async () => {
    const agent = await startAgent((prompt) => `re: ${prompt}`);
    const yaml = 'id: ask\nsteps:\n  - { id: a, type: agent, agentId: helper, input: { prompt: hi } }\n';
    const cwd = folderWith({ 'workflows.yaml': yaml, '.env': `DANK_AGENT_HELPER_URL=${agent.url}\nKEY=very-secret\n` });
    const ended = await cli(['run', 'ask'], { cwd }).ended;
    expect(ended).toMatchObject({ code: 0, stdout: 're: hi\n' });
    expect(ended.stdout + ended.stderr).not.toContain('very-secret');
  });

  test('says at once what is missing when a workflow file needs a package', async () => {
    const ended = await cli(['validate'], { cwd: folderWith({ 'workflows.mjs': "import 'has-gone-missing';" }) }).ended;
    expect(ended).toMatchObject({ code: 2 });
    expect(ended.stderr).toContain('npm install has-gone-missing');
  });
});

test('DANK_DEBUG=1 tells where a function of the author threw', async () => {
  const text = `function inner(data) {
  return data.value.x;
}
const { createWorkflow } = require(${JSON.stringify(join(root, 'dist/src/index.js'))});
module.exports = createWorkflow('w').addStep('a', { type: 'transform', transform: (data) => inner(data), retry: { maxAttempts: 1 } });
`;
  const cwd = folderWith({ 'workflows.cjs': text });
  const plain = await cli(['run', 'w'], { cwd }).ended;
  expect(plain).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('\nDANK_DEBUG=1 shows where it was thrown\n') as string,
  });
  const told = await cli(['run', 'w'], { cwd, env: { DANK_DEBUG: '1' } }).ended;
  expect(told.stderr).toContain(`a function threw in step 'a'\n  at inner (${join(cwd, 'workflows.cjs')}:2:15)\n`);
  expect(told.stderr).not.toMatch(/dist\/|shows where/);
});

describe('a new project', () => {
  test.each([[[]], [['--yaml']]])('made by init %j runs at once', async (flags) => {
    const cwd = folderWith({});
    expect(await cli(['init', '.', ...flags], { cwd }).ended).toMatchObject({ code: 0, stderr: '' });
    expect(await cli(['validate'], { cwd }).ended).toMatchObject({ code: 0, stderr: '' });
    const ran = await cli(['run', 'hello', 'name=Kim'], { cwd }).ended;
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({ greeting: 'Hello Kim! It is good to see you here.', words: 9 });
    expect(ran.stderr).toMatch(/keep-short {2}skipped \(not chosen\)/);
    expect(await cli(['logs', 'hello'], { cwd }).ended).toMatchObject({ code: 0, stderr: '' });
    const other = await cli(['run', 'hello', 'name=Kim of the house by the sea', '-q'], { cwd }).ended;
    expect(JSON.parse(other.stdout)).toMatchObject({ greeting: 'Hello!' });
    addFiles(cwd, { 'notes.txt': '' });
    expect(await cli(['run', 'hello', '-q'], { cwd }).ended).toMatchObject({
      stdout: expect.stringContaining('Hello World!') as string,
    });
  });

  const commonJs = '{ "name": "mine", "version": "1.0.0", "type": "commonjs" }';
  const theirs = `class Agent { constructor(name) { this.name = name; this.id = null; this.config = { docker: { port: 3000 } }; } }
module.exports = { name: 'mine', agents: [new Agent('prompt-agent')], AGENT_IDS: {} };`;

  test.each([
    ["in a package as 'npm init' makes it", { 'package.json': commonJs }, []],
    ["in a package as 'npm init' makes it, in YAML", { 'package.json': commonJs }, ['--yaml']],
    ['in a package that says nothing of its modules', { 'package.json': '{}' }, []],
    ['in a package of ES modules', { 'package.json': '{ "type": "module" }' }, []],
    ['beside the agents of a project', { 'package.json': commonJs, 'dank.config.js': theirs }, []],
    ['beside the agents of a folder without a package', { 'dank.config.cjs': theirs }, []],
  ])('%s runs at once, too', async (_, files, flags) => {
    const cwd = folderWith(files);
    expect(await cli(['init', '.', ...flags], { cwd }).ended).toMatchObject({ code: 0, stderr: '' });
    expect(await cli(['run', 'hello', 'name=Kim', '-q'], { cwd }).ended).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Hello Kim!') as string,
      stderr: '',
    });
    for (const [name, text] of Object.entries(files)) expect(readFileSync(join(cwd, name), 'utf8')).toBe(text);
  });
});
