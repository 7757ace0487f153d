/** What is left out because the order of branches makes no difference: nothing that every order of every move would show. */
import { expect, test } from 'vitest';
import { explore, type Graph } from '../../src/verify/index.ts';
import { agent, flow, type LooseStep, type LooseWorkflow } from '../support/flow.ts';

/** Transitions of the chart, and what became of steps. */
function shown({ transitions, edges }: Graph): readonly string[] {
  const happened = edges.flatMap(({ happenings }) => happenings.map((each) => JSON.stringify({ ...each, attempt: 0 })));
  const taken = transitions.map(({ source, event, guard, targets }) => JSON.stringify([source, event, guard, targets]));
  return [...new Set([...happened, ...taken])].toSorted();
}

const undo = { compensate: { type: 'transform', template: 1 } };
const group = (id: string, ...steps: readonly LooseStep[]): LooseStep => ({ id, type: 'sequential', steps });
const parallel = (more: object, ...steps: readonly LooseStep[]): LooseStep => ({
  id: 'all',
  type: 'parallel',
  steps,
  ...more,
});

const cases: Readonly<Record<string, LooseWorkflow>> = {
  'a branch of several steps is cut off by one that fails': {
    steps: [parallel({ failFast: true }, group('g', agent('a'), agent('b')), agent('c'))],
  },
  'a branch that is undone is cut off': {
    steps: [parallel({ join: 'any' }, agent('a', undo), group('g', agent('b', undo), agent('c', undo))), agent('z')],
  },
  'a branch that a handler begins is cut off': {
    onStepStart: { a: () => undefined },
    steps: [parallel({ join: 1 }, agent('a'), agent('b'))],
  },
  'a branch whose condition is a function is cut off': {
    steps: [parallel({ join: 1 }, agent('a', { condition: () => true }), agent('b'))],
  },
  'what one branch writes another puts elsewhere': {
    state: { n: 0, s: 0 },
    steps: [
      parallel(
        {},
        agent('a', { assign: { n: { expr: '1' } } }),
        agent('b', { assign: { s: { expr: '{{state.n}}' } } }),
      ),
      agent('z', { condition: '{{state.s}} === 0' }),
    ],
  },
  'two branches write otherwise at the same place': {
    state: { n: 1 },
    steps: [
      parallel(
        {},
        agent('a', { assign: { n: { expr: '{{state.n}} + 1' } } }),
        agent('b', { assign: { n: { expr: '{{state.n}} * 3' } } }),
      ),
      agent('y', { condition: '{{state.n}} === 4' }),
      agent('z', { condition: '{{state.n}} === 6' }),
    ],
  },
  'the rounds of a loop in one branch write what another looks at': {
    state: { n: 0 },
    steps: [
      parallel({}, group('g', agent('b'), agent('d', { condition: '{{state.n}} === 1' })), {
        id: 'l',
        type: 'loop',
        items: [1],
        steps: [agent('r', { assign: { n: { expr: '1' } } })],
      }),
    ],
  },
  'a branch that waits in a queue begins when another failed': {
    steps: [parallel({ join: 'any', maxConcurrency: 1 }, agent('a'), agent('b', { onError: 'continue' }), agent('c'))],
  },
  'a branch that ends the run cuts off the others': {
    steps: [
      parallel(
        {},
        group('g', agent('a'), { id: 'c', type: 'conditional', condition: '{{steps.a.output}}', then: 'end' }),
        group('h', agent('b'), agent('d')),
      ),
    ],
  },
  'a handler writes what a wait in another branch looks at': {
    state: { ok: false },
    onStepComplete: { a: () => undefined },
    steps: [parallel({}, { id: 'w', type: 'wait', condition: '{{state.ok}} !== true', maxWait: '1m' }, agent('a'))],
  },
};

test.each(Object.entries(cases))('%s', (_name, workflow) => {
  const definition = flow(workflow);
  expect(shown(explore(definition, { cancel: false }))).toEqual(
    shown(explore(definition, { cancel: false, interleave: true })),
  );
});
