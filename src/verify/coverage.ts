/** How much of a workflow was seen: states, transitions and guards of its chart, out of all that a run can come to. */
import { transitionKey } from './chart-watch.ts';
import type { Graph } from './graph.ts';
import type { Path } from './paths.ts';

export interface Share {
  readonly seen: number;
  readonly all: number;
}

/** What runs have seen of a chart. */
export interface SeenChart {
  /** Ids of states, as XState has them. */
  readonly states: ReadonlySet<string>;
  /** Keys of transitions. */
  readonly transitions: ReadonlySet<string>;
}

export interface PathCoverage {
  readonly states: Share;
  readonly transitions: Share;
  /** Transitions that a condition or another guard decides. */
  readonly guards: Share;
  /** What was not seen: from which state, when, to which. */
  readonly missed: readonly string[];
}

/** What paths have taken. */
export function seenBy(graph: Graph, paths: readonly Path[]): SeenChart {
  const moves = paths.flatMap((path) => path.moves);
  const transitions = new Set(moves.flatMap((move) => move.transitions));
  return {
    states: new Set(moves.flatMap(({ from, to }) => [from, to].flatMap((node) => graph.nodes[node]?.states ?? []))),
    transitions: new Set([...transitions].flatMap((id) => graph.transitions[id] ?? []).map(transitionKey)),
  };
}

/** All that was seen, together. */
export function coverageOf(graph: Graph, seen: readonly SeenChart[]): PathCoverage {
  const states = new Set(graph.nodes.flatMap((node) => node.states));
  const isSeen = (transition: Graph['transitions'][number]): boolean =>
    seen.some((each) => each.transitions.has(transitionKey(transition)));
  const guarded = graph.transitions.filter(({ guard }) => guard !== null);
  return {
    states: { seen: [...states].filter((id) => seen.some((each) => each.states.has(id))).length, all: states.size },
    transitions: { seen: graph.transitions.filter(isSeen).length, all: graph.transitions.length },
    guards: { seen: guarded.filter(isSeen).length, all: guarded.length },
    missed: graph.transitions.filter((each) => !isSeen(each)).map(transitionText),
  };
}

/** `review.fact-check.$running, when fact-check fails, to review.fact-check.$failed`. */
function transitionText({ source, event, guard, targets }: Graph['transitions'][number]): string {
  const on = event === '' ? 'at once' : `when ${eventText(event)}`;
  return `${stateText(source)}, ${on}${guard === null ? '' : ` and ${guard.replace(/ \{.*$/, '')}`}, to ${targets.map(stateText).join(', ')}`;
}

/** Without what is the same for all. */
function stateText(id: string): string {
  return id.replace(/^[^.]*\.\$main\./, '').replaceAll('.$running.', '.');
}

const timers: Readonly<Record<string, string>> = { timeout: 'times out', total: 'runs out of its total time' };

function eventText(event: string): string {
  const [, kind, actor = ''] = /^xstate\.(done|error)\.actor\.(.*)$/.exec(event) ?? [];
  if (kind !== undefined) return `${actor} ${kind === 'done' ? 'completes' : 'fails'}`;
  if (event.startsWith('xstate.done.state.')) return 'all in it is done';
  const [, timer = '', step = ''] = /^xstate\.after\.(\w+):([^.]+)/.exec(event) ?? [];
  return timer === '' ? event : `${step} ${timers[timer] ?? `${timer} is over`}`;
}
