import { beforeAll, describe, expect, test } from 'vitest';
import { folderWith } from '../../project/folder.ts';
import { startAgent, type TestAgent } from '../agents.ts';
import { assertBuilt, cli } from './cli.ts';

beforeAll(assertBuilt);

const yaml = `id: three
steps:
  - { id: one, type: agent, agentId: helper, input: { prompt: one } }
  - id: both
    type: parallel
    steps:
      - { id: two, type: agent, agentId: helper, input: { prompt: two } }
      - { id: slow, type: agent, agentId: helper, input: { prompt: slow } }
  - { id: three, type: agent, agentId: helper, input: { prompt: three } }
output: '{{steps.one.output}} {{steps.two.output}} {{steps.slow.output}} {{steps.three.output}}'
`;

/** An agent whose first answer to `slow` never comes. */
function slowAgent(): Promise<TestAgent> {
  let isFirst = true;
  return startAgent((prompt) => {
    if (prompt !== 'slow' || !isFirst) return prompt.toUpperCase();
    isFirst = false;
    return new Promise(() => undefined);
  });
}

describe('a run whose process is killed with -9', () => {
  test.each([
    ['resume', ['resume', 'r']],
    ['run with the same id and input', ['run', 'three', 'n=1', '--run-id', 'r']],
  ])('goes on with %s, and repeats nothing that was completed', async (_, args) => {
    const agent = await slowAgent();
    const cwd = folderWith({ 'workflows.yaml': yaml });
    const flags = ['--agent', `helper=${agent.url}`];
    const first = cli(['run', 'three', 'n=1', '--run-id', 'r', ...flags], { cwd });
    await first.wrote('two  completed');
    first.child.kill('SIGKILL');
    expect(await first.ended).toMatchObject({ signal: 'SIGKILL' });

    expect((await cli(['status', 'r'], { cwd }).ended).stdout).toContain('interrupted');
    const second = await cli([...args, ...flags], { cwd }).ended;
    expect(second).toMatchObject({ code: 0, stdout: 'ONE TWO SLOW THREE\n' });
    expect([...agent.prompts].sort()).toEqual(['one', 'slow', 'slow', 'three', 'two']);
  });

  test('is refused with another input', async () => {
    const agent = await slowAgent();
    const cwd = folderWith({ 'workflows.yaml': yaml });
    const flags = ['--run-id', 'r', '--agent', `helper=${agent.url}`];
    const first = cli(['run', 'three', 'n=1', ...flags], { cwd });
    await first.wrote('two  completed');
    first.child.kill('SIGKILL');
    await first.ended;
    const second = await cli(['run', 'three', 'n=2', ...flags], { cwd }).ended;
    expect(second.code).toBe(2);
    expect(second.stderr).toContain("run 'r' exists already, with another input");
  });
});

describe('Ctrl-C', () => {
  test('leaves the run as it is and says how to go on; other processes see it happen', async () => {
    const agent = await slowAgent();
    const cwd = folderWith({ 'workflows.yaml': yaml });
    const flags = ['--agent', `helper=${agent.url}`];
    const first = cli(['run', 'three', '--run-id', 'r', ...flags], { cwd });
    await first.wrote('two  completed');
    const follower = cli(['logs', 'three', '--follow'], { cwd });
    await follower.wrote('slow  started');
    const driven = await cli(['resume', 'r', ...flags], { cwd }).ended;
    expect(driven.code).toBe(2);
    expect(driven.stderr).toContain('is being run by another process; look at it with: dank-workflow logs r --follow');
    first.child.kill('SIGINT');
    const ended = await first.ended;
    expect(ended).toMatchObject({ code: 130, stdout: '' });
    expect(ended.stderr).toMatch(/stopped by SIGINT; the run has not ended\. Go on with it: dank-workflow resume r\n$/);

    expect(await cli(['resume', 'r', ...flags], { cwd }).ended).toMatchObject({
      code: 0,
      stdout: 'ONE TWO SLOW THREE\n',
    });
    const followed = await follower.ended;
    expect(followed.code).toBe(0);
    expect(followed.stdout).toMatch(/three {2}completed in .*\n.*run completed/);
  });
});
