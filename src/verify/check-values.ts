/** Whether every value that is read is there, on every way: by steps that did not run or failed, and by fields that schemas do not have. */
import { chainOf, createTree, type Tree } from '../definition/checks/tree.ts';
import { quote } from '../definition/describe.ts';
import type { Step, WorkflowDefinition } from '../definition/definition.ts';
import type { Path } from '../expressions/path.ts';
import { outputSchema } from './values-to-try.ts';
import { describeWay, findWay, type Watch } from './search.ts';
import type { Finding, FindingCode, Severity } from './finding.ts';
import type { Graph, GraphEdge } from './graph.ts';
import { referencesOf, stepsRead, type Reference, type Use } from './references.ts';
import { placeIn } from './schema-shape.ts';
import type { Happening } from './situation.ts';

/** What is there of a step's output. */
type Standing = 'not yet' | 'there' | 'failed' | 'skipped' | 'cancelled';

export function checkValues(definition: WorkflowDefinition, graph: Graph): readonly Finding[] {
  const tree = createTree(definition);
  const found = referencesOf(definition).flatMap((reference) => [
    ...missing(tree, definition, graph, reference),
    ...shapes(tree, definition, reference),
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
      message: `${place(reference)} reads ${reference.paths.map(({ source }) => `{{${source}}}`).join(' || ')}, but ${why(names)}`,
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

function place({ reader, path }: Reference): string {
  return reader === null
    ? 'the output of the workflow'
    : `step ${quote(reader.id)} (${path.slice(reader.path.length + 1)})`;
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

// Fields that schemas do not have.

function shapes(tree: Tree, definition: WorkflowDefinition, reference: Reference): readonly Finding[] {
  return reference.paths.flatMap((path): readonly Finding[] => {
    const known = schemaFor(tree, definition, path);
    if (known === null) return [];
    const there = placeIn(known.schema, known.rest);
    const base = { path: reference.path, way: [], moves: [] };
    if (there.kind === 'absent') {
      return [
        {
          ...base,
          code: 'UNKNOWN_OUTPUT_FIELD',
          severity: 'error',
          message: `${place(reference)} reads {{${path.source}}}, but the schema of ${known.what} has no ${quote(there.at)}`,
          hint: there.known.length === 0 ? 'it has no fields' : `it has ${there.known.map(quote).join(', ')}`,
        },
      ];
    }
    const mustBe =
      reference.paths.length === 1 &&
      (reference.use === 'text' || reference.use === 'prompt' || reference.use === 'needed');
    if (there.kind !== 'there' || there.isRequired || !mustBe || definition.missing === 'empty') return [];
    return [
      {
        ...base,
        code: 'OPTIONAL_FIELD',
        severity: 'warning',
        message: `${place(reference)} reads {{${path.source}}}, which the schema of ${known.what} does not require`,
        hint: `require it in the schema, or give a last resort: {{${path.source}}} || "none"`,
      },
    ];
  });
}

function schemaFor(
  tree: Tree,
  definition: WorkflowDefinition,
  path: Path,
): { readonly schema: unknown; readonly rest: readonly string[]; readonly what: string } | null {
  const [root, name, ...below] = path.segments;
  if (root === 'workflow' && name === 'input' && definition.input !== null && below.length > 1)
    return { schema: definition.input.json, rest: below, what: 'the input' };
  const read = stepsRead(tree, path);
  const [only] = read;
  if (only === undefined || read.length > 1 || only.rest.length === 0) return null;
  const schema = answerSchema(only.step);
  return schema === null || isReplaced(definition, only.step)
    ? null
    : { schema, rest: only.rest, what: `step ${quote(only.step.id)}` };
}

/** An output that a recovery, a substitute or a handler may have put there is not bound by the step's schema. */
function isReplaced({ stepHandlers }: WorkflowDefinition, { onError }: Step): boolean {
  return onError.kind === 'output' || onError.kind === 'recover' || stepHandlers.some(({ event }) => event !== 'start');
}

const defaultForm = {
  type: 'object',
  properties: { decision: { enum: ['approve', 'reject'] }, comment: { type: 'string' }, by: {} },
  required: ['decision'],
};

/** The schema of what a step gives, of a person's answer too; null when nothing is said. */
export function answerSchema(step: Step): unknown {
  if (step.type === 'agent' || step.type !== 'human') return outputSchema(step);
  if (step.form === null) return defaultForm;
  const json = step.form.json as Readonly<Record<string, unknown>>;
  const { properties } = json as { readonly properties?: object };
  return properties === undefined ? json : { ...json, properties: { ...properties, by: {} } };
}
