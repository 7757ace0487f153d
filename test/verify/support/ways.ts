/** What exploring finds, as texts that tests compare. */
import { explore, type Graph } from '../../../src/verify/index.ts';
import { flow, type LooseStep } from '../../support/flow.ts';

/** What happens on every way from the start to an end, without the moves of a cancel: as many texts as there are ways. */
export function ways(graph: Graph, length = 40): readonly string[] {
  const found: string[] = [];
  const walk = (node: number, before: readonly string[]): void => {
    if (graph.nodes[node]?.end !== null || before.length > length) {
      found.push([...before, graph.nodes[node]?.end ?? '...'].join(', '));
      return;
    }
    for (const edge of graph.leaving[node] ?? [])
      if (edge.kind !== 'cancel' && edge.kind !== 'start') walk(edge.to, [...before, edge.label]);
      else if (edge.kind === 'start') walk(edge.to, before);
  };
  walk(0, []);
  return [...new Set(found)];
}

export function exploreSteps(...steps: readonly LooseStep[]): Graph {
  return explore(flow({ steps }));
}

/** The ways to a completed run, without saying so. */
export function completedWays(graph: Graph): readonly string[] {
  return ways(graph)
    .filter((each) => each.endsWith('completed'))
    .map((each) => each.replace(/(?:, )?completed$/, ''))
    .toSorted();
}
