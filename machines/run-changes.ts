/** Actions that change what the run as a whole knows. */
import { InvariantError, WorkflowError, toErrorData } from '../src/core/errors.ts';
import { absolute } from './absolute.ts';
import { closedRun } from './cancel-open.ts';
import { writes, type Change, type StepParams } from './change.ts';
import type { RunContext, StepRecord } from './context.ts';
import { answerOf, errorOf, type CancelEvent, type SignalEvent, type StartEvent } from './machine-event.ts';
import { plainNow, plainRunId } from './plain-run.ts';
import type { Program } from './program.ts';
import { recordOf, type Update } from './record.ts';
import { keepSignal } from './signal.ts';

export function runChanges(program: Program): Record<string, Change> {
  return {
    start: ({ event, context, self }) => {
      const started = event as StartEvent;
      if (started.outer?.undone !== undefined) return toBeUndone(program, started, self?.id ?? '');
      return {
        run: { id: started.runId ?? plainRunId(self?.id ?? ''), startedAt: started.at ?? plainNow() },
        isPlain: started.stored === undefined,
        input: started.stored ?? ('input' in started ? { v: started.input } : context.input),
        inputKept: started.kept ?? {},
        state: started.outer === undefined ? (program.definition.state ?? {}) : frozenState(started),
        round: started.round ?? null,
        outer: started.outer ?? null,
      };
    },
    cancel: ({ context, event }) => {
      if (context.cancelled !== null) return {};
      const { by, why } = event as CancelEvent;
      const cancelled = { ...(by === undefined ? {} : { by }), ...(why === undefined ? {} : { why }) };
      const message = `the run was cancelled${by === undefined ? '' : ` by ${by}`}${why === undefined ? '' : `: ${why}`}`;
      const error = toErrorData(new WorkflowError('CANCELLED', message));
      if (context.compensation === null) return { cancelled, error };
      // What failed before, and how far it was undone, is still told.
      const { compensation } = context;
      const cause = context.error === null ? {} : { cause: context.error };
      return { cancelled, error: { ...error, details: { compensation }, ...cause } };
    },
    failRun: ({ context }, { step }: StepParams) => ({ error: recordOf(context, step).error ?? null }),
    failRunEvent: ({ event }) => ({ error: errorOf(event) }),
    failRunTimeout: () => ({
      error: toErrorData(
        new WorkflowError('TIMEOUT', `the run did not finish within ${String(program.definition.timeoutMs)} ms`, {
          retryable: false,
        }),
      ),
    }),
    setOutput: ({ event }) => ({ output: answerOf(event).output }),
    setOwnOutput: ({ context }) => ({ output: ownOutput(program, context) }),
    keepSignal: ({ context, event }) => {
      const { name, payload, answer } = event as SignalEvent;
      return {
        signals: [
          ...context.signals,
          keepSignal(program, name, payload, answer?.output ?? { v: payload ?? null }, answer?.kept),
        ],
      };
    },
    breakLoop: () => ({ isBreak: true }),
    wroteRun: ({ context, event }) => writes(program, context, null, event),
  };
}

/** A round as it ended, to be undone by a run of its own. */
function toBeUndone(program: Program, { runId, at, outer, stored }: StartEvent, actor: string): Update {
  if (outer?.undone === undefined) throw new InvariantError('there is no round to be undone');
  const { context, error } = outer.undone;
  return {
    ...closedRun(program, absolute(context)),
    run: { id: runId ?? plainRunId(actor), startedAt: at ?? plainNow() },
    isPlain: stored === undefined,
    outer,
    error,
    cancelled: null,
    output: null,
    writes: [],
    isBreak: false,
  };
}

function frozenState({ outer }: StartEvent): Readonly<Record<string, unknown>> {
  return outer === undefined ? {} : (recordOf(outer.context, outer.loop).frozenState ?? outer.context.state);
}

/** Without `setOutput`: the object of all named outputs, or else the output of the step that completed last. */
function ownOutput(program: Program, context: RunContext): NonNullable<RunContext['output']> {
  if (program.loop === null && program.vars.size > 0) {
    const output: Record<string, NonNullable<StepRecord['output']>> = {};
    for (const [name, writers] of program.vars) {
      const index = writers.length === 1 ? writers[0] : context.vars[name];
      const record = index === undefined ? undefined : context.steps.get(index);
      if (record?.output !== undefined && record.status === 'completed') output[name] = record.output;
    }
    return { o: output };
  }
  const record = context.last === null ? undefined : context.steps.get(context.last);
  return record?.output ?? { v: null };
}
