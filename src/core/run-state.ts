/** The state of a run between two events, and what one event leads to. Owns the shapes only. */
import type { AnyActorScope, AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { Breakpoint, Fingerprints, Recorded } from './event.ts';
import type { LifecycleEvent } from './lifecycle-event.ts';

/** What a machine says about an effect when it invokes it. */
export interface EffectToken {
  readonly effect: string;
  readonly visit: number;
  readonly attempt: number;
}

export interface ActiveEffect<Input extends EffectToken = EffectToken> {
  readonly id: string;
  /** Name of the actor: `agent`, `http`, `evaluate`, ... */
  readonly src: string;
  readonly input: Input;
  /** Seq of the event that began it. */
  readonly seq: number;
  /** It was begun, and completes later: the other side says when. `heartbeatMs` null: no signs of life are expected. */
  readonly accepted?: { readonly heartbeatMs: number | null };
}

export interface ActiveTimer {
  /** `timeout:<step>`, ... */
  readonly name: string;
  /** XState's event type for it. */
  readonly type: string;
  /** Milliseconds since 1970. */
  readonly dueAt: number;
  /** Seq of the event that set it. */
  readonly setBy: number;
}

export interface RunState {
  readonly snapshot: AnyMachineSnapshot;
  /** Of the last event that is in it; 0 before the first. */
  readonly seq: number;
  /** Seq of the event with which its epoch began: 1, or that of the newest rebase. */
  readonly epoch: number;
  readonly effects: ReadonlyMap<string, ActiveEffect>;
  readonly timers: ReadonlyMap<string, ActiveTimer>;
  /** Where the run pauses itself, in the order in which they were set. */
  readonly breakpoints: readonly Breakpoint[];
  /** The author's functions that the run goes on with; empty when it is not known, or there are none. */
  readonly functions: Fingerprints;
  /** Null unless somebody paused the run, or a breakpoint did. */
  readonly pause: Pause | null;
}

/** A person's pause: what arrives is held, in order, and applied when the run is resumed. */
export interface Pause {
  /** The run is held with the one that it is a round or a child of. */
  readonly withParent?: true;
  readonly by?: string;
  readonly why?: string;
  readonly held: readonly Recorded[];
  /** The first that is held is what a breakpoint stopped: it is not stopped again. */
  readonly isBefore?: true;
}

/** A machine with what is made once for it. */
export interface Kernel {
  readonly machine: AnyStateMachine;
  readonly initial: RunState;
  /** What guards will read of the answer of an effect. */
  keep(effect: string, output: unknown, metadata: unknown): Readonly<Record<string, unknown>> | undefined;
  /** What guards will read of the steps that take a signal. */
  keepSignal(name: string, payload: unknown): Readonly<Record<string, unknown>> | undefined;
  /** What guards will read of the run's input. */
  keepInput(input: unknown): Readonly<Record<string, unknown>> | undefined;
  /** The state that a rebase or a checkpoint holds as text, at event `seq`; `outer` is what is around a round. */
  restore(text: string, seq: number, outer: unknown): RunState;
  /** @internal the inert actor scope, and what machines do in it */
  readonly scope: AnyActorScope;
  readonly sink: { commands: readonly Command[] };
}

export interface Command {
  readonly type: string;
  readonly params: unknown;
}

/** What followed from one event. */
export interface Advanced {
  readonly state: RunState;
  readonly started: readonly ActiveEffect[];
  /** Ids of effects that are to be aborted; one that has just brought its result is not among them. */
  readonly stopped: readonly string[];
  readonly set: readonly ActiveTimer[];
  /** Names. */
  readonly cancelled: readonly string[];
  readonly lifecycle: readonly LifecycleEvent[];
}

export interface Refused {
  readonly refused: string;
}

/** What is not part of the history but of the machine's start: who the run is, what is around a round. */
export interface StartExtras {
  readonly runId: string;
  readonly outer?: unknown;
}
