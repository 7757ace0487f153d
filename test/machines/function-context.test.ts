import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { createActor, toPromise } from 'xstate';
import { createWorkflow } from '../../src/definition/index.ts';
import { toMachine } from '../../src/engine/to-machine.ts';

test('what a function gets shows its steps and vars when it is logged', async () => {
  let shown = '';
  const flow = createWorkflow('logged')
    .addStep('first', { type: 'transform', template: { n: 1 }, output: 'one' })
    .addStep('second', { type: 'transform', transform: (_data, context) => (shown = inspect(context, { depth: 5 })) });
  const actor = createActor(toMachine(flow), { input: {} });
  actor.start();
  await toPromise(actor);
  expect(shown).toMatch(/steps: \{\s+first: \{\s+output: \[Getter\]/);
  expect(shown).toContain('vars: { one: { n: 1 } }');
});

test('a run of a plain machine has an id of its own, or that of its actor', async () => {
  const flow = createWorkflow('named').addStep('id', { type: 'transform', template: '{{workflow.runId}}' });
  const ids: unknown[] = [];
  for (const options of [{}, {}, { id: 'order-17' }]) {
    const actor = createActor(toMachine(flow), { ...options, input: {} });
    actor.start();
    ids.push(await toPromise(actor));
  }
  expect(new Set(ids).size).toBe(3);
  expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(ids[2]).toBe('order-17');
});

test('a plain machine tells outputs as they are', async () => {
  const flow = createWorkflow('told').addStep('pair', {
    type: 'parallel',
    steps: [
      { id: 'a', type: 'transform', template: 1 },
      { id: 'b', type: 'transform', template: [2] },
    ],
  });
  const actor = createActor(toMachine(flow), { input: {} });
  const told: unknown[] = [];
  actor.on('step.completed', (event) => told.push((event as unknown as { output: unknown }).output));
  actor.start();
  await toPromise(actor);
  expect(told).toEqual([1, [2], { a: 1, b: [2] }]);
});
