import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { createActor, toPromise } from 'xstate';
import { createWorkflow } from '../../src/definition/index.ts';
import { toMachine } from '../../src/engine/to-machine.ts';

test('what a function gets shows the values that are there, and no others, when it is logged', async () => {
  let shown = '';
  const flow = createWorkflow('logged')
    .addStep('first', { type: 'transform', template: { n: 0 }, output: 'one' })
    .addStep('never', { type: 'transform', template: 1, condition: 'false' })
    .addStep('all', {
      type: 'loop',
      items: ['x'],
      as: 'letter',
      step: {
        type: 'transform',
        input: '{{loop.item}}',
        transform: (_data, context) => (shown = inspect(context, { depth: 5, breakLength: Number.POSITIVE_INFINITY })),
      },
    })
    .addStep('later', { type: 'transform', template: 1, output: 'two' });
  const actor = createActor(toMachine(flow), { input: { topic: 'tides' } });
  actor.start();
  await toPromise(actor);
  expect(shown.replaceAll(/runId: '[^']+', startedAt: '[^']+'/g, '...')).toBe(
    "{ input: 'x', workflow: { input: { topic: 'tides' }, name: 'logged', version: '1', ... }, " +
      "steps: { first: { output: { n: 0 }, status: 'completed', attempts: 1 }, never: { status: 'skipped', attempts: 0 }, " +
      "all: { status: 'running', attempts: 1 }, 'all-step': { status: 'running', attempts: 1 } }, " +
      "vars: { one: { n: 0 } }, loop: { item: 'x', index: 0 }, stepId: 'all-step', attempt: 1 }",
  );
});

test('a copy of it is plain data and functions: what shows it stays behind', async () => {
  let copy: object = {};
  const flow = createWorkflow('copied').addStep('a', {
    type: 'transform',
    transform: (_data, context) => {
      copy = { ...context };
      return Object.keys(context).join();
    },
  });
  const actor = createActor(toMachine(flow), { input: {} });
  actor.start();
  expect(await toPromise(actor)).toBe('input,workflow,steps,vars,state,loop,stepId,attempt,signal,set');
  expect(Object.getOwnPropertySymbols(copy)).toEqual([]);
});

test('it can be spread, and so can what it holds', async () => {
  const flow = createWorkflow('spread')
    .addStep('first', { type: 'transform', template: { n: 1 } })
    .addStep('second', {
      type: 'transform',
      input: { given: true },
      transform: (_data, context) => {
        const { steps, set: _set, signal: _signal, ...data } = { ...context };
        return { ...data, workflow: { ...context.workflow, runId: '', startedAt: '' }, first: { ...steps['first'] } };
      },
    });
  const actor = createActor(toMachine(flow), { input: { topic: 'tides' } });
  actor.start();
  expect(await toPromise(actor)).toEqual({
    input: { given: true },
    workflow: { input: { topic: 'tides' }, name: 'spread', version: '1', runId: '', startedAt: '', error: null },
    vars: {},
    state: {},
    loop: null,
    stepId: 'second',
    attempt: 1,
    first: { output: { n: 1 }, status: 'completed', error: null, branch: null, attempts: 1, metadata: {} },
  });
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
