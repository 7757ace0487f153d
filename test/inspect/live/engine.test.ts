import { createInspector, type StatelyInspectionEvent } from '@statelyai/inspect';
import { describe, expect, test } from 'vitest';
import type { InspectionEvent } from 'xstate';
import { RunStory } from '../../../src/cli/run-story.ts';
import { Values } from '../../../src/engine/dispatch/values.ts';
import { toStatelyMessage } from '../../../src/inspect/live/messages.ts';
import { RunInspector } from '../../../src/inspect/live/run-inspector.ts';
import type { Store } from '../../../src/core/ports.ts';
import { flows } from '../../engine/flows.ts';
import { TerminalError } from '../../../src/core/errors.ts';
import { agent, flow, type LooseStep } from '../../support/flow.ts';
import { createTestEngine } from '../../support/test-engine.ts';
import { expectComplete, parsed } from './protocol.ts';

/** The messages of a finished run, told again from its store. */
function toldAgain(store: Store, run: string): readonly StatelyInspectionEvent[] {
  const messages: StatelyInspectionEvent[] = [];
  let at = 0;
  const observer = (event: InspectionEvent): void => void messages.push(toStatelyMessage(event, at));
  const onError = (_run: string, error: unknown): never => {
    throw error as Error;
  };
  const story = new RunStory(store, run, new RunInspector({ observer, loader: new Values(store), env: {}, onError }));
  while (story.tellNext((time) => (at = time)) !== null) story.findBelow();
  expect(story.hasEnded).toBe(true);
  return messages;
}

const shown = ({ sessionId, type, ...rest }: ReturnType<typeof parsed>[number]): unknown =>
  'event' in rest ? [sessionId, type, rest.event, 'snapshot' in rest ? rest.snapshot : null] : [sessionId, type];

describe.each(flows.filter(({ status = 'completed' }) => status === 'completed' || status === 'failed'))(
  '$name',
  ({ make, input = {}, mocks = {}, others = () => [] }) => {
    test('is told live and again from the store: valid, complete and the same', async () => {
      const live: StatelyInspectionEvent[] = [];
      const workflow = make();
      await using test = await createTestEngine({
        mocks,
        workflows: [workflow, ...others()],
        inspect: (event) => void live.push(toStatelyMessage(event, 0)),
      });
      await test.engine.start(workflow, input, { runId: 'r' });
      await test.drive('r');
      // Children that nobody waits for.
      for (const { id } of test.store.listRuns({ kind: ['child'], limit: 1_000 })) await test.drive(id);
      const messages = parsed(live);
      const runs = test.store.listRuns({ kind: ['run', 'round', 'child'], limit: 1_000 });
      expectComplete(messages, test.store);
      const again = parsed(toldAgain(test.store, 'r'));
      const below = (id: string): boolean => id === 'r' || id.startsWith('r/');
      for (const { id } of runs.filter((row) => below(row.id))) {
        const of = (all: typeof messages): readonly unknown[] =>
          all.filter(({ sessionId }) => sessionId === id).map(shown);
        expect(of(again)).toEqual(of(messages));
      }
    });
  },
);

test('a run that is retried after its end, and one that moves to another version, are told on', async () => {
  const steps = (more: readonly LooseStep[] = []): readonly LooseStep[] => [
    ...more,
    agent('a'),
    { id: 'ask', type: 'signal', name: 'go' },
    agent('b'),
  ];
  const first = flow({ name: 'w', version: '1', steps: steps() });
  const second = flow({ name: 'w', version: '2', steps: steps([agent('zero', { condition: 'false' })]) });
  const live: StatelyInspectionEvent[] = [];
  let isDown = true;
  await using test = await createTestEngine({
    workflows: [first, second],
    mocks: {
      a: 'a',
      b: () => {
        if (isDown) throw new TerminalError('down');
        return 'b';
      },
    },
    inspect: (event) => void live.push(toStatelyMessage(event, 0)),
  });
  await test.engine.start(first, {}, { runId: 'r' });
  await test.clock.settle();
  expect((await test.engine.migrate({ workflow: 'w', to: '2' })).runs).toMatchObject([{ problems: [] }]);
  await test.engine.signal('r', 'go');
  expect((await test.drive('r')).status).toBe('failed');
  isDown = false;
  await test.engine.retry('r');
  await test.clock.settle();
  expect((await test.drive('r')).status).toBe('completed');
  const messages = parsed(live);
  expectComplete(messages, test.store);
  const charts = messages.flatMap((each) =>
    each.type === '@xstate.actor' ? [each.definition.includes('"zero"')] : [],
  );
  expect(charts).toEqual([false, true, true]);
  const again = parsed(toldAgain(test.store, 'r'));
  expectComplete(again, test.store);
  const events = (all: typeof messages): readonly unknown[] =>
    all.filter(({ type }) => type !== '@xstate.actor').map(shown);
  expect(events(again)).toEqual(events(messages));
});

