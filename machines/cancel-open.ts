/** The action that ends steps under way as cancelled. */
import { enqueueActions } from 'xstate';
import type { LifecycleEvent } from '../src/core/lifecycle-event.ts';
import type { ActionArguments } from './change.ts';
import type { RunContext, StepRecord } from './context.ts';
import { stepInfo, type Program } from './program.ts';
import { recordOf } from './record.ts';
import { subtree } from './subtree.ts';
import { aborted, noteUndo } from './undo-log.ts';

/** Steps under way inside a step (or, with null, anywhere in the run) end as cancelled, as what surrounds them is over. */
export function cancelOpen(program: Program): unknown {
  return enqueueActions(((
    { context, enqueue }: ActionArguments & { readonly enqueue: Enqueue },
    { step }: { readonly step: number | null },
  ) => {
    const open = openSteps(program, context, step);
    if (open.length === 0) return;
    enqueue.assign((({ context: current }: ActionArguments) => closed(program, current, open)) as never);
    for (const index of open) {
      const { visit, attempt } = recordOf(context, index);
      enqueue.emit({ type: 'step.cancelled', step: stepInfo(program, index).step.id, visit, attempt });
    }
  }) as never);
}

/** They end as cancelled; what of them may have happened is to be undone. */
function closed(program: Program, context: RunContext, open: readonly number[]): Pick<RunContext, 'steps' | 'undo'> {
  let { steps, undo } = context;
  for (const index of open) {
    const record: StepRecord = { ...aborted(program, index, recordOf({ steps }, index)), status: 'cancelled' };
    steps = steps.set(index, record);
    ({ steps = steps, undo = undo } = noteUndo(program, { ...context, steps, undo }, index));
  }
  return { steps, undo };
}

/** A run that was stopped, as if it had been cancelled. */
export function closedRun(program: Program, context: RunContext): RunContext {
  return { ...context, ...closed(program, context, openSteps(program, context, null)) };
}

interface Enqueue {
  assign(assignment: never): void;
  emit(event: LifecycleEvent): void;
}

function openSteps(program: Program, context: RunContext, within: number | null): readonly number[] {
  const candidates = within === null ? program.steps.map((info) => info.index) : subtree(program, within).slice(1);
  return candidates.filter((index) => {
    const record = context.steps.get(index);
    return (
      record !== undefined &&
      (record.status === 'running' ||
        record.status === 'backoff' ||
        (record.status === 'pending' && record.slot === true))
    );
  });
}
