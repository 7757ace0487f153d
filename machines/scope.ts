/**
 * What `{{...}}` and `ctx` mean in a run: the walk from a path's root to its value. One walk for guards (which see inline values and
 * what was kept for them) and for effects (which load references), told apart by the reader of stored values.
 */
import { Choice } from '../src/core/choice.ts';
import { InvariantError } from '../src/core/errors.ts';
import { materialize, type StoredValue, type ValueLoader } from '../src/core/stored-value.ts';
import { readOwn, type Path, type Scope } from '../src/expressions/path.ts';
import type { RunContext, StepRecord } from './context.ts';
import { stepInfo, targetIds, type Program, type StepInfo } from './program.ts';

/** Gives the value at `rest` below a stored value of the run `run`; `kept` and `key` are what was kept of it, and under which key. */
export type StoredReader = (
  stored: StoredValue,
  rest: readonly string[],
  run: string,
  kept: Readonly<Record<string, unknown>> | undefined,
  key: string,
) => unknown;

/** For guards: pure. What is missing is not kept (it has no JSON). */
export const keptReader: StoredReader = (stored, rest, _run, kept, key) => {
  if ('v' in stored) return readOwn(stored.v, rest);
  if (kept !== undefined && Object.hasOwn(kept, key)) return kept[key];
  if (kept !== undefined) return undefined;
  throw new InvariantError(`the value at '${key}' was not kept for a guard that reads it`);
};

/** For effects: loads references. */
export function loadingReader(loader: ValueLoader): StoredReader {
  return (stored, rest, run) => {
    let current = stored;
    let from = 0;
    // Into a composed value without loading all of it.
    for (; from < rest.length && !('v' in current); from++) {
      const key = rest[from] as string;
      const inner =
        'o' in current
          ? Object.hasOwn(current.o, key)
            ? current.o[key]
            : undefined
          : 'a' in current
            ? current.a[Number(key)]
            : undefined;
      if (inner === undefined) break;
      current = inner;
    }
    return readOwn(materialize(current, loader, run), rest, from);
  };
}

/** The scope of one step (its number; null for the workflow itself: output, handlers). `depth`: see {@link loopLevel}. */
export function createScope(
  program: Program,
  context: RunContext,
  step: number | null,
  reader: StoredReader,
  depth = 0,
): Scope {
  return (path) => readRoot(program, context, step, reader, path.segments, depth);
}

function readRoot(
  program: Program,
  context: RunContext,
  step: number | null,
  reader: StoredReader,
  segments: readonly string[],
  depth: number,
): unknown {
  switch (segments[0]) {
    case 'steps':
      return readStep(program, context, reader, segments);
    case 'workflow':
      return readWorkflow(program, context, reader, segments);
    case 'vars':
      return readVar(program, context, reader, segments);
    case 'state':
      return readOwn(stateOf(context), segments, 1);
    default:
      return readLoop(program, context, step, reader, segments, depth);
  }
}

/** A round sees its own writes on top of the state that was frozen when its loop was entered; both are `context.state`. */
function stateOf(context: RunContext): unknown {
  return context.state;
}

function readStep(program: Program, context: RunContext, reader: StoredReader, segments: readonly string[]): unknown {
  const index = program.byId.get(segments[1] ?? '');
  if (index === undefined) {
    return context.outer === null
      ? undefined
      : readStep(context.outer.program, context.outer.context, reader, segments);
  }
  const record = context.steps.get(index);
  return record === undefined
    ? undefined
    : readRecord(stepInfo(program, index), record, reader, context.run.id, segments);
}

function readRecord(
  info: StepInfo,
  record: StepRecord,
  reader: StoredReader,
  run: string,
  segments: readonly string[],
): unknown {
  switch (segments[2]) {
    case 'output': {
      if (record.output === undefined) return undefined;
      if (segments.length === 3 && record.branch !== undefined && isChosen(info, record))
        return choiceOf(info, record.branch);
      return reader(record.output, segments.slice(3), run, record.kept, segments.slice(2).join('.'));
    }
    case 'metadata':
      return record.metadata === undefined
        ? undefined
        : reader(record.metadata, segments.slice(3), run, record.kept, segments.slice(2).join('.'));
    case 'status':
      return segments.length === 3 ? record.status : undefined;
    case 'branch':
      return segments.length === 3 ? record.branch : undefined;
    case 'attempts':
      return segments.length === 3 ? record.attempt : undefined;
    case 'error':
      return readOwn(record.error ?? null, segments, 3);
    default:
      return undefined;
  }
}

