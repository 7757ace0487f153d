/** Actions that tell what happened: lifecycle events. */
import { InvariantError, type ErrorData } from '../src/core/errors.ts';
import { inlineValue, type StoredValue } from '../src/core/stored-value.ts';
import type { StepParams, Tell } from './change.ts';
import type { RunContext } from './context.ts';
import { stepInfo, type Program } from './program.ts';
import { recordOf } from './record.ts';

/** Under plain XState outputs are told as they are; the engine's subscribers get them loaded. */
function toldOutput(context: RunContext, output: StoredValue | null | undefined): StoredValue {
  const stored = output ?? { v: null };
  return context.isPlain ? (inlineValue(stored) as StoredValue) : stored;
}

export function tells(program: Program): Record<string, Tell> {
  const of = (
    context: RunContext,
    step: number,
  ): { readonly step: string; readonly visit: number; readonly attempt: number } => {
    const { visit, attempt } = recordOf(context, step);
    return { step: stepInfo(program, step).step.id, visit, attempt };
  };
  const undone = ({
    undoing,
  }: RunContext): { readonly step: string; readonly visit: number; readonly attempt: number } => {
    if (undoing === null) throw new InvariantError('nothing is being undone');
    const { step, visit, attempt } = undoing;
    return { step: stepInfo(program, step).step.id, visit, attempt };
  };
  const noError: ErrorData = { name: 'Error', code: 'STEP_FAILED', message: 'failed', retryable: false };
  return {
    tellRunStarted: () => ({ type: 'run.started' }),
    tellRunCompleted: (context) => ({ type: 'run.completed', output: toldOutput(context, context.output) }),
    tellRunFailed: (context) => ({ type: 'run.failed', error: context.error ?? noError }),
    tellRunCancelled: (context) => ({ type: 'run.cancelled', ...context.cancelled }),
    tellRunCompensating: ({ undo }) => ({ type: 'run.compensating', count: undo.length }),
    tellRunCompensated: ({ compensation, notUndone }) => ({
      type: 'run.compensated',
      compensation: compensation ?? 'incomplete',
      ...(notUndone.length === 0 ? {} : { notCompensated: notUndone }),
    }),
    tellCompensating: (context) => ({ type: 'step.compensating', ...undone(context) }),
    tellCompensated: (context) => ({ type: 'step.compensated', ...undone(context) }),
    tellStarted: (context, { step }: StepParams) => ({ type: 'step.started', ...of(context, step) }),
    tellRetrying: (context, { step }: StepParams) => {
      const { error, backoffMs: delayMs } = recordOf(context, step);
      return { type: 'step.retrying', ...of(context, step), error: error ?? noError, delayMs: delayMs ?? 0 };
    },
    tellCompleted: (context, { step }: StepParams) => {
      const { output, branch, cached } = recordOf(context, step);
      return {
        type: 'step.completed',
        ...of(context, step),
        output: toldOutput(context, output),
        ...(branch === undefined ? {} : { branch }),
        ...(cached === undefined ? {} : { cached }),
      };
    },
    tellFailed: (context, { step }: StepParams) => ({
      type: 'step.failed',
      ...of(context, step),
      error: recordOf(context, step).error ?? noError,
    }),
    tellTask: (context, { step }: StepParams) => ({ type: 'task.opened', ...of(context, step) }),
    tellSkipped: (context, { step, why }: StepParams & { readonly why: 'condition' | 'not chosen' }) => {
      const { step: id, visit } = of(context, step);
      return { type: 'step.skipped', step: id, visit, why };
    },
  };
}
