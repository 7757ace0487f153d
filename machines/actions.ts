/**
 * The named actions of compiled machines. Those that change the context are `assign`s, at most one per transition (XState makes
 * a new snapshot for each); those that tell what happened are `emit`s.
 */
import { assign, emit, enqueueActions } from 'xstate';
import { WorkflowError, toErrorData, type ErrorData } from '../src/core/errors.ts';
import type { LifecycleEvent } from '../src/core/event.ts';
import { inlineValue, type StoredValue } from '../src/core/stored-value.ts';
import type { RunContext, StepRecord } from './context.ts';
import {
  answerOf,
  errorOf,
  type CancelEvent,
  type MachineEvent,
  type SignalEvent,
  type StartEvent,
} from './machine-event.ts';
import { plainNow, plainRunId } from './plain-run.ts';
import { stepInfo, type Program } from './program.ts';
import {
  beginAttempt,
  completion,
  enterVisit,
  failed,
  lastCompleted,
  markChosen,
  patch,
  recordOf,
  resetFrom,
  resetInside,
  setRecord,
  skipped,
  subtree,
  type Update,
} from './record.ts';
import { groupSequence } from './sequence.ts';
import { backoffMs, failure, limitError, settled, type SettleParams } from './settle.ts';
import { findKept, keepSignal } from './signal.ts';
import { applyRoundWrites, writeState } from './state.ts';

interface ActionArguments {
  /** The actor, where XState gives it. */
  readonly self?: { readonly id: string };
  readonly context: RunContext;
  readonly event: MachineEvent;
}
interface StepParams {
  readonly step: number;
}
interface EnterParams extends StepParams {
  readonly slot?: true;
}
type Change = (args: ActionArguments, params: never) => Update;
type Tell = (context: RunContext, params: never) => LifecycleEvent;

export function createActions(program: Program): Record<string, unknown> {
  const changes = { ...runChanges(program), ...stepChanges(program), ...routeChanges(program) };
  return {
    ...Object.fromEntries(Object.entries(changes).map(([name, change]) => [name, assign(change as never)])),
    ...Object.fromEntries(Object.entries(tells(program)).map(([name, tell]) => [name, telling(tell)])),
    cancelOpen: cancelOpen(program),
  };
}

function telling(tell: Tell): unknown {
  return emit((({ context }: ActionArguments, params: unknown) => tell(context, params as never)) as never);
}

