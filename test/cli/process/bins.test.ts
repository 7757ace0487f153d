import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { beforeAll, describe, expect, test } from 'vitest';
import { addFiles, folderWith, helloYaml } from '../../project/folder.ts';
import { assertBuilt, bin, cli, root, start, type Process } from './cli.ts';

beforeAll(assertBuilt);

/** A package that is called dank-ai, and has a command `dank` that tells of its call. */
const standIn = {
  'node_modules/dank-ai/package.json': '{ "name": "dank-ai", "version": "1.0.50", "bin": { "dank": "bin/dank.js" } }',
  'node_modules/dank-ai/bin/dank.js': `#!/usr/bin/env node
const args = process.argv.slice(2);
if (args[0] === 'wait') {
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => { console.log('got ' + signal); process.exit(7); });
  setInterval(() => undefined, 1000);
  console.log('ready');
} else if (args[0] === 'die') {
  process.kill(process.pid, 'SIGKILL');
} else {
  console.log(JSON.stringify({ theirs: args, cwd: process.cwd() }));
  process.exitCode = args[0] === 'fail' ? 5 : 0;
}
`,
};

/** A project as npm lays it out, after one package was installed and then the other: the last one has the shim. */
function installed(shim: 'ours' | 'theirs' | 'alone'): string {
  const dir = folderWith({ 'workflows.yaml': helloYaml, ...(shim === 'alone' ? {} : standIn) });
  mkdirSync(join(dir, 'node_modules/.bin'), { recursive: true });
  symlinkSync(root, join(dir, 'node_modules/dank-workflow'));
  symlinkSync('../dank-workflow/bin/dank-workflow.js', join(dir, 'node_modules/.bin/dank-workflow'));
  symlinkSync(
    shim === 'theirs' ? '../dank-ai/bin/dank.js' : '../dank-workflow/bin/dank.js',
    join(dir, 'node_modules/.bin/dank'),
  );
  if (shim !== 'alone') chmodSync(join(dir, 'node_modules/dank-ai/bin/dank.js'), 0o755);
  return dir;
}

function call(dir: string, name: string, ...args: readonly string[]): Process {
  return start(process.execPath, [join(dir, 'node_modules/.bin', name), ...args], { cwd: dir });
}

describe('dank, when ours has the shim', () => {
  test('runs workflows itself, under that name', async () => {
    const dir = installed('ours');
    const ended = await call(dir, 'dank', 'workflow', 'run', 'hello', 'name=Kim', '--run-id', 'r').ended;
    expect(ended).toMatchObject({ code: 0, stdout: 'Hello Kim\n' });
    expect(ended.stderr).toContain('dank workflow logs r');
    expect((await call(dir, 'dank', 'workflow', '--help').ended).stdout).toContain('Usage: dank workflow');
    expect(await call(dir, 'dank', 'workflow', 'rnu').ended).toMatchObject({ code: 2 });
  });

  test('hands everything else on to dank-ai, with its exit code', async () => {
    const dir = installed('ours');
    const ended = await call(dir, 'dank', 'run', '--config', 'a b.js').ended;
    expect(JSON.parse(ended.stdout)).toEqual({ theirs: ['run', '--config', 'a b.js'], cwd: dir });
    expect(JSON.parse((await call(dir, 'dank').ended).stdout)).toMatchObject({ theirs: [] });
    expect(JSON.parse((await call(dir, 'dank', '--help').ended).stdout)).toMatchObject({ theirs: ['--help'] });
    expect(await call(dir, 'dank', 'fail').ended).toMatchObject({ code: 5 });
  });

  test('hands signals on, and dies as dank-ai does', async () => {
    const dir = installed('ours');
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const waiting = call(dir, 'dank', 'wait');
      await waiting.wrote('ready');
      waiting.child.kill(signal);
      expect(await waiting.ended).toMatchObject({ code: 7, stdout: `ready\ngot ${signal}\n` });
    }
    expect(await call(dir, 'dank', 'die').ended).toMatchObject({ signal: 'SIGKILL' });
  });

  test('finds dank-ai from a folder inside of the project, and where both are installed globally', async () => {
    const dir = installed('ours');
    addFiles(dir, { 'packages/inner/readme.md': '' });
    const inner = await start(process.execPath, [join(dir, 'node_modules/.bin/dank'), 'build'], {
      cwd: join(dir, 'packages/inner'),
    }).ended;
    expect(JSON.parse(inner.stdout)).toMatchObject({ theirs: ['build'] });
    const elsewhere = await start(process.execPath, [join(dir, 'node_modules/.bin/dank'), 'build'], {
      cwd: folderWith({}),
    }).ended;
    expect(JSON.parse(elsewhere.stdout)).toMatchObject({ theirs: ['build'] });
  });

  test('says what is missing when dank-ai is not installed', async () => {
    const dir = installed('alone');
    const ended = await call(dir, 'dank', 'build').ended;
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('`dank build` is a command of the package dank-ai, which is not installed here');
    expect(ended.stderr).toContain('npm install dank-ai');
    const help = await call(dir, 'dank', '--help').ended;
    expect(help.code).toBe(0);
    expect(help.stderr).toContain('dank workflow --help');
    expect(await call(dir, 'dank', 'workflow', 'list').ended).toMatchObject({ code: 0 });
  });
});

