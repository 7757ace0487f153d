/** The events that compiled machines understand: XState's own names for what `invoke` and `after` bring, carrying our data. */
import { EffectResult } from '../src/core/effect.ts';
import { toErrorData, type ErrorData } from '../src/core/errors.ts';
import type { StateWrite } from '../src/core/event.ts';
import type { StoredValue } from '../src/core/stored-value.ts';
import type { LoggedWrite, OuterRun, RoundInfo } from './context.ts';

export interface MachineEvent {
  readonly type: string;
  /** Under plain XState: what the actor gave. */
  readonly output?: unknown;
  readonly error?: unknown;
  /** From the durable engine: the output as it is stored, and what guards read of it. */
  readonly answer?: Answer;
  /** Of a failure: drawn for the jitter of a backoff, in [0, 1). */
  readonly random?: number;
}

export interface Answer {
  readonly output: StoredValue;
  /** The effect gave nothing (`undefined`); `output` is null then. */
  readonly none?: true;
  readonly cached?: true;
  readonly kept?: Readonly<Record<string, unknown>>;
  readonly metadata?: StoredValue;
  readonly writes?: Readonly<Record<string, StateWrite>>;
  /** Of an items loop: what each round wrote. */
  readonly roundWrites?: readonly (readonly LoggedWrite[])[];
}

export const startEvent = 'run.started';
export const cancelEvent = 'run.cancelled';

export interface StartEvent extends MachineEvent {
  readonly type: typeof startEvent;
  readonly runId?: string;
  /** Milliseconds since 1970. */
  readonly at?: number;
  /** The workflow's input. */
  readonly input?: unknown;
  /** From the engine, in place of `input`. */
  readonly stored?: StoredValue;
  readonly kept?: Readonly<Record<string, unknown>>;
  readonly round?: RoundInfo;
  readonly outer?: OuterRun;
}

export interface CancelEvent extends MachineEvent {
  readonly type: typeof cancelEvent;
  readonly by?: string;
  readonly why?: string;
}

export const signalEvent = 'signal.received';
export const answerEvent = 'task.answered';
export const terminateEvent = 'run.terminated';

export interface SignalEvent extends MachineEvent {
  readonly type: typeof signalEvent;
  readonly name: string;
  readonly payload?: unknown;
  readonly isBroadcast?: true;
}

export interface TaskEvent extends MachineEvent {
  readonly type: typeof answerEvent;
  readonly step: string;
  /** Under plain XState it may be left out: the pause that is open. */
  readonly visit?: number;
  readonly output?: unknown;
}

export function answerOf(event: MachineEvent): Answer {
  if (event.answer !== undefined) return event.answer;
  const result = event.output instanceof EffectResult ? event.output : new EffectResult(event.output);
  return {
    output: { v: result.output ?? null },
    ...(result.output === undefined ? { none: true as const } : {}),
    ...(result.metadata === undefined ? {} : { metadata: { v: result.metadata } }),
    ...(result.writes === undefined ? {} : { writes: result.writes }),
    ...(result.roundWrites === undefined
      ? {}
      : { roundWrites: result.roundWrites as readonly (readonly LoggedWrite[])[] }),
  };
}

export function errorOf(event: MachineEvent): ErrorData {
  const { error } = event;
  return isErrorData(error) ? error : toErrorData(error, isOfHandler(event) ? 'HANDLER_FAILED' : 'STEP_FAILED');
}

/** Under plain XState: what the author's handlers throw is told apart from what the work throws. */
function isOfHandler({ type }: MachineEvent): boolean {
  return /^xstate\.error\.actor\.[^.]+\.(?:start|complete|error)$/.test(type);
}

function isErrorData(error: unknown): error is ErrorData {
  return (
    typeof error === 'object' && error !== null && !(error instanceof Error) && 'code' in error && 'retryable' in error
  );
}
