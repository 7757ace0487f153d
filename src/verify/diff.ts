/** What two versions of a workflow do differently: both are followed side by side, by what happens to a run. */
import { toDefinition, type Workflow, type WorkflowDefinition } from '../definition/index.ts';
import { explore, type ExploreOptions } from './explore.ts';
import type { Bound, Graph, GraphEdge } from './graph.ts';
import { describeWay } from './search.ts';

/** A way that only one of them has, or that goes on differently: the shortest one to there. */
export interface PathChange {
  readonly kind: 'added' | 'removed' | 'changed';
  /** The way there, as people read it; the last is what differs. */
  readonly way: readonly string[];
  /** What follows from the last of it, before and now; null where it cannot happen. */
  readonly before: string | null;
  readonly now: string | null;
}

export interface Difference {
  readonly changes: readonly PathChange[];
  /** Empty: everything was compared. */
  readonly bounds: readonly Bound[];
}

const maxPairs = 20_000;

/** @param old the version before; options as of `explore` */
export function diff(
  old: Workflow | WorkflowDefinition,
  now: Workflow | WorkflowDefinition,
  options: Pick<ExploreOptions, 'maxStates'> = {},
): Difference {
  const [before, after] = [
    explore(toDefinition(old), { ...options, cancel: false }),
    explore(toDefinition(now), { ...options, cancel: false }),
  ];
  const bounds = [...before.bounds, ...after.bounds];
  const changes = new Map<string, PathChange>();
  const pairs: Pair[] = [{ before: [0], now: [0], way: [] }];
  const seen = new Set(['0/0']);
  for (let at = 0; at < pairs.length; at++) {
    if (pairs.length > maxPairs) {
      bounds.push({
        what: `more than ${maxPairs.toLocaleString('en-US')} situations to compare: what lies behind them was not compared`,
      });
      break;
    }
    const pair = pairs[at] as Pair;
    const moves = { before: movesOf(before, pair.before), now: movesOf(after, pair.now) };
    for (const label of new Set([...moves.before.keys(), ...moves.now.keys()])) {
      const [was, is] = [moves.before.get(label) ?? [], moves.now.get(label) ?? []];
      const way = [...pair.way, (is[0] ?? was[0]) as GraphEdge];
      note(changes, label, was, is, way);
      if (was.length === 0 || is.length === 0) continue;
      const next: Pair = { before: ends(was), now: ends(is), way };
      const key = `${next.before.join()}/${next.now.join()}`;
      if (seen.has(key)) continue;
      seen.add(key);
      pairs.push(next);
    }
  }
  return { changes: [...changes.values()], bounds };
}

interface Pair {
  readonly before: readonly number[];
  readonly now: readonly number[];
  readonly way: readonly GraphEdge[];
}

function movesOf(graph: Graph, nodes: readonly number[]): ReadonlyMap<string, readonly GraphEdge[]> {
  const moves = new Map<string, GraphEdge[]>();
  for (const edge of nodes.flatMap((node) => graph.leaving[node] ?? [])) {
    const others = moves.get(edge.label);
    if (others === undefined) moves.set(edge.label, [edge]);
    else others.push(edge);
  }
  return moves;
}

function ends(edges: readonly GraphEdge[]): readonly number[] {
  return [...new Set(edges.map(({ to }) => to))].toSorted((a, b) => a - b);
}

/** Each difference once, where it is seen first. */
function note(
  changes: Map<string, PathChange>,
  label: string,
  was: readonly GraphEdge[],
  is: readonly GraphEdge[],
  way: readonly GraphEdge[],
): void {
  const before = was.length === 0 ? null : outcomes(was);
  const now = is.length === 0 ? null : outcomes(is);
  if (before === now) return;
  const kind = before === null ? 'added' : now === null ? 'removed' : 'changed';
  const key = `${kind} ${label} ${before ?? ''} ${now ?? ''}`;
  if (!changes.has(key)) changes.set(key, { kind, way: describeWay(way), before, now });
}

function outcomes(edges: readonly GraphEdge[]): string {
  const words = edges.map(({ happenings }) =>
    happenings
      .flatMap((each) => {
        if (each.type === 'end') return [`the run ${each.status === 'completed' ? 'completes' : 'fails'}`];
        if (each.type === 'cancelled' || each.type === 'asked' || each.type === 'round') return [];
        return [
          `${each.step} ${each.type}${each.type === 'completed' && each.branch !== null ? ` (${each.branch})` : ''}`,
        ];
      })
      .join(', '),
  );
  return [...new Set(words)].toSorted().join(' | ');
}
