/** Situations that look alike and lead elsewhere are told apart: each of these ways was lost in another once. */
import { expect, test } from 'vitest';
import { explore } from '../../src/verify/index.ts';
import { agent, flow, type LooseStep, type LooseWorkflow } from '../support/flow.ts';
import { ways } from './support/ways.ts';

const transform = (id: string, more: object = {}): LooseStep => ({ id, type: 'transform', template: 1, ...more });
const group = (id: string, ...steps: readonly LooseStep[]): LooseStep => ({ id, type: 'sequential', steps });
const parallel = (more: object, ...steps: readonly LooseStep[]): LooseStep => ({
  id: 'q',
  type: 'parallel',
  steps,
  ...more,
});
const maybe = { condition: '{{workflow.input.x}} === 1' };
const looking = (condition: string): LooseStep => agent('c', { condition });

const cases: Readonly<Record<string, readonly [LooseWorkflow, way: string]>> = {
  'the output of a group is that of a step that ended before it is over': [
    {
      steps: [group('g', agent('a', maybe), agent('b', { onError: 'continue' })), looking('{{steps.g.output}} === 1')],
    },
    'a completes, b fails, c completes, completed',
  ],
  'so it is by the name of an output': [
    {
      steps: [
        { ...group('g', agent('a', maybe), agent('b', { onError: 'continue' })), output: 'v' },
        looking('{{vars.v}} === 1'),
      ],
    },
    'a completes, b fails, c completes, completed',
  ],
  'and what came beside an output': [
    {
      steps: [
        group('g', agent('a', maybe), agent('b', { onError: 'continue' })),
        looking('{{steps.g.metadata.model}} === "small"'),
      ],
    },
    'a completes, b fails, c completes, completed',
  ],
  'the output of a branch is read in that of the whole': [
    {
      onStepComplete: { a: () => undefined },
      steps: [
        parallel({}, agent('a', { onError: { output: 'bad' } }), agent('b')),
        looking('{{steps.q.output.a}} === 1'),
      ],
    },
    'a completes, a: onStepComplete is done, b completes, c completes, completed',
  ],
  'what is put into the state is read before': [
    {
      state: { s: '' },
      steps: [
        agent('a', maybe),
        agent('b'),
        transform('w', { assign: { s: '{{steps.a.output}}' } }),
        looking('{{state.s}} === 1'),
      ],
    },
    'a completes, b completes, w completes, w writes to the state, c completes, completed',
  ],
  'what a round puts into the state may come from the run around it': [
    {
      state: { s: '' },
      steps: [
        agent('a'),
        { id: 'l', type: 'loop', items: [1], steps: [transform('r', { assign: { s: '{{steps.a.output.x}}' } })] },
        looking('{{state.s}} === 1'),
      ],
    },
    'a completes, l: its first round, r completes, r writes to the state, l completes, c completes, completed',
  ],
  'an answer is compared with an earlier one': [
    {
      state: { s: 'first' },
      steps: [
        agent('a', { assign: { s: '{{steps.a.output}}' } }),
        agent('b', { assign: { s: '{{steps.b.output}}' } }),
        looking('{{state.s}} === {{steps.a.output}}'),
      ],
    },
    'a completes, a writes to the state, b completes, b writes to the state, completed',
  ],
  'an answer is compared with what is written in the workflow': [
    { state: { limit: 7 }, steps: [agent('a'), looking('{{steps.a.output}} === {{state.limit}}')] },
    'a completes, c completes, completed',
  ],
  'what one part of a condition cannot know another part does': [
    {
      state: { limit: 7 },
      steps: [
        agent('a', { onError: 'continue' }),
        looking('{{steps.a.status}} === "failed" && {{workflow.input.n}} > {{state.limit}}'),
      ],
    },
    'a fails, c completes, completed',
  ],
  'what follows a failure of the run is ahead while it is undone': [
    {
      steps: [
        agent('p', { onError: 'continue' }),
        agent('a', { compensate: { type: 'emit', name: 'undo' } }),
        agent('b'),
      ],
      onFailure: [looking('{{steps.p.status}} === "failed"')],
    },
    'p fails, a completes, b fails, a-compensate completes, c completes, failed',
  ],
  'a branch with a queue around it has failed when it has': [
    {
      steps: [
        parallel({ maxConcurrency: 1, onError: 'continue' }, agent('a', { totalTimeout: '1m' }), agent('b')),
        looking('{{steps.q.status}} === "failed"'),
      ],
    },
    'a fails, b completes, c completes, completed',
  ],
  'what a template makes of what a handler writes is not known either': [
    {
      state: { n: 0 },
      onStepComplete: { a: () => undefined },
      steps: [agent('a'), transform('t', { template: { v: '{{state.n}}' } }), looking('{{steps.t.output.v}} > 3')],
    },
    'a completes, a: onStepComplete is done, t completes, c completes, completed',
  ],
  'values that are put into each other without end are left to choice': [
    {
      state: { n: 0 },
      steps: [
        agent('a', { onError: { output: '{{state.n}}' } }),
        agent('b', { assign: { n: '{{steps.a.output.x}}' } }),
        looking('{{steps.a.output.y}} === 1'),
      ],
    },
    'a fails, a: another output in its place, b completes, b writes to the state, c completes, completed',
  ],
  'what went wrong in a branch is said by the whole': [
    {
      steps: [parallel({}, agent('a'), agent('b'))],
      onFailure: [looking('contains({{workflow.error.message}}, "busy")')],
    },
    'a fails (busy), b completes, c completes, failed',
  ],
};

