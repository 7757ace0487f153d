/** Changes of step records, each a pure function of the context. What is written to the run's state is in `state.ts`. */
import type { ErrorData } from '../src/core/errors.ts';
import { readOwn } from '../src/expressions/path.ts';
import type { RunContext, StepRecord } from './context.ts';
import type { Answer } from './machine-event.ts';
import { stepInfo, type Program, type StepInfo } from './program.ts';
import { chosenValue } from './choice-of.ts';
import { undecidedReader } from './stored-reader.ts';
import { subtree } from './subtree.ts';

export type Update = Partial<RunContext>;

const fresh: StepRecord = { status: 'pending', visit: 0, attempt: 0 };

export function recordOf(context: Pick<RunContext, 'steps'>, index: number): StepRecord {
  return context.steps.get(index) ?? fresh;
}

export function setRecord(context: Pick<RunContext, 'steps'>, index: number, record: StepRecord): Update {
  return { steps: context.steps.set(index, record) };
}

/** A record of the same visit with some fields replaced. */
export function patch(context: RunContext, index: number, fields: Partial<StepRecord>): Update {
  return setRecord(context, index, { ...recordOf(context, index), ...fields });
}

/** The step is entered: a new visit, unless a jump back or a loop's next round has begun one. */
export function enterVisit(record: StepRecord): StepRecord {
  const isBegun = record.status === 'pending' && record.visit > 0;
  return {
    ...withoutProgress(record),
    status: 'pending',
    visit: isBegun ? record.visit : record.visit + 1,
    attempt: 0,
  };
}

/** The work of the step begins: its first attempt in this visit, or the next after a backoff. Loops and pauses begin anew. */
export function beginAttempt(record: StepRecord): StepRecord {
  const base = record.status === 'backoff' ? withoutProgress(record) : enterVisit(record);
  const { effect } = record;
  return {
    ...base,
    // Nobody knows what an attempt that was lost has done, whatever the next one says.
    ...(record.status === 'backoff' && effect !== undefined ? { effect } : {}),
    status: 'running',
    attempt: record.status === 'backoff' ? record.attempt + 1 : 1,
  };
}

/** Without what an attempt has gone through: only its outcome, and how the step came to run, stay. */
function withoutProgress(record: StepRecord): StepRecord {
  const {
    error: _error,
    backoffMs: _backoff,
    sideAttempt: _side,
    rounds: _rounds,
    outputs: _outputs,
    delayMs: _delay,
    stretchMs: _stretch,
    waitedMs: _waited,
    held: _held,
    frozenState: _frozen,
    effect: _effect,
    ...rest
  } = record;
  return rest;
}

/** The outcome of the work, its output by reference or inline; `kept` of composed outputs is taken from their parts. */
export function withAnswer(record: StepRecord, answer: Answer): StepRecord {
  const { kept: _kept, metadata: _metadata, branch: _branch, cached: _cached, ...rest } = record;
  return {
    ...rest,
    output: answer.output,
    ...(answer.kept === undefined ? {} : { kept: answer.kept }),
    ...(answer.metadata === undefined ? {} : { metadata: answer.metadata }),
    ...(answer.cached === undefined ? {} : { cached: answer.cached }),
  };
}

const exits: ReadonlySet<string | null> = new Set(['end', 'break', 'continue']);

/** A router that led out of its sequence: what it says is not what the sequence gives. */
function isExit({ step }: StepInfo, { branch }: StepRecord): boolean {
  return branch !== undefined && exits.has(chosenValue(step, branch));
}

/** The last of some steps that completed; skipped and tolerated ones, and routers that led out, do not count. */
export function lastCompleted(program: Program, context: RunContext, sequence: readonly number[]): number | undefined {
  return sequence.findLast((index) => {
    const record = context.steps.get(index);
    return record?.status === 'completed' && !isExit(stepInfo(program, index), record);
  });
}

/** What a step that ended completed adds to the context: who wrote a shared var last, which top-level step completed last. */
export function completion(program: Program, context: RunContext, index: number, record: StepRecord): Update {
  const info = stepInfo(program, index);
  const name = info.step.output;
  const isSharedVar = name !== null && (program.vars.get(name)?.length ?? 0) > 1;
  const {
    error: _error,
    backoffMs: _backoff,
    sideAttempt: _side,
    waitedMs: _waited,
    delayMs: _delay,
    stretchMs: _stretch,
    ...rest
  } = record;
  return {
    steps: context.steps.set(index, { ...rest, status: 'completed' }),
    ...(isSharedVar ? { vars: { ...context.vars, [name]: index } } : {}),
    ...(info.parent === null && !isExit(info, record) ? { last: index } : {}),
  };
}

