/**
 * A store with runs in every state that a release leaves behind: ended in each way, waiting for each thing, paused,
 * interrupted in the middle of a call, moved to another version, with rounds, a child, tags, a checkpoint, and an entry in the inbox.
 */
import type { WorkflowDefinition } from '../../../../src/definition/index.ts';
import { openSqliteStore } from '../../../../src/store/sqlite/open.ts';
import { agent, flow } from '../../../support/flow.ts';
import { fails, hangs, type MockTable } from '../../../support/mocks.ts';
import { createTestEngine, type TestEngine } from '../../../support/test-engine.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const child = flow({
  name: 'child',
  input: { type: 'object' },
  steps: [agent('c')],
  output: { c: '{{steps.c.output}}' },
});

/** What is moved from one version to the next while it waits. */
const movable = (version: string): WorkflowDefinition =>
  flow({ name: 'movable', version, steps: [{ id: 'w', type: 'wait', duration: '1h' }, agent(`end${version}`)] });

const workflows: readonly WorkflowDefinition[] = [
  child,
  flow({
    name: 'sequence',
    state: { seen: [] },
    steps: [
      agent('a', { retry: { maxAttempts: 2, delay: 50 }, assign: { seen: { append: '{{steps.a.output}}' } } }),
      agent('b', { input: { prompt: 'about {{workflow.input.topic}}: {{steps.a.output}}' } }),
    ],
    output: { b: '{{steps.b.output}}', seen: '{{state.seen}}' },
  }),
  flow({
    name: 'composed',
    steps: [
      { id: 'p', type: 'parallel', steps: [agent('x'), agent('y')] },
      {
        id: 'rounds',
        type: 'loop',
        items: '{{workflow.input.items}}',
        as: 'item',
        steps: [agent('r', { input: { prompt: '{{item}}' } })],
      },
      { id: 'sub', type: 'workflow', workflow: 'child', input: {} },
    ],
    output: { p: '{{steps.p.output}}', rounds: '{{steps.rounds.output}}', sub: '{{steps.sub.output}}' },
  }),
  flow({
    name: 'approval',
    steps: [agent('a'), { id: 'ok', type: 'human', message: 'is {{steps.a.output}} good?' }, agent('z')],
  }),
  flow({ name: 'listener', steps: [{ id: 's', type: 'signal', name: 'go' }, agent('z')] }),
  flow({ name: 'sleeper', steps: [{ id: 'w', type: 'wait', duration: '1h' }, agent('z')] }),
  flow({ name: 'broken', steps: [agent('bad')] }),
  movable('1'),
  movable('2'),
  flow({
    name: 'counter',
    state: { n: 0 },
    steps: [
      {
        id: 'rounds',
        type: 'loop',
        while: '{{state.n}} < 120',
        steps: [agent('n', { assign: { n: { expr: '{{state.n}} + 1' } } })],
      },
      agent('z', { timeout: 60_000 }),
    ],
  }),
];

const mocks: MockTable = { bad: fails('it is broken'), z: hangs() };

export async function fillStore(file: string): Promise<void> {
  const clock = new VirtualClock();
  const store = openSqliteStore(file, { owner: { pid: 1, host: 'kept' } });
  const lab = await createTestEngine({ store, clock, workflows, mocks });
  const { engine } = lab;
  const start = async (
    workflow: string,
    runId: string,
    input: unknown = {},
    tags: readonly string[] = [],
  ): Promise<void> => {
    await engine.start(workflow, input, { runId, tags });
    await clock.settle();
  };
  await start('sequence', 'done', { topic: 'tides' }, ['red', 'kept']);
  await start('composed', 'composed', { items: ['i', 'j', 'k'] });
  await start('broken', 'failed');
  await start('sleeper', 'sleeping');
  await start('sleeper', 'cancelled');
  await start('sleeper', 'paused');
  await start('approval', 'asking', {}, ['red']);
  await start('approval', 'answered');
  await start('listener', 'listening');
  await start('listener', 'told');
  await start('counter', 'long');
  await engine.start(movable('1'), {}, { runId: 'moved' });
  await clock.settle();
  await engine.migrate({ workflow: 'movable', from: '1', to: '2' });
  await engine.cancel('cancelled', { by: 'ann', why: 'not needed' });
  await engine.pause('paused', { by: 'ann' });
  await answer(lab, 'answered');
  await clock.settle();
  // What another process leaves.
  const other = openSqliteStore(file);
  other.post('told', JSON.stringify({ type: 'signal.received', name: 'go', payload: { v: { n: 1 } } }), clock.now());
  other.close();
  store.crash();
  await engine.close();
}

async function answer({ engine }: TestEngine, run: string): Promise<void> {
  const [task] = engine.tasksOf(run);
  await engine.answer(task?.id ?? '', { decision: 'approve' }, { by: 'ann' });
}
