/** Whether every value that is read is there, on every way: of steps that did not run or failed. Fields are `check-fields.ts`'s. */
import { chainOf, createTree, type Tree } from '../definition/checks/tree.ts';
import { quote } from '../definition/describe.ts';
import type { WorkflowDefinition } from '../definition/definition.ts';
import { describeWay, findWay, type Watch } from './search.ts';
import type { Finding, FindingCode, Severity } from './finding.ts';
import type { Graph, GraphEdge } from './graph.ts';
import { unknownFields } from './check-fields.ts';
import { placeOf, referencesOf, stepsRead, type Reference, type Use } from './references.ts';
import type { Happening } from './situation.ts';

/** What is there of a step's output. */
type Standing = 'not yet' | 'there' | 'failed' | 'skipped' | 'cancelled';

export function checkValues(definition: WorkflowDefinition, graph: Graph): readonly Finding[] {
  const tree = createTree(definition);
  const found = referencesOf(definition).flatMap((reference) => [
    ...missing(tree, definition, graph, reference),
    ...unknownFields(tree, definition, reference),
  ]);
  const seen = new Set<string>();
  return found.filter(({ code, path, message }) => {
    const key = `${code} ${path} ${message}`;
    return !seen.has(key) && Boolean(seen.add(key));
  });
}

// Steps that did not run.

function missing(tree: Tree, definition: WorkflowDefinition, graph: Graph, reference: Reference): readonly Finding[] {
  const alternatives = reference.paths.map((path) => stepsRead(tree, path));
  // A value that is no step's output may be there: of it nothing is known.
  if (alternatives.some((steps) => steps.length === 0)) return [];
  const read = alternatives.flat();
  const ids = [...new Set(read.map(({ step }) => step.id))];
  const findings: Finding[] = [];
  for (const absent of ['undefined', 'null'] as const) {
    const verdict = verdictOn(definition, reference, absent);
    if (verdict === null) continue;
    const way = findWay(
      graph,
      watchFor(tree, reference, ids, (standings) =>
        read.every(({ step, rest }) =>
          isAbsent(standings[ids.indexOf(step.id)] ?? 'not yet', rest, absent, reference.use),
        ),
      ),
    );
    if (way === null) continue;
    const names = ids.map(quote).join(' and ');
    const { why, standings } = reasonOf(tree, reference, ids, way);
    if (reference.use === 'whole' && standings.every((each) => each === 'not yet')) continue;
    findings.push({
      ...verdict,
      message: `${placeOf(reference)} reads ${reference.paths.map(({ source }) => `{{${source}}}`).join(' || ')}, but ${why(names)}`,
      path: reference.path,
      hint: hintFor(reference, ids),
      way: describeWay(way),
      moves: way,
    });
    break;
  }
  return findings;
}

function hintFor({ use }: Reference, [first = '']: readonly string[]): string {
  if (use === 'condition') return `ask first whether it ran: {{steps.${first}.status}} === "completed" && ...`;
  return `give this step the same condition as step ${quote(first)}, or a last resort: {{steps.${first}.output}} || "none"`;
}

/** A failed step has null as its output: below it nothing is. */
function isAbsent(standing: Standing, rest: readonly string[], absent: 'undefined' | 'null', use: Use): boolean {
  if (standing === 'there') return false;
  if (standing === 'failed') return absent === 'null' ? rest.length === 0 : rest.length > 0;
  if (use === 'whole' || use === 'output') return absent === 'undefined';
  return absent === 'undefined';
}

/** Null: it does no harm. */
function verdictOn(
  { missing: onMissing }: WorkflowDefinition,
  { use }: Reference,
  absent: 'undefined' | 'null',
): { readonly code: FindingCode; readonly severity: Severity } | null {
  switch (use) {
    case 'prompt':
      return { code: 'MISSING_PROMPT', severity: 'error' };
    case 'needed':
      return { code: 'MISSING_VALUE', severity: 'error' };
    case 'text':
      if (absent === 'null') return { code: 'EMPTY_VALUE', severity: 'warning' };
      return onMissing === 'error'
        ? { code: 'MISSING_VALUE', severity: 'error' }
        : { code: 'EMPTY_VALUE', severity: 'warning' };
    case 'whole':
      return absent === 'null' ? null : { code: 'LEFT_OUT', severity: 'warning' };
    case 'output':
      return absent === 'null' ? null : { code: 'LEFT_OUT', severity: 'info' };
    case 'condition':
      return absent === 'null' ? null : { code: 'MISSING_VALUE', severity: 'warning' };
  }
}

