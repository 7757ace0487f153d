/**
 * How the output or the error of a step comes about: `by` names the way. Pure; used by the actions `complete`, `answer`,
 * `fail` and `note`, which differ only in what they leave the step's status at.
 */
import {
  InvariantError,
  TimeoutError,
  WorkflowError,
  errorTable,
  toErrorData,
  type ErrorData,
} from '../src/core/errors.ts';
import type { StoredValue } from '../src/core/stored-value.ts';
import type { StepRecord, RunContext } from './context.ts';
import { answerOf, errorOf, type Answer, type MachineEvent } from './machine-event.ts';
import { stepInfo, type Program, type StepInfo } from './program.ts';
import { keptOfParts, keptOfValue, lastCompleted, recordOf, withAnswer } from './record.ts';
import { chosenValue } from './choice-of.ts';
import { groupSequence } from './sequence.ts';
import { findKept } from './signal.ts';

export interface SettleParams {
  readonly step: number;
  readonly by: string;
  /** Of 'child': the inner step that failed, or whose output it is. */
  readonly child?: number;
}

/** The step's record with its output. */
export function settled(program: Program, context: RunContext, event: MachineEvent, params: SettleParams): StepRecord {
  const info = stepInfo(program, params.step);
  const record = recordOf(context, params.step);
  if (params.by.startsWith('branch:')) {
    const branch = params.by.slice('branch:'.length);
    return { ...record, branch, output: { v: chosenValue(info.step, branch) } };
  }
  switch (params.by) {
    case 'answer':
    case 'recovered':
      return withAnswer(record, answerOf(event));
    case 'rounds':
      return withAnswer(record, answerOf(event));
    case 'handled': {
      const answer = answerOf(event);
      // Handlers that give nothing leave the output as it is; what came beside it stays in any case.
      return answer.none === undefined ? replaced(record, answer) : record;
    }
    case 'assigned':
      return record;
    case 'received':
      return withAnswer(record, received(event));
    case 'keptSignal': {
      const kept = context.signals[findKept(program, context, params.step)];
      if (kept === undefined) throw new InvariantError(`no signal was kept for step '${info.step.id}'`);
      return withAnswer(record, { output: kept.output, ...(kept.kept === undefined ? {} : { kept: kept.kept }) });
    }
    case 'approve':
    case 'reject':
      return withAnswer(record, unanswered(info, params.by));
    case 'constant':
      return info.step.onError.kind === 'output'
        ? withAnswer(record, { output: { v: info.step.onError.value.render(nothing) ?? null } })
        : record;
    case 'child':
      return likeChild(record, context, params.child);
    case 'last':
      return likeChild(record, context, lastCompleted(program, context, groupSequence(program, info).steps));
    case 'branches':
      return withBranches(program, context, info, record);
    case 'collected':
      return withAnswer(record, { output: { a: record.outputs ?? [] } });
    case 'null':
      return withAnswer(record, { output: { v: null } });
    default:
      throw new InvariantError(`unknown way to an output: ${params.by}`);
  }
}

/** A signal's payload or a person's answer. */
function received(event: MachineEvent): Answer {
  if (event.answer !== undefined) return event.answer;
  return answerOf('payload' in event ? { ...event, output: event.payload } : event);
}

/** What stands for the answer that did not come in time. */
function unanswered(info: StepInfo, decision: 'approve' | 'reject'): Answer {
  const value = { decision, by: null };
  return { output: { v: value }, kept: keptOfValue(info.kept, { output: value }) };
}

const nothing = (): undefined => undefined;

function replaced(record: StepRecord, answer: Answer): StepRecord {
  const { branch, metadata } = record;
  const beside = Object.entries(record.kept ?? {}).filter(([key]) => !isOutputKey(key));
  const kept =
    record.kept === undefined && answer.kept === undefined
      ? {}
      : { kept: { ...Object.fromEntries(beside), ...answer.kept } };
  return {
    ...withAnswer(record, { ...answer, ...kept, ...(metadata === undefined ? {} : { metadata }) }),
    ...(branch === undefined ? {} : { branch }),
  };
}

function isOutputKey(key: string): boolean {
  return key === 'output' || key.startsWith('output.');
}

