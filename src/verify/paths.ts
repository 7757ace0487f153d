/**
 * A small set of paths that takes every transition of the chart, every move and a cancel in every state. `@xstate/graph` finds the
 * shortest way to each situation of the explored graph; a path goes on from there, by what is still missing, to an end.
 */
import { getShortestPaths } from '@xstate/graph';
import { toDefinition, type Workflow, type WorkflowDefinition } from '../definition/index.ts';
import { explore, type ExploreOptions } from './explore.ts';
import type { Graph, GraphEdge } from './graph.ts';

/** One way from the start to an end. */
export interface Path {
  /** As people read it: `approve, then publish-social fails 3 times`. */
  readonly name: string;
  readonly moves: readonly GraphEdge[];
  readonly end: 'completed' | 'failed' | 'cancelled';
}

export interface Paths {
  readonly definition: WorkflowDefinition;
  readonly graph: Graph;
  readonly paths: readonly Path[];
}

export function pathsOf(
  workflow: Workflow | WorkflowDefinition,
  options: Pick<ExploreOptions, 'maxStates'> = {},
): Paths {
  const definition = toDefinition(workflow);
  const graph = explore(definition, options);
  return { definition, graph, paths: new Covering(graph).paths() };
}

/** What a move has to be taken for: its transitions, its outcome, the state in which it cancels. */
function goalsOf(graph: Graph, edge: GraphEdge): readonly string[] {
  const own = edge.transitions.map((id) => `t${id}`);
  if (edge.kind !== 'cancel') return [...own, `m${edge.label}`];
  return [...own, ...(graph.nodes[edge.from]?.states ?? []).map((state) => `c${state}`)];
}

