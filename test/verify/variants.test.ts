/** Workflows with too many situations to look at all: what is left out is said, and what is found is real. */
import { expect, test } from 'vitest';
import { explore, verify, type Graph } from '../../src/verify/index.ts';
import { agent, flow, type LooseStep } from '../support/flow.ts';

const undo = (id: string) => ({ compensate: { id, type: 'transform', template: 1 } });

/** Each of 12 steps runs or not, and is undone: 4,096 sets of steps to undo. */
const optional: readonly LooseStep[] = [
  agent('first'),
  ...Array.from({ length: 12 }, (_each, at) =>
    agent(`s${at}`, { condition: `{{workflow.input.f${at}}} > 3`, ...undo(`undo-s${at}`) }),
  ),
  agent('last'),
];

const started = ({ edges }: Graph): ReadonlySet<string> =>
  new Set(edges.flatMap(({ happenings }) => happenings.flatMap((each) => (each.type === 'started' ? each.step : []))));

test('every step is come to, and undone, also where not every combination is looked at', () => {
  const graph = explore(flow({ steps: optional }), { maxStates: 2_000 });
  expect(graph.bounds).toEqual([
    { what: 'more than 2,000 situations: what each step can come to was explored, not every combination of it' },
  ]);
  expect(graph.nodes.length).toBeLessThan(2_000);
  for (let at = 0; at < 12; at++) expect(started(graph)).toContain(`undo-s${at}`);
});

test('what goes wrong is found, by a way that is real', () => {
  const reading = optional.map((step) =>
    step.id === 'last' ? agent('last', { input: { prompt: 'Use {{steps.s7.output}}' } }) : step,
  );
  const { findings, ok } = verify(flow({ steps: reading }), { maxStates: 2_000 });
  expect(ok).toBe(false);
  expect(findings.find(({ code }) => code === 'MISSING_VALUE')?.way).toContain('s7 is skipped');
});

test('nothing is claimed of what was left out', () => {
  const { findings } = verify(flow({ steps: optional }), { maxStates: 2_000 });
  expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
});

test('with room for all of them, all are looked at', () => {
  const few = optional.slice(0, 6);
  expect(explore(flow({ steps: few })).bounds).toEqual([]);
});
