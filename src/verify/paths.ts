/**
 * A small set of paths that takes every transition of the chart, every move and a cancel in every state. `@xstate/graph` finds the
 * shortest way to each situation of the explored graph; a path goes on from there, by what is still missing, to an end.
 */
import { getShortestPaths } from '@xstate/graph';
import { toDefinition, type Workflow, type WorkflowDefinition } from '../definition/index.ts';
import { explore, type ExploreOptions } from './explore.ts';
import type { Graph, GraphEdge } from './graph.ts';
import { nameOfPath } from './path-name.ts';
import { scheduleOf } from './schedule.ts';

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

/** What a move has to be taken for: its transitions, its outcome, a success at last or none, the state in which it cancels. */
function goalsOf(graph: Graph, edge: GraphEdge, retried: ReadonlySet<string>): readonly string[] {
  const own = edge.transitions.map((id) => `t${id}`);
  if (edge.kind !== 'cancel') {
    const isRetried = edge.kind === 'completes' && retried.has(`${edge.from} ${edge.about}`);
    const isLast =
      edge.kind === 'fails' && edge.happenings.some((each) => each.type === 'failed' && each.step === edge.step);
    return [...own, `m${edge.label}`, ...(isRetried ? [`r${edge.label}`] : []), ...(isLast ? [`l${edge.label}`] : [])];
  }
  return [...own, ...(graph.nodes[edge.from]?.states ?? []).map((state) => `c${state}`)];
}

/** Nodes in which a step is tried again, with the step. */
function retriedIn(graph: Graph): ReadonlySet<string> {
  const again = graph.edges.filter(({ kind, about }) => kind === 'timer' && about.startsWith('backoff:'));
  return new Set(again.map(({ to, about }) => `${to} ${about.slice('backoff:'.length)}`));
}

