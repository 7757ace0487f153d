/** What a path is called: what is out of the ordinary on it, in order. Owns the words; which paths there are is `paths.ts`'s. */
import type { Graph, GraphEdge, GraphNode } from './graph.ts';

/** A path on which nothing is out of the ordinary is called after its end. */
export function nameOfPath(graph: Graph, moves: readonly GraphEdge[], end: NonNullable<GraphNode['end']>): string {
  const words: string[] = [];
  let last = '';
  let times = 0;
  const flush = (): void => {
    if (last !== '') words.push(times === 1 ? last : `${last} ${times} times`);
  };
  for (const edge of moves) {
    for (const word of wordsOf(graph, edge)) {
      if (word === last) times += 1;
      else {
        flush();
        [last, times] = [word, 1];
      }
    }
  }
  flush();
  return words.length === 0 ? `all goes well: ${end}` : shortened(words).join(', then ');
}

/** So many words a name has at most. */
const maxWords = 6;

/** What a path is taken for stands at its end, as a rule. */
function shortened(words: readonly string[]): readonly string[] {
  if (words.length <= maxWords) return words;
  return [...words.slice(0, 2), `${words.length - 5} more`, ...words.slice(-3)];
}

function wordsOf(graph: Graph, edge: GraphEdge): readonly string[] {
  const { kind, label, outcome } = edge;
  const chosen = [...choicesOf(graph, edge), ...failuresBeside(edge)];
  if (kind === 'start') return chosen;
  if (kind === 'cancel') return [`cancel${whereabouts(graph.nodes[edge.from])}`];
  // Attempts are named by their failures.
  if (kind === 'timer')
    return label.endsWith('is tried again') || label.endsWith('is over') ? chosen : [label, ...chosen];
  // That a round failed is said of the step in it.
  const isUsual = (kind === 'completes' && outcome === 'completes') || outcome === 'round failed';
  return [...(isUsual ? [] : [label]), ...chosen];
}

/** What routers chose, where they could have chosen otherwise. */
function choicesOf(graph: Graph, edge: GraphEdge): readonly string[] {
  const others = (graph.leaving[edge.from] ?? []).filter(
    ({ id, kind, about, outcome, rounds }) =>
      id !== edge.id &&
      kind === edge.kind &&
      about === edge.about &&
      outcome === edge.outcome &&
      rounds.join() === edge.rounds.join(),
  );
  return branchesIn(edge).flatMap(([step, branch]) =>
    others.some((other) => branchesIn(other).some(([id, way]) => id === step && way !== branch))
      ? [`${step} takes ${branch}`]
      : [],
  );
}

/** What failed by itself, as no effect of it has: a loop at its limit. */
function failuresBeside({ kind, happenings, step, outcome }: GraphEdge): readonly string[] {
  if (kind === 'fails' || kind === 'timer' || kind === 'cancel' || outcome === 'none' || outcome === 'throws')
    return [];
  return happenings.flatMap((each) =>
    each.type === 'failed' && each.step !== step ? [`${each.step} fails (${each.code})`] : [],
  );
}

function branchesIn({ happenings, step }: GraphEdge): readonly (readonly [step: string, branch: string])[] {
  return happenings.flatMap((each) =>
    each.type === 'completed' && each.branch !== null && each.step !== step ? [[each.step, each.branch] as const] : [],
  );
}

/** Of a run in which no step is under way, by its state. */
const moments: Readonly<Record<string, string>> = {
  $starting: ' at the start',
  $ending: ' at the end',
  $failing: ' while it fails',
};

const over: ReadonlySet<string> = new Set(['$completed', '$failed', '$skipped', '$cancelled']);

/** The steps that are under way: ` in review`. */
function whereabouts(node: GraphNode | undefined): string {
  const states = (node?.states ?? []).map((id) => id.split('.'));
  // A loop is named by what its round does.
  const loops = new Set(states.flatMap(([root = '']) => root.split(':').slice(1)));
  const steps = states.flatMap((parts) => {
    const step = parts.at(-2);
    return step === undefined || step.startsWith('$') || over.has(parts.at(-1) ?? '') || loops.has(step) ? [] : [step];
  });
  const [first, second, ...more] = [...new Set(steps)];
  if (first === undefined) return moments[states[0]?.[1] ?? ''] ?? '';
  if (second === undefined) return ` in ${first}`;
  return more.length === 0 ? ` in ${first} and ${second}` : ` in ${first} and ${more.length + 1} more`;
}