/** Failed for good: the output is null, but for what a parallel step keeps of its branches. */
export function failed(
  record: StepRecord,
  error: ErrorData,
  partial: Pick<StepRecord, 'output' | 'kept'> = {},
): StepRecord {
  const {
    kept: _kept,
    metadata: _metadata,
    branch: _branch,
    backoffMs: _backoff,
    sideAttempt: _side,
    ...rest
  } = record;
  return {
    ...rest,
    status: 'failed',
    error,
    output: partial.output ?? { v: null },
    ...(partial.kept === undefined ? {} : { kept: partial.kept }),
  };
}

/** Skipped: outputs of earlier visits are cleared. */
export function skipped(record: StepRecord): StepRecord {
  const { visit, jumps } = enterVisit(record);
  return { status: 'skipped', visit, attempt: 0, ...(jumps === undefined ? {} : { jumps }) };
}

/** Marks siblings as chosen by a router (or a `goto`, an `onTimeout`). */
export function markChosen(program: Program, context: RunContext, index: number, ids: readonly string[]): Update {
  let { steps } = context;
  for (const id of ids) {
    const target = program.byId.get(id);
    if (target !== undefined) steps = steps.set(target, { ...(steps.get(target) ?? fresh), chosenBy: index });
  }
  return { steps };
}

/**
 * A jump back: a new visit of every step from `from` on in its sequence; pending, choices of routers from there on
 * forgotten, groups and loops fresh. Outputs stay readable until the step completes again.
 */
export function resetFrom(program: Program, context: RunContext, sequence: readonly number[], from: number): Update {
  const reset = new Set(sequence.filter((index) => index >= from));
  let { steps } = context;
  for (const index of reset) {
    for (const each of subtree(program, index)) {
      const record = steps.get(each);
      if (record !== undefined) steps = steps.set(each, renewed(record, reset, each === index));
    }
  }
  return { steps };
}

/** Steps inside a group, a loop or a parallel step are fresh at each of its entries; `clear`: their outputs are cleared too. */
export function resetInside(
  program: Program,
  context: RunContext,
  index: number,
  clear: boolean,
): Pick<RunContext, 'steps'> {
  let { steps } = context;
  if (program.steps[index + 1]?.parent !== index) return { steps };
  for (const inner of subtree(program, index)) {
    const record = inner === index ? undefined : steps.get(inner);
    if (record === undefined) continue;
    const { status, visit, attempt, ...rest } = renewed(record, nothing, false);
    steps = steps.set(inner, clear ? { status, visit, attempt } : { status, visit, attempt, ...rest });
  }
  return { steps };
}

const nothing: ReadonlySet<number> = new Set();

function renewed(record: StepRecord, reset: ReadonlySet<number>, isOwn: boolean): StepRecord {
  const { chosenBy, slot: _slot, jumps, ...rest } = withoutProgress(record);
  const isKept = isOwn && chosenBy !== undefined && !reset.has(chosenBy);
  const isUsed = record.status !== 'pending' || record.attempt > 0;
  return {
    ...rest,
    status: 'pending',
    visit: record.visit + (isUsed && record.visit > 0 ? 1 : 0),
    attempt: 0,
    ...(isKept ? { chosenBy } : {}),
    ...(isOwn ? { jumps: (jumps ?? 0) + (isUsed ? 1 : 0) } : {}),
  };
}

/** What guards read of a composed output, from what was kept of its parts. */
export function keptOfParts(
  info: StepInfo,
  context: RunContext,
  program: Program,
): Readonly<Record<string, unknown>> | undefined {
  if (info.kept.size === 0 || info.step.type !== 'parallel') return undefined;
  const kept: Record<string, unknown> = {};
  for (const [key, [field, part, ...rest]] of info.kept) {
    const index = field === 'output' && part !== undefined ? program.byId.get(part) : undefined;
    const record = index === undefined ? undefined : context.steps.get(index);
    if (record?.output === undefined) continue;
    const value = undecidedReader(record.output, rest, context.run.id, record.kept, ['output', ...rest].join('.'));
    if (value !== undefined) kept[key] = value;
  }
  return kept;
}

/** The values at the paths that guards read, from a whole value. */
export function keptOfValue(
  paths: ReadonlyMap<string, readonly string[]>,
  root: { readonly output?: unknown; readonly metadata?: unknown },
): Readonly<Record<string, unknown>> {
  const kept: Record<string, unknown> = {};
  for (const [key, path] of paths) {
    const value = readOwn(root, path);
    if (value !== undefined) kept[key] = value;
  }
  return kept;
}

/** Whether the sequence's later siblings include the target; else the jump is back. */
export function isJumpBack(program: Program, from: number, targetId: string): boolean {
  const target = program.byId.get(targetId);
  return target !== undefined && target <= from;
}
