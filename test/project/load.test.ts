import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DefinitionError } from '../../src/core/errors.ts';
import { checkProject, loadWorkflows } from '../../src/project/project.ts';
import { addFiles, folderWith, helloYaml, packageUrl } from './folder.ts';

const imports = `import { createWorkflow } from '${packageUrl}';\n`;
const flow = (name: string): string => `createWorkflow('${name}').addStep('a', { type: 'wait', duration: 1 })`;
const id = '550e8400-e29b-41d4-a716-446655440000';

async function namesOf(files: Readonly<Record<string, string>>, path = '.'): Promise<readonly string[]> {
  const dir = folderWith(files);
  return (await loadWorkflows(join(dir, path), { env: {} })).workflows.map(({ name }) => name);
}

/** All that is wrong, as `file: path: message`. */
async function mistakesOf(files: Readonly<Record<string, string>>, env = {}): Promise<readonly string[]> {
  const dir = folderWith(files);
  const { issues, project } = await checkProject(dir, { env });
  expect(project).toBeNull();
  return issues.map(({ file, issue }) => {
    const place = issue.position === undefined ? '' : `:${issue.position.line}:${issue.position.column}`;
    return `${file.slice(dir.length + 1)}${place}: ${issue.path}: ${issue.message}${issue.hint === undefined ? '' : `; ${issue.hint}`}`;
  });
}

/** What loading the folder in a process of its own gives: names, or the message of the error. */
function loadedByNode(dir: string): string {
  const script = `import { loadWorkflows } from '${packageUrl}';
    await loadWorkflows(${JSON.stringify(dir)}).then(
      ({ workflows }) => console.log(workflows.map(({ name }) => name).join(' ')),
      (error) => console.log(error.message),
    );`;
  addFiles(dir, { 'load/load.mjs': script });
  return execFileSync(process.execPath, [join(dir, 'load/load.mjs')], { encoding: 'utf8' });
}

describe('workflows are found in what a file exports', () => {
  test.each([
    [
      'module.exports = { workflows }',
      'workflows.config.cjs',
      `const { createWorkflow } = require('${packageUrl.slice('file://'.length)}');\nmodule.exports = { workflows: [${flow('one')}, ${flow('two')}] };`,
    ],
    [
      'export default { workflows }',
      'workflows.mjs',
      `${imports}export default { workflows: [${flow('one')}, ${flow('two')}] };`,
    ],
    ['export const workflows', 'workflows.mjs', `${imports}export const workflows = [${flow('one')}, ${flow('two')}];`],
    ['a list', 'workflows.mjs', `${imports}export default [${flow('one')}, ${flow('two')}];`],
    [
      'workflows by name',
      'workflows.mjs',
      `${imports}export default { workflows: { a: ${flow('one')}, b: ${flow('two')} } };`,
    ],
    [
      'named exports',
      'workflows.mjs',
      `${imports}export const one = ${flow('one')};\nexport const two = ${flow('two')};\nexport const other = 1;`,
    ],
    [
      'definitions that are built',
      'workflows.mjs',
      `${imports}export default [${flow('one')}.build(), ${flow('two')}.build()];`,
    ],
    [
      'plain data',
      'workflows.mjs',
      `export default { workflows: ['one', 'two'].map((id) => ({ id, steps: [{ id: 'a', type: 'wait', duration: 1 }] })) };`,
    ],
    [
      'TypeScript',
      'workflows.ts',
      `${imports}const names: readonly string[] = ['one', 'two'];\nexport default names.map((name) => createWorkflow(name).addStep('a', { type: 'wait', duration: 1 }));`,
    ],
    [
      'TypeScript that is more than types',
      'workflows.config.ts',
      `enum Name { One = 'one', Two = 'two' }\nexport default { workflows: [Name.One, Name.Two].map((id) => ({ id, steps: [{ id: 'a', type: 'wait', duration: 1 }] })) };`,
    ],
    [
      'transpiled code',
      'workflows.cjs',
      `Object.defineProperty(exports, '__esModule', { value: true });\nexports.default = { workflows: ['one', 'two'].map((id) => ({ id, steps: [{ id: 'a', type: 'wait', duration: 1 }] })) };`,
    ],
  ])('%s', async (_, name, text) => {
    expect(await namesOf({ [name]: text })).toEqual(['one', 'two']);
  });

  test.each([
    ['a single workflow', 'workflows.mjs', `${imports}export default ${flow('hello')};`],
    ['a single workflow under workflows', 'workflows.mjs', `${imports}export const workflows = ${flow('hello')};`],
    [
      'a single one as plain data',
      'workflows.cjs',
      `module.exports = { id: 'hello', steps: [{ id: 'a', type: 'wait', duration: 1 }] };`,
    ],
    ['YAML', 'workflows.yaml', helloYaml],
    ['JSON', 'workflows.json', '{ "id": "hello", "steps": [{ "id": "a", "type": "wait", "duration": 1 }] }'],
  ])('%s', async (_, name, text) => {
    expect(await namesOf({ [name]: text })).toEqual(['hello']);
  });

  const plain = "steps: [{ id: 'a', type: 'wait', duration: 1 }]";

  test.each([
    ['types only', { 'workflows.ts': `export default { id: 'hello' as string, ${plain} };` }],
    [
      'more than types',
      { 'workflows.ts': `enum Name { Hello = 'hello' }\nexport default { id: Name.Hello, ${plain} };` },
    ],
    [
      'files named as they will be called when compiled',
      {
        'workflows.ts': `import { steps } from './steps.js';\nexport default { id: 'hello', steps };`,
        'steps.ts': `export const { steps } = { ${plain} } as const;`,
      },
    ],
    [
      'CommonJS',
      {
        'workflows.config.ts': `const id: string = 'hello';\nmodule.exports = { id, ${plain} };`,
      },
    ],
  ])('TypeScript as Node.js loads it: %s', (_, files) => {
    expect(loadedByNode(folderWith(files))).toBe('hello\n');
  });

  test('texts in the list are paths of YAML and JSON files', async () => {
    const files = {
      'workflows.mjs': `export default { workflows: ['./flows/hello.yaml', { id: 'own', steps: [{ id: 'a', type: 'wait', duration: 1 }] }] };`,
      'flows/hello.yaml': helloYaml,
    };
    expect(await namesOf(files)).toEqual(['hello', 'own']);
  });
});

