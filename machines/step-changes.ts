/** Actions that change what the run knows of one step. */
import { writes, type Change, type StepParams } from './change.ts';
import type { RunContext, StepRecord } from './context.ts';
import { maxTimerMs } from './delays.ts';
import { answerOf, errorOf, type MachineEvent } from './machine-event.ts';
import { stepInfo, type Program } from './program.ts';
import {
  beginAttempt,
  completion,
  enterVisit,
  failed,
  lastCompleted,
  patch,
  recordOf,
  resetInside,
  setRecord,
  skipped,
  type Update,
} from './record.ts';
import { groupSequence } from './sequence.ts';
import { backoffMs, failure, settled, type SettleParams } from './settle.ts';
import { findKept } from './signal.ts';
import { applyRoundWrites, writeState } from './state.ts';
import { attempted, noteAttempt, noteUndo, worked } from './undo-log.ts';

interface EnterParams extends StepParams {
  readonly slot?: true;
}

function withSlot(record: StepRecord, slot: true | undefined): StepRecord {
  return slot === undefined ? record : { ...record, slot };
}

export function stepChanges(program: Program): Record<string, Change> {
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
    return {
      record,
      written:
        rendered === undefined ? {} : writeState(program, withRecord, params.step, rendered, { expressions: false }),
    };
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
      return {
        ...setRecord(context, params.step, { ...worked(program, params.step, record), sideAttempt: 1 }),
        ...written,
      };
    },
    /** The output is there, and the step is over: its `expr` assigns are applied. */
    complete: ({ context, event }, params: SettleParams) => {
      const { record, written } = settle(context, event, params);
      const done = worked(program, params.step, record);
      const completed = { ...context, ...written, ...completion(program, context, params.step, done) };
      const withOutput = { ...completed, ...noteUndo(program, completed, params.step) };
      const reads = params.by === 'assigned' ? answerOf(event).writes : undefined;
      return { ...withOutput, ...writeState(program, withOutput, params.step, reads, { expressions: true }) };
    },
    /** Failed, but something may mend it. */
    note: ({ context, event }, params: SettleParams) => {
      const error = failure(program, context, event, params);
      const record = attempted(program, params.step, recordOf(context, params.step), error);
      return {
        ...setRecord(context, params.step, { ...record, status: 'running', error, sideAttempt: 1 }),
        ...handlerWrites(context, event, params),
      };
    },
    /** Failed for good. */
    fail: ({ context, event }, params: SettleParams) => {
      const error = failure(program, context, event, params);
      const record = attempted(program, params.step, recordOf(context, params.step), error);
      const { type, onError } = stepInfo(program, params.step).step;
      const keepsOutput = type === 'parallel' && onError.kind === 'continue';
      const partial = keepsOutput ? settled(program, context, event, { step: params.step, by: 'branches' }) : {};
      const update = {
        ...setRecord(context, params.step, failed(record, error, partial)),
        ...handlerWrites(context, event, params),
      };
      return { ...update, ...noteUndo(program, { ...context, ...update }, params.step) };
    },
    retry: ({ context, event }, params: SettleParams) => {
      const { step } = params;
      const error = failure(program, context, event, params);
      const record = attempted(program, step, recordOf(context, step), error);
      const update = setRecord(context, step, {
        ...record,
        status: 'backoff',
        error,
        backoffMs: backoffMs(stepInfo(program, step), record.attempt, error, event.random),
      });
      return { ...update, ...noteAttempt(program, { ...context, ...update }, step) };
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
