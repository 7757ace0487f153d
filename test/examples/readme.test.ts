/** The commands in the READMEs of the examples do what they say, and so does the demo: through the command line, in real time. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningAgents } from '../../examples/agents/index.js';
import { sampleDocuments, startAll } from '../../examples/agents/index.js';
import { agentUrls } from './project.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** The workflow of the demo waits for five seconds, and backs off for three. */
const patience = 60_000;

let running: RunningAgents;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dank-examples-'));
  running = await startAll({ documents: sampleDocuments });
});

afterAll(async () => {
  await running.close();
  rmSync(folder, { recursive: true });
});

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** In the project's folder, as the READMEs say, but on the agents of this test and with a store of its own. */
function shell(command: string): Promise<Result> {
  const { service } = running;
  const flags = command.startsWith('npx dank-workflow run')
    ? ` --allow-host 127.0.0.1:${service.port} --store '${folder}/runs.db'`
    : '';
  const line =
    command.replace('npx dank-workflow', '"$NODE" bin/dank-workflow.js').replace(/^node /, '"$NODE" ') + flags;
  const env = {
    ...process.env,
    ...agentUrls(running),
    API_KEY: 'demo-key',
    PROCESS_URL: `${service.url}/process`,
    NODE: process.execPath,
  };
  return execute('sh', ['-c', line], env);
}

function demo(...parameters: readonly string[]): Promise<Result> {
  return execute(process.execPath, ['examples/demo/main.js', ...parameters], process.env);
}

function execute(file: string, parameters: readonly string[], env: NodeJS.ProcessEnv): Promise<Result> {
  return new Promise((resolve) => {
    execFile(file, parameters, { cwd: root, env, timeout: patience }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
  });
}

function commandsOf(example: string): readonly string[] {
  const readme = readFileSync(join(root, 'examples', example, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```sh\n([^]*?)^```/gm)].map(([, block = '']) => block);
  return blocks
    .join('')
    .split('\n')
    .filter((line) => /^(?:npx dank-workflow|node examples\/)/.test(line));
}

describe.concurrent('the README of', () => {
  test.each([
    { example: 'research-and-summarize', count: 1, shows: /"keywords": \[/ },
    { example: 'content-pipeline', count: 1, shows: /"target": "blog"/ },
    { example: 'approved-publishing', count: 2, shows: /nothing goes wrong; .* 4 rules\)/, exits: [0, 5] },
    { example: 'yaml', count: 2, shows: /valid: 1 workflow[^]*the two tides add up/ },
    { example: 'self-correction', count: 1, shows: /Sources: tides\.md[^]*0\.33,\s+0\.67,\s+1\b/ },
    { example: 'embedded-machine', count: 3, shows: /state {5}"\$completed"[^]*Nobody knows everything about whales/ },
  ])(
    '$example holds commands that work',
    async ({ example, count, shows, exits = [0, 0, 0].slice(0, count) }) => {
      const commands = commandsOf(example);
      expect(commands).toHaveLength(count);
      const results = await Promise.all(commands.map(shell));
      expect(results.map(({ code, stderr }) => (exits.includes(code) ? code : stderr))).toEqual(exits);
      expect(results.map(({ stdout }) => stdout).join('\n')).toMatch(shows);
    },
    patience,
  );
});

describe.concurrent('the demo', () => {
  test(
    'gives results that depend on the folder, and tells how to look at the run again',
    async () => {
      const own = join(folder, 'documents');
      const store = join(folder, 'demo.db');
      mkdirSync(own);
      writeFileSync(
        join(own, 'whales.md'),
        '# Whales\n\nThe blue whale is the largest animal. A whale breathes air. Whales sing.\n',
      );
      const [tides, whales] = await Promise.all([
        demo(sampleDocuments, '--topic', 'tides', '--run-id', 'tides', '--store', store),
        demo(own, '--type', 'poetry', '--run-id', 'whales', '--store', store),
      ]);
      expect([tides.code, whales.code]).toEqual([0, 0]);
      expect(tides.stdout).toMatch(/"summary": ".*the moon/);
      expect(whales.stdout).toMatch(/"summary": ".*blue whale/);
      expect(whales.stderr).toMatch(/1 document of .*\nTopic: whale\.[^]*default-path {2}completed/);
      for (const { stderr } of [tides, whales]) expect(stderr).toMatch(/retry-step {2}completed in .*3 attempts/);
      expect(tides.stderr).toMatch(/dank-workflow logs tides --file examples\/research-and-summarize/);
      const logs = await shell(
        `npx dank-workflow logs tides --file examples/research-and-summarize --store '${store}'`,
      );
      expect(logs.stdout).toMatch(/long-summary {2}completed[^]*run completed/);
    },
    patience,
  );

  test.each([
    { parameters: ['no-such-folder'], says: /There is no folder of documents at .*no-such-folder/ },
    { parameters: ['src/core'], says: /There is no \.md or \.txt file in .*core/ },
    { parameters: ['one', 'two'], says: /one folder, not 2: one, two/ },
    { parameters: ['--topik', 'x'], says: /--topik[^]*npm run demo -- --help/ },
  ])('explains what is wrong with $parameters', async ({ parameters, says }) => {
    const { code, stderr } = await demo(...parameters);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(says) });
  });
});
