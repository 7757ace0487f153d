import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { InputError } from '../../src/core/errors.ts';
import { createEngine } from '../../src/engine/create-engine.ts';
import { RunFailedError } from '../../src/engine/read/run.ts';
import { loadWorkflows } from '../../src/project/project.ts';
import { runWorkflow } from '../../src/project/run-workflow.ts';
import { folderWith, helloYaml } from './folder.ts';

test('runWorkflow finds the workflow, runs it, keeps the run in the project, and gives the output', async () => {
  const path = folderWith({ 'workflows.yaml': helloYaml });
  expect(await runWorkflow('hello', { name: 'Kim' }, { path, env: {} })).toBe('Hello Kim');
  expect(existsSync(join(path, '.dank/workflows.db'))).toBe(true);
});

test('the same run id and input again gives the same output; other input is a conflict', async () => {
  const text = `let count = 0;
    export default { id: 'count', steps: [{ id: 'a', type: 'wait', duration: 1 }], output: '{{workflow.runId}} {{workflow.startedAt}}' };`;
  const options = { path: folderWith({ 'workflows.mjs': text }), env: {}, runId: 'once', tags: ['a-tag'] };
  const first = await runWorkflow('count', {}, options);
  expect(await runWorkflow('count', {}, options)).toBe(first);
  await expect(runWorkflow('count', { other: 1 }, options)).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('a run that was interrupted goes on', async () => {
  const path = folderWith({
    'workflows.yaml':
      'id: w\nsteps:\n  - { id: a, type: wait, duration: 50 }\n  - { id: b, type: transform, template: done }\n',
  });
  const engine = await createEngine(await loadWorkflows(path, { env: {} }));
  await engine.start('w', {}, { runId: 'r' });
  await engine.close();
  expect(await runWorkflow('w', {}, { path, env: {}, runId: 'r' })).toBe('done');
});

test('a run that another engine drives is left to it', async () => {
  const path = folderWith({ 'workflows.yaml': 'id: w\nsteps:\n  - { id: a, type: wait, duration: 1h }\n' });
  const engine = await createEngine(await loadWorkflows(path, { env: {} }));
  await engine.start('w', {}, { runId: 'r' });
  await expect(runWorkflow('w', {}, { path, env: {}, runId: 'r' })).rejects.toMatchObject({
    code: 'CONFLICT',
    message: "run 'r' is being run by another process",
  });
  await engine.close();
});

test('a failure is thrown with its code, a wrong input before anything is stored', async () => {
  const path = folderWith({
    'workflows.yaml':
      'id: w\ninput: { type: object, required: [n] }\nsteps:\n  - { id: a, type: transform, template: "{{workflow.input.gone.too}} text" }\n',
  });
  await expect(runWorkflow('w', { n: 1 }, { path, env: {}, store: ':memory:' })).rejects.toBeInstanceOf(RunFailedError);
  await expect(runWorkflow('w', {}, { path, env: {}, durability: 'none' })).rejects.toBeInstanceOf(InputError);
  expect(existsSync(join(path, '.dank'))).toBe(false);
});

test('an unknown name is told with the known ones, before a store is made', async () => {
  const path = folderWith({ 'workflows.yaml': helloYaml });
  await expect(runWorkflow('helo', {}, { path, env: {}, allowHosts: ['localhost:1'] })).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringMatching(/did you mean 'hello'.*Known workflows: hello/) as string,
  });
  expect(existsSync(join(path, '.dank'))).toBe(false);
});
