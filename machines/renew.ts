/** Records of steps on which people intervened: made ready to begin anew, to go on, or to end. Pure. */
import type { RunContext, StepRecord } from './context.ts';
import { stepInfo, type Program } from './program.ts';
import { recordOf, resetFrom } from './record.ts';
import type { StepTable } from './step-table.ts';

/** A new visit of a step, with new keys and all its attempts; one that has not begun its work keeps its visit. */
export function anew(record: StepRecord): StepRecord {
  const { chosenBy, jumps, output, kept, metadata, branch } = record;
  const isUsed = record.status !== 'pending' || record.attempt > 0;
  return {
    status: 'pending',
    visit: record.visit + (isUsed && record.visit > 0 ? 1 : 0),
    attempt: 0,
    ...(chosenBy === undefined ? {} : { chosenBy }),
    ...(jumps === undefined ? {} : { jumps }),
    // Readable until it completes again, as after a jump back.
    ...(output === undefined ? {} : { output }),
    ...(kept === undefined ? {} : { kept }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(branch === undefined ? {} : { branch }),
  };
}

/** The attempt that was under way is begun again, as the same one. */
export function sameAttempt(record: StepRecord): StepRecord {
  const { error: _error, sideAttempt: _side, ...rest } = record;
  return { ...rest, status: 'backoff', attempt: Math.max(record.attempt, 1) - 1 };
}

/** What surrounds a step that begins anew is under way, with all its attempts. */
function underWay(record: StepRecord): StepRecord {
  return { ...doneByHand(record), attempt: Math.min(1, record.attempt) };
}

/** Its work is over: what follows an answer is to follow. */
export function doneByHand(record: StepRecord): StepRecord {
  const { error: _error, sideAttempt: _side, backoffMs: _backoff, ...rest } = record;
  return { ...rest, status: 'running', visit: Math.max(1, record.visit) };
}

/** The same visit is passed over, not a next one. */
export function passedByHand(record: StepRecord): StepRecord {
  return { ...record, status: 'pending', visit: Math.max(1, record.visit) };
}

export function ancestorsOf(program: Program, index: number): readonly number[] {
  const { parent } = stepInfo(program, index);
  return parent === null ? [] : [parent, ...ancestorsOf(program, parent)];
}

/** What surrounds a step is under way again. */
export function reopened(program: Program, context: RunContext, index: number): StepTable {
  return ancestorsOf(program, index).reduce(
    (steps, each) => steps.set(each, withinRound(underWay(recordOf(context, each)))),
    context.steps,
  );
}

/** Of a loop: its latest round has not given its output yet. */
function withinRound(record: StepRecord): StepRecord {
  const { rounds, outputs } = record;
  return rounds === undefined || outputs === undefined
    ? record
    : { ...record, outputs: outputs.slice(0, Math.max(0, rounds - 1)) };
}

/** New visits of a step and of all that comes after it: its later siblings, and those of what surrounds it. */
export function renewedFrom(program: Program, context: RunContext, index: number): RunContext {
  const info = stepInfo(program, index);
  const sequence = info.sequence?.steps ?? [index];
  const { steps = context.steps } = resetFrom(program, context, sequence, index);
  const renewed = { ...context, steps };
  if (info.parent === null) return renewed;
  const around = renewedAfter(program, renewed, info.parent);
  return { ...around, steps: reopened(program, around, index) };
}

function renewedAfter(program: Program, context: RunContext, index: number): RunContext {
  const info = stepInfo(program, index);
  const sequence = info.sequence?.steps ?? [];
  const next = sequence[sequence.indexOf(index) + 1];
  const { steps = context.steps } = next === undefined ? {} : resetFrom(program, context, sequence, next);
  const renewed = { ...context, steps };
  return info.parent === null ? renewed : renewedAfter(program, renewed, info.parent);
}