function readWorkflow(
  program: Program,
  context: RunContext,
  reader: StoredReader,
  segments: readonly string[],
): unknown {
  switch (segments[1]) {
    case 'input': {
      const top = outermostContext(context);
      return reader(top.input, segments.slice(2), top.run.id, top.inputKept, segments.slice(2).join('.'));
    }
    case 'name':
      return program.definition.name;
    case 'version':
      return program.definition.version;
    case 'runId':
      return context.run.id;
    case 'startedAt':
      return new Date(outermostContext(context).run.startedAt).toISOString();
    case 'error':
      return readOwn(context.error, segments, 2);
    default:
      return undefined;
  }
}

function outermostContext(context: RunContext): RunContext {
  return context.outer === null ? context : outermostContext(context.outer.context);
}

function readVar(program: Program, context: RunContext, reader: StoredReader, segments: readonly string[]): unknown {
  const name = segments[1] ?? '';
  const writers = program.vars.get(name);
  const index = writers?.length === 1 ? writers[0] : context.vars[name];
  if (writers === undefined || index === undefined) {
    return context.outer === null || writers !== undefined
      ? undefined
      : readVar(context.outer.program, context.outer.context, reader, segments);
  }
  const record = context.steps.get(index);
  if (record?.output === undefined) return undefined;
  const { step } = stepInfo(program, index);
  if (step.type === 'conditional' && segments.length === 2) return record.branch;
  return reader(
    record.output,
    segments.slice(2),
    context.run.id,
    record.kept,
    ['output', ...segments.slice(2)].join('.'),
  );
}

/** `loop.item`, `loop.index`, `loop.parent...`, or a loop's `as` name. */
function readLoop(
  program: Program,
  context: RunContext,
  step: number | null,
  reader: StoredReader,
  segments: readonly string[],
  depth: number,
): unknown {
  let level = loopLevel(program, context, step, depth);
  if (segments[0] !== 'loop') {
    while (level !== null && level.as !== segments[0]) level = level.parent();
    return level === null ? undefined : level.item(reader, segments.slice(1));
  }
  let at = 1;
  for (; segments[at] === 'parent' && level !== null; at++) level = level.parent();
  if (level === null) return undefined;
  if (segments[at] === 'index') return segments.length === at + 1 ? level.index : undefined;
  return segments[at] === 'item' ? level.item(reader, segments.slice(at + 1)) : undefined;
}

export interface LoopLevel {
  readonly index: number;
  readonly as: string | null;
  item(reader: StoredReader, rest: readonly string[]): unknown;
  parent(): LoopLevel | null;
}

/** Where the condition of a `while` or `until` loop stands: in the loop itself. */
export const ownLoop = -1;

/**
 * The loops around a step, innermost first: inline loops of this run, then the loop whose round this run is, and so on outward.
 * `depth`: how many of the inline ones to leave out; {@link ownLoop}: the step, a loop, is the innermost.
 */
export function loopLevel(program: Program, context: RunContext, step: number | null, depth: number): LoopLevel | null {
  const inline = step === null ? undefined : depth === ownLoop ? step : stepInfo(program, step).loops[depth];
  if (inline !== undefined) {
    const rounds = context.steps.get(inline)?.rounds ?? 0;
    const { step: loop } = stepInfo(program, inline);
    // A `while` is looked at before the round that it is about, all else within or after it.
    const isAhead = depth === ownLoop && loop.type === 'loop' && loop.mode === 'while';
    return {
      index: isAhead ? rounds : Math.max(0, rounds - 1),
      as: null,
      item: () => undefined,
      parent: () => loopLevel(program, context, step, depth + 1),
    };
  }
  const { round, outer } = context;
  if (round === null || program.loop === null) return null;
  return {
    index: round.index,
    as: program.loop.step.as,
    item: (reader, rest) => reader(round.item, rest, context.run.id, undefined, 'loop.item'),
    parent: () => (outer === null ? null : loopLevel(outer.program, outer.context, outer.loop, 0)),
  };
}