const secretFlow = flow({
  steps: [
    agent('a', { input: { prompt: 'use {{env.TOKEN}}' } }),
    { id: 'b', type: 'transform', template: 'input was {{workflow.input.note}}' },
  ],
});

test('secrets are masked, wherever they come from', async () => {
  const told: InspectionEvent[] = [];
  await using test = await createTestEngine({
    workflows: [secretFlow],
    mocks: { a: 'fine' },
    env: { TOKEN: 's3cr3t-t0ken' },
    inspect: { next: (event) => void told.push(event) },
  });
  await test.engine.start(secretFlow, { note: 'the key is s3cr3t-t0ken' }, { runId: 'r' });
  await test.drive('r');
  const text = JSON.stringify(told.map((event) => toStatelyMessage(event, 0)));
  expect(text).toContain('the key is {{env.TOKEN}}');
  expect(text).not.toContain('s3cr3t');
});

test("the package's own inspectors take the engine's runs", async () => {
  const sent: StatelyInspectionEvent[] = [];
  const inspector = createInspector({ send: (message) => void sent.push(message) });
  const { make, mocks = {} } = flows[0] as (typeof flows)[number];
  await using test = await createTestEngine({ workflows: [make()], mocks, inspect: inspector.inspect });
  await test.engine.start(make(), { topic: 'tides' }, { runId: 'r' });
  await test.drive('r');
  await expect.poll(() => sent.length).toBe(1 + 2 * test.store.readEvents('r', 1).length);
  const messages = parsed(sent);
  expect(messages[0]).toMatchObject({ type: '@xstate.actor', sessionId: 'r', name: make().name });
  expect(messages.at(-1)).toMatchObject({ snapshot: { status: 'done', value: '$completed' } });
});

test('large outputs are cut, and outputs of steps are those of the run', async () => {
  const told: StatelyInspectionEvent[] = [];
  const workflow = flow({ steps: [agent('a'), agent('b')] });
  await using test = await createTestEngine({
    workflows: [workflow],
    mocks: { a: { text: 'x'.repeat(50_000), list: Array.from({ length: 500 }, (_, n) => n) }, b: 'end' },
    inspect: (event) => void told.push(toStatelyMessage(event, 0)),
  });
  await test.engine.start(workflow, {}, { runId: 'r' });
  await test.drive('r');
  expect(JSON.stringify(told.at(-1)).length).toBeLessThan(5_000);
  expect(told.at(-1)).toMatchObject({
    snapshot: {
      context: {
        steps: {
          a: { output: { text: `${'x'.repeat(400)}... (50000 characters)` } },
          b: { status: 'completed', output: 'end' },
        },
      },
    },
  });
});

test('an inspector that throws is logged, and changes nothing for the run', async () => {
  const workflow = flow({ steps: [agent('a')] });
  await using test = await createTestEngine({
    workflows: [workflow],
    mocks: { a: 'ok' },
    inspect: () => {
      throw new Error('no such window');
    },
  });
  await test.engine.start(workflow, {}, { runId: 'r' });
  expect((await test.drive('r')).status).toBe('completed');
  expect(JSON.stringify(test.log)).toContain('no such window');
});

test('a run is only looked at: what an inspector sends to it is refused', async () => {
  const actors: InspectionEvent['actorRef'][] = [];
  const workflow = flow({ steps: [agent('a')] });
  await using test = await createTestEngine({
    workflows: [workflow],
    mocks: { a: 'ok' },
    inspect: ({ type, actorRef }) => void (type === '@xstate.actor' && actors.push(actorRef)),
  });
  await test.engine.start(workflow, {}, { runId: 'r' });
  await test.drive('r');
  expect(() => {
    actors[0]?.send({ type: 'run.cancelled' });
  }).toThrow("it does not take 'run.cancelled' from an inspector");
  expect(actors[0]?.getSnapshot()).toMatchObject({ status: 'done', value: '$completed' });
});
