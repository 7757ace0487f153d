import { expect, test } from 'vitest';
import { agent } from '../support/flow.ts';
import { completedWays, exploreSteps, ways } from './support/ways.ts';

const wait = (id: string, more: object = {}) => ({ id, type: 'signal', name: 'go', ...more });

test('a signal may come before any step that waits for it, each time', () => {
  const graph = exploreSteps(agent('a'), wait('s'), agent('b'), wait('again'));
  expect(completedWays(graph)).toEqual([
    'a completes, signal go, b completes, signal go',
    'a completes, signal go, signal go comes early, b completes',
    'signal go comes early, a completes, b completes, signal go',
    'signal go comes early, a completes, signal go comes early, b completes',
  ]);
});

test('two signals may wait for their steps', () => {
  const graph = exploreSteps(agent('a'), wait('s'), wait('again'));
  expect(completedWays(graph)).toContain('signal go comes early, signal go comes early, a completes');
});

test('of steps that wait for one name, each may be the one whose match holds', () => {
  const match = (n: number) => ({ match: `{{signal.payload.n}} === ${n}`, timeout: '1m', onError: 'continue' });
  const graph = exploreSteps({
    id: 'all',
    type: 'parallel',
    join: 'any',
    steps: [wait('one', match(1)), wait('two', match(2))],
  });
  expect(completedWays(graph)).toEqual(
    expect.arrayContaining(['signal go for one', 'signal go for two', 'event go for one and two']),
  );
});

test('a step without a match takes what comes before those after it can', () => {
  const graph = exploreSteps({ id: 'all', type: 'parallel', join: 'any', steps: [wait('one'), wait('two')] });
  expect(completedWays(graph)).toEqual(['event go for one and two', 'signal go']);
});

test('what conditions read of a payload is that of the step that took it', () => {
  const graph = exploreSteps(
    wait('first', { match: '{{signal.payload.n}} > 0' }),
    wait('second'),
    agent('b', { condition: '{{steps.second.output.kind}} === "blog"' }),
  );
  expect(completedWays(graph)).toEqual(
    expect.arrayContaining(['signal go, signal go', 'signal go, signal go, b completes']),
  );
});

test('a signal that comes early is not kept where somebody waits for it', () => {
  const graph = exploreSteps(wait('s', { timeout: '1m', onError: 'continue' }), wait('again'));
  expect(ways(graph).filter((each) => each.endsWith('completed'))).toEqual([
    's times out, signal go, completed',
    'signal go, signal go, completed',
  ]);
});