/** A handler may have put something else in its place. */
function isChosen({ step }: StepInfo, { branch, output }: StepRecord): boolean {
  return branch !== undefined && output !== undefined && 'v' in output && output.v === chosenValue(step, branch);
}

const choices = new WeakMap<StepInfo, Map<string, Choice>>();

/** A router's output in conditions: equal to the chosen step's id, to the branch, and to every case key that leads to the same step. */
function choiceOf(info: StepInfo, branch: string): Choice {
  let ofStep = choices.get(info);
  if (ofStep === undefined) choices.set(info, (ofStep = new Map<string, Choice>()));
  let choice = ofStep.get(branch);
  if (choice === undefined) ofStep.set(branch, (choice = makeChoice(info, branch)));
  return choice;
}

function makeChoice({ step }: StepInfo, branch: string): Choice {
  const value = chosenValue(step, branch);
  const aliases = new Set([branch, ...(value === null ? [] : [value]), ...targetIds(branchTarget(step, branch))]);
  if (step.type === 'switch' && branch === 'default') {
    for (const each of step.cases) if (targetIds(each.target).some((id) => aliases.has(id))) aliases.add(each.key);
  }
  return new Choice(value, aliases);
}

/** Where a branch of a router leads; null when nothing is written for it. */
function branchTarget(step: StepInfo['step'], branch: string): ReturnType<typeof targetOf> {
  return targetOf(step, branch);
}

function targetOf(step: StepInfo['step'], branch: string) {
  if (step.type === 'conditional') return branch === 'then' ? step.then : step.else;
  if (step.type === 'human')
    return step.onTimeout.kind === 'goto' ? { kind: 'steps' as const, ids: [step.onTimeout.target] } : null;
  if (step.type === 'switch')
    return (branch === 'default' ? null : step.cases.find((each) => each.key === branch)?.target) ?? step.default;
  return null;
}

/** The output of a router that took a branch: the (first) chosen step's id, `'end'`, `'break'`, `'continue'`, or null. */
export function chosenValue(step: StepInfo['step'], branch: string): string | null {
  const target = targetOf(step, branch);
  if (target === null) return null;
  return target.kind === 'steps' ? (target.ids[0] ?? null) : target.kind;
}

/** Whether guards can read the path without loading anything. */
export function isPure(program: Program, path: Path): boolean {
  const [root, name, field] = path.segments;
  if (root === 'state' || root === 'workflow') return true;
  if (root === 'vars') {
    const writers = program.vars.get(name ?? '');
    if (writers === undefined) return program.loop === null || isPure(program.loop.outer, path);
    return writers.every((index) => isPureOutput(program, index, path.segments.slice(2)));
  }
  if (root === 'steps') {
    const index = program.byId.get(name ?? '');
    if (index === undefined) return program.loop === null || isPure(program.loop.outer, path);
    return field !== 'output' || isPureOutput(program, index, path.segments.slice(3));
  }
  return (
    root === 'loop' && path.segments.at(-1) === 'index' && path.segments.slice(1, -1).every((each) => each === 'parent')
  );
}

export function isPureExpression(program: Program, { paths }: { readonly paths: readonly Path[] }): boolean {
  return paths.every((path) => isPure(program, path));
}

/** What is composed of outputs is kept by its parts: those of a group and of a parallel step are; rounds of a loop are not. */
function isPureOutput(program: Program, index: number, rest: readonly string[]): boolean {
  const { step } = stepInfo(program, index);
  const isPureStep = (id: string, below: readonly string[]): boolean => {
    const inner = program.byId.get(id);
    return inner === undefined || isPureOutput(program, inner, below);
  };
  if (step.onError.kind === 'recover' && !isPureStep(step.onError.step.id, rest)) return false;
  if (step.type === 'loop') return false;
  if (step.type === 'sequential') return step.steps.every((inner) => isPureStep(inner.id, rest));
  if (step.type !== 'parallel') return true;
  return rest[0] !== undefined && isPureStep(rest[0], rest.slice(1));
}
