/**
 * The kernel: (machine, state, event) -> next state and what to do. Pure: no clock, no randomness, no I/O; what enters is in
 * the event. Owns the table between our events and XState's, and the netting of what starts and stops within one transition.
 * Knows nothing of stores, processes or step types.
 *
 * Invariants:
 *  A1. A result of an effect that is not active, and a timer that is not set (or was set anew), never reach the machine: they are
 *      refused. XState would take a late error for the failure of a finished run, and attempt 1's answer for attempt 2's.
 *  A2. An effect that starts and stops within one transition is not told of at all; likewise a timer.
 *  A3. The same state and event give the same result: replay is exact.
 */
import { createActor, type AnyActorScope, type AnyMachineSnapshot, type AnyStateMachine } from 'xstate';
import { InvariantError } from './errors.ts';
import type { EffectCompleted, EffectFailed, HistoryEvent, LifecycleEvent, Recorded, RunStarted } from './event.ts';
import type { RunStatus } from './run.ts';
import type { StoredValue } from './stored-value.ts';

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
  readonly effects: ReadonlyMap<string, ActiveEffect>;
  readonly timers: ReadonlyMap<string, ActiveTimer>;
}

/** A machine with what is made once for it. */
export interface Kernel {
  readonly machine: AnyStateMachine;
  readonly initial: RunState;
  /** What guards will read of the answer of an effect. */
  keep(effect: string, output: unknown, metadata: unknown): Readonly<Record<string, unknown>> | undefined;
  /** What guards will read of the run's input. */
  keepInput(input: unknown): Readonly<Record<string, unknown>> | undefined;
  /** @internal the inert actor scope, and what machines do in it */
  readonly scope: AnyActorScope;
  readonly sink: { commands: readonly Command[] };
}

