/** What a situation remembers, of which nothing can be seen at the place where a run stands: each of these facts was left out once on purpose. */
import { describe, expect, test } from 'vitest';
import { explore } from '../../src/verify/index.ts';
import { agent, flow, type LooseStep, type LooseWorkflow } from '../support/flow.ts';
import { ways } from './support/ways.ts';

const transform = (id: string, more: object = {}): LooseStep => ({ id, type: 'transform', template: 1, ...more });
const rounds = (...steps: readonly LooseStep[]): LooseStep => ({ id: 'l', type: 'loop', items: [1, 2], steps });
const writing = (id: string): LooseStep => transform(id, { assign: { s: `{{steps.a.output}}!` } });
const looking = (id: string): LooseStep => agent(id, { condition: '{{state.s}} === "good"' });

const waysOf = (workflow: LooseWorkflow): readonly string[] => ways(explore(flow(workflow), { cancel: false }));
const completed = (...moves: readonly string[]): string => [...moves, 'completed'].join(', ');

describe('state that cannot be known', () => {
  test('is another one after each write', () => {
    const body = [agent('a'), writing('w'), looking('c')];
    const all = waysOf({
      state: { s: '' },
      steps: [{ id: 'l', type: 'loop', while: '{{loop.index}} < 2', steps: body }],
    });
    const round = ['a completes', 'w completes', 'w writes to the state'];
    expect(all).toContain(completed(...round, 'c completes', ...round));
    expect(all).toContain(completed(...round, ...round, 'c completes'));
  });

  test('is as it was before the loop when another round begins', () => {
    const all = waysOf({
      state: { s: '' },
      steps: [agent('a'), writing('v'), rounds(looking('b'), writing('w'), looking('c'))],
    });
    const written = ['w completes', 'w writes to the state'];
    expect(all).toContain(
      completed(
        ...['a completes', 'v completes', 'v writes to the state', 'l: its first round', ...written, 'c completes'],
        ...['l: one more round', ...written, 'l completes'],
      ),
    );
  });

  test('is another one after each expression, within one move too', () => {
    const route = (id: string): LooseStep => ({
      id,
      type: 'switch',
      value: '{{state.n}}',
      cases: { 1: `one-${id}` },
      assign: { n: { expr: '{{workflow.input.n}} + {{state.n}}' } },
    });
    const all = waysOf({
      state: { n: 1 },
      steps: [route('r'), route('s'), route('t'), agent('one-r'), agent('one-s'), agent('one-t')],
    });
    expect(all).toContain(completed('one-s completes'));
    expect(all).toContain(completed('one-t completes'));
  });
});

test('a verdict that was chosen holds for the same data', () => {
  const same = { condition: '{{steps.a.output}} === {{state.limit}}' };
  const all = waysOf({ state: { limit: 7 }, steps: [agent('a'), agent('c', same), agent('b'), agent('d', same)] });
  expect(all.filter((each) => each.endsWith('completed'))).toEqual([
    completed('a completes', 'c completes', 'b completes', 'd completes'),
    completed('a completes', 'b completes'),
  ]);
});

test('what a round has written, where the state that it sees is the same', () => {
  const all = waysOf({
    state: { n: 0 },
    steps: [
      rounds(
        agent('a', { condition: '{{loop.index}} === 0', assign: { n: { expr: '1' } } }),
        agent('d'),
        agent('b', { condition: '{{steps.d.output}} === 1', assign: { n: { expr: '0' } } }),
        agent('e'),
      ),
      agent('c', { condition: '{{state.n}} === 1' }),
    ],
  });
  const first = ['l: its first round', 'a completes', 'd completes', 'e completes', 'l: one more round', 'd completes'];
  expect(all).toContain(completed(...first, 'b completes', 'e completes', 'l completes'));
  expect(all).toContain(completed(...first, 'e completes', 'l completes', 'c completes'));
});

test('the state as it was when a loop began', () => {
  const all = waysOf({
    state: { n: 0 },
    steps: [
      {
        id: 'q',
        type: 'parallel',
        steps: [
          rounds(agent('a', { condition: '{{state.n}} === 0' }), agent('b')),
          agent('w', { assign: { n: { expr: '1' } } }),
        ],
      },
    ],
  });
  expect(all).toContain(
    completed(
      ...['l: its first round', 'a completes', 'w completes', 'b completes'],
      ...['l: one more round', 'a completes', 'b completes', 'l completes'],
    ),
  );
});

describe('what is to be undone', () => {
  const undo = { compensate: { type: 'emit', name: 'undo' } };

  test('is what was done', () => {
    const all = waysOf({ steps: [agent('a', { condition: '{{workflow.input.x}}', ...undo }), agent('b')] });
    expect(all).toEqual(
      expect.arrayContaining(['b fails, failed', 'a completes, b fails, a-compensate completes, failed']),
    );
  });

  test('is undone otherwise when nobody knows whether it was done', () => {
    const child = { id: 'k', type: 'workflow', workflow: 'other', timeout: '1m', onError: 'continue', ...undo };
    const all = waysOf({ steps: [child, agent('b')] });
    expect(all).toContain('k completes, b fails, k-compensate completes, failed');
    expect(all).toContain('k times out, b fails, k is undone, failed');
  });
});

test('how often a step was come back to', () => {
  const all = waysOf({
    steps: [agent('a'), { id: 'c', type: 'conditional', condition: '{{steps.a.output}} === 1', then: 'a' }],
  });
  const completions = Array.from({ length: 3 }, () => 'a completes');
  expect(all).toEqual(expect.arrayContaining([completed(...completions), [...completions, 'failed'].join(', ')]));
});