function likeChild(record: StepRecord, context: RunContext, child: number | undefined): StepRecord {
  const from = child === undefined ? undefined : context.steps.get(child);
  if (from?.output === undefined) return withAnswer(record, { output: { v: null } });
  return withAnswer(record, {
    output: from.output,
    ...(from.kept === undefined ? {} : { kept: from.kept }),
    ...(from.metadata === undefined ? {} : { metadata: from.metadata }),
  });
}

function withBranches(program: Program, context: RunContext, info: StepInfo, record: StepRecord): StepRecord {
  const output: Record<string, StoredValue> = {};
  for (const index of groupSequence(program, info).steps) {
    const branch = context.steps.get(index);
    if (branch?.output !== undefined && branch.status === 'completed')
      output[stepInfo(program, index).step.id] = branch.output;
  }
  const kept = keptOfParts(info, context, program);
  return withAnswer(record, { output: { o: output }, ...(kept === undefined ? {} : { kept }) });
}

/** The error of the step, by where it comes from. */
export function failure(program: Program, context: RunContext, event: MachineEvent, params: SettleParams): ErrorData {
  const info = stepInfo(program, params.step);
  const { step } = info;
  const record = recordOf(context, params.step);
  switch (params.by) {
    case 'event':
      return about(errorOf(event), step.id, record.attempt);
    case 'noted':
      return record.error ?? missing(step.id);
    case 'timeout':
      return timeout(`step '${step.id}' did not finish within ${String(step.timeoutMs)} ms`, step.id, record.attempt);
    case 'total':
      return timeout(
        `step '${step.id}' did not finish within its total of ${String(step.totalTimeoutMs)} ms`,
        step.id,
        record.attempt,
      );
    case 'maxWait':
      return timeout(
        `step '${step.id}' still waits after ${String(step.type === 'wait' ? step.maxWaitMs : 0)} ms`,
        step.id,
        record.attempt,
      );
    case 'child':
      return (params.child === undefined ? undefined : context.steps.get(params.child)?.error) ?? missing(step.id);
    case 'branches':
      return branchErrors(program, context, info);
    case 'loopLimit':
      return limitError(
        `loop '${step.id}' reached its limit of ${String(step.type === 'loop' ? step.maxIterations : 0)} rounds`,
        step.id,
      );
    default:
      throw new InvariantError(`unknown way to an error: ${params.by}`);
  }
}

function about(error: ErrorData, step: string, attempt: number): ErrorData {
  return { ...error, details: { ...error.details, step, attempt } };
}

function timeout(message: string, step: string, attempt: number): ErrorData {
  return about(toErrorData(new TimeoutError(message)), step, attempt);
}

export function limitError(message: string, step: string): ErrorData {
  return {
    name: 'LoopLimitError',
    code: 'LOOP_LIMIT',
    message,
    retryable: errorTable.LOOP_LIMIT.retryable,
    details: { step },
  };
}

function missing(step: string): ErrorData {
  return toErrorData(new WorkflowError('STEP_FAILED', `step '${step}' failed`));
}

function branchErrors(program: Program, context: RunContext, info: StepInfo): ErrorData {
  const errors: Record<string, ErrorData> = {};
  for (const index of groupSequence(program, info).steps) {
    const branch = context.steps.get(index);
    if (branch?.status === 'failed' && branch.error !== undefined)
      errors[stepInfo(program, index).step.id] = branch.error;
  }
  const ids = Object.keys(errors);
  const first = errors[ids[0] ?? ''];
  return {
    name: 'AggregateStepError',
    code: 'STEPS_FAILED',
    message: `${ids.length} of ${groupSequence(program, info).steps.length} branches of '${info.step.id}' failed: ${ids.map((id) => `'${id}': ${errors[id]?.message ?? ''}`).join('; ')}`,
    retryable: false,
    details: { step: info.step.id },
    errors,
    ...(first === undefined ? {} : { cause: first }),
  };
}

/** How long to wait before attempt `attempt + 1`, in milliseconds. */
export function backoffMs(info: StepInfo, attempt: number, error: ErrorData, random: number | undefined): number {
  const { retry } = info.step;
  if (retry === null) return 0;
  const factor = retry.backoff === 'fixed' ? 1 : retry.backoff === 'linear' ? attempt : 2 ** (attempt - 1);
  const plain = Math.min(retry.delayMs * factor, retry.maxDelayMs);
  const jittered = random === undefined ? plain : plain * (1 - retry.jitter * random);
  return Math.round(Math.max(jittered, error.retryAfterMs ?? 0));
}