describe('dank, when that of dank-ai has the shim', () => {
  test('is theirs; dank-workflow is there all the same', async () => {
    const dir = installed('theirs');
    expect(JSON.parse((await call(dir, 'dank', 'run').ended).stdout)).toMatchObject({ theirs: ['run'] });
    const ended = await call(dir, 'dank-workflow', 'run', 'hello', 'name=Kim').ended;
    expect(ended).toMatchObject({ code: 0, stdout: 'Hello Kim\n' });
    expect(ended.stderr).toContain('dank-workflow logs');
  });
});

describe('an older Node.js', () => {
  /** The bin as that version sees it: nothing of it may be newer than what it knows. */
  function runOn(version: string): { readonly error: string; readonly exitCode: unknown } {
    const source = readFileSync(bin, 'utf8').replace(/^#!.*\n/, '');
    const errors: string[] = [];
    const old = {
      versions: { node: version },
      argv: ['node', bin, 'list'],
      execPath: '/usr/bin/node',
      exitCode: undefined,
    };
    runInNewContext(source, { process: old, console: { error: (text: string) => errors.push(text) } });
    return { error: errors.join('\n'), exitCode: old.exitCode };
  }

  test.each(['12.22.0', '18.20.4', '20.20.2', '22.12.0'])('%s is told what is needed, and what to do', (version) => {
    const { error, exitCode } = runOn(version);
    expect(error).toBe(
      `dank-workflow needs Node.js 22.13 or newer; this is ${version} (/usr/bin/node).\n` +
        'Install a current version from https://nodejs.org, or with a version manager: nvm install 24',
    );
    expect(exitCode).toBe(2);
  });

  const old =
    spawnSync('/usr/bin/env', ['-i', 'PATH=/usr/local/bin:/usr/bin:/bin', 'node', '--version'], { encoding: 'utf8' })
      .stdout ?? '';

  test.runIf(/^v(1\d|20)\./.test(old))('of this machine is told, by both commands', async () => {
    const path = { PATH: '/usr/local/bin:/usr/bin:/bin' };
    for (const args of [
      [bin, 'list'],
      [join(root, 'bin/dank.js'), 'workflow', 'list'],
    ]) {
      const ended = await start('node', args, { cwd: root, env: path }).ended;
      expect(ended.code).toBe(2);
      expect(ended.stderr).toContain(`this is ${old.trim().slice(1)}`);
    }
  });
});

describe('the package on an older Node.js', () => {
  /** Node.js as one that has no database built in. */
  const without = `
    const { getBuiltinModule } = process;
    process.getBuiltinModule = (name) => (name === 'node:sqlite' ? undefined : getBuiltinModule(name));`;

  test.each([
    ['that can be asked for what it has', without],
    ['that cannot', 'process.getBuiltinModule = undefined;'],
  ])('%s: it says what is needed', async (_, script) => {
    const cwd = folderWith({ 'old.cjs': script });
    const code = `import(${JSON.stringify(new URL('../../../dist/src/index.js', import.meta.url))}).catch((error) => console.log(error.message))`;
    const ended = await start(process.execPath, ['--require', join(cwd, 'old.cjs'), '-e', code], { cwd }).ended;
    expect(ended.stdout).toMatch(
      /^dank-workflow needs Node\.js 22\.13 or newer, which has a database built in; this is [\d.]+ \(.*\)\n$/,
    );
  });
});

describe('the start', () => {
  test('of help and version loads neither the engine nor a store', async () => {
    const script = `
      const { registerHooks } = require('node:module');
      const loaded = [];
      registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
      process.on('exit', () => console.error(loaded.join('\\n')));`;
    const cwd = folderWith({ 'hook.cjs': script });
    for (const flag of ['--help', '--version']) {
      const { stderr, stdout, code } = await start(process.execPath, ['--require', join(cwd, 'hook.cjs'), bin, flag], {
        cwd,
      }).ended;
      expect(code).toBe(0);
      expect(stdout).not.toBe('');
      expect(stderr).toContain('commander');
      expect(stderr).not.toMatch(/xstate|zod|undici|sqlite|yaml|ajv|dist\/src\/engine|dist\/src\/index/);
    }
  });

  test('of help shows every command under what it is for, and options that all have at the end', async () => {
    const help = (await cli(['--help'], { cwd: root }).ended).stdout;
    const headings = [...help.matchAll(/^([A-Z][\w, ]+):$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual([
      'Options',
      'Begin',
      'Look',
      'Go on, answer, stop',
      'Put right',
      'Prove',
      'Keep and remove',
      'Exit codes',
    ]);
    expect(help).toMatch(/^ {2}run <name> \[values\.\.\.\] {2,}run a workflow/m);
    const ofRun = (await cli(['run', '--help'], { cwd: root }).ended).stdout;
    const options = [...ofRun.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, option]) => option);
    expect(options.slice(-3)).toEqual(['--json', '--no-color', '--help']);
    expect(ofRun).toContain('  dank-workflow run research topic=tides style=brief\n');
  });

  test('is quick', async () => {
    const times: number[] = [];
    for (let index = 0; index < 5; index += 1) {
      const before = performance.now();
      await cli(['--version'], { cwd: root }).ended;
      times.push(performance.now() - before);
    }
    // Measured 90 ms on an idle machine; the limit is for one that is busy.
    expect(Math.min(...times)).toBeLessThan(300);
  });
});
