/** Runs whose work was undone: they do not go on as if it had not been. */
import { WorkflowError } from '../../core/errors.ts';
import type { RunContext } from '../../../machines/context.ts';
import { stepInfo, type Program } from '../../../machines/program.ts';
import { recordOf } from '../../../machines/record.ts';
import { ancestorsOf } from '../../../machines/renew.ts';

/**
 * Whether the run can go on from a step, as a new visit of it and of all that follows it; null: from where it stopped.
 * @throws WorkflowError CONFLICT when steps before it were undone, or are being undone
 */
export function checkNotUndone(run: string, program: Program, context: RunContext, from: number | null): void {
  if (context.compensation === null) return;
  const first = [...program.undoable.keys()].find((step) => recordOf(context, step).visit > 0);
  const isAlone = from !== null && ancestorsOf(program, from).every((each) => !isParallel(program, each));
  if (context.error === null || first === undefined) return;
  if (context.undoing === null && isAlone && from <= first) return;
  const { id } = stepInfo(program, first).step;
  throw new WorkflowError(
    'CONFLICT',
    `what run '${run}' did was undone (compensation: ${context.compensation}): it does not go on as if it had not been; run it again from step '${id}' or before, or start it anew`,
  );
}

function isParallel(program: Program, index: number): boolean {
  return stepInfo(program, index).step.type === 'parallel';
}
