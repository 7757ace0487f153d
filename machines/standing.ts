/**
 * Where a run stands that has ended before its end: which steps it would have to begin anew to go on. Read from the records of
 * its steps alone: what completed stays completed, also the branches beside a failed one.
 */
import type { RunContext, StepRecord } from './context.ts';
import type { RunPlace } from './control.ts';
import { stepInfo, type Program, type StepInfo } from './program.ts';
import { recordOf } from './record.ts';
import { chosenValue } from './choice-of.ts';
import { groupSequence } from './sequence.ts';
import { isTolerant } from './step.ts';

/** The steps that begin anew; none: the run as a whole does, at `place`. */
export interface Standing {
  readonly steps: readonly number[];
  readonly place: RunPlace;
}

export function standingOf(program: Program, context: RunContext): Standing {
  const index = stoppedAt(program, context, program.main.steps);
  if (index !== null) return { steps: stoppedInside(program, context, index), place: '$main' };
  const hasBegun = program.main.steps.some((each) => recordOf(context, each).visit > 0);
  if (hasBegun) return { steps: [], place: '$ending' };
  return { steps: [], place: program.definition.workflowHandlers.start.length > 0 ? '$starting' : '$main' };
}

/** The steps at or inside a step that did not come to their end; the step itself when none inside it can be told. */
export function stoppedInside(program: Program, context: RunContext, index: number): readonly number[] {
  const info = stepInfo(program, index);
  const { step } = info;
  const inner = innerSteps(program, info);
  if (recordOf(context, index).status === 'pending' || inner.length === 0) return [index];
  if (step.type === 'parallel') {
    const stopped = inner.filter((branch) => !hasPassed(program, context, branch));
    return stopped.length === 0 ? [index] : stopped.flatMap((branch) => stoppedInside(program, context, branch));
  }
  const at = stoppedAt(program, context, inner);
  return at === null ? [index] : stoppedInside(program, context, at);
}

/** Steps of the same run whose places a run may stand at. */
function innerSteps(program: Program, info: StepInfo): readonly number[] {
  const { step } = info;
  if (step.type === 'loop' && step.mode === 'items') return [];
  return groupSequence(program, info).steps;
}

/** The step of a sequence at which it stopped; null when it came to its end. */
function stoppedAt(program: Program, context: RunContext, sequence: readonly number[]): number | null {
  const stopped = sequence.find((index) => isStopped(program, context, index));
  if (stopped !== undefined) return stopped;
  // One that has not begun its work, as it was still being decided whether it would.
  const gate = sequence.find((index) => !hasPassed(program, context, index));
  if (gate === undefined || recordOf(context, gate).visit === 0) return null;
  return sequence.some((index) => hasLeft(stepInfo(program, index), recordOf(context, index))) ? null : gate;
}

function isStopped(program: Program, context: RunContext, index: number): boolean {
  const { status } = recordOf(context, index);
  if (status === 'failed') return !hasPassed(program, context, index);
  return status === 'cancelled' || status === 'running' || status === 'backoff';
}

/** What surrounds it has gone on, or would. */
export function hasPassed(program: Program, context: RunContext, index: number): boolean {
  const { status, error } = recordOf(context, index);
  if (status === 'failed') return isTolerant(stepInfo(program, index).step) && error?.code !== 'LOOP_LIMIT';
  return status === 'completed' || status === 'skipped';
}

/** A router that led out of its sequence: what comes after it did not, and will not, begin. */
function hasLeft({ step }: StepInfo, { status, branch }: StepRecord): boolean {
  if (status !== 'completed' || branch === undefined) return false;
  return ['end', 'break', 'continue'].includes(String(chosenValue(step, branch)));
}