/** Of the run as a whole. */
function runChanges(program: Program): Record<string, Change> {
  return {
    start: ({ event, context, self }) => {
      const started = event as StartEvent;
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
      return { cancelled, error: toErrorData(new WorkflowError('CANCELLED', message)) };
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

function withSlot(record: StepRecord, slot: true | undefined): StepRecord {
  return slot === undefined ? record : { ...record, slot };
}

/** Of one step. */
function stepChanges(program: Program): Record<string, Change> {
  const settle = (
    context: RunContext,
    event: MachineEvent,
    params: SettleParams,
  ): { readonly record: StepRecord; readonly written: Update } => {
    const record = settled(program, context, event, params);
    const isAnswer =
      params.by === 'answer' || params.by === 'handled' || params.by === 'assigned' || params.by === 'recovered';
    const rendered = isAnswer ? answerOf(event).writes : undefined;
    const withRecord = { ...context, ...setRecord(context, params.step, record) };
    if (params.by === 'rounds') {
      const rounds = answerOf(event).roundWrites ?? [];
      const applied = rounds.length === 0 ? {} : applyRoundWrites(program, withRecord, params.step, rounds);
      return { record, written: { ...applied } };
    }
    if (params.by === 'keptSignal') {
      const taken = findKept(program, context, params.step);
      return { record, written: { signals: context.signals.filter((_kept, at) => at !== taken) } };
    }
    return { record, written: rendered === undefined ? {} : writeRendered(program, withRecord, params.step, rendered) };
  };
  /** `onStepError` handlers that mended nothing may have written to the state. */
  const handlerWrites = (context: RunContext, event: MachineEvent, { step, by }: SettleParams): Update =>
    by === 'noted' ? writes(program, context, step, event) : {};
  return {
    pend: ({ context }, { step, slot }: EnterParams) =>
      setRecord(context, step, withSlot(enterVisit(recordOf(context, step)), slot)),
    begin: ({ context }, { step, slot }: EnterParams) => {
      const { steps } = resetInside(program, context, step, false);
      return setRecord({ steps }, step, withSlot(beginAttempt(recordOf(context, step)), slot));
    },
    skip: ({ context }, { step }: StepParams) => {
      const { steps } = resetInside(program, context, step, true);
      return setRecord({ steps }, step, skipped(recordOf(context, step)));
    },
    /** The output is there; handlers or `assign` follow. */
    answer: ({ context, event }, params: SettleParams) => {
      const { record, written } = settle(context, event, params);
      return { ...setRecord(context, params.step, { ...record, sideAttempt: 1 }), ...written };
    },
    /** The output is there, and the step is over: its `expr` assigns are applied. */
    complete: ({ context, event }, params: SettleParams) => {
      const { record, written } = settle(context, event, params);
      const withOutput = { ...context, ...written, ...completion(program, context, params.step, record) };
      const reads = params.by === 'assigned' ? answerOf(event).writes : undefined;
      return { ...withOutput, ...writeState(program, withOutput, params.step, reads, { expressions: true }) };
    },
    /** Failed, but something may mend it. */
    note: ({ context, event }, params: SettleParams) => ({
      ...patch(context, params.step, {
        status: 'running',
        error: failure(program, context, event, params),
        sideAttempt: 1,
      }),
      ...handlerWrites(context, event, params),
    }),
    /** Failed for good. */
    fail: ({ context, event }, params: SettleParams) => {
      const record = recordOf(context, params.step);
      const error = failure(program, context, event, params);
      const { type, onError } = stepInfo(program, params.step).step;
      const keepsOutput = type === 'parallel' && onError.kind === 'continue';
      const partial = keepsOutput ? settled(program, context, event, { step: params.step, by: 'branches' }) : {};
      return {
        ...setRecord(context, params.step, failed(record, error, partial)),
        ...handlerWrites(context, event, params),
      };
    },
    retry: ({ context, event }, params: SettleParams) => {
      const { step } = params;
      const record = recordOf(context, step);
      const error = failure(program, context, event, params);
      return patch(context, step, {
        status: 'backoff',
        error,
        backoffMs: backoffMs(stepInfo(program, step), record.attempt, error, event.random),
      });
    },
    retrySide: ({ context, event }, { step }: StepParams) => {
      const attempt = recordOf(context, step).sideAttempt ?? 1;
      const error = errorOf(event);
      return patch(context, step, {
        sideAttempt: attempt + 1,
        backoffMs: backoffMs(stepInfo(program, step), attempt, error, event.random),
      });
    },
    /** What `onStepStart` handlers wrote. */
    wrote: ({ context, event }, { step }: StepParams) => writes(program, context, step, event),
    hold: ({ context, event }, { step }: StepParams) => patch(context, step, { held: answerOf(event).output }),
    freezeState: ({ context }, { step }: StepParams) =>
      Object.keys(context.state).length === 0 ? {} : patch(context, step, { frozenState: context.state }),
    nextRound: ({ context }, { step }: StepParams) => {
      const { steps } = resetInside(program, context, step, false);
      const record = recordOf(context, step);
      return setRecord({ steps }, step, { ...record, rounds: (record.rounds ?? 0) + 1 });
    },
    endRound: ({ context }, { step }: StepParams) => {
      const record = recordOf(context, step);
      const body = groupSequence(program, stepInfo(program, step)).steps;
      const last = lastCompleted(program, context, body);
      const output = (last === undefined ? undefined : context.steps.get(last)?.output) ?? { v: null };
      return patch(context, step, { outputs: [...(record.outputs ?? []), output] });
    },
    looked: ({ context }, { step }: StepParams) =>
      patch(context, step, { rounds: (recordOf(context, step).rounds ?? 0) + 1 }),
    holdDelay: ({ context, event }, { step }: StepParams) => {
      const { output } = answerOf(event);
      return patch(context, step, {
        delayMs: 'v' in output && typeof output.v === 'number' ? Math.max(0, output.v) : 0,
      });
    },
    /** One stretch of a pause: a pause of any length is made of stretches that a timer can hold. */
    waitMore: ({ context }, { step }: StepParams) => {
      const { step: wait } = stepInfo(program, step);
      const record = recordOf(context, step);
      const delayMs = record.delayMs ?? (wait.type === 'wait' && typeof wait.duration === 'number' ? wait.duration : 0);
      const waitedMs = record.waitedMs ?? 0;
      const stretchMs = Math.min(Math.max(0, delayMs - waitedMs), maxTimerMs);
      return patch(context, step, { delayMs, stretchMs, waitedMs: waitedMs + stretchMs });
    },
  };
}

/** The longest delay that `setTimeout` takes: 2^31 - 1 milliseconds. */
const maxTimerMs = 2_147_483_647;

function writeRendered(
  program: Program,
  context: RunContext,
  step: number,
  rendered: NonNullable<ReturnType<typeof answerOf>['writes']>,
): Update {
  return writeState(program, context, step, rendered, { expressions: false });
}

function writes(program: Program, context: RunContext, step: number | null, event: MachineEvent): Update {
  const rendered = answerOf(event).writes;
  return rendered === undefined ? {} : writeState(program, context, step, rendered, { expressions: false });
}

function routeChanges(program: Program): Record<string, Change> {
  return {
    choose: ({ context }, { step, ids }: StepParams & { readonly ids: readonly string[] }) =>
      markChosen(program, context, step, ids),
    jump: ({ context }, { step, to, ids }: StepParams & { readonly to: number; readonly ids: readonly string[] }) => {
      const sequence = stepInfo(program, step).sequence?.steps ?? [];
      const reset = { ...context, ...resetFrom(program, context, sequence, to) };
      // What comes after the router is chosen, or not, when it decides again.
      const before = ids.filter(
        (id) => (program.byId.get(id) as number) < step && stepInfo(program, program.byId.get(id) as number).isBranch,
      );
      return { ...reset, ...markChosen(program, reset, step, before) };
    },
    limit: ({ context }, { step, to }: StepParams & { readonly to: number }) => {
      const { id } = stepInfo(program, to).step;
      const error = limitError(
        `step '${id}' was visited ${program.definition.maxVisits} times; a jump back to it is refused (maxVisits)`,
        id,
      );
      return patch(context, step, { status: 'failed', error });
    },
  };
}

/** Under plain XState outputs are told as they are; the engine's subscribers get them loaded. */
function toldOutput(context: RunContext, output: StoredValue | null | undefined): StoredValue {
  const stored = output ?? { v: null };
  return context.isPlain ? (inlineValue(stored) as StoredValue) : stored;
}

function tells(program: Program): Record<string, Tell> {
  const of = (
    context: RunContext,
    step: number,
  ): { readonly step: string; readonly visit: number; readonly attempt: number } => {
    const { visit, attempt } = recordOf(context, step);
    return { step: stepInfo(program, step).step.id, visit, attempt };
  };
  const noError: ErrorData = { name: 'Error', code: 'STEP_FAILED', message: 'failed', retryable: false };
  return {
    tellRunStarted: () => ({ type: 'run.started' }),
    tellRunCompleted: (context) => ({ type: 'run.completed', output: toldOutput(context, context.output) }),
    tellRunFailed: (context) => ({ type: 'run.failed', error: context.error ?? noError }),
    tellRunCancelled: (context) => ({ type: 'run.cancelled', ...context.cancelled }),
    tellStarted: (context, { step }: StepParams) => ({ type: 'step.started', ...of(context, step) }),
    tellRetrying: (context, { step }: StepParams) => {
      const { error, backoffMs: delayMs } = recordOf(context, step);
      return { type: 'step.retrying', ...of(context, step), error: error ?? noError, delayMs: delayMs ?? 0 };
    },
    tellCompleted: (context, { step }: StepParams) => {
      const { output, branch } = recordOf(context, step);
      return {
        type: 'step.completed',
        ...of(context, step),
        output: toldOutput(context, output),
        ...(branch === undefined ? {} : { branch }),
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

/** Steps under way inside a step (or, with null, anywhere in the run) end as cancelled, as what surrounds them is over. */
function cancelOpen(program: Program): unknown {
  return enqueueActions(((
    { context, enqueue }: ActionArguments & { readonly enqueue: Enqueue },
    { step }: { readonly step: number | null },
  ) => {
    const open = openSteps(program, context, step);
    if (open.length === 0) return;
    enqueue.assign((({ context: current }: ActionArguments) => ({
      steps: open.reduce(
        (steps, index) => steps.set(index, { ...recordOf(current, index), status: 'cancelled' }),
        current.steps,
      ),
    })) as never);
    for (const index of open) {
      const { visit, attempt } = recordOf(context, index);
      enqueue.emit({ type: 'step.cancelled', step: stepInfo(program, index).step.id, visit, attempt });
    }
  }) as never);
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