class Covering {
  readonly #graph: Graph;
  readonly #retried: ReadonlySet<string>;
  readonly #ways: readonly (readonly GraphEdge[] | null)[];
  /** Moves to the nearest end. */
  readonly #distance: readonly number[];
  readonly #missing: Set<string>;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#retried = retriedIn(graph);
    this.#ways = shortestWays(graph);
    this.#distance = distancesToEnd(graph);
    this.#missing = new Set(graph.edges.filter((edge) => this.#isUsable(edge)).flatMap((edge) => this.#goalsOf(edge)));
  }

  paths(): readonly Path[] {
    const found: Path[] = [];
    const names = new Map<string, number>();
    // Where nothing has gone wrong before; of these far ends first: a long path takes much on its way.
    const edges = this.#graph.edges
      .filter((edge) => this.#isUsable(edge))
      .toSorted((a, b) => this.#oddities(a) - this.#oddities(b) || this.#depth(b) - this.#depth(a));
    for (const ease of eases) {
      for (const edge of edges) {
        if (!this.#isWanted(edge)) continue;
        const moves = this.#complete([...(this.#ways[edge.from] ?? []), edge]);
        if (!ease(moves)) continue;
        for (const each of moves) for (const goal of this.#goalsOf(each)) this.#missing.delete(goal);
        const end = this.#graph.nodes[moves.at(-1)?.to ?? 0]?.end;
        if (end === null || end === undefined) continue;
        found.push({ name: unique(names, nameOfPath(this.#graph, moves, end)), moves, end });
      }
    }
    return found;
  }

  #isUsable(edge: GraphEdge): boolean {
    return this.#ways[edge.from] !== null && Number.isFinite(this.#distance[edge.to] ?? Number.POSITIVE_INFINITY);
  }

  #isWanted(edge: GraphEdge): boolean {
    return this.#goalsOf(edge).some((goal) => this.#missing.has(goal));
  }

  #goalsOf(edge: GraphEdge): readonly string[] {
    return goalsOf(this.#graph, edge, this.#retried);
  }

  #costOf(edge: GraphEdge): number {
    return (this.#distance[edge.to] ?? 0) + (isUsual(edge) ? 0 : detour);
  }

  #oddities(edge: GraphEdge): number {
    return (this.#ways[edge.from] ?? []).reduce((sum, each) => sum + (isUsual(each) ? 0 : isPlain(each) ? 1 : 2), 0);
  }

  #depth(edge: GraphEdge): number {
    return this.#ways[edge.from]?.length ?? 0;
  }

  /** On to an end: by what is missing where it is near and nothing goes wrong by it, else the shortest way. */
  #complete(begun: readonly GraphEdge[]): readonly GraphEdge[] {
    const moves = [...begun];
    const taken = new Set<number>();
    for (let at = moves.at(-1)?.to ?? 0; this.#graph.nodes[at]?.end === null; at = moves.at(-1)?.to ?? 0) {
      const onward = (this.#graph.leaving[at] ?? []).filter((edge) => Number.isFinite(this.#distance[edge.to]));
      const next =
        onward.find((edge) => isUsual(edge) && !taken.has(edge.id) && this.#isWanted(edge)) ??
        onward.reduce((best, edge) => (this.#costOf(edge) < this.#costOf(best) ? edge : best));
      taken.add(next.id);
      moves.push(next);
    }
    return moves;
  }
}

/** What is taken by a path that can be run as the workflow is written needs no other: with longer times, or at last without data. */
const eases: readonly ((moves: readonly GraphEdge[]) => boolean)[] = [
  (moves) => hasData(moves) && scheduleOf(moves)?.longer.length === 0,
  (moves) => hasData(moves) && scheduleOf(moves) !== null,
  () => true,
];

function hasData(moves: readonly GraphEdge[]): boolean {
  return !moves.some(({ isFree }) => isFree);
}

/** So many usual moves are rather made than one that is not. */
const detour = 1_000;

const unusual: ReadonlySet<string> = new Set(['mends', 'throws', 'none', 'no answer', 'no list', 'too many']);

/** Nothing goes wrong: what is named after other things is not named after a failure on its way. */
function isUsual({ kind, about, outcome }: GraphEdge): boolean {
  if (kind === 'cancel' || kind === 'fails') return false;
  return kind === 'timer' ? !/^(timeout|total|maxWait):/.test(about) : !unusual.has(outcome);
}

/** Usual, or the plainest of failures. */
function isPlain(edge: GraphEdge): boolean {
  return isUsual(edge) || (edge.kind === 'fails' && edge.outcome === 'fails');
}

/** Ways by node; null where none leads. Through what goes wrong only where nothing else leads there, by a cancel at last. */
function shortestWays(graph: Graph): readonly (readonly GraphEdge[] | null)[] {
  let ways: readonly (readonly GraphEdge[] | null)[] = graph.nodes.map(() => null);
  for (const isOpen of [isUsual, isPlain, ({ kind }: GraphEdge) => kind !== 'cancel', () => true]) {
    if (ways.every((way) => way !== null)) break;
    const others = waysBy(graph, isOpen);
    ways = ways.map((way, node) => way ?? others[node] ?? null);
  }
  return ways;
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
  // By usual moves as far as they lead; then from all that was reached by others.
  for (const [isOpen, step] of [
    [isUsual, 1],
    [() => true, detour],
  ] as const) {
    const open = graph.nodes.filter(({ id }) => Number.isFinite(distance[id])).map(({ id }) => id);
    for (let head = 0; head < open.length; head++) {
      const node = open[head] as number;
      for (const edge of arriving[node] ?? []) {
        if (Number.isFinite(distance[edge.from]) || !isOpen(edge)) continue;
        distance[edge.from] = (distance[node] ?? 0) + step;
        open.push(edge.from);
      }
    }
  }
  return distance;
}

function unique(names: Map<string, number>, name: string): string {
  const count = (names.get(name) ?? 0) + 1;
  names.set(name, count);
  return count === 1 ? name : `${name} (${count})`;
}