test.each(Object.entries(cases))('%s', (_name, [workflow, way]) => {
  expect(ways(explore(flow(workflow), { cancel: false }))).toContain(way);
});

test('state that is made of what cannot be known cannot be known either', () => {
  const graph = explore(
    flow({
      state: { s: '', n: 0 },
      steps: [
        agent('a'),
        transform('w', { assign: { s: '{{steps.a.output}}!' } }),
        transform('v', { assign: { n: { expr: 'length({{state.s}})' } } }),
        looking('{{state.n}} > 30'),
      ],
    }),
    { cancel: false },
  );
  const before = 'a completes, w completes, w writes to the state, v completes';
  expect(ways(graph)).toEqual(expect.arrayContaining([`${before}, c completes, completed`, `${before}, completed`]));
});

test('a part of a condition that is known decides with one that is not', () => {
  const graph = explore(
    flow({
      state: { limit: 7 },
      steps: [
        agent('a', { onError: 'continue' }),
        looking('{{steps.a.status}} === "failed" && {{workflow.input.n}} > {{state.limit}}'),
      ],
    }),
    { cancel: false },
  );
  expect(ways(graph).filter((each) => each.includes('a completes, c completes'))).toEqual([]);
});

test('a switch over state that cannot be known takes any case, and another one after each write', () => {
  const route = (id: string): LooseStep => ({
    id,
    type: 'switch',
    value: '{{state.n}}',
    cases: { 1: `one-${id}` },
    assign: { n: { expr: '{{workflow.input.n}} + {{state.n}}' } },
  });
  const graph = explore(flow({ state: { n: 1 }, steps: [route('r'), agent('one-r'), route('s'), agent('one-s')] }), {
    cancel: false,
  });
  expect(ways(graph).filter((each) => each.endsWith('completed'))).toEqual(
    expect.arrayContaining(['completed', 'one-r completes, completed', 'one-s completes, completed']),
  );
});

test('a switch over several values takes any case', () => {
  const graph = explore(
    flow({
      steps: [
        agent('a'),
        { id: 'r', type: 'switch', value: '{{steps.a.output.x}}-{{steps.a.output.y}}', cases: { 'b-c': 'z' } },
        agent('z'),
      ],
    }),
    { cancel: false },
  );
  expect(ways(graph)).toEqual(
    expect.arrayContaining(['a completes, z completes, completed', 'a completes, completed']),
  );
});

test('whether a loop runs at all is asked before its items are', () => {
  const graph = explore(
    flow({ steps: [{ id: 'l', type: 'loop', items: () => [1], steps: [agent('a')], condition: () => true }] }),
    { cancel: false },
  );
  expect(ways(graph)).toEqual(expect.arrayContaining(['l: false, completed', 'l: its condition throws, failed']));
});
