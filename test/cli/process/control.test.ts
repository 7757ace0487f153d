import { beforeAll, expect, test } from 'vitest';
import { folderWith } from '../../project/folder.ts';
import { assertBuilt, cli } from './cli.ts';

beforeAll(assertBuilt);

const yaml = `workflows:
  - id: approval
    steps:
      - { id: review, type: human, title: 'Go on?' }
      - { id: done, type: transform, template: '{{steps.review.output.decision}} by {{steps.review.output.by}}' }
  - id: paid
    steps: [{ id: wait, type: signal, name: payment }]
    output: '{{steps.wait.output.amount}}'
`;

test('a run that waits for a person is answered by another command, once', async () => {
  const cwd = folderWith({ 'workflows.yaml': yaml });
  const first = await cli(['run', 'approval', '--run-id', 'r'], { cwd }).ended;
  expect(first).toMatchObject({ code: 5, stdout: '' });
  expect(first.stderr).toContain('dank-workflow answer r:review:1 --approve');
  expect((await cli(['tasks'], { cwd }).ended).stdout).toMatch(/^r:review:1 {2}Go on\?$/m);
  expect(await cli(['answer', 'r:review:1', '--approve', '--by', 'kim', '-q'], { cwd }).ended).toMatchObject({
    code: 0,
    stdout: 'approve by kim\n',
  });
  const second = await cli(['answer', 'r:review:1', '--reject'], { cwd }).ended;
  expect(second).toMatchObject({ code: 2, stdout: '' });
  expect(second.stderr).toBe("error: task 'r:review:1' is not open any more: its step is completed\n");
  const { stdout } = await cli(['runs', '--status', 'completed', '--json'], { cwd }).ended;
  expect(JSON.parse(stdout)).toMatchObject([{ id: 'r', workflow: 'approval', status: 'completed', isDriven: false }]);
});

test('a run of another process takes what it is told, and its process shows it', async () => {
  const cwd = folderWith({ 'workflows.yaml': yaml });
  const running = cli(['run', 'paid', '--run-id', 'r'], { cwd });
  await running.wrote('wait  started');
  expect(await cli(['pause', 'r', '--by', 'kim'], { cwd }).ended).toMatchObject({ code: 0, stdout: '' });
  await running.wrote('run paused by kim');
  const sent = await cli(['signal', 'r', 'payment', 'amount=12'], { cwd }).ended;
  expect(sent).toMatchObject({ code: 0, stdout: '' });
  expect(sent.stderr).toContain("the process that drives the run has taken the signal 'payment'");
  expect(await cli(['resume', 'r'], { cwd }).ended).toMatchObject({ code: 0, stdout: '' });
  expect(await running.ended).toMatchObject({ code: 0, stdout: '12\n' });
  expect((await cli(['cancel', 'r'], { cwd }).ended).code).toBe(2);
});