describe('the settings beside them', () => {
  test('are those of the project; what is left out has its default', async () => {
    const dir = folderWith({
      'workflows.mjs': `export default { workflows: [{ id: 'w', steps: [{ id: 'a', type: 'agent', agentId: 'helper', input: { prompt: 'x' } }] }],
        agents: { helper: 'http://127.0.0.1:4000' }, allowHosts: ['localhost:5000'], functions: 'strict', store: 'data/runs.db' };`,
      '.env': 'DANK_AGENT_OTHER_URL=http://127.0.0.1:4001\nSECRET=s',
    });
    const project = await loadWorkflows(dir, { env: { SECRET: 'real' } });
    expect(project).toMatchObject({
      dir,
      file: join(dir, 'workflows.mjs'),
      configFile: null,
      allowHosts: ['localhost:5000'],
      functions: 'strict',
      store: join(dir, 'data/runs.db'),
    });
    expect(project.agents.names()).toEqual(['helper', 'other']);
    expect(project.env['SECRET']).toBe('real');
    const plain = await loadWorkflows(folderWith({ 'workflows.yaml': helloYaml }), { env: {} });
    expect(plain).toMatchObject({ allowHosts: [], store: join(plain.dir, '.dank/workflows.db') });
  });

  test('a store in memory is no file', async () => {
    const dir = folderWith({
      'workflows.mjs': `export default { store: ':memory:', workflows: { a: { id: 'w', steps: [{ id: 'a', type: 'wait', duration: 1 }] } } };`,
    });
    expect((await loadWorkflows(dir, { env: {} })).store).toBe(':memory:');
  });

  test('step types of the project are known to its plain data', async () => {
    const dir = folderWith({
      'workflows.mjs': `import { defineStepType, z } from './types.mjs';
        const shout = defineStepType({ type: 'shout', schema: z.object({ text: z.string() }), run: ({ text }) => text.toUpperCase() });
        export default { stepTypes: [shout], workflows: ['./w.yaml'] };`,
      'types.mjs': `export { defineStepType } from '${packageUrl}'; export { z } from '${import.meta.resolve('zod')}';`,
      'w.yaml': 'id: w\nsteps:\n  - { id: s, type: shout, text: hi }\n',
    });
    expect((await loadWorkflows(dir, { env: {} })).workflows[0]?.steps[0]).toMatchObject({
      type: 'custom',
      name: 'shout',
    });
  });

  test('agents come from a dank.config beside the file, and so do the ids that YAML names', async () => {
    const dir = folderWith({
      'workflows.yaml':
        "workflows:\n  - id: w\n    steps:\n      - { id: a, type: agent, agentId: '${AGENT_IDS.HELPER}', input: { prompt: x } }\n",
      'dank.config.cjs': `module.exports = { AGENT_IDS: { HELPER: '${id}' }, agents: [{ name: 'helper', id: '${id}', config: { docker: { port: 3005 } } }] };`,
    });
    const project = await loadWorkflows(dir, { env: {} });
    expect(project.configFile).toBe(join(dir, 'dank.config.cjs'));
    expect(project.workflows[0]?.steps[0]).toMatchObject({ agentId: id });
    expect(project.agents.find(id)?.url).toBe('http://127.0.0.1:3005');
  });
});

