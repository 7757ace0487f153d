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
 *  A4. A run that has ended takes no event but a rebase. XState would leave a final state by a transition of the root.
 */
import { accept } from './accept.ts';
import { reached, stopped, stoppedAt, withBreakpoint } from './breakpoint.ts';
import { InvariantError } from './errors.ts';
import type { FunctionChanged, HistoryEvent, Recorded, RunPaused, RunResumed } from './event.ts';
import { toMachineEvent } from './machine-events.ts';
import { rebase } from './rebase.ts';
import type { RunStatus } from './run.ts';
import type { Advanced, Kernel, Refused, RunState, StartExtras } from './run-state.ts';
import { transition } from './transition.ts';

export { createKernel } from './kernel.ts';
export type { ActiveEffect, ActiveTimer, Advanced, Kernel, Refused, RunState, StartExtras } from './run-state.ts';

/** Throws {@link InvariantError} when the machine goes wrong or ignores a result that it asked for, and what guards throw. */
export function advance(kernel: Kernel, state: RunState, recorded: Recorded, extras: StartExtras): Advanced | Refused {
  const { event } = recorded;
  if (event.type === 'run.rebased') return rebase(kernel, state, recorded, event, extras);
  if (state.snapshot.status !== 'active') return { refused: `the run is ${statusOf(state)}` };
  // What is known of an effect is known in a pause too.
  if (event.type === 'effect.accepted' || event.type === 'effect.heartbeat') return accept(state, recorded, event);
  if (event.type === 'run.paused') return pause(state, recorded, event);
  if (event.type === 'run.resumed') return resume(kernel, state, recorded, event, extras);
  if (event.type === 'breakpoint.set' || event.type === 'breakpoint.removed')
    return withBreakpoint(state, recorded, event);
  if (event.type === 'function.changed') return withFunctions(state, recorded, event);
  if (isControl(event)) return control(kernel, state, recorded, extras);
  if (state.pause !== null) return hold(kernel, state, recorded, extras);
  const advanced = take(kernel, state, recorded, extras);
  if ('refused' in advanced) return advanced;
  const breakpoints = event.type === 'run.started' ? advanced.state.breakpoints : state.breakpoints;
  return stoppedAt({ ...state, breakpoints }, recorded, advanced);
}

/** What the run goes on with is the engine's business; here it is noted. */
function withFunctions(state: RunState, { seq }: Recorded, { functions }: FunctionChanged): Advanced {
  return {
    ...nothing,
    state: { ...state, seq, functions: { ...state.functions, ...functions } },
    lifecycle: [{ type: 'function.changed', functions: Object.keys(functions) }],
  };
}

// A person's pause.

function isControl(event: HistoryEvent): boolean {
  return event.type === 'run.cancelled' || event.type === 'run.terminated' || event.type === 'run.aborted';
}

function pause(state: RunState, { seq }: Recorded, { by, why, withParent }: RunPaused): Advanced | Refused {
  const status = statusOf(state);
  if (status !== 'running') return { refused: `a run that is ${status} cannot be paused` };
  const reason = { ...(by === undefined ? {} : { by }), ...(why === undefined ? {} : { why }) };
  return {
    ...nothing,
    state: { ...state, seq, pause: { ...reason, ...(withParent === undefined ? {} : { withParent }), held: [] } },
    lifecycle: [{ type: 'run.paused', ...reason }],
  };
}

/**
 * Ends a pause. What was held and is wanted even so is applied behind it: results of steps that undo something, and signals, which
 * steps may wait for that follow the failure. What fell due fires anew.
 */
function control(kernel: Kernel, state: RunState, recorded: Recorded, extras: StartExtras): Advanced | Refused {
  const { seq, at } = recorded;
  const taken = take(kernel, { ...state, pause: null }, recorded, extras);
  if ('refused' in taken || state.pause === null) return taken;
  let result = taken;
  for (const held of state.pause.held) {
    if (result.state.snapshot.status !== 'active') break;
    if (!isResult(held.event) && held.event.type !== 'signal.received') continue;
    const next = take(kernel, result.state, { ...held, at }, extras);
    if (!('refused' in next)) result = both(result, next);
  }
  return begunAt(seq, result);
}

/** Kept for the resume, if the run would take it now. */
function hold(kernel: Kernel, state: RunState, recorded: Recorded, extras: StartExtras): Advanced | Refused {
  if (state.pause === null) throw new InvariantError('nothing is held by a run that is not paused');
  const { held } = state.pause;
  const twin = held.find((each) => isSame(each.event, recorded.event));
  if (twin !== undefined)
    return { refused: `event ${twin.seq}, which waits for the run to be resumed, says so already` };
  const trial = take(kernel, { ...state, pause: null }, recorded, extras);
  if ('refused' in trial) return trial;
  return { ...nothing, state: { ...state, seq: recorded.seq, pause: { ...state.pause, held: [...held, recorded] } } };
}

