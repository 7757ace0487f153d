import { getShortestPaths } from '@xstate/graph';
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { describe, expect, test } from 'vitest';
import { TerminalError } from '../../src/core/errors.ts';
import { createWorkflow, type WorkflowDefinition } from '../../src/definition/index.ts';
import { compileWorkflow } from '../../machines/workflow.ts';
import { explore, type Graph } from '../../src/verify/index.ts';
import { contentGenerationPipeline, researchAndSummarize } from '../definition/design-examples.js';
import { agent, flow, type LooseStep } from '../support/flow.ts';
import { completedWays, exploreSteps, ways } from './support/ways.ts';

describe('conditions', () => {
  const quick = (id: string, more: Record<string, unknown> = {}): LooseStep => ({
    id,
    type: 'transform',
    template: 1,
    ...more,
  });

  test('the same condition on the same data has the same verdict', () => {
    const graph = exploreSteps(
      agent('a'),
      quick('x', { condition: '{{steps.a.output.score}} > 0.8' }),
      quick('y', { condition: '{{steps.a.output.score}} > 0.8' }),
    );
    expect(completedWays(graph)).toEqual(['a completes', 'a completes, x completes, y completes']);
  });

  test('conditions on the same data agree with each other', () => {
    const graph = exploreSteps(
      agent('a'),
      quick('x', { condition: '{{steps.a.output}} === "one"' }),
      quick('y', { condition: '{{steps.a.output}} === "two"' }),
    );
    expect(completedWays(graph)).toEqual(['a completes', 'a completes, x completes', 'a completes, y completes']);
  });

  test('a later visit brings other data', () => {
    const graph = exploreSteps({
      id: 'l',
      type: 'loop',
      until: '{{steps.a.output.ok}} === true',
      steps: [agent('a')],
    });
    expect(completedWays(graph)).toEqual([
      'a completes',
      'a completes, a completes',
      'a completes, a completes, a completes',
    ]);
    expect(ways(graph)).toContain('a completes, a completes, a completes, failed');
  });

  test('a loop that counts has its rounds', () => {
    const graph = exploreSteps({ id: 'l', type: 'loop', while: '{{loop.index}} < 5', steps: [agent('a')] });
    expect(completedWays(graph)).toEqual([Array.from({ length: 5 }, () => 'a completes').join(', ')]);
    expect(graph.bounds).toEqual([]);
  });

  test('a loop that counts further than is explored says so', () => {
    const graph = exploreSteps({ id: 'l', type: 'loop', while: '{{loop.index}} < 500', steps: [agent('a')] });
    expect(graph.bounds).toEqual([{ what: "loop 'l' counts: its rounds after the 60th were not explored" }]);
  });

  test('an enum of the input leaves no other case', () => {
    const definition = createWorkflow('w', {
      input: { type: 'object', properties: { kind: { enum: ['a', 'b'] } }, required: ['kind'] },
    })
      .addStep('route', {
        type: 'switch',
        value: '{{workflow.input.kind}}',
        cases: { a: 'one', b: 'two' },
        default: 'three',
      })
      .addStep('one', { type: 'transform', template: 1 })
      .addStep('two', { type: 'transform', template: 2 })
      .addStep('three', { type: 'transform', template: 3 })
      .build();
    expect(completedWays(explore(definition))).toEqual(['one completes', 'two completes']);
  });

  test('a router is compared by any of its names', () => {
    const graph = exploreSteps(
      { id: 'route', type: 'switch', value: '{{workflow.input.kind}}', cases: { blog: 'x' }, default: 'x' },
      quick('x', { condition: '{{steps.route.output}} === "blog"' }),
      quick('y', { condition: '{{steps.route.output}} !== "blog"' }),
    );
    expect(completedWays(graph)).toEqual(['x completes']);
  });

  test('a constant is what it is', () => {
    const graph = exploreSteps(
      quick('t', { template: { kind: 'blog', n: 3 } }),
      quick('x', { condition: '{{steps.t.output.kind}} === "blog"' }),
      quick('y', { condition: '{{steps.t.output.n}} > 3' }),
    );
    expect(completedWays(graph)).toEqual(['t completes, x completes']);
  });

  test('a function is free to say anything', () => {
    const graph = exploreSteps(quick('x', { condition: () => true }), quick('y', { condition: () => true }));
    expect(completedWays(graph)).toHaveLength(4);
  });

  test('a condition for which no data is found is free, and the same for the same data', () => {
    const odd = '{{steps.a.output.n}} * 7 % 13 === 5.25';
    const graph = exploreSteps(agent('a'), quick('x', { condition: odd }), quick('y', { condition: odd }));
    expect(completedWays(graph)).toEqual(['a completes', 'a completes, x completes, y completes']);
  });

  test('a whole and a part of it agree', () => {
    const graph = exploreSteps(
      agent('a'),
      quick('x', { condition: '{{steps.a.output.score}} > 1' }),
      quick('y', { condition: '{{steps.a.output}}' }),
    );
    expect(completedWays(graph)).toEqual([
      'a completes',
      'a completes, x completes, y completes',
      'a completes, y completes',
    ]);
  });

  test('what is written to the state is what was read', () => {
    const definition = flow({
      state: { score: 0 },
      steps: [
        agent('a', { assign: { score: '{{steps.a.output.score}}' } }),
        quick('x', { condition: '{{state.score}} > 3' }),
        quick('y', { condition: '{{steps.a.output.score}} > 3' }),
      ],
    });
    expect(completedWays(explore(definition))).toEqual([
      'a completes, a writes to the state',
      'a completes, a writes to the state, x completes, y completes',
    ]);
  });
});

