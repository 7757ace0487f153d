/**
 * A path as a script for the real engine: the input, what every effect gives, how long every timer takes. Data is made from
 * schemas and from the values that the conditions on the path were decided by.
 */
import type { Step, WorkflowDefinition } from '../definition/definition.ts';
import { createTree } from '../definition/checks/tree.ts';
import { isPlainObject } from '../core/json.ts';
import { compileTemplate } from '../expressions/template.ts';
import { compileWorkflow } from '../../machines/workflow.ts';
import { readOwn } from '../expressions/path.ts';
import { Candidates } from './candidates.ts';
import { composed } from './composed.ts';
import type { GraphEdge } from './graph.ts';
import { put } from './put.ts';
import { scheduleOf, type LongerTimer } from './schedule.ts';
import { boundedDefinition } from './bounds.ts';
import { allPrograms } from './programs.ts';
import { originsOf, type Origin } from './readings.ts';
import { sampleOf } from './schema-shape.ts';
import { answerSchema } from './check-fields.ts';
import { wantedData, withWanted, type Wanted, type WantedData } from './wanted.ts';

export interface ScriptedMove {
  readonly edge: GraphEdge;
  /** Rounds in which it happens: the index of each, outermost first. */
  readonly rounds: readonly number[];
  /** What the effect gives, or the person answers. */
  readonly output: unknown;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** When it happens, in milliseconds since the start. */
  readonly at: number;
}

export interface Script {
  /** With the bounds of the test; functions and ids are the workflow's own. */
  readonly definition: WorkflowDefinition;
  readonly longer: readonly LongerTimer[];
  readonly input: unknown;
  /** Without the start. */
  readonly moves: readonly ScriptedMove[];
  /** Null: it can be run. Else why no data leads there. */
  readonly problem: string | null;
}

interface Part {
  readonly segments: readonly string[];
  readonly value: unknown;
  /** Whether another value in its place is the same to all conditions. */
  isAsGood(value: unknown): boolean;
}

/** Values that are used where the path needs no other. */
export interface Realistic {
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly input?: unknown;
}

export function scriptOf(
  definition: WorkflowDefinition,
  moves: readonly GraphEdge[],
  { outputs = {}, input: given }: Realistic = {},
): Script {
  const steps = new Map(createTree(definition).nodes.map(({ step }) => [step.id, step]));
  const wanted = wantedData(definition);
  const parts = partsOf(definition, moves, wanted);
  const indexes = roundsOf(moves);
  const [, ...after] = moves;
  const input = inputData(definition, parts.get(0) ?? [], wanted, given);
  const schedule = scheduleOf(moves);
  const longer = schedule?.longer ?? [];
  const problem = moves.some(({ isFree }) => isFree)
    ? 'no data was found that decides its conditions so'
    : schedule === null
      ? 'its timers cannot fire in this order'
      : inputProblem(definition, input);
  return {
    definition: boundedDefinition(definition, { delays: new Map(longer.map(({ timer, ms }) => [timer, ms])) }),
    longer,
    input,
    moves: after.map((edge, index) => {
      const own = parts.get(index + 1) ?? [];
      const step = edge.step === null ? undefined : steps.get(edge.step);
      const signals = edge.kind === 'signal' ? signalSteps(definition, edge.about) : [];
      const read = [...(step === undefined ? [] : [step]), ...signals].flatMap(({ id }) => wanted.steps.get(id) ?? []);
      const at = schedule?.at[index + 1] ?? 0;
      return { edge, at, rounds: indexes[index + 1] ?? [], ...answerData(step, edge, own, read, outputs) };
    }),
    problem,
  };
}

function inputProblem({ input }: WorkflowDefinition, data: unknown): string | null {
  const parsed = input?.parse(data);
  return parsed === undefined || 'value' in parsed
    ? null
    : `no input was found that fits its schema: ${parsed.issues[0]?.message ?? ''}`;
}

function answerData(
  step: Step | undefined,
  edge: GraphEdge,
  parts: readonly Part[],
  wanted: readonly Wanted[],
  outputs: Readonly<Record<string, unknown>>,
): Pick<ScriptedMove, 'output' | 'metadata'> {
  const chosen = below('metadata', parts);
  const metadata = composed(chosen.map(({ segments, value }) => [segments, value]));
  const schema = step === undefined ? null : answerSchema(step);
  const given = step !== undefined && Object.hasOwn(outputs, step.id) ? outputs[step.id] : undefined;
  const output = dataOf(schema, below('output', parts), edge.kind === 'signal' ? {} : 'text', given);
  return {
    // What the author gives is whole.
    output: given === undefined ? withWanted(output, below('output', wanted), schema, below('output', parts)) : output,
    metadata: withWanted(metadata, below('metadata', wanted), null, chosen) as Readonly<Record<string, unknown>>,
  };
}

interface Placed {
  readonly segments: readonly string[];
}

function below<P extends Placed>(root: string, of: readonly P[]): readonly (Omit<P, 'segments'> & Placed)[] {
  return of.flatMap(({ segments: [first, ...segments], ...rest }) => (first === root ? [{ ...rest, segments }] : []));
}

function inputData({ input }: WorkflowDefinition, parts: readonly Part[], wanted: WantedData, given: unknown): unknown {
  const schema = input?.json ?? null;
  const data = dataOf(schema, parts, {}, given);
  return given === undefined ? withWanted(data, wanted.input, schema, parts) : data;
}