function watchFor(
  tree: Tree,
  reference: Reference,
  ids: readonly string[],
  isHit: (standings: readonly Standing[]) => boolean,
): Watch<readonly Standing[]> {
  const inner = insideOf(tree);
  return {
    start: ids.map((): Standing => 'not yet'),
    text: (standings) => standings.join(),
    next: (standings, happening, edge) => {
      // What is read before a step starts is read before this very thing is noted.
      if (reads(reference, happening, edge) && isHit(standings)) return 'found';
      const then = ids.map((id, at) => standingAfter(inner, id, standings[at] ?? 'not yet', happening));
      if (reference.moment === 'after' && isOwnEnd(reference, happening) && isHit(then)) return 'found';
      return then;
    },
  };
}

function reads({ reader, moment }: Reference, happening: Happening, edge: GraphEdge): boolean {
  if (reader === null) return happening.type === 'end' && happening.status === 'completed' && edge.kind !== 'cancel';
  if (!('step' in happening) || happening.step !== reader.id) return false;
  switch (moment) {
    case 'gate':
      return happening.type === 'started'
        ? happening.attempt === 1
        : happening.type === 'skipped' && happening.why === 'condition';
    case 'before':
      return happening.type === 'started';
    case 'during':
      return happening.type === 'completed' && reader.type !== 'loop';
    case 'after':
      return false;
  }
}

function isOwnEnd({ reader }: Reference, happening: Happening): boolean {
  return happening.type === 'completed' && happening.step === reader?.id;
}

function standingAfter(
  inner: ReadonlyMap<string, ReadonlySet<string>>,
  id: string,
  before: Standing,
  happening: Happening,
): Standing {
  if (happening.type === 'end') return before;
  if (happening.type === 'round') return inner.get(happening.step)?.has(id) === true ? 'not yet' : before;
  if (happening.step !== id) {
    const isCleared = happening.type === 'skipped' && inner.get(happening.step)?.has(id) === true;
    return isCleared ? 'skipped' : before;
  }
  switch (happening.type) {
    case 'completed':
      return 'there';
    case 'failed':
      return 'failed';
    case 'skipped':
      return 'skipped';
    case 'cancelled':
      return before === 'there' ? before : 'cancelled';
    default:
      return before;
  }
}

/** Steps inside each step. */
function insideOf(tree: Tree): ReadonlyMap<string, ReadonlySet<string>> {
  const result = new Map<string, Set<string>>();
  for (const node of tree.nodes) {
    for (const around of chainOf(node).slice(1)) {
      const ids = result.get(around.step.id) ?? new Set<string>();
      ids.add(node.step.id);
      result.set(around.step.id, ids);
    }
  }
  return result;
}

/** How the steps stand at the end of a way, in words. */
function reasonOf(
  tree: Tree,
  reference: Reference,
  ids: readonly string[],
  way: readonly GraphEdge[],
): { readonly why: (names: string) => string; readonly standings: readonly Standing[] } {
  const watch = watchFor(tree, { ...reference, reader: null, moment: 'after' }, ids, () => false);
  let standings = watch.start;
  const last = way.at(-1);
  for (const edge of way) {
    for (const happening of edge.happenings) {
      if (edge === last && reads(reference, happening, edge)) break;
      const next = watch.next(standings, happening, edge);
      if (next !== 'found') standings = next;
    }
  }
  const verbs: Readonly<Record<Standing, string>> = {
    'not yet': 'has not run',
    there: 'has run',
    failed: 'has failed',
    skipped: 'was skipped',
    cancelled: 'was cancelled',
  };
  const kinds = new Set(standings);
  const [only] = standings;
  const why = (names: string): string =>
    kinds.size === 1 && only !== undefined
      ? `there ${names} ${ids.length > 1 ? verbs[only].replace('has', 'have').replace('was', 'were') : verbs[only]}`
      : ids.map((id, at) => `${quote(id)} ${verbs[standings[at] ?? 'not yet']}`).join(' and ');
  return { why, standings };
}
