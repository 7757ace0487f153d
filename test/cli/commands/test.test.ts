/** The command `test`, with recorded runs beside the paths. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { testCommand } from '../../../src/cli/commands/test.ts';
import { createTestEngine } from '../../../src/testing/index.ts';
import { folderWith } from '../../project/folder.ts';
import { agent, flow } from '../../support/flow.ts';
import { createFakeIo } from '../fake-io.ts';

const approval = (than: number): string => `
id: approval
steps:
  - { id: score, type: agent, agentId: scorer, input: { prompt: 'Score {{workflow.input.text}}' } }
  - { id: approve, type: human, title: 'Publish?', condition: '{{steps.score.output.n}} > ${than}' }
output: { said: '{{steps.approve.output.decision}}', score: '{{steps.score.output.n}}' }
`;

/** A project, with a folder of recorded runs beside it. */
async function project(text: string): Promise<{ readonly cwd: string; readonly flags: object }> {
  const agents = "export const agents = [{ name: 'scorer', port: 1 }];";
  const cwd = folderWith({ 'workflows.yaml': `workflows:\n${indented(text)}`, 'dank.config.mjs': agents });
  const record = join(cwd, 'recorded');
  mkdirSync(record);
  const condition = '{{steps.score.output.n}} > 3';
  const then = flow({
    name: 'approval',
    steps: [agent('score'), { id: 'approve', type: 'human', title: 'Publish?', condition }],
    output: { said: '{{steps.approve.output.decision}}', score: '{{steps.score.output.n}}' },
  });
  await using engine = await createTestEngine({ workflows: [then], steps: { score: { n: 5 } }, record });
  const run = await engine.start(then, { text: 'tides' }, { runId: 'a' });
  await engine.answer('approve', { decision: 'approve' });
  await engine.finish(run);
  return { cwd, flags: { history: ['recorded'] } };
}

function indented(text: string): string {
  const [first = '', ...rest] = text.trim().split('\n');
  return [`  - ${first}`, ...rest.map((line) => `    ${line}`)].join('\n');
}

test('recorded runs go as they went, and count into the coverage', async () => {
  const { cwd, flags } = await project(approval(3));
  const io = createFakeIo(cwd);
  expect(await testCommand(io, undefined, { ...flags, coverage: 'seen.json' })).toBe(0);
  expect(io.stdoutText()).toMatch(/1 recorded run compared, 0 otherwise; they have seen states \d+\/\d+/);
  expect(io.stdoutText()).toMatch(/coverage: states (\d+)\/\1 \(100%\)/);
  const seen = JSON.parse(readFileSync(join(cwd, 'seen.json'), 'utf8')) as { readonly transitions: object };
  expect(seen.transitions).toMatchObject({
    '$start -> score': expect.any(Number),
    'approve -> $end': expect.any(Number),
  });
  const alone = createFakeIo(cwd);
  expect(await testCommand(alone, 'approval', { ...flags, paths: false, json: true })).toBe(0);
  const [json] = JSON.parse(alone.stdoutText()) as [
    { readonly paths: unknown[]; readonly recorded: unknown; readonly coverage: unknown },
  ];
  expect(json.paths).toEqual([]);
  expect(json.recorded).toEqual(json.coverage);
});

test('a recorded run that goes otherwise fails the command, and says how', async () => {
  const { cwd, flags } = await project(approval(7));
  const io = createFakeIo(cwd);
  expect(await testCommand(io, undefined, { ...flags, paths: false })).toBe(1);
  expect(io.stdoutText()).toMatch(
    /FAIL {2}run 'a', event 2 \(effect\.completed score\): expected .*approve asks; found .*approve skipped/,
  );
  const again = createFakeIo(cwd);
  expect(await testCommand(again, undefined, { ...flags, paths: false, rerun: true })).toBe(1);
  expect(again.stdoutText()).toMatch(
    /FAIL {2}run a again:\n {10}its output is .*\n {10}approve: skipped \(condition\); then: started/,
  );
});

test('what cannot be read is said', async () => {
  const { cwd } = await project(approval(3));
  const io = createFakeIo(cwd);
  await expect(testCommand(io, undefined, { rerun: true })).rejects.toThrow('--rerun needs --history');
  await expect(testCommand(io, undefined, { history: ['nowhere'] })).rejects.toThrow(
    /--history .*nowhere cannot be read/,
  );
  mkdirSync(join(cwd, 'empty'));
  await expect(testCommand(io, undefined, { history: ['empty'] })).rejects.toThrow('there is no .jsonl file');
  writeFileSync(join(cwd, 'broken.jsonl'), 'hello\n');
  await expect(testCommand(io, undefined, { history: ['broken.jsonl'] })).rejects.toThrow('Line 1 of the archive');
});
