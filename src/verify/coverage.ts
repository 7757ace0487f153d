/** How much of a workflow paths have seen: states, transitions and guards of its chart, out of all that a run can come to. */
import type { Graph, GraphEdge } from './graph.ts';
import type { Path } from './paths.ts';

export interface Share {
  readonly seen: number;
  readonly all: number;
}

export interface PathCoverage {
  readonly states: Share;
  readonly transitions: Share;
  /** Transitions that a condition or another guard decides. */
  readonly guards: Share;
  /** What was not seen, as `source on event to target`. */
  readonly missed: readonly string[];
  /** For `draw --coverage`: how often steps ran, and arrows between them were taken. */
  readonly drawn: {
    readonly states: Readonly<Record<string, number>>;
    readonly transitions: Readonly<Record<string, number>>;
  };
}

export function coverageOf(graph: Graph, paths: readonly Path[]): PathCoverage {
  const moves = paths.flatMap((path) => path.moves);
  const taken = new Set(moves.flatMap(({ transitions }) => transitions));
  const states = new Set(graph.nodes.flatMap((node) => node.states));
  const visited = new Set(
    moves.flatMap(({ from, to }) => [from, to].flatMap((node) => graph.nodes[node]?.states ?? [])),
  );
  const guarded = graph.transitions.filter(({ guard }) => guard !== null);
  const missed = graph.transitions.filter(({ id }) => !taken.has(id));
  return {
    states: { seen: visited.size, all: states.size },
    transitions: { seen: taken.size, all: graph.transitions.length },
    guards: { seen: guarded.filter(({ id }) => taken.has(id)).length, all: guarded.length },
    missed: missed.map(
      ({ source, event, guard, targets }) =>
        `${source} on ${event === '' ? 'its own' : event}${guard === null ? '' : ` if ${guard}`} to ${targets.join(', ')}`,
    ),
    drawn: drawnOf(graph, moves),
  };
}

function drawnOf(graph: Graph, moves: readonly GraphEdge[]): PathCoverage['drawn'] {
  const states: Record<string, number> = {};
  const transitions: Record<string, number> = {};
  const add = (to: Record<string, number>, key: string): void => void (to[key] = (to[key] ?? 0) + 1);
  for (const edge of moves) {
    for (const each of edge.happenings) if (each.type === 'started') add(states, each.step);
    for (const id of edge.transitions) {
      const transition = graph.transitions[id];
      const arrow = transition === undefined ? null : arrowOf(transition);
      if (arrow !== null) add(transitions, arrow);
    }
  }
  return { states, transitions };
}

/** An arrow of the drawing; null for what happens inside of a step. */
function arrowOf({ source, targets, event }: Graph['transitions'][number]): string | null {
  const [target = ''] = targets;
  const to =
    target === '$ending'
      ? '$end'
      : target === '$failing'
        ? '$failed'
        : target.includes('.') || target.startsWith('$')
          ? null
          : target;
  if (to === null) return null;
  if (source === '$boot' || source === '$starting' || target === '$main') return null;
  return event === `xstate.done.state.${source}` ? `${source} -> ${to}` : null;
}