describe('every mistake is told at once', () => {
  test('of all workflows of a file, each with its name', async () => {
    const text = `${imports}export default [
      createWorkflow('one').addStep('a', { type: 'wiat', duration: 1 }).addStep('a', { type: 'wait' }),
      createWorkflow('two').addStep('b', { type: 'agent', agentId: 'nobody', input: { prompt: 'x' } }),
      { id: 'three' }, 17 ];`;
    const mistakes = await mistakesOf({ 'workflows.mjs': text });
    expect(mistakes).toEqual([
      expect.stringMatching(/^workflows\.mjs: one\.steps\[0\]\.type: .*did you mean 'wait'/),
      expect.stringMatching(/^workflows\.mjs: one\.steps\[1\]\.id: .*a/),
      expect.stringMatching(/^workflows\.mjs: one\.steps\[1\]/),
      expect.stringMatching(/^workflows\.mjs: three/),
      expect.stringMatching(/^workflows\.mjs: workflows\[3\]/),
      expect.stringMatching(/^workflows\.mjs: two\.steps\[0\]\.agentId: unknown agent 'nobody'/),
    ]);
  });

  test('of code by their path and a caret: a place within a text is no place in the file', async () => {
    const text = `${imports}export default createWorkflow('w')
      .addStep('a', { type: 'transform', template: 'x' })
      .addStep('b', { type: 'transform', template: '{{steps.a.output}} and {{steps.c.output}}' })
      .addStep('d', { type: 'transform', template: 'x', condition: '{{steps.a.output}} === "x" && 1 =' });`;
    const { issues } = await checkProject(folderWith({ 'workflows.mjs': text }), { env: {} });
    expect(issues.map(({ issue }) => issue.position)).toEqual(issues.map(() => undefined));
    expect(issues.map(({ issue }) => issue.excerpt)).toEqual([
      `{{steps.a.output}} === "x" && 1 =\n${' '.repeat(32)}^`,
      `{{steps.a.output}} and {{steps.c.output}}\n${' '.repeat(25)}^`,
    ]);
  });

  test('of texts with their line and column, agents that are not known among them', async () => {
    const text =
      'workflows:\n  - id: w\n    steps:\n      - id: a\n        type: agent\n        agentId: reseacher\n        input: { prompt: x }\n';
    expect(await mistakesOf({ 'workflows.yaml': text }, { DANK_AGENT_RESEARCHER_URL: 'http://127.0.0.1:1' })).toEqual([
      expect.stringMatching(
        /^workflows\.yaml:6:18: workflows\[0\]\.steps\[0\]\.agentId: unknown agent 'reseacher'; did you mean 'researcher'/,
      ),
    ]);
  });

  test('of single definitions in a text as well', async () => {
    const text = 'id: w\nsteps:\n  - { id: a, type: agent, agentId: x, input: { prompt: x } }\n';
    expect(await mistakesOf({ 'workflows.yml': text })).toEqual([
      expect.stringMatching(/^workflows\.yml:3:36: steps\[0\]\.agentId: unknown agent/),
    ]);
  });

  test('of settings', async () => {
    const text = `export default { workflows: [], agents: 3, allowHosts: 'localhost', functions: 'loose', store: 7, stepTypes: [{}] };`;
    expect(await mistakesOf({ 'workflows.mjs': text })).toEqual([
      expect.stringContaining("agents: the setting 'agents' is of the wrong kind"),
      expect.stringContaining("allowHosts: the setting 'allowHosts'"),
      expect.stringContaining("store: the setting 'store'"),
      expect.stringContaining("functions: the setting 'functions'"),
      expect.stringContaining("stepTypes: the setting 'stepTypes'"),
      expect.stringContaining('workflows: the list of workflows is empty'),
    ]);
  });

  test('of agents, each in the file it stands in', async () => {
    const files = {
      'workflows.mjs': `export default { agents: { a: 'nowhere' }, workflows: [{ id: 'w', steps: [{ id: 'a', type: 'wait', duration: 1 }] }] };`,
      'dank.config.mjs': `export const agents = [{ name: 'b', port: 0 }];`,
    };
    expect(await mistakesOf(files, { DANK_AGENT_C_URL: 'ftp://x' })).toEqual([
      expect.stringMatching(/^workflows\.mjs: env\.DANK_AGENT_C_URL/),
      expect.stringMatching(/^workflows\.mjs: agents\.a: this is no http/),
      expect.stringMatching(/^dank\.config\.mjs: config\.agents\[0\]\.port/),
    ]);
  });

  test('of workflows that are defined twice', async () => {
    const text = `${imports}export default [${flow('w')}, ${flow('w')}.addStep('b', { type: 'wait', duration: 1 })];`;
    expect(await mistakesOf({ 'workflows.mjs': text })).toEqual([expect.stringContaining("'w'")]);
  });

  test('and loadWorkflows throws them as one error', async () => {
    const dir = folderWith({ 'workflows.yaml': 'workflows:\n  - id: w\n    steps:\n      - { id: a, type: wiat }\n' });
    const error = await loadWorkflows(dir, { env: {} }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DefinitionError);
    expect((error as DefinitionError).message).toContain(`${join(dir, 'workflows.yaml')}:4:`);
  });
});

