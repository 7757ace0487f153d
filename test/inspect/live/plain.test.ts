import { createInspector, type StatelyInspectionEvent } from '@statelyai/inspect';
import { expect, test } from 'vitest';
import { createActor, fromPromise, toPromise } from 'xstate';
import { toMachine } from '../../../src/engine/to-machine.ts';
import { agent, flow } from '../../support/flow.ts';

test("a workflow under XState's own createActor is inspected as any machine", async () => {
  const sent: StatelyInspectionEvent[] = [];
  const inspector = createInspector({ send: (message) => void sent.push(message) });
  const workflow = flow({
    name: 'plain',
    steps: [agent('a'), { id: 'each', type: 'loop', items: [1, 2], steps: [agent('inner')] }],
    output: '{{steps.a.output}}',
  });
  const machine = toMachine(workflow).provide({ actors: { agent: fromPromise(async () => Promise.resolve('fine')) } });
  const actor = createActor(machine, { input: {}, inspect: inspector.inspect });
  actor.start();
  expect(await toPromise(actor)).toBe('fine');
  const isOver = (message: StatelyInspectionEvent): boolean =>
    message.type === '@xstate.snapshot' && (message.snapshot as { value?: unknown }).value === '$completed';
  await expect.poll(() => sent.some((each) => each.sessionId === actor.sessionId && isOver(each))).toBe(true);
  const messages = JSON.parse(JSON.stringify(sent)) as readonly (StatelyInspectionEvent & { readonly name?: string })[];
  const [root] = messages;
  expect(root).toMatchObject({ type: '@xstate.actor', name: 'plain', sessionId: actor.sessionId });
  // What is under way is an actor of its own, below the workflow's.
  const actors = messages.filter(({ type }) => type === '@xstate.actor');
  expect(actors.map(({ name }) => name)).toEqual(expect.arrayContaining(['plain', 'a', 'each', '$run.output']));
  expect(actors.every((each) => each === root || 'parentId' in each)).toBe(true);
  const done = messages.filter((each) => each.type === '@xstate.event').map(({ event }) => event.type);
  expect(done).toEqual(expect.arrayContaining(['xstate.done.actor.a', 'xstate.done.actor.each']));
});
