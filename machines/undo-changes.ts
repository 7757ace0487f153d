/** Actions of a compensation: what is undone next, and how it went. */
import { toErrorData, type ErrorData } from '../src/core/errors.ts';
import type { Change, StepParams } from './change.ts';
import type { RunContext, UndoEntry } from './context.ts';
import { stepInfo, type Program } from './program.ts';
import type { Update } from './record.ts';

export function undoChanges(program: Program): Record<string, Change> {
  return {
    /** It is incomplete until it is complete, whatever ends it. */
    startCompensation: ({ context }) => outcome(context, 'incomplete'),
    /** The newest entry; its compensation has the visit of what it undoes. */
    undo: ({ context }, { step }: StepParams) => {
      const entry = context.undo.at(-1) ?? null;
      const compensation = program.undoable.get(step)?.compensation ?? null;
      const taken = { undo: context.undo.slice(0, -1), undoing: entry };
      if (compensation === null || entry === null) return taken;
      const record = { status: 'pending', visit: entry.visit, attempt: 0 } as const;
      return { ...taken, steps: context.steps.set(compensation, record) };
    },
    undone: () => ({ undoing: null }),
    notUndone: ({ context }) => ({
      undoing: null,
      notUndone: [...context.notUndone, ...(context.undoing === null ? [] : [nameOf(program, context.undoing)])],
    }),
    endCompensation: ({ context }) =>
      context.notUndone.length === 0 ? outcome(context, 'complete') : outcome(context, 'incomplete'),
    /** The run cannot go on with it. */
    breakCompensation: ({ context }) => {
      const left = [...context.undo, ...(context.undoing === null ? [] : [context.undoing])].toReversed();
      const notUndone = [...context.notUndone, ...left.map((entry) => nameOf(program, entry))];
      return { ...outcome({ ...context, notUndone }, 'incomplete'), undo: [], undoing: null, notUndone };
    },
    askToCancel: () => ({ isCancelAsked: true }),
  };
}

function nameOf(program: Program, { step, visit }: UndoEntry): string {
  return `${stepInfo(program, step).step.id}:${visit}`;
}

/** Of what is named in the error. */
const maxNamed = 100;

/** The run's error says it, too: it is what is stored and listed of a run that failed. */
function outcome(context: RunContext, compensation: 'complete' | 'incomplete'): Update {
  return { compensation, error: withOutcome(context.error, compensation, context.notUndone) };
}

function withOutcome(
  error: ErrorData | null,
  compensation: 'complete' | 'incomplete',
  notUndone: readonly string[],
): ErrorData {
  const known = error ?? toErrorData('the run is undone');
  const missing = notUndone.length === 0 ? {} : { notCompensated: notUndone.slice(0, maxNamed) };
  return { ...known, details: { ...known.details, compensation, ...missing } };
}
