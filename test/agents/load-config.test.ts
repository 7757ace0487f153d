import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DefinitionError } from '../../src/core/errors.ts';
import { loadDankConfig } from '../../src/agents/load-config.ts';
import { createAgentRegistry } from '../../src/agents/registry.ts';

const id = '550e8400-e29b-41d4-a716-446655440000';

/** A project folder with these files. */
function project(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'dank-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const agents = `[{ name: 'a', id: '${id}', config: { docker: { port: 3001 } } }]`;
const common = `const AGENT_IDS = { A: '${id}' };\nmodule.exports = { name: 'p', agents: ${agents}, AGENT_IDS };`;
const modern = `export const AGENT_IDS = { A: '${id}' };\nexport default { name: 'p', agents: ${agents} };`;

/** A stand-in for the package: agents are instances of its class, with chained setters and a Map of routes. */
const dankAi = `
class DankAgent {
  constructor(name, config) {
    this.name = name; this.id = null;
    this.config = { docker: { port: 3000 }, http: { enabled: true, routes: new Map() }, ...config };
  }
  setId(id) { this.id = id; return this; }
  get(path, handler) { this.config.http.routes.set('GET:' + path, handler); return this; }
}
module.exports = { createAgent: (name, config) => new DankAgent(name, config) };
`;

describe('a configuration file', () => {
  test.each([
    ['dank.config.js', common],
    ['dank.config.cjs', common],
    ['dank.config.mjs', modern],
    ['dank.config.js', modern],
    ['dank.config.mjs', `export const agents = ${agents};\nexport const AGENT_IDS = { A: '${id}' };`],
    [
      'dank.config.cjs',
      `Object.defineProperty(exports, '__esModule', { value: true });\nexports.AGENT_IDS = { A: '${id}' };\nexports.default = { agents: ${agents} };`,
    ],
    [
      'dank.config.ts',
      `interface Agent { name: string }\nconst list: Agent[] = ${agents};\nexport const AGENT_IDS = { A: '${id}' } as const;\nexport default { agents: list };`,
    ],
    [
      'dank.config.ts',
      `enum Name { A = 'a' }\nexport default { agents: [{ name: Name.A, id: '${id}', port: 3001 }], AGENT_IDS: { A: '${id}' } };`,
    ],
  ])('%s', async (name, text) => {
    const folder = project({ [name]: text });
    const loaded = await loadDankConfig(folder);
    expect(loaded?.file).toBe(join(folder, name));
    const registry = createAgentRegistry({ config: loaded?.value });
    expect(registry.find(id)).toMatchObject({ name: 'a', url: 'http://127.0.0.1:3001' });
    expect(registry.agentIds.get('A')).toBe(id);
  });

  test('with objects of dank-ai, when the project has that package', async () => {
    const config = `
      const { createAgent } = require('dank-ai');
      const AGENT_IDS = { A: '${id}' };
      module.exports = { agents: [createAgent('a', { docker: { port: 3004 } }).setId(AGENT_IDS.A).get('/x', () => 1)], AGENT_IDS };`;
    const folder = project({ 'dank.config.js': config, 'node_modules/dank-ai/index.js': dankAi });
    const loaded = await loadDankConfig(folder);
    expect(createAgentRegistry({ config: loaded?.value }).find('a')).toMatchObject({
      id,
      url: 'http://127.0.0.1:3004',
    });
  });

  test('is not needed', async () => {
    expect(await loadDankConfig(project({ 'other.js': '' }))).toBeNull();
    expect(await loadDankConfig(join(project({}), 'missing'))).toBeNull();
    expect(await loadDankConfig(project({ 'dank.config.js/x': '' }))).toBeNull();
  });

  test('of several the first counts', async () => {
    const loaded = await loadDankConfig(project({ 'dank.config.mjs': modern, 'dank.config.js': common }));
    expect(loaded?.file).toMatch(/dank\.config\.js$/);
  });
});

describe('a file that cannot be loaded', () => {
  async function failure(files: Readonly<Record<string, string>>): Promise<DefinitionError> {
    const error: unknown = await loadDankConfig(project(files)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DefinitionError);
    return error as DefinitionError;
  }

  test.each([
    ['dank.config.js', "const { createAgent } = require('dank-ai');\nmodule.exports = {};"],
    ['dank.config.mjs', "import { createAgent } from 'dank-ai';\nexport default {};"],
    ['dank.config.js', "require('dank-ai/lib/agent');"],
  ])('says that dank-ai is what is missing: %s', async (name, text) => {
    const error = await failure({ [name]: text });
    expect(error.message).toMatch(/needs the package 'dank-ai', which is not installed.*npm install dank-ai/);
  });

  test('names another package that is missing', async () => {
    expect((await failure({ 'dank.config.js': "require('no-such-thing');" })).message).toMatch(/no-such-thing/);
  });

  test('exports nothing of use', async () => {
    expect((await failure({ 'dank.config.js': 'module.exports = { other: 1 };' })).message).toMatch(
      /exports no agents/,
    );
  });

  test('tells the error of the file', async () => {
    expect((await failure({ 'dank.config.js': "throw new Error('no key set');" })).message).toMatch(
      /cannot be loaded: no key set/,
    );
    expect((await failure({ 'dank.config.cjs': 'module.exports = {' })).message).toMatch(/cannot be loaded/);
  });
});

describe("in Node.js itself, without the test runner's loader", () => {
  const script = `
    const { loadDankConfig } = await import(process.argv[2]);
    try {
      const { value } = await loadDankConfig(process.argv[3]);
      console.log(JSON.stringify(value));
    } catch (error) {
      console.log(error.name + ': ' + error.message);
    }`;
  const module = new URL('../../src/agents/load-config.ts', import.meta.url).href;
  const load = (files: Readonly<Record<string, string>>) => {
    const folder = project({ ...files, 'run.mjs': script });
    return execFileSync(process.execPath, [join(folder, 'run.mjs'), module, folder], { encoding: 'utf8' });
  };

  test('TypeScript whose types can be stripped, and TypeScript that has to be compiled', () => {
    for (const text of [`const list: { name: string }[] = ${agents};`, `enum X { A }\nconst list = ${agents};`]) {
      expect(load({ 'dank.config.ts': `${text}\nexport default { agents: list };` })).toContain(`"id":"${id}"`);
    }
  });

  test('a package that is missing, in both kinds of modules', () => {
    const wanted = /^DefinitionError: .*needs the package 'dank-ai', which is not installed/s;
    expect(load({ 'dank.config.mjs': "import 'dank-ai';" })).toMatch(wanted);
    expect(load({ 'dank.config.cjs': "require('dank-ai');" })).toMatch(wanted);
  });

  test('CommonJS in a package of modules: says what to do', () => {
    expect(load({ 'dank.config.js': common, 'package.json': '{"type":"module"}' })).toMatch(
      /rename it to dank\.config\.cjs/,
    );
  });
});
