/**
 * What a run has done that would have to be undone. Each visit of an undoable step is noted when it is over: when its work was
 * done, or when nobody knows whether it was. A failure that somebody answered is believed: there is nothing to undo.
 */
import type { ErrorData } from '../src/core/errors.ts';
import type { RunContext, StepRecord, UndoEntry } from './context.ts';
import { stepInfo, type Program } from './program.ts';
import { recordOf, type Update } from './record.ts';

/** The work of the step has succeeded. What mended a failure undoes itself: a recovery step has a `compensate` of its own. */
export function worked(program: Program, step: number, record: StepRecord): StepRecord {
  return program.undoable.has(step) && record.error === undefined ? { ...record, effect: 'done' } : record;
}

/** An attempt of the step has failed with an error. */
export function attempted(program: Program, step: number, record: StepRecord, error: ErrorData): StepRecord {
  if (!isUnderWay(record) || !mayHaveHappened(program, step, error)) return record;
  return { ...record, effect: 'unknown' };
}

/** The step is ended from outside. */
export function aborted(program: Program, step: number, record: StepRecord): StepRecord {
  const { type } = stepInfo(program, step).step;
  // Nobody has answered: nothing was done.
  if (type === 'human' || !program.undoable.has(step) || !isUnderWay(record)) return record;
  return { ...record, effect: 'unknown' };
}

/** The work itself, not what comes before or after it. */
function isUnderWay({ status, attempt, sideAttempt, error, effect }: StepRecord): boolean {
  return (
    status === 'running' && attempt > 0 && sideAttempt === undefined && error === undefined && effect === undefined
  );
}

/** Whether a failed step has, for all that is known, done what would have to be undone. */
export function mayHaveHappened(program: Program, step: number, error: ErrorData): boolean {
  const undoable = program.undoable.get(step);
  if (undoable === undefined) return false;
  const { type } = stepInfo(program, step).step;
  // Rounds that ended before the loop failed have done what they did.
  if (type === 'loop') return true;
  return type !== 'human' && isUnknownOutcome(error);
}

/** No answer came, or one that cannot be used. */
const unknownOutcomes: ReadonlySet<string> = new Set([
  'TIMEOUT',
  'HTTP_UNREACHABLE',
  'AGENT_UNREACHABLE',
  'AGENT_RESPONSE_INVALID',
  'OUTPUT_INVALID',
  'RESPONSE_TOO_LARGE',
  'LIMIT_EXCEEDED',
]);

/** The request was never sent. */
const neverSent =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_)/;

/** Somebody on the way did not wait for the answer. */
const lostOnTheWay: ReadonlySet<unknown> = new Set([408, 502, 504]);

const unusable: ReadonlySet<unknown> = new Set(['charset', 'encoding', 'json', 'too large']);

function isUnknownOutcome({ code, details }: ErrorData): boolean {
  if (typeof details?.['code'] === 'string' && neverSent.test(details['code'])) return false;
  return unknownOutcomes.has(code) || lostOnTheWay.has(details?.['status']) || unusable.has(details?.['reason']);
}

/** Notes what the step did, if it did something that can be undone. `ofAttempt`: it is over as far as this attempt goes. */
export function noteUndo(program: Program, context: RunContext, step: number): Update {
  const record = recordOf(context, step);
  if (record.effect === undefined) return {};
  const entry = entryOf(program, context, step, record, record.effect);
  // A visit that was ended, and went on by hand, is noted once: as it ended last.
  const others = context.undo.filter((other) => !isSameVisit(program, other, entry));
  return { steps: context.steps.set(step, withoutEffect(record)), undo: [...others, entry] };
}

/** Runs that an attempt was made of are its own. */
function isSameVisit(program: Program, a: UndoEntry, b: UndoEntry): boolean {
  const isOfRuns = program.undoable.get(b.step)?.by === 'runs';
  return a.step === b.step && a.visit === b.visit && (!isOfRuns || a.attempt === b.attempt);
}

/** Before another attempt: runs that the last one was made of are its own. */
export function noteAttempt(program: Program, context: RunContext, step: number): Update {
  return program.undoable.get(step)?.by === 'runs' ? noteUndo(program, context, step) : {};
}

function entryOf(
  program: Program,
  context: RunContext,
  step: number,
  { visit, attempt }: StepRecord,
  effect: UndoEntry['effect'],
): UndoEntry {
  const undoable = program.undoable.get(step);
  const { id, type } = stepInfo(program, step).step;
  const again = attempt === 1 ? '' : `.${attempt}`;
  const child = `${context.run.id}/${id}:${visit}${again}`;
  const reads = undoable?.reads ?? [];
  return {
    step,
    visit,
    attempt,
    effect,
    ...(undoable?.by === 'runs' ? { runs: type === 'loop' ? `${child}/` : child } : {}),
    ...(reads.length === 0 ? {} : { seen: seenOf(context, reads) }),
  };
}

function seenOf(context: RunContext, reads: readonly number[]): NonNullable<UndoEntry['seen']> {
  const steps = reads.map((index) => [index, lean(recordOf(context, index))] as const);
  return { steps, vars: context.vars };
}

function lean(record: StepRecord): StepRecord {
  const { outputs: _outputs, held: _held, frozenState: _frozen, ...rest } = withoutEffect(record);
  return rest;
}

function withoutEffect({ effect: _effect, ...rest }: StepRecord): StepRecord {
  return rest;
}

/** The run as a step sees it. A compensation sees it as it was when the visit that it undoes was over. */
export function seenBy(program: Program, context: RunContext, step: number | null): RunContext {
  const seen = context.undoing?.seen;
  if (seen === undefined || step === null || !stepInfo(program, step).isCompensation) return context;
  const steps = seen.steps.reduce((table, [index, record]) => table.set(index, record), context.steps);
  return { ...context, steps, vars: seen.vars };
}
