/** Child workflows: other attempts are other children, and what went wrong in one is told by its parent. */
import { expect, test } from 'vitest';
import { WorkflowError } from '../../src/core/errors.ts';
import type { RunFailedError } from '../../src/engine/read/run.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { agent, flow } from '../support/flow.ts';
import { hangs, replies, type MockCall, type MockTable } from '../support/mocks.ts';
import { createTestEngine, type TestEngine } from '../support/test-engine.ts';

const down = (): never => {
  throw new WorkflowError('AGENT_ERROR', "agent 'booker' answered 503: no rooms", {
    details: { agent: 'booker', url: 'http://booker.test/prompt', status: 503, excerpt: 'no rooms' },
  });
};

const child = (): WorkflowDefinition => flow({ name: 'child', steps: [agent('look'), agent('book')] });
const parent = (more: object = {}): WorkflowDefinition =>
  flow({ name: 'parent', steps: [{ id: 'kid', type: 'workflow', workflow: 'child', ...more }] });

async function started(workflow: WorkflowDefinition, mocks: MockTable): Promise<TestEngine> {
  const lab = await createTestEngine({ mocks, workflows: [workflow, child()] });
  await lab.engine.start(workflow, {}, { runId: 'run' });
  return lab;
}

const retry = { maxAttempts: 3, delay: 1_000 };

test('a child that failed is tried again as another child, where the step has a retry', async () => {
  await using lab = await started(parent({ retry }), { book: replies(down, 'booked') });
  expect(await lab.drive('run')).toMatchObject({ status: 'completed', output: 'booked' });
  const children = lab.store.listRuns({ parent: 'run' }).map(({ id, status }) => `${id} ${status}`);
  expect(children.sort()).toEqual(['run/kid:1 failed', 'run/kid:1.2 completed']);
  expect(lab.mocks.calls.map(({ key }) => key)).toEqual([
    'run/kid:1:look:1',
    'run/kid:1:book:1',
    'run/kid:1.2:look:1',
    'run/kid:1.2:book:1',
  ]);
  expect(lab.clock.elapsedMs).toBe(1_000);
});

test('without a retry a child that failed is not tried again', async () => {
  await using lab = await started(parent(), { book: down });
  expect(await lab.drive('run')).toMatchObject({ status: 'failed' });
  expect(lab.store.listRuns({ parent: 'run' })).toHaveLength(1);
});

test('a child that somebody cancelled is not tried again', async () => {
  await using lab = await started(parent({ retry }), { book: (call: MockCall) => hangs()(call) });
  await lab.clock.settle();
  await lab.engine.cancel('run/kid:1', { by: 'kim' });
  expect(await lab.drive('run')).toMatchObject({
    status: 'failed',
    error: { message: expect.stringContaining('was cancelled') as string },
  });
});

test('the failure of a child says which child, which step of it, and what was answered there', async () => {
  await using lab = await started(parent(), { book: down });
  const report = await lab.drive('run');
  expect(report).toMatchObject({
    error: {
      message: "child run 'run/kid:1' of workflow 'child' failed at step 'book': agent 'booker' answered 503: no rooms",
      details: { step: 'kid', attempt: 1, runId: 'run/kid:1', code: 'AGENT_ERROR' },
      cause: {
        code: 'AGENT_ERROR',
        details: { step: 'book', attempt: 1, agent: 'booker', url: 'http://booker.test/prompt', excerpt: 'no rooms' },
      },
    },
  });
  const error = await lab.engine
    .run('run')
    .result()
    .catch((thrown: unknown) => thrown as RunFailedError);
  expect(error).toMatchObject({ cause: { code: 'AGENT_ERROR', data: { details: { excerpt: 'no rooms' } } } });
});
