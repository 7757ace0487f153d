/** The README of the project keeps its word: its commands and its code are run as they stand there, by the built package. */
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { sampleDocuments, startAll } from '../../examples/agents/index.js';
import { assertBuilt, bin, root, start, type Ended } from '../cli/process/cli.ts';
import { addFiles, folderWith } from '../project/folder.ts';
import { agentUrls } from './project.ts';

beforeAll(assertBuilt);

const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The blocks of a section in one language. */
function blocks(section: string, language: string): readonly string[] {
  const [, text = ''] = readme.split(`\n## ${section}\n`);
  const [own = ''] = text.split('\n## ');
  return [...own.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(([, block = '']) => block);
}

/** A project that has the package installed. */
function project(files: Readonly<Record<string, string>>): string {
  const dir = folderWith(files);
  mkdirSync(join(dir, 'node_modules'));
  symlinkSync(root, join(dir, 'node_modules/dank-workflow'));
  for (const name of ['xstate', 'zod']) symlinkSync(join(root, 'node_modules', name), join(dir, 'node_modules', name));
  return dir;
}

function shell(script: string, cwd: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const text = script.replaceAll('npx dank-workflow', `"${process.execPath}" "${bin}"`);
  return start('sh', ['-e', '-c', text], { cwd, env }).ended;
}

describe('a first workflow', () => {
  test('is made and run by the two commands', async () => {
    const [commands = ''] = blocks('A first workflow', 'sh');
    const ended = await shell(commands, folderWith({}));
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('"greeting": "Hello Kim! ') as string });
  });

  test('runs on the agents that it names', async () => {
    const running = await startAll({ documents: sampleDocuments });
    try {
      const [code = ''] = blocks('A first workflow', 'js');
      const dir = project({ 'workflows.js': code });
      const ended = await shell('npx dank-workflow run research-and-summarize topic=tides', dir, agentUrls(running));
      expect(ended).toMatchObject({ code: 0 });
      const { text, keywords } = JSON.parse(ended.stdout) as { readonly text: string; readonly keywords: string[] };
      expect(text).toContain('tide');
      expect(keywords).toContain('tides');
    } finally {
      await running.close();
    }
  });
});

test('in an application, with the engine and without it', async () => {
  const [withEngine = '', without = ''] = blocks('In your application', 'js');
  const dir = project({ 'package.json': '{ "type": "module" }' });
  mkdirSync(join(dir, '.dank'));
  addFiles(dir, { 'app.js': withEngine + without });
  expect(await start(process.execPath, ['app.js'], { cwd: dir }).ended).toMatchObject({
    code: 0,
    stdout: [
      'run.started',
      'step.started',
      'step.completed',
      'run.completed',
      'Hello Ada',
      'text',
      'Hello Ada',
      '',
    ].join('\n'),
  });
});

test('proofs are told of the workflows of a project', async () => {
  const [commands = ''] = blocks('Proven before it runs', 'bash');
  const dir = folderWith({});
  await shell('npx dank-workflow init .', dir);
  const ended = await shell(commands, dir);
  expect(ended.stdout).toMatch(/^hello: nothing goes wrong; every path was looked at/);
  expect(ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/ 0 failed/) as string });
});