interface Command {
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

export function createKernel(machine: AnyStateMachine, keeping: Pick<Kernel, 'keep' | 'keepInput'>): Kernel {
  const self = createActor(machine);
  const sink: { commands: Command[] } = { commands: [] };
  const nothing = (): void => undefined;
  const scope = {
    self,
    system: self.system,
    id: '',
    sessionId: '',
    logger: nothing,
    defer: nothing,
    stopChild: nothing,
    emit: nothing,
    actionExecutor: (action: Command) => {
      sink.commands.push(action);
    },
  } as unknown as AnyActorScope;
  const snapshot = machine.getInitialSnapshot(scope, undefined) as AnyMachineSnapshot;
  sink.commands = [];
  if (snapshot.status !== 'active')
    throw new InvariantError(`the machine's initial state is '${snapshot.status}': ${String(snapshot.error)}`);
  return { machine, scope, sink, initial: { snapshot, seq: 0, effects: new Map(), timers: new Map() }, ...keeping };
}

/** Throws {@link InvariantError} when the machine takes no notice of an accepted event, and what guards throw. */
export function advance(kernel: Kernel, state: RunState, recorded: Recorded, extras: StartExtras): Advanced | Refused {
  const event = toMachineEvent(kernel, state, recorded, extras);
  if ('refused' in event) return event as unknown as Refused;
  const sink = kernel.sink as { commands: Command[] };
  sink.commands = [];
  const snapshot = kernel.machine.transition(state.snapshot, event, kernel.scope) as AnyMachineSnapshot;
  const { commands } = sink;
  sink.commands = [];
  if (snapshot === state.snapshot) {
    return { refused: `the run takes no '${recorded.event.type}' in its state` };
  }
  if (snapshot.status === 'error')
    throw new InvariantError(
      `the machine went wrong at event ${recorded.seq} (${recorded.event.type}): ${String(snapshot.error)}`,
    );
  return collect(state, snapshot, recorded, commands);
}

// Our events as the machine's.

interface XStateEvent {
  readonly type: string;
  readonly [key: string]: unknown;
}

function toMachineEvent(
  kernel: Kernel,
  state: RunState,
  { seq, at, event }: Recorded,
  extras: StartExtras,
): XStateEvent | Refused {
  switch (event.type) {
    case 'run.started':
      return startEvent(kernel, seq, at, event, extras);
    case 'effect.completed':
      return (
        staleness(state, event) ?? { type: `xstate.done.actor.${event.effect}`, answer: answer(kernel, seq, event) }
      );
    case 'effect.failed':
      return (
        staleness(state, event) ?? {
          type: `xstate.error.actor.${event.effect}`,
          error: event.error,
          random: event.random,
        }
      );
    case 'timer.fired': {
      const timer = state.timers.get(event.timer);
      if (timer?.setBy !== event.setBy)
        return { refused: `timer '${event.timer}' set by event ${event.setBy} is not set` };
      return { type: timer.type };
    }
    case 'run.cancelled':
    case 'run.aborted':
      return { ...event };
  }
}

function staleness(state: RunState, event: EffectCompleted | EffectFailed): Refused | null {
  const input = state.effects.get(event.effect)?.input;
  if (input?.visit === event.visit && input.attempt === event.attempt) return null;
  return { refused: `effect '${event.effect}' (visit ${event.visit}, attempt ${event.attempt}) is not active` };
}

function startEvent(kernel: Kernel, seq: number, at: number, event: RunStarted, extras: StartExtras): XStateEvent {
  const kept = 'v' in event.input ? kernel.keepInput(event.input.v) : event.kept;
  const index = event.parent?.index;
  return {
    type: event.type,
    runId: extras.runId,
    at,
    stored: referenced(event.input, seq),
    ...(kept === undefined ? {} : { kept }),
    ...(index === undefined ? {} : { round: { index, item: event.item ?? { v: null } } }),
    ...(extras.outer === undefined ? {} : { outer: extras.outer }),
  };
}

function answer(kernel: Kernel, seq: number, event: EffectCompleted): unknown {
  const { output, metadata, writes, roundWrites, none } = event;
  const kept = 'v' in output ? kernel.keep(event.effect, output.v, metadata) : event.kept;
  return {
    output: referenced(output, seq),
    ...(none === undefined ? {} : { none }),
    ...(kept === undefined ? {} : { kept }),
    ...(metadata === undefined ? {} : { metadata: { r: { seq, part: 'metadata' } } }),
    ...(writes === undefined ? {} : { writes }),
    ...(roundWrites === undefined ? {} : { roundWrites }),
  };
}

/** Texts up to this length stay in the context; longer ones are referenced. */
const maxInlineText = 64;

function referenced(output: StoredValue, seq: number): StoredValue {
  const isSmall =
    'v' in output &&
    (typeof output.v === 'string'
      ? output.v.length <= maxInlineText
      : typeof output.v !== 'object' || output.v === null);
  return isSmall ? output : { r: { seq } };
}

// What the machine did, netted out.

function collect(
  state: RunState,
  snapshot: AnyMachineSnapshot,
  recorded: Recorded,
  commands: readonly Command[],
): Advanced {
  const effects = new Map(state.effects);
  const timers = new Map(state.timers);
  const started = new Map<string, ActiveEffect>();
  const stopped = new Set<string>();
  const set = new Map<string, ActiveTimer>();
  const cancelled = new Set<string>();
  const lifecycle: LifecycleEvent[] = [];
  forget(effects, timers, recorded.event);
  for (const { type, params } of commands) {
    switch (type) {
      case 'xstate.spawnChild': {
        const { id, src, input } = params as { readonly id: string; readonly src: string; readonly input: EffectToken };
        const effect = { id, src, input, seq: recorded.seq };
        effects.set(id, effect);
        started.set(id, effect);
        break;
      }
      case 'xstate.stopChild': {
        const id = (params as { readonly id?: string } | undefined)?.id;
        if (id === undefined || !effects.delete(id)) break;
        if (!started.delete(id)) stopped.add(id);
        break;
      }
      case 'xstate.raise': {
        const { event, delay } = params as { readonly event: { readonly type: string }; readonly delay?: number };
        if (delay === undefined) break;
        const timer = {
          name: timerName(event.type),
          type: event.type,
          dueAt: recorded.at + delay,
          setBy: recorded.seq,
        };
        timers.set(timer.name, timer);
        set.set(timer.name, timer);
        break;
      }
      case 'xstate.cancel': {
        const name = timerName((params as { readonly sendId: string }).sendId);
        if (!timers.delete(name)) break;
        if (!set.delete(name)) cancelled.add(name);
        break;
      }
      case 'xstate.emit':
        lifecycle.push((params as { readonly event: LifecycleEvent }).event);
        break;
    }
  }
  // An ended run has nothing under way.
  if (snapshot.status !== 'active') {
    for (const id of effects.keys()) if (!started.has(id)) stopped.add(id);
    for (const name of timers.keys()) if (!set.has(name)) cancelled.add(name);
    for (const map of [effects, timers, started, set]) map.clear();
  }
  return {
    state: { snapshot, seq: recorded.seq, effects, timers },
    started: [...started.values()],
    stopped: [...stopped],
    set: [...set.values()],
    cancelled: [...cancelled],
    lifecycle,
  };
}

/** What the event itself has used up needs no stopping. */
function forget(effects: Map<string, ActiveEffect>, timers: Map<string, ActiveTimer>, event: HistoryEvent): void {
  if (event.type === 'effect.completed' || event.type === 'effect.failed') effects.delete(event.effect);
  if (event.type === 'timer.fired') timers.delete(event.timer);
}

const afterPrefix = 'xstate.after.';

/** `xstate.after.<delay>.<state>`: our delays have names without dots. */
function timerName(type: string): string {
  if (!type.startsWith(afterPrefix)) throw new InvariantError(`a timer that is not of an \`after\`: ${type}`);
  const end = type.indexOf('.', afterPrefix.length);
  return type.slice(afterPrefix.length, end === -1 ? undefined : end);
}

/** The table of XState's statuses and our final states to ours. */
export function statusOf(state: RunState): RunStatus {
  const { value } = state.snapshot as { readonly value: unknown };
  if (value === '$boot') return 'pending';
  if (state.snapshot.status === 'active') return 'running';
  if (value === '$completed') return 'completed';
  return value === '$cancelled' ? 'cancelled' : 'failed';
}
