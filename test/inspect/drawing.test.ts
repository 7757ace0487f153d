import { describe, expect, test } from 'vitest';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { createDrawing } from '../../src/inspect/drawing/build.ts';
import type { Drawing } from '../../src/inspect/drawing/drawing.ts';
import { agent, flow, type LooseStep } from '../support/flow.ts';
import { everything } from './everything.ts';

/** `from -kind:labels-> to`, as one line each. */
function arrows(drawing: Drawing): readonly string[] {
  return drawing.edges.map(({ from, to, kind, labels }) => {
    const what = [kind === 'flow' ? '' : kind, labels.join('|')].filter((text) => text !== '').join(':');
    return `${from} -${what}-> ${to}`;
  });
}

const arrowsOf = (definition: WorkflowDefinition): readonly string[] => arrows(createDrawing(definition));

describe('arrows', () => {
  test('lead from step to step, from start to end', () => {
    expect(arrowsOf(flow({ steps: [agent('a'), agent('b')] }))).toEqual(['$start --> a', 'a --> b', 'b --> $end']);
  });

  test('pass over the steps that a router did not choose', () => {
    const steps = [
      { id: 'r', type: 'conditional', condition: '{{workflow.input.x}}', then: 'yes', else: 'no' },
      agent('yes'),
      agent('no'),
      agent('last'),
    ];
    expect(arrowsOf(flow({ steps }))).toEqual([
      '$start --> r',
      'r -then-> yes',
      'r -else-> no',
      'yes --> last',
      'no --> last',
      'last --> $end',
    ]);
  });

  test('of branches that lead to the same step are one, with all labels', () => {
    const cases = { b: 'x', a: 'x', c: 'y' };
    const steps = [
      { id: 'r', type: 'switch', value: '{{workflow.input.x}}', cases, default: 'x' },
      agent('x'),
      agent('y'),
    ];
    expect(arrowsOf(flow({ steps }))).toEqual([
      '$start --> r',
      'r -a|b|default-> x',
      'r -c-> y',
      'x --> $end',
      'y --> $end',
    ]);
  });

  test('of a router that names several steps run through all of them', () => {
    const steps = [
      { id: 'r', type: 'conditional', condition: '{{workflow.input.x}}', then: ['a', 'c'], else: 'b' },
      agent('a'),
      agent('b'),
      agent('c'),
    ];
    expect(arrowsOf(flow({ steps }))).toEqual([
      '$start --> r',
      'r -then-> a',
      'r -else-> b',
      'a --> c',
      'b --> $end',
      'c --> $end',
    ]);
  });

  test('keep apart what two routers choose', () => {
    const route = (id: string, target: string): LooseStep => ({
      id,
      type: 'conditional',
      condition: '{{workflow.input.x}}',
      then: target,
    });
    const steps = [route('one', 'a'), route('two', 'b'), agent('a'), agent('b')];
    expect(arrowsOf(flow({ steps })).toSorted()).toEqual(
      [
        '$start --> one',
        'one -then|else-> two',
        'two -then|else-> a',
        'two -then-> b',
        'two -else-> $end',
        'a --> b',
        'a --> $end',
        'b --> $end',
      ].toSorted(),
    );
  });

  test('lead back to an earlier step', () => {
    const steps = [agent('a'), { id: 'r', type: 'conditional', condition: '{{steps.a.output}}', then: 'a' }];
    expect(arrowsOf(flow({ steps }))).toEqual(['$start --> a', 'a --> r', 'r -back:then-> a', 'r -else-> $end']);
  });

  test('of errors and timeouts lead where the step says', () => {
    const steps = [
      agent('a', { onError: { goto: 'help' } }),
      { id: 'ask', type: 'human', timeout: '1h', onTimeout: 'help' },
      agent('help'),
      agent('b', { onError: agent('plan-b') }),
    ];
    expect(arrowsOf(flow({ steps })).toSorted()).toEqual(
      [
        '$start --> a',
        'a --> ask',
        'a -error:on error-> ask',
        'ask -timeout:timeout-> help',
        'ask --> help',
        'ask --> b',
        'help --> b',
        'b -error:on error-> plan-b',
        'b --> $end',
        'plan-b --> $end',
      ].toSorted(),
    );
  });
});

test('every construct has its boxes and arrows, and no arrow crosses the border of a group', () => {
  const drawing = createDrawing(everything());
  const parents = new Map(drawing.nodes.map(({ id, parent }) => [id, parent]));
  for (const { from, to } of drawing.edges) expect([from, parents.get(from)]).toEqual([from, parents.get(to)]);
  expect(arrows(drawing)).toMatchSnapshot('arrows');
  expect(
    drawing.nodes.map(({ id, kind, role, parent, detail, condition, notes }) =>
      [parent ?? '-', id, kind, role, detail ?? '', condition ?? '', ...notes].join(' / '),
    ),
  ).toMatchSnapshot('boxes');
});

test('many routers in a row are drawn branch by branch', () => {
  const routers = Array.from({ length: 16 }, (_, n) => ({
    id: `r${n}`,
    type: 'conditional',
    condition: '{{workflow.input.x}}',
    then: `t${n}`,
  }));
  const targets = Array.from({ length: 16 }, (_, n) => agent(`t${n}`));
  const lines = arrowsOf(flow({ steps: [...routers, ...targets] }));
  expect(lines).toContain('r14 -then|else-> r15');
  expect(lines).toContain('t3 --> t15');
  expect(lines).toContain('t15 --> $end');
  expect(lines).not.toContain('t4 --> t3');
});

test('a condition that only says again what the router decided is left out', () => {
  const branch = (id: string, says: string): LooseStep => agent(id, { condition: `{{steps.r.output}} === "${says}"` });
  const router = { id: 'r', type: 'switch', value: '{{workflow.input.x}}', cases: { one: 'a' }, default: 'b' };
  const drawing = createDrawing(flow({ steps: [router, branch('a', 'one'), branch('b', 'a'), agent('c')] }));
  const conditions = drawing.nodes.map(({ id, condition }) => [id, condition]);
  expect(Object.fromEntries(conditions)).toMatchObject({ a: null, b: 'steps.r.output === "a"', c: null });
});

test('an agent is called what its caller calls it, else by the beginning of a long id', () => {
  const definition = flow({ steps: [agent('a', { agentId: '3f2b8c1e-0000-4000-8000-000000000000' })] });
  expect(createDrawing(definition).nodes[1]?.detail).toBe('3f2b8c1e…');
  expect(createDrawing(definition, () => 'researcher').nodes[1]?.detail).toBe('researcher');
});
