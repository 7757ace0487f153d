/** Values of the state that cannot be known: conditions over them are left to choice, and asked again when they may have changed. */
import { expect, test } from 'vitest';
import { explore } from '../../src/verify/index.ts';
import { agent, flow, type LooseWorkflow } from '../support/flow.ts';
import { completedWays } from './support/ways.ts';

const quick = (id: string, more: object = {}) => ({ id, type: 'transform', template: 1, ...more });
const when = (id: string): object => quick(id, { condition: '{{state.n}} > 3' });

function waysOf(workflow: Partial<LooseWorkflow>, ...steps: readonly object[]): readonly string[] {
  return completedWays(explore(flow({ state: { n: 0 }, ...workflow, steps: steps as LooseWorkflow['steps'] })));
}

test('a sum with an output may be anything', () => {
  const add = agent('a', { assign: { n: { expr: '{{state.n}} + {{steps.a.output.count}}' } } });
  expect(waysOf({}, add, when('x'), when('y'))).toEqual(['a completes', 'a completes, x completes, y completes']);
});

test('the verdict is asked for again when it may have been written', () => {
  const add = (id: string) => agent(id, { assign: { n: { expr: `{{state.n}} + {{steps.${id}.output.count}}` } } });
  expect(waysOf({}, add('a'), when('x'), add('b'), when('y'))).toEqual([
    'a completes, b completes',
    'a completes, b completes, y completes',
    'a completes, x completes, b completes',
    'a completes, x completes, b completes, y completes',
  ]);
});

test('handlers may write anything, whenever they run', () => {
  const ways = waysOf({ onStepComplete: { a: () => undefined } }, when('x'), agent('a'), when('y'), when('z'));
  expect(ways.some((each) => !each.includes('x completes') && each.includes('y completes, z completes'))).toBe(true);
  expect(ways.some((each) => each.includes('y completes') !== each.includes('z completes'))).toBe(false);
});

test('what is merged may be anything', () => {
  const merge = agent('a', { assign: { m: { merge: { score: '{{steps.a.output.score}}' } } } });
  const ways = waysOf({ state: { m: {} } }, merge, quick('x', { condition: '{{state.m.score}} > 3' }));
  expect(ways).toContain('a completes, a writes to the state, x completes');
});

test('what is written from another key is known as well as that', () => {
  const ways = waysOf(
    { state: { n: 0, copy: 0 } },
    agent('a', { assign: { n: '{{steps.a.output.score}}' } }),
    agent('b', { assign: { copy: '{{state.n}}' } }),
    quick('x', { condition: '{{state.copy}} > 3' }),
    quick('y', { condition: '{{steps.a.output.score}} > 3' }),
  );
  const begin = 'a completes, a writes to the state, b completes, b writes to the state';
  expect(ways).toEqual([begin, `${begin}, x completes, y completes`]);
});
