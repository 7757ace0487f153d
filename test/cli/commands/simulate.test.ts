import { expect, test } from 'vitest';
import { simulate } from '../../../src/cli/commands/simulate.ts';
import { folderWith } from '../../project/folder.ts';
import { createFakeIo } from '../fake-io.ts';

const yaml = `workflows:
  - id: greet
    steps:
      - { id: ask, type: agent, agentId: 'http://agents.test/a', input: { prompt: 'Greet {{workflow.input.name}}' }, retry: { maxAttempts: 2, delay: 1s } }
      - { id: pause, type: wait, duration: 1h }
`;

const timeout = 60_000;

test('simulates the workflows of a project, and says how it went', { timeout }, async () => {
  const io = createFakeIo(folderWith({ 'workflows.yaml': yaml }));
  expect(await simulate(io, undefined, { seeds: '4' })).toBe(0);
  expect(io.stdoutText()).toMatch(/^holds: greet under 4 seeds \(.*; [\d,]+ calls?, [\d,]+ process deaths?\)\n$/);
});

test('one seed is told line by line, the same each time', { timeout }, async () => {
  const cwd = folderWith({ 'workflows.yaml': yaml });
  const texts: string[] = [];
  for (const _time of [1, 2]) {
    const io = createFakeIo(cwd);
    expect(await simulate(io, 'greet', { seed: '3' })).toBe(0);
    texts.push(io.stdoutText());
  }
  expect(texts[0]).toContain('p1 starts\n');
  expect(texts[0]).toMatch(/holds: greet under seed 3 \([0-9a-f]{16}\)\n$/);
  expect(texts[1]).toBe(texts[0]);
});

test('a crash at every write, as JSON', { timeout }, async () => {
  const io = createFakeIo(folderWith({ 'workflows.yaml': yaml }));
  expect(await simulate(io, 'greet', { crashMatrix: true, json: true, input: '{"name":"Kim"}' })).toBe(0);
  expect(JSON.parse(io.stdoutText())).toEqual([
    { workflow: 'greet', holds: true, seed: 1, writes: expect.any(Number) as number, broken: [] },
  ]);
});

test('a number of seeds that is none, a workflow that is not there', async () => {
  const io = createFakeIo(folderWith({ 'workflows.yaml': yaml }));
  await expect(simulate(io, 'greet', { seeds: 'many' })).rejects.toThrow('--seeds many: expected a whole number');
  await expect(simulate(io, 'gret', {})).rejects.toThrow("did you mean 'greet'");
});