function signalSteps(definition: WorkflowDefinition, name: string): readonly Step[] {
  return createTree(definition).nodes.flatMap(({ step }) =>
    step.type === 'signal' && step.name === name ? [step] : [],
  );
}

/** Data that fits a schema, as far as it goes, with the values that were chosen. */
function dataOf(schema: unknown, parts: readonly Part[], otherwise: unknown, given: unknown): unknown {
  const whole = parts.findLast(({ segments }) => segments.length === 0);
  const inner = parts.filter(({ segments }) => segments.length > 0);
  const base = whole === undefined ? (given ?? (schema === null ? otherwise : sampleOf(schema))) : whole.value;
  if (inner.length === 0) return base;
  let made: unknown = isPlainObject(base) || Array.isArray(base) ? base : undefined;
  for (const { segments, value } of inner) made = put(made, segments, value);
  if (made === undefined) return base;
  // A text has no fields, and an object is no text: the one of which all conditions say the same.
  const fits = (data: unknown): boolean =>
    parts.every((part) => part.isAsGood(part.segments.length === 0 ? data : readOwn(data, part.segments)));
  return whole === undefined || fits(made) || !fits(base) ? made : base;
}

const known = new WeakMap<WorkflowDefinition, Candidates>();

function candidatesOf(definition: WorkflowDefinition): Candidates {
  let candidates = known.get(definition);
  if (candidates === undefined)
    known.set(definition, (candidates = new Candidates(compileWorkflow(definition).program)));
  return candidates;
}

/** Which values belong to which move: to the latest answer of their step. */
function partsOf(
  definition: WorkflowDefinition,
  moves: readonly GraphEdge[],
  wanted: WantedData,
): ReadonlyMap<number, readonly Part[]> {
  const result = new Map<number, Part[]>();
  const add = (at: number, part: Part): void => void result.set(at, [...(result.get(at) ?? []), part]);
  const latest = new Map<string, number>();
  const candidates = candidatesOf(definition);
  const place = (origin: Origin, value: unknown): void => {
    const at = origin.step === null ? 0 : latest.get(origin.step.id);
    const kind = candidates.signatureOf(origin, value);
    const isAsGood = (other: unknown): boolean => candidates.signatureOf(origin, other) === kind;
    if (at !== undefined) add(at, { segments: origin.segments, value, isAsGood });
  };
  moves.forEach((edge, at) => {
    for (const id of answeredBy(edge, definition)) latest.set(id, at);
    for (const { origin, value } of edge.bindings) place(origin, value);
    if (
      edge.kind === 'no items' ||
      edge.outcome === 'no list' ||
      edge.outcome === 'too many' ||
      (edge.kind === 'round' && edge.outcome === 'first')
    )
      for (const [origin, value] of itemsOf(definition, moves, at, wanted)) place(origin, value);
  });
  return result;
}

/** The steps whose answer a move brings. */
function answeredBy({ kind, about, step, outcome }: GraphEdge, definition: WorkflowDefinition): readonly string[] {
  if (kind === 'signal') return signalSteps(definition, about).map(({ id }) => id);
  // Not by its side effects: deciding, handlers that mend nothing, writes.
  const isAnswer = about === step || outcome === 'mends' || about === `${step ?? ''}.substitute`;
  return (kind === 'completes' || kind === 'answer') && step !== null && isAnswer ? [step] : [];
}

/** As many items as a path has rounds, where the items come from outside. */
function itemsOf(
  definition: WorkflowDefinition,
  moves: readonly GraphEdge[],
  at: number,
  wanted: WantedData,
): readonly (readonly [Origin, unknown])[] {
  const edge = moves[at] as GraphEdge;
  const { program } = compileWorkflow(definition);
  for (const each of allPrograms(program)) {
    const step = each.steps[each.byId.get(edge.step ?? '') ?? -1]?.step;
    if (step?.type !== 'loop' || step.items?.kind !== 'template' || typeof step.items.template.source !== 'string')
      continue;
    const [path] = compileTemplate(step.items.template.source).paths;
    if (path === undefined) continue;
    const value = items(edge, moves.slice(at), step.maxIterations);
    const filled = Array.isArray(value)
      ? value.map((item: unknown) => withWanted(item, wanted.items.get(step.id) ?? [], null, []))
      : value;
    return originsOf(each, path).map((origin) => [origin, filled]);
  }
  return [];
}

function items({ kind, outcome, about }: GraphEdge, onward: readonly GraphEdge[], limit: number | null): unknown {
  if (kind === 'no items') return [];
  if (outcome === 'no list') return 'no list';
  if (outcome === 'too many') return Array.from({ length: (limit ?? 0) + 1 }, (_each, index) => index);
  const over = onward.findIndex((each, at) => at > 0 && each.about === about && each.kind !== 'round');
  const rounds = onward
    .slice(0, over === -1 ? undefined : over)
    .filter((each) => each.kind === 'round' && each.about === about);
  return rounds.map((_each, index) => index);
}

/** For each move, the rounds it happens in, by index. */
function roundsOf(moves: readonly GraphEdge[]): readonly (readonly number[])[] {
  const current = new Map<string, number>();
  return moves.map((edge) => {
    const key = (loops: readonly string[]): string => loops.join('/');
    const around = edge.rounds.map((_loop, depth) => current.get(key(edge.rounds.slice(0, depth + 1))) ?? 0);
    if (edge.kind === 'round') {
      const own = key([...edge.rounds, edge.about]);
      current.set(own, edge.outcome === 'first' ? 0 : (current.get(own) ?? 0) + 1);
    }
    return around;
  });
}
