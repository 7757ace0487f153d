/** Searches the explored situations for a way on which something comes about; the first that is found is a shortest one. */
import type { Graph, GraphEdge, GraphNode } from './graph.ts';
import type { Happening } from './situation.ts';

/** Follows a way: what is kept of it, and when it is what was searched for. */
export interface Watch<Memory> {
  readonly start: Memory;
  /** After one thing happened; `'found'` ends the search. */
  readonly next: (memory: Memory, happening: Happening, edge: GraphEdge) => Memory | 'found';
  /** At the end of a move. @default never found there */
  readonly arrive?: (memory: Memory, node: GraphNode, edge: GraphEdge) => boolean;
  /** Ways with the same text go on the same. @default JSON of the memory */
  readonly text?: (memory: Memory) => string;
  /** Moves that are not looked at. @default none */
  readonly leaveOut?: (edge: GraphEdge) => boolean;
}

/** The moves from the start on; null when there is no such way. */
export function findWay<Memory>(graph: Graph, watch: Watch<Memory>): readonly GraphEdge[] | null {
  const text = watch.text ?? ((memory: Memory): string => JSON.stringify(memory));
  const places: Place<Memory>[] = [{ node: 0, memory: watch.start, before: null, edge: null }];
  const seen = new Set([`0 ${text(watch.start)}`]);
  for (let at = 0; at < places.length; at++) {
    const place = places[at] as Place<Memory>;
    for (const edge of graph.leaving[place.node] ?? []) {
      if (watch.leaveOut?.(edge) === true) continue;
      const memory = along(place.memory, edge, watch);
      const next: Place<Memory> = { node: edge.to, memory: place.memory, before: place, edge };
      if (memory === 'found') return wayTo(next);
      if (watch.arrive?.(memory, graph.nodes[edge.to] as GraphNode, edge) === true) return wayTo(next);
      const key = `${edge.to} ${text(memory)}`;
      if (seen.has(key)) continue;
      seen.add(key);
      places.push({ ...next, memory });
    }
  }
  return null;
}

interface Place<Memory> {
  readonly node: number;
  readonly memory: Memory;
  readonly before: Place<Memory> | null;
  readonly edge: GraphEdge | null;
}

function along<Memory>(memory: Memory, edge: GraphEdge, { next }: Watch<Memory>): Memory | 'found' {
  let current = memory;
  for (const happening of edge.happenings) {
    const then = next(current, happening, edge);
    if (then === 'found') return 'found';
    current = then;
  }
  return current;
}

function wayTo<Memory>(place: Place<Memory>): readonly GraphEdge[] {
  const way: GraphEdge[] = [];
  for (let at: Place<Memory> | null = place; at?.edge != null; at = at.before) way.unshift(at.edge);
  return way;
}

/** A way as people read it: what was not as usual, and where it ends. */
export function describeWay(way: readonly GraphEdge[]): readonly string[] {
  return way.flatMap((edge) => [...(edge.kind === 'start' ? [] : [edge.label]), ...passedBy(edge)]);
}

/** What was passed by without a move of its own: choices of routers, steps that were skipped. */
function passedBy({ happenings, step }: GraphEdge): readonly string[] {
  return happenings.flatMap((each) => {
    if (each.type === 'skipped') return [`${each.step} is skipped`];
    if (each.type === 'completed' && each.branch !== null && each.step !== step)
      return [`${each.step}: ${each.branch}`];
    return [];
  });
}
