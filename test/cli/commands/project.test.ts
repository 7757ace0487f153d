import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { init } from '../../../src/cli/commands/init.ts';
import { list } from '../../../src/cli/commands/list.ts';
import { validate } from '../../../src/cli/commands/validate.ts';
import { folderWith, helloYaml } from '../../project/folder.ts';
import { createFakeIo } from '../fake-io.ts';

const mistaken =
  'workflows:\n  - id: ok\n    steps: [{ id: a, type: wait, duration: 1 }]\n  - id: bad\n    steps: [{ id: a, type: wiat }]\n';

describe('list', () => {
  test('names the workflows with what they are', async () => {
    const io = createFakeIo(
      folderWith({
        'workflows.yaml': helloYaml.replace('id: hello', 'id: hello\n    name: Say hello\n    description: Greets'),
      }),
    );
    expect(await list(io, {})).toBe(0);
    expect(io.stdoutText()).toBe('hello  Say hello  version 1, 1 step, workflows.yaml\n  Greets\n');
    const json = createFakeIo('/');
    expect(await list(json, { json: true, file: io.cwd })).toBe(0);
    expect(JSON.parse(json.stdoutText())).toMatchObject([
      {
        name: 'hello',
        id: null,
        title: 'Say hello',
        version: '1',
        description: 'Greets',
        steps: 1,
        tags: [],
        file: join(io.cwd, 'workflows.yaml'),
      },
    ]);
  });

  test('lists what can be read, and tells what cannot', async () => {
    const text = `export default ['./ok.yaml', { id: 'bad', steps: [] }];`;
    const io = createFakeIo(folderWith({ 'workflows.mjs': text, 'ok.yaml': helloYaml }));
    expect(await list(io, {})).toBe(2);
    expect(io.stdoutText()).toMatch(/^hello {2}version 1, 1 step, ok\.yaml$/m);
    expect(io.stderrText()).toMatch(/^workflows\.mjs: error: bad\.steps/m);
  });
});