describe('what may happen', () => {
  test('failures, timeouts and attempts: the first, another, the last', () => {
    const graph = exploreSteps(agent('a', { retry: { maxAttempts: 7, delay: 5 } }));
    expect(ways(graph)).toContain('a fails, a is tried again, a times out, a is tried again, a fails, failed');
    expect(ways(graph)).toContain('a fails for good, failed');
    expect(graph.nodes.filter(({ states }) => states.some((id) => id.endsWith('$backoff')))).toHaveLength(2);
  });

  test('people answer, or not in time', () => {
    const graph = exploreSteps({ id: 'h', type: 'human', title: 'Go?', timeout: '1d', onTimeout: 'approve' });
    expect(ways(graph)).toEqual(['h times out, completed', 'h: approve, completed', 'h: reject, completed']);
  });

  test('signals come in time or before', () => {
    const graph = exploreSteps(agent('a'), { id: 's', type: 'signal', name: 'go' });
    expect(completedWays(graph)).toEqual(['a completes, signal go', 'signal go comes early, a completes']);
  });

  test('items: none, one, many; a failed round; no list', () => {
    const graph = exploreSteps({
      id: 'l',
      type: 'loop',
      items: '{{workflow.input.list}}',
      maxIterations: 2,
      step: agent('a'),
    });
    expect(ways(graph).toSorted()).toEqual(
      [
        'l has no items, completed',
        'l has too many items, failed',
        'l: its first round, a completes, l completes, completed',
        'l: its first round, a completes, l: one more round, a completes, l completes, completed',
        'l: its first round, a completes, l: one more round, a fails, l fails with its round, failed',
        'l: its first round, a completes, l: one more round, a times out, l fails with its round, failed',
        'l: its first round, a fails, l fails with its round, failed',
        'l: its first round, a times out, l fails with its round, failed',
        'l: its items are no list, failed',
      ].toSorted(),
    );
  });

  test('handlers throw, and mend', () => {
    const definition = flow({ steps: [agent('a')], onStepError: { a: () => undefined } });
    expect(ways(explore(definition))).toContain('a fails, a: onStepError mends it, completed');
    expect(ways(explore(definition))).toContain('a fails, a: onStepError throws, failed');
  });

  test('what was done is undone, newest first; what nobody knows of as well', () => {
    const undo = (id: string): Record<string, unknown> => ({ compensate: { id, type: 'transform', template: 1 } });
    const graph = exploreSteps(agent('a', undo('undo-a')), agent('b', undo('undo-b')), agent('c'));
    expect(ways(graph)).toContain('a completes, b completes, c fails, undo-b completes, undo-a completes, failed');
    expect(ways(graph)).toContain('a completes, b fails, undo-a completes, failed');
    expect(ways(graph)).toContain('a completes, b times out, undo-b completes, undo-a completes, failed');
    expect(ways(graph)).toContain('a completes, b fails without an answer, undo-b completes, undo-a completes, failed');
  });

  test('a cancel, in every situation', () => {
    const graph = exploreSteps(agent('a'), agent('b'));
    const open = graph.nodes.filter(({ end, id }) => end === null && id > 0);
    expect(open.every(({ id }) => graph.leaving[id]?.some(({ kind }) => kind === 'cancel'))).toBe(true);
    expect(explore(flow({ steps: [agent('a')] }), { cancel: false }).nodes.some(({ end }) => end === 'cancelled')).toBe(
      false,
    );
  });

  test('a bound that was hit is told', () => {
    const graph = explore(flow({ steps: [agent('a'), agent('b'), agent('c')] }), { maxStates: 2 });
    expect(graph.bounds).toEqual([{ what: 'more than 2 situations: what lies behind them was not explored' }]);
  });
});