/** Two results of one effect, two firings of one timer, two answers to one task: the second is one too many. */
function isSame(a: HistoryEvent, b: HistoryEvent): boolean {
  if (a.type === 'timer.fired' && b.type === 'timer.fired') return a.timer === b.timer && a.setBy === b.setBy;
  if (a.type === 'task.answered' && b.type === 'task.answered') return a.step === b.step && a.visit === b.visit;
  return isResult(a) && isResult(b) && a.effect === b.effect && a.visit === b.visit && a.attempt === b.attempt;
}

function isResult(event: HistoryEvent): event is Extract<HistoryEvent, { readonly effect: string }> {
  return event.type === 'effect.completed' || event.type === 'effect.failed';
}

/** Applies what was held, in the order in which it came. What an earlier one made void is passed over. */
function resume(
  kernel: Kernel,
  state: RunState,
  { seq, at }: Recorded,
  { by, why }: RunResumed,
  extras: StartExtras,
): Advanced | Refused {
  if (state.pause === null) return { refused: 'the run is not paused' };
  const reason = { ...(by === undefined ? {} : { by }), ...(why === undefined ? {} : { why }) };
  let result: Advanced = {
    ...nothing,
    state: { ...state, pause: null },
    lifecycle: [{ type: 'run.resumed', ...reason }],
  };
  const { held, isBefore } = state.pause;
  for (const [index, recorded] of held.entries()) {
    // Applied now: what it sets and starts is measured from here.
    const next = take(kernel, result.state, { ...recorded, at }, extras);
    if ('refused' in next) continue;
    const isPassed = index === 0 && isBefore === true;
    const breakpoint = isPassed ? null : reached(state.breakpoints, next.lifecycle);
    if (breakpoint?.when === 'before') return begunAt(seq, stopped(result, breakpoint, held.slice(index)));
    result = both(result, next);
    if (breakpoint !== null && result.state.snapshot.status === 'active')
      return begunAt(seq, stopped(result, breakpoint, held.slice(index + 1)));
  }
  return begunAt(seq, result);
}

/** What begins at the end of a pause sees all that was held: it begins with that event, not with the one that was held. */
function begunAt(seq: number, { state, started, ...rest }: Advanced): Advanced {
  const renewed = new Map(started.map((effect) => [effect.id, { ...effect, seq }]));
  const effects = new Map([...state.effects].map(([id, effect]) => [id, renewed.get(id) ?? effect]));
  return { ...rest, state: { ...state, seq, effects }, started: [...renewed.values()] };
}

const nothing: Omit<Advanced, 'state'> = { started: [], stopped: [], set: [], cancelled: [], lifecycle: [] };

/** Two steps as one: what the first started and the second stopped never was (A2). */
function both(first: Advanced, second: Advanced): Advanced {
  const aborted = new Set(second.stopped);
  const cancelled = new Set(second.cancelled);
  const begun = new Set(first.started.map((effect) => effect.id));
  const set = new Set(first.set.map((timer) => timer.name));
  const renewed = new Set(second.set.map((timer) => timer.name));
  return {
    state: second.state,
    started: [...first.started.filter((effect) => !aborted.has(effect.id)), ...second.started],
    stopped: [...first.stopped, ...second.stopped.filter((id) => !begun.has(id))],
    set: [...first.set.filter((timer) => !cancelled.has(timer.name) && !renewed.has(timer.name)), ...second.set],
    cancelled: [...first.cancelled, ...second.cancelled.filter((name) => !set.has(name))],
    lifecycle: [...first.lifecycle, ...second.lifecycle],
  };
}

// One transition of the machine.

function take(kernel: Kernel, state: RunState, recorded: Recorded, extras: StartExtras): Advanced | Refused {
  const event = toMachineEvent(kernel, state, recorded, extras);
  if ('refused' in event) return event as unknown as Refused;
  return transition(kernel, state, event, recorded) ?? ignored(recorded);
}

/**
 * The machine took no notice. A timer may come when its step is over already, a cancel when the run is; a result that was
 * asked for has nobody who takes it: the run would hang.
 */
function ignored({ seq, event }: Recorded): Refused {
  if (isResult(event)) {
    throw new InvariantError(
      `the machine ignores event ${seq}: the result of effect '${event.effect}', which it started`,
    );
  }
  if (event.type === 'task.answered')
    return { refused: `the task of step '${event.step}' (visit ${event.visit}) is not open any more` };
  return { refused: `the run takes no '${event.type}' in its state` };
}

/** The table of XState's statuses and our final states to ours. */
export function statusOf(state: RunState): RunStatus {
  const { value } = state.snapshot as { readonly value: unknown };
  if (value === '$boot') return 'pending';
  if (state.snapshot.status === 'active') return state.pause === null ? 'running' : 'paused';
  if (value === '$completed') return 'completed';
  return value === '$cancelled' ? 'cancelled' : 'failed';
}