describe('a file that cannot be loaded says why', () => {
  test.each([
    ['nothing exported', 'workflows.mjs', 'export const x = 1;', /it exports no workflows/],
    ['an empty file', 'workflows.cjs', '', /it exports no workflows/],
    [
      'an error of its own, with its line',
      'workflows.mjs',
      'export const x = 1;\n\nthrow new Error("no luck today");',
      /it cannot be loaded: no luck today \(at workflows\.mjs:3:7\)/,
    ],
    [
      'a package that is missing',
      'workflows.mjs',
      `import '@nobody/has-this/inner';`,
      /needs the package '@nobody\/has-this\/inner', which is not installed; install it in this project: npm install @nobody\/has-this$/,
    ],
    ['a file that is missing', 'workflows.mjs', `import './gone.js';`, /it cannot be loaded: Cannot find module/],
    ['a thrown value that is no error', 'workflows.mjs', `throw 'a text';`, /it cannot be loaded: a text/],
    [
      'mistakes of a workflow that is built at once',
      'workflows.mjs',
      `${imports}export default createWorkflow('w').addStep('a', { type: 'wiat' }).build();`,
      /steps\[0\]\.type: .*wait/,
    ],
    [
      'a list of files of which one is missing',
      'workflows.mjs',
      `export default ['./gone.yaml'];`,
      /gone\.yaml: : there is no such file/,
    ],
    ['bytes that are no text', 'workflows.yaml', '\u0000\u0001', /workflows\.yaml/],
  ])('%s', async (_, name, text, expected) => {
    const mistakes = await mistakesOf({ [name]: text });
    expect(mistakes.join('\n')).toMatch(expected);
    expect(mistakes.join('\n')).not.toContain('    at ');
  });

  // The test runner reads files in its own way: these are about Node.js's.
  test.each([
    [
      'a syntax error, with its line',
      { 'workflows.mjs': 'export const x = 1;\nexport default {\n  workflows: [,\n};\n' },
      /it cannot be loaded: .* \(at workflows\.mjs:4\)/,
    ],
    [
      'CommonJS in a package of type module',
      { 'package.json': '{ "type": "module" }', 'workflows.config.js': 'module.exports = { workflows: [] };' },
      /it is CommonJS in a package of type 'module'; rename it to workflows\.config\.cjs/,
    ],
  ])('%s', (_, files, expected) => {
    expect(loadedByNode(folderWith(files))).toMatch(expected);
  });

  test('a dank.config that cannot be loaded is all there is to say', async () => {
    const mistakes = await mistakesOf({
      'workflows.yaml': 'nonsense: [',
      'dank.config.mjs': 'throw new Error("no config today");',
    });
    expect(mistakes).toEqual([expect.stringMatching(/^dank\.config\.mjs: : it cannot be loaded: no config today/)]);
  });
});