// The machine as XState's own path finder sees it: no reduction, every order of every event.

interface NodeLike {
  readonly id: string;
  readonly type: string;
  readonly invoke: readonly { readonly id: string }[];
  readonly after: readonly { readonly eventType: string }[];
}

function eventsOf(snapshot: AnyMachineSnapshot): readonly { readonly type: string }[] {
  const nodes = (snapshot as unknown as { readonly _nodes: readonly NodeLike[] })._nodes;
  if (snapshot.status !== 'active') return [];
  if (snapshot.value === '$boot') return [{ type: 'run.started', input: {} } as never];
  const ofNode = nodes.flatMap(({ invoke, after }) => [
    ...invoke.flatMap(({ id }) => [
      { type: `xstate.done.actor.${id}`, output: {} },
      { type: `xstate.error.actor.${id}`, error: new Error('again') },
      { type: `xstate.error.actor.${id}`, error: new TerminalError('never') },
    ]),
    ...after.map(({ eventType }) => ({ type: eventType })),
  ]);
  return [...ofNode, { type: 'run.cancelled' }];
}

function leavesAlone(definition: WorkflowDefinition): ReadonlySet<string> {
  const machine: AnyStateMachine = compileWorkflow(definition).machine;
  const paths = getShortestPaths(machine, {
    events: eventsOf as never,
    input: undefined as never,
    serializeState: ((snapshot: AnyMachineSnapshot) => {
      const { steps } = snapshot.context as {
        readonly steps: { toJSON(): readonly (readonly [number, { readonly attempt: number }])[] };
      };
      return JSON.stringify([snapshot.value, steps.toJSON().map(([index, { attempt }]) => [index, attempt])]);
    }) as never,
  });
  return leaves(paths.map(({ state }) => (state as unknown as { readonly _nodes: readonly NodeLike[] })._nodes));
}

function leaves(states: readonly (readonly NodeLike[])[]): ReadonlySet<string> {
  return new Set(
    states.flatMap((nodes) => nodes.filter(({ type }) => type === 'atomic' || type === 'final').map(({ id }) => id)),
  );
}

describe('less is looked at, and nothing is lost', () => {
  const branches = (count: number, more: Record<string, unknown> = {}): WorkflowDefinition =>
    flow({
      steps: [
        {
          id: 'all',
          type: 'parallel',
          steps: Array.from({ length: count }, (_each, at) => agent(`a${at}`, { retry: { maxAttempts: 2 } })),
          ...more,
        },
        agent('after'),
      ],
    });

  test.each([1, 2, 3])('the states of %i branches are those that @xstate/graph finds alone', (count) => {
    const graph = explore(branches(count));
    const found = new Set(graph.nodes.flatMap(({ states }) => states));
    const alone = leavesAlone(branches(count));
    // The last branch's own end is passed through: the whole ends with it.
    const passed = new Set(graph.transitions.flatMap(({ targets }) => targets));
    expect([...alone].filter((id) => !found.has(id) && !passed.has(id))).toEqual([]);
    expect([...found].filter((id) => !alone.has(id))).toEqual([]);
  });

  test.each([
    ['all', {}],
    ['fail fast', { failFast: true }],
    ['any', { join: 'any' }],
    ['two of three', { join: 2 }],
    ['one at a time', { maxConcurrency: 1 }],
  ])('%s: the same transitions as with every order of every move', (_name, more) => {
    const names = ({ transitions }: Graph): readonly string[] =>
      transitions
        .map(({ source, event, guard, targets }) => JSON.stringify([source, event, guard, targets]))
        .toSorted();
    expect(names(explore(branches(3, more)))).toEqual(names(explore(branches(3, more), { interleave: true })));
  });
});

describe('the examples of the design', () => {
  const stub = (id: string) => ({ type: 'agent', agentId: id, input: { prompt: 'Go' } }) as const;
  const content = contentGenerationPipeline(createWorkflow).addStep('publish-email', stub('e')).build();
  const research = ['research-path', 'analysis-path', 'summary-path', 'default-path']
    .reduce((builder, id) => builder.addStep(id, stub(id)), researchAndSummarize(createWorkflow))
    .build();

  test.each([content, research])('are explored as a whole', (definition) => {
    const graph = explore(definition);
    expect(graph.bounds).toEqual([]);
    expect(new Set(graph.nodes.map(({ end }) => end))).toEqual(new Set([null, 'completed', 'failed', 'cancelled']));
    const started = new Set(
      graph.edges.flatMap(({ happenings }) => happenings.flatMap((each) => (each.type === 'started' ? each.step : []))),
    );
    expect(definition.steps.filter(({ id }) => !started.has(id))).toEqual([]);
  });
});
