import { describe, expect, test } from 'vitest';
import { explore, type Graph } from '../../src/verify/index.ts';
import { agent, flow } from '../support/flow.ts';
import { exploreSteps, ways } from './support/ways.ts';

const quick = (id: string, more: object = {}) => ({ id, type: 'transform', template: 1, ...more });
const loop = (more: object) => ({ id: 'l', type: 'loop', items: '{{workflow.input.list}}', ...more });

const started = (graph: Graph): ReadonlySet<string> =>
  new Set(
    graph.edges.flatMap(({ happenings }) => happenings.flatMap((each) => (each.type === 'started' ? [each.step] : []))),
  );

describe('rounds over items', () => {
  test('each may be followed by another', () => {
    const graph = exploreSteps(loop({ steps: [agent('a')] }));
    const round = 'l: one more round, a completes';
    expect(ways(graph, 20)).toContain(
      `l: its first round, a completes, ${round}, ${round}, ${round}, l completes, completed`,
    );
  });

  test('as many as there are, where the items are written', () => {
    const completed = ways(exploreSteps(loop({ items: [1, 2], steps: [agent('a')] }))).filter((each) =>
      each.endsWith('completed'),
    );
    expect(completed).toEqual([
      'l: its first round, a completes, l: one more round, a completes, l completes, completed',
    ]);
  });

  test('each of three, of more the first and any other', () => {
    const rounds = (items: readonly number[]): readonly number[] =>
      ways(exploreSteps(loop({ items, steps: [agent('a')] })), 12)
        .filter((each) => each.endsWith('completed'))
        .map((each) => each.split('a completes').length - 1);
    expect(rounds([1, 2, 3])).toEqual([3]);
    expect(rounds([1, 2, 3, 4])).toEqual(expect.arrayContaining([2, 3, 4]));
  });

  test('more items than may be are too many, where they are written', () => {
    expect(ways(exploreSteps(loop({ items: [1, 2], maxIterations: 1, steps: [agent('a')] })))).toEqual([
      'l has too many items, failed',
    ]);
  });

  test('a round that is not first or second is found where a condition asks for it', () => {
    const late = quick('late', { condition: '{{loop.index}} >= 4' });
    const graph = exploreSteps(loop({ steps: [agent('a'), late] }));
    expect(started(graph)).toContain('late');
    expect(graph.bounds).toEqual([]);
  });

  test('what rounds count is counted, and a bound that was hit is told', () => {
    const definition = flow({
      state: { n: 0 },
      steps: [
        loop({ steps: [quick('a', { assign: { n: { expr: '{{state.n}} + 1' } } })] }),
        quick('many', { condition: '{{state.n}} > 4' }),
      ],
    });
    const graph = explore(definition);
    expect(started(graph)).toContain('many');
    expect(graph.bounds).toEqual([{ what: "loop 'l' counts: its rounds after the 60th were not explored" }]);
  });

  test('what an earlier round wrote is not forgotten', () => {
    const set = (id: string, value: string, condition: string) => quick(id, { condition, assign: { found: value } });
    const graph = explore(
      flow({
        state: { found: 'nothing' },
        steps: [
          loop({ steps: [agent('a'), set('yes', 'yes', '{{steps.a.output}} === "yes"')] }),
          quick('ok', { condition: '{{state.found}} === "yes"' }),
        ],
      }),
    );
    const wrote = 'l: its first round, a completes, yes completes, yes writes to the state';
    expect(ways(graph, 12)).toContain(`${wrote}, l: one more round, a completes, l completes, ok completes, completed`);
  });

  test('rounds that run at the same time as one that breaks end as they like', () => {
    const body = [
      agent('a'),
      { id: 'c', type: 'conditional', condition: '{{steps.a.output}}', then: 'break' },
      agent('z'),
    ];
    const goesOn = (more: object): boolean =>
      ways(exploreSteps(loop({ steps: body, maxIterations: 2, ...more })), 12).some((each) =>
        each.includes('a completes, l: one more round'),
      );
    expect(goesOn({ parallel: 2 })).toBe(true);
    expect(goesOn({})).toBe(false);
  });

  test('they see the run as it was when their loop began', () => {
    const graph = explore(
      flow({
        state: { n: 0 },
        steps: [
          {
            id: 'all',
            type: 'parallel',
            steps: [
              { id: 'g', type: 'sequential', steps: [agent('b'), agent('w', { assign: { n: 1 } })] },
              loop({ items: [1], steps: [agent('a'), quick('never', { condition: '{{state.n}} === 1' })] }),
            ],
          },
        ],
      }),
    );
    expect(started(graph)).not.toContain('never');
  });
});

describe('rounds while or until something holds', () => {
  test('a round that a condition in the body asks for is reached', () => {
    const graph = exploreSteps({
      id: 'l',
      type: 'loop',
      until: '{{steps.a.output.ok}} === true',
      steps: [agent('a'), quick('late', { condition: '{{loop.index}} === 6' })],
    });
    expect(started(graph)).toContain('late');
  });

  test('what the body counts is counted', () => {
    const graph = explore(
      flow({
        state: { n: 0 },
        steps: [
          {
            id: 'l',
            type: 'loop',
            until: '{{steps.a.output.ok}} === true',
            maxIterations: 10,
            steps: [
              agent('a', { assign: { n: { expr: '{{state.n}} + 1' } } }),
              quick('late', { condition: '{{state.n}} > 7' }),
            ],
          },
        ],
      }),
    );
    expect(started(graph)).toContain('late');
    expect(graph.bounds).toEqual([]);
  });
});

test('a branch that ends the run is in a race with the others', () => {
  const graph = exploreSteps({
    id: 'all',
    type: 'parallel',
    steps: [
      {
        id: 'g',
        type: 'sequential',
        steps: [agent('a'), { id: 'c', type: 'conditional', condition: 'true', then: 'end' }],
      },
      { id: 'h', type: 'sequential', steps: [agent('b'), agent('behind')] },
    ],
  });
  expect(started(graph)).toContain('behind');
});

test('of rounds that run at the same time a later one may be seen when an earlier one fails', () => {
  const graph = exploreSteps({
    id: 'l',
    type: 'loop',
    items: [1, 2],
    parallel: 2,
    steps: [agent('a', { condition: '{{loop.index}} === 0' }), agent('b', { condition: '{{loop.index}} === 1' })],
  });
  expect(ways(graph)).toContain('l: a later round, b completes, l fails with its round, failed');
  expect(ways(graph)).not.toContain('l: a later round, b completes, l completes, completed');
});
