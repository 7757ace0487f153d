/**
 * History events: what happened to a run from outside. Stored, gapless, replayed; their types are ours and stable. What followed from
 * them is told by lifecycle events (`lifecycle-event.ts`), which are never stored by themselves.
 */
import type { ErrorData } from './errors.ts';
import type { LifecycleEvent } from './lifecycle-event.ts';
import type { RebaseKind } from './run.ts';
import type { StoredValue } from './stored-value.ts';

/** The run begins. Always event 1. */
export interface RunStarted {
  readonly type: 'run.started';
  readonly workflow: string;
  readonly version: string;
  /** Content hash of the definition. */
  readonly hash: string;
  /** Format of compiled machines (`machineFormat`). */
  readonly format: number;
  readonly input: StoredValue;
  /** What guards read of an input that is a reference. */
  readonly kept?: Readonly<Record<string, unknown>>;
  /** Whose round or child this run is. */
  readonly parent?: ParentLink;
  /** Of a round. */
  readonly item?: StoredValue;
  /** The run undoes a round: which, and why. */
  readonly undoes?: { readonly run: string; readonly error: ErrorData };
  /** Where the run is to pause itself. */
  readonly breakpoints?: readonly Breakpoint[];
  /** The author's functions as they were then. Of a round none: they are those of the run around it. */
  readonly functions?: Fingerprints;
  /** The machine could not begin (a guard threw): the run fails with this at once. */
  readonly aborted?: ErrorData;
}

/** Of functions of the author: a hash of the source text, by place in the definition (`steps.tidy.transform`). */
export type Fingerprints = Readonly<Record<string, string>>;

/** The run goes on with other code than before: the functions that have changed, as they are now. */
export interface FunctionChanged {
  readonly type: 'function.changed';
  readonly functions: Fingerprints;
}

export interface ParentLink {
  readonly run: string;
  readonly step: string;
  readonly visit: number;
  /** Seq of the parent's event by which the step began: what a round sees of its parent. */
  readonly seq: number;
  /** Position of a loop's round. */
  readonly index?: number;
}

/**
 * Which effect of a step: its own work, what a function decides (a condition, items, a value, a delay), the handlers before it,
 * after its success or its failure, its `assign` values, the output that `onError: { output }` puts in its place, undoing the runs
 * that it is made of.
 */
export type EffectKind = 'work' | 'decide' | 'start' | 'complete' | 'error' | 'assign' | 'substitute' | 'undo';

interface EffectResultBase {
  /** Id of the effect: `<step>` for a step's work, else `<step>.<kind>`. */
  readonly effect: string;
  /** How often its step was entered, 1-based. */
  readonly visit: number;
  /** 1-based. */
  readonly attempt: number;
}

export interface EffectCompleted extends EffectResultBase {
  readonly type: 'effect.completed';
  readonly output: StoredValue;
  /** The effect gave nothing (`undefined`); `output` is null then. */
  readonly none?: true;
  /** It was not carried out: an earlier run's output was in the cache. */
  readonly cached?: true;
  /** What guards read of an output that is a reference; by the path below the step. */
  readonly kept?: Readonly<Record<string, unknown>>;
  /** What came beside the output (usage, model, status, ...). */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** What handlers wrote with `context.set`, or the values of `assign`. */
  readonly writes?: Readonly<Record<string, StateWrite>>;
  /** Of an items loop: what its rounds wrote to the state, by round. */
  readonly roundWrites?: readonly (readonly unknown[])[];
}

export interface EffectFailed extends EffectResultBase {
  readonly type: 'effect.failed';
  readonly error: ErrorData;
  /** Drawn when the event was made, in [0, 1): the jitter of a backoff. */
  readonly random?: number;
}

/** The other side has accepted the work, and will say when it is done: the effect is not carried out again. */
export interface EffectAccepted extends EffectResultBase {
  readonly type: 'effect.accepted';
  /** In milliseconds: so long without a sign of life is a failure. Absent: none is expected. */
  readonly heartbeatMs?: number;
  /** How long it had to wait before it began, in milliseconds: the time of the attempt counts from there. Absent: not at all. */
  readonly waitedMs?: number;
}

/** A sign of life of an accepted effect. */
export interface EffectHeartbeat extends EffectResultBase {
  readonly type: 'effect.heartbeat';
}

/** One write to the workflow's state. */
export type StateWrite =
  | { readonly set: unknown }
  | { readonly append: unknown }
  | { readonly merge: Readonly<Record<string, unknown>> }
  /** Of an `expr`: what it reads besides the state and what is kept, by path. It is computed when it is applied. */
  | { readonly reads: Readonly<Record<string, unknown>> };