describe('validate', () => {
  test('tells every mistake with its file, line and column', async () => {
    const io = createFakeIo(folderWith({ 'workflows.yaml': mistaken }));
    expect(await validate(io, '.', {})).toBe(2);
    expect(io.stderrText()).toMatch(
      /^workflows\.yaml:5:28: error: workflows\[1\]\.steps\[0\]\.type: .*did you mean 'wait'/,
    );
    expect(io.stderrText()).toMatch(/\n1 mistake in .*workflows\.yaml\n$/);
    expect(io.stdoutText()).toBe('');
  });

  test('tells rules that do not hold, with the path', async () => {
    const ruled = (rule: string): string => `${helloYaml.trimEnd()}\n    rules: [${rule}]\n`;
    const io = createFakeIo(folderWith({ 'workflows.yaml': ruled('{ name: not this, never: greet }') }));
    expect(await validate(io, '.', {})).toBe(2);
    expect(io.stderrText()).toMatch(/error: rules\[0\]: the rule 'not this' does not hold.*\(found the path: /);
    expect(io.stderrText()).toMatch(/\n1 mistake in .*workflows\.yaml\n$/);
    const holding = createFakeIo(folderWith({ 'workflows.yaml': ruled('{ always: greet }') }));
    expect(await validate(holding, '.', {})).toBe(0);
  });

  test('with --json gives them as data', async () => {
    const io = createFakeIo(folderWith({ 'flow.yaml': mistaken }));
    expect(await validate(io, 'flow.yaml', { json: true })).toBe(2);
    expect(JSON.parse(io.stdoutText())).toMatchObject({
      valid: false,
      file: join(io.cwd, 'flow.yaml'),
      workflows: [],
      issues: [{ severity: 'error', path: 'workflows[1].steps[0].type', position: { line: 5, column: 28 } }],
    });
  });

  test('says what is right, and what should be looked at', async () => {
    const io = createFakeIo(folderWith({ 'workflows.yaml': helloYaml }));
    expect(await validate(io, '.', {})).toBe(0);
    expect(io.stdoutText()).toBe(`valid: 1 workflow, 1 step in ${join(io.cwd, 'workflows.yaml')}\n`);
    const json = createFakeIo(io.cwd);
    expect(await validate(json, '.', { json: true })).toBe(0);
    expect(JSON.parse(json.stdoutText())).toMatchObject({
      valid: true,
      workflows: [{ name: 'hello', version: '1', steps: 1 }],
      issues: [],
    });
  });

  test('knows agents that are given an address', async () => {
    const yaml = 'id: w\nsteps:\n  - { id: a, type: agent, agentId: helper, input: { prompt: x } }\n';
    const io = createFakeIo(folderWith({ 'workflows.yaml': yaml }));
    expect(await validate(io, '.', {})).toBe(2);
    expect(await validate(io, '.', { agent: ['helper=http://127.0.0.1:1'] })).toBe(0);
  });
});

describe('init', () => {
  const names = ['.gitignore', 'README.md', 'agents', 'dank.config.js', 'package.json'];

  test.each([
    [{}, 'workflows.js'],
    [{ yaml: true }, 'workflows.yaml'],
  ])('with %j makes a project', async (flags, workflows) => {
    const io = createFakeIo(folderWith({}));
    expect(await init(io, 'My Flows!', flags)).toBe(0);
    const dir = join(io.cwd, 'My Flows!');
    expect(readdirSync(dir).sort()).toEqual([...names, workflows].sort());
    expect(JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'))).toMatchObject({
      name: 'my-flows',
      type: 'module',
      dependencies: { 'dank-workflow': expect.stringMatching(/^\^\d+\.\d+\.\d+$/) as string },
    });
    expect(readFileSync(join(dir, 'README.md'), 'utf8')).toContain(`\`${workflows}\` holds the workflows`);
    expect(io.stdoutText()).toMatch(/Next:\n {2}cd My Flows!\n {2}dank-workflow run hello\n/);
    expect(io.stdoutText()).toContain("'npm start' needs the package dank-workflow in the project: npm install");
  });

  test('leaves what is there as it is, and says so', async () => {
    const io = createFakeIo(folderWith({ 'package.json': '{}', 'README.md': 'mine' }));
    expect(await init(io, '.', { json: true })).toBe(0);
    expect(JSON.parse(io.stdoutText())).toEqual({
      dir: io.cwd,
      created: ['.gitignore', 'agents/demo-agents.mjs', 'dank.config.mjs', 'workflows.mjs'],
      kept: ['README.md', 'package.json'],
      next: ['dank-workflow run hello', 'dank-workflow validate', 'dank-workflow logs hello'],
    });
    expect(readFileSync(join(io.cwd, 'README.md'), 'utf8')).toBe('mine');
    const again = createFakeIo(io.cwd);
    expect(await init(again, '.', {})).toBe(0);
    expect(again.stdoutText().match(/^kept/gm)).toHaveLength(6);
    expect(again.stdoutText()).toMatch(/Next:\n {2}dank-workflow list\n/);
  });

  test('adds no second workflow file', async () => {
    const io = createFakeIo(folderWith({ 'workflows.config.ts': 'mine' }));
    await init(io, '.', { json: true });
    const { created, kept } = JSON.parse(io.stdoutText()) as { created: string[]; kept: string[] };
    expect(created).not.toContain('workflows.js');
    expect(kept).toEqual(['workflows.config.ts']);
    expect(created).toEqual(['.gitignore', 'README.md', 'package.json']);
    expect(io.stdoutText()).not.toContain('run hello');
  });

  test('in YAML needs a configuration of its own', async () => {
    const io = createFakeIo(folderWith({ 'dank.config.js': 'module.exports = { agents: [] };' }));
    await expect(init(io, '.', { yaml: true })).rejects.toThrow(
      /^dank\.config\.js is there already, and a workflow in YAML/,
    );
  });

  test('refuses a place that cannot be a folder', async () => {
    const io = createFakeIo(folderWith({ file: '', agents: '' }));
    await expect(init(io, 'file', {})).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await expect(init(io, '.', {})).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      message: expect.stringContaining('demo-agents.js') as string,
    });
  });
});
