/**
 * Breakpoints: the run pauses itself before or after a step. Where it stops follows from its events, so that a replay stops there too.
 *
 * Before a step: the event that would begin it is held, so that nothing of it has happened, and what it decides by can be edited. (The
 * event that begins the run cannot be held: its first step has begun then, and nothing of it is carried out.) After a step: it
 * is over, and of what follows it nothing is carried out.
 */
import type { Breakpoint, BreakpointRemoved, BreakpointSet, Recorded } from './event.ts';
import type { LifecycleEvent } from './lifecycle-event.ts';
import type { Advanced, Refused, RunState } from './run-state.ts';

/** The first one that is reached. */
export function reached(breakpoints: readonly Breakpoint[], lifecycle: readonly LifecycleEvent[]): Breakpoint | null {
  if (breakpoints.length === 0) return null;
  const isAt = ({ step, when }: Breakpoint): boolean =>
    lifecycle.some(
      (event) => 'step' in event && event.step === step && (when === 'before' ? begins(event) : ends(event)),
    );
  return breakpoints.find((each) => each.when === 'before' && isAt(each)) ?? breakpoints.find(isAt) ?? null;
}

function begins(event: LifecycleEvent): boolean {
  return event.type === 'step.started' && event.attempt === 1;
}

function ends({ type }: LifecycleEvent): boolean {
  return type === 'step.completed' || type === 'step.failed' || type === 'step.skipped';
}

/** What an event leads to, stopped where there is a breakpoint. `before`: the state that it was applied to. */
export function stoppedAt(before: RunState, recorded: Recorded, advanced: Advanced): Advanced {
  const breakpoint = reached(before.breakpoints, advanced.lifecycle);
  if (breakpoint === null || advanced.state.snapshot.status !== 'active') return advanced;
  const isHeld = breakpoint.when === 'before' && recorded.event.type !== 'run.started';
  if (!isHeld) return stopped(advanced, breakpoint, []);
  const still = {
    state: { ...before, seq: recorded.seq },
    started: [],
    stopped: [],
    set: [],
    cancelled: [],
    lifecycle: [],
  };
  return stopped(still, breakpoint, [recorded]);
}

/** Paused by a breakpoint, with what is held. */
export function stopped(advanced: Advanced, { step, when }: Breakpoint, held: readonly Recorded[]): Advanced {
  const reason = { by: 'breakpoint', why: `${when} step '${step}'` };
  const pause = { ...reason, held, ...(when === 'before' && held.length > 0 ? { isBefore: true as const } : {}) };
  return {
    ...advanced,
    state: { ...advanced.state, pause },
    lifecycle: [...advanced.lifecycle, { type: 'run.paused', ...reason }],
  };
}

/** Sets or removes a breakpoint; whatever the run is doing. */
export function withBreakpoint(
  state: RunState,
  { seq }: Recorded,
  { type, step, when }: BreakpointSet | BreakpointRemoved,
): Advanced | Refused {
  const others = state.breakpoints.filter((each) => each.step !== step || each.when !== when);
  const isThere = others.length < state.breakpoints.length;
  if (isThere === (type === 'breakpoint.set'))
    return {
      refused: `there is ${isThere ? 'a' : 'no'} breakpoint ${when} step '${step}'${isThere ? ' already' : ''}`,
    };
  const breakpoints = isThere ? others : [...others, { step, when }];
  return { state: { ...state, seq, breakpoints }, started: [], stopped: [], set: [], cancelled: [], lifecycle: [] };
}