export interface TimerFired {
  readonly type: 'timer.fired';
  /** `timeout:<step>`, `backoff:<step>`, `wait:<step>`, ... */
  readonly timer: string;
  /** Seq of the event that set it: a timer that was set anew is another timer. */
  readonly setBy: number;
}

export interface RunCancelled {
  readonly type: 'run.cancelled';
  readonly by?: string;
  readonly why?: string;
}

/** The engine cannot go on with the run (a function is missing, a guard threw): it fails, as if a step had failed. */
export interface RunAborted {
  readonly type: 'run.aborted';
  readonly error: ErrorData;
}

/** A named signal from outside. It is taken by the steps that wait for it now, else kept until one does. */
export interface SignalReceived {
  readonly type: 'signal.received';
  readonly name: string;
  readonly payload: StoredValue;
  readonly by?: string;
  /** It was published to whom it may concern: nobody who waits, nothing kept. */
  readonly isBroadcast?: true;
}

/** A person's answer to the pause of a `human` step; checked before. */
export interface TaskAnswered {
  readonly type: 'task.answered';
  readonly step: string;
  readonly visit: number;
  readonly output: StoredValue;
  readonly by?: string;
}

/** The run is closed to all but control events: what arrives is held until it is resumed. */
export interface RunPaused {
  readonly type: 'run.paused';
  /** It is held with the run that it is a round or a child of. */
  readonly withParent?: true;
  readonly by?: string;
  readonly why?: string;
}

export interface RunResumed {
  readonly type: 'run.resumed';
  readonly by?: string;
  readonly why?: string;
}

/** The run ends at once as cancelled: nothing is compensated, no `onFailure` step runs. */
export interface RunTerminated {
  readonly type: 'run.terminated';
  readonly by?: string;
  readonly why?: string;
}

/** A place at which a run pauses itself. */
export interface Breakpoint {
  readonly step: string;
  readonly when: 'before' | 'after';
}

export interface BreakpointSet extends Breakpoint {
  readonly type: 'breakpoint.set';
  readonly by?: string;
  readonly why?: string;
}

export interface BreakpointRemoved extends Breakpoint {
  readonly type: 'breakpoint.removed';
  readonly by?: string;
  readonly why?: string;
}

/**
 * The run goes on from this state: a new epoch. Replay of what follows begins here; earlier events stay readable. The only
 * event that leads out of an end.
 */
export interface RunRebased {
  readonly type: 'run.rebased';
  readonly kind: RebaseKind;
  /** Of the definition that it goes on with, and its content hash. */
  readonly version: string;
  readonly hash: string;
  readonly format: number;
  /** The whole state, as a checkpoint holds it. */
  readonly snapshot: string;
  /** Seq of the event with which the epoch before began. @default 1 */
  readonly previous?: number;
  /** What followed from the way into that state. */
  readonly lifecycle?: readonly LifecycleEvent[];
  /** Values that came with it, by step id (an output) or `$input`: the snapshot refers to them. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** What it was about, for people. */
  readonly steps?: readonly string[];
  /**
   * Of a history that is cut short: from this event on it is whole; of what was before there is no more than is still referred to.
   * @default 1
   */
  readonly keptFrom?: number;
  /** Of a fork: the run, and its event, that it goes on from. */
  readonly from?: { readonly run: string; readonly seq: number };
  readonly by?: string;
  readonly why?: string;
}

/** In the place of events that were removed, as nothing refers to them any more: of its own seq, and of all up to this one. */
export interface EventsRemoved {
  readonly type: 'events.removed';
  readonly to: number;
}

export type HistoryEvent =
  | RunStarted
  | EffectCompleted
  | EffectFailed
  | EffectAccepted
  | EffectHeartbeat
  | TimerFired
  | SignalReceived
  | TaskAnswered
  | RunPaused
  | RunResumed
  | RunCancelled
  | RunTerminated
  | RunAborted
  | RunRebased
  | BreakpointSet
  | BreakpointRemoved
  | FunctionChanged
  | EventsRemoved;

/** A history event with its place: `seq` 1, 2, 3, ... without gap (but for {@link EventsRemoved}), `at` in milliseconds since 1970. */
export interface Recorded<E extends HistoryEvent = HistoryEvent> {
  readonly seq: number;
  readonly at: number;
  readonly event: E;
}