class Covering {
  readonly #graph: Graph;
  readonly #ways: readonly (readonly GraphEdge[] | null)[];
  /** Moves to the nearest end. */
  readonly #distance: readonly number[];
  readonly #missing: Set<string>;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#ways = shortestWays(graph);
    this.#distance = distancesToEnd(graph);
    this.#missing = new Set(graph.edges.filter((edge) => this.#isUsable(edge)).flatMap((edge) => goalsOf(graph, edge)));
  }

  paths(): readonly Path[] {
    const found: Path[] = [];
    const names = new Map<string, number>();
    // Far ends first: a long path takes much on its way.
    const edges = this.#graph.edges
      .filter((edge) => this.#isUsable(edge))
      .toSorted((a, b) => this.#depth(b) - this.#depth(a));
    for (const edge of edges) {
      if (!this.#isWanted(edge)) continue;
      const moves = this.#complete([...(this.#ways[edge.from] ?? []), edge]);
      for (const each of moves) for (const goal of goalsOf(this.#graph, each)) this.#missing.delete(goal);
      const end = this.#graph.nodes[moves.at(-1)?.to ?? 0]?.end;
      if (end === null || end === undefined) continue;
      found.push({ name: unique(names, nameOf(moves, end)), moves, end });
    }
    return found;
  }

  #isUsable(edge: GraphEdge): boolean {
    return this.#ways[edge.from] !== null && Number.isFinite(this.#distance[edge.to] ?? Number.POSITIVE_INFINITY);
  }

  #isWanted(edge: GraphEdge): boolean {
    return goalsOf(this.#graph, edge).some((goal) => this.#missing.has(goal));
  }

  #depth(edge: GraphEdge): number {
    return this.#ways[edge.from]?.length ?? 0;
  }

  /** On to an end: by what is missing where it is near, else the shortest way. */
  #complete(begun: readonly GraphEdge[]): readonly GraphEdge[] {
    const moves = [...begun];
    const taken = new Set<number>();
    for (let at = moves.at(-1)?.to ?? 0; this.#graph.nodes[at]?.end === null; at = moves.at(-1)?.to ?? 0) {
      const onward = (this.#graph.leaving[at] ?? []).filter((edge) => Number.isFinite(this.#distance[edge.to]));
      const next =
        onward.find((edge) => edge.kind !== 'cancel' && !taken.has(edge.id) && this.#isWanted(edge)) ??
        onward.reduce((best, edge) => ((this.#distance[edge.to] ?? 0) < (this.#distance[best.to] ?? 0) ? edge : best));
      taken.add(next.id);
      moves.push(next);
    }
    return moves;
  }
}

/** Ways by node; null where none leads. By a cancel only where nothing else leads there. */
function shortestWays(graph: Graph): readonly (readonly GraphEdge[] | null)[] {
  const ways = waysBy(graph, ({ kind }) => kind !== 'cancel');
  if (ways.every((way) => way !== null)) return ways;
  const others = waysBy(graph, () => true);
  return ways.map((way, node) => way ?? others[node] ?? null);
}

function waysBy(graph: Graph, isOpen: (edge: GraphEdge) => boolean): readonly (readonly GraphEdge[] | null)[] {
  const ways: (readonly GraphEdge[] | null)[] = graph.nodes.map(() => null);
  const eventsOf = ({ context }: Snapshot): readonly Numbered[] =>
    (graph.leaving[context] ?? []).filter(isOpen).map(({ id }) => ({ type: String(id) }));
  const paths = getShortestPaths(toLogic(graph) as never, {
    events: eventsOf as never,
    serializeState: (state: never) => String((state as Snapshot).context),
    serializeEvent: ({ type }: Numbered) => type,
  }) as unknown as readonly FoundPath[];
  for (const { state, steps } of paths)
    ways[state.context] = steps.flatMap(({ event }) => graph.edges[Number(event.type)] ?? []);
  ways[0] = [];
  return ways;
}

interface Numbered {
  readonly type: string;
}
interface FoundPath {
  readonly state: Snapshot;
  readonly steps: readonly { readonly event: Numbered }[];
}

interface Snapshot {
  readonly status: 'active';
  readonly output: undefined;
  readonly error: undefined;
  readonly context: number;
}

/** The explored graph as something that XState's path finder can walk: a state is a situation's number. */
function toLogic(graph: Graph): object {
  const at = (context: number): Snapshot => ({ status: 'active', output: undefined, error: undefined, context });
  return {
    transition: ({ context }: Snapshot, { type }: { readonly type: string }) =>
      at(graph.edges[Number(type)]?.to ?? context),
    getInitialSnapshot: () => at(0),
    getPersistedSnapshot: (snapshot: Snapshot) => snapshot,
  };
}

function distancesToEnd(graph: Graph): readonly number[] {
  const distance = graph.nodes.map(({ end }) => (end === null ? Number.POSITIVE_INFINITY : 0));
  const arriving: GraphEdge[][] = graph.nodes.map(() => []);
  for (const edge of graph.edges) if (edge.kind !== 'cancel') arriving[edge.to]?.push(edge);
  const open = graph.nodes.filter(({ end }) => end !== null).map(({ id }) => id);
  for (let head = 0; head < open.length; head++) {
    const node = open[head] as number;
    for (const { from } of arriving[node] ?? []) {
      if (Number.isFinite(distance[from])) continue;
      distance[from] = (distance[node] ?? 0) + 1;
      open.push(from);
    }
  }
  return distance;
}

// Names.

/** What is out of the ordinary, in order; a path on which nothing is, is called after its end. */
function nameOf(moves: readonly GraphEdge[], end: Path['end']): string {
  const words: string[] = [];
  let last = '';
  let times = 0;
  const flush = (): void => {
    if (last !== '') words.push(times === 1 ? last : `${last} ${times} times`);
  };
  for (const edge of moves) {
    for (const word of wordsOf(edge)) {
      if (word === last) times += 1;
      else {
        flush();
        [last, times] = [word, 1];
      }
    }
  }
  flush();
  return words.length === 0 ? `all goes well: ${end}` : words.join(', then ');
}

function wordsOf({ kind, label, outcome, happenings, step }: GraphEdge): readonly string[] {
  const chosen = happenings.flatMap((each) =>
    each.type === 'completed' && each.branch !== null && each.step !== step
      ? [`${each.step} takes ${each.branch}`]
      : [],
  );
  if (kind === 'start') return chosen;
  if (kind === 'cancel') return [label];
  // Attempts are named by their failures.
  if (kind === 'timer')
    return label.endsWith('is tried again') || label.endsWith('is over') ? chosen : [label, ...chosen];
  const isUsual = kind === 'completes' && outcome === 'completes';
  return [...(isUsual ? [] : [label]), ...chosen];
}

function unique(names: Map<string, number>, name: string): string {
  const count = (names.get(name) ?? 0) + 1;
  names.set(name, count);
  return count === 1 ? name : `${name} (${count})`;
}
