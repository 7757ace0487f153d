/**
 * Effects that complete later: the other side has accepted the work, and says when it is done. Until then the effect is under way
 * though nothing of it is carried out here. These events are about an effect alone: no machine sees them.
 *
 * A heartbeat timer belongs to an accepted effect: it is set anew by every sign of life, and goes when the effect does.
 */
import { TimeoutError, toErrorData, type ErrorData } from './errors.ts';
import type { EffectAccepted, EffectHeartbeat, Recorded } from './event.ts';
import type { ActiveEffect, ActiveTimer, Advanced, Refused, RunState } from './run-state.ts';

const prefix = 'heartbeat:';

export function accept(
  state: RunState,
  recorded: Recorded,
  event: EffectAccepted | EffectHeartbeat,
): Advanced | Refused {
  const effect = state.effects.get(event.effect);
  if (effect === undefined || effect.input.visit !== event.visit || effect.input.attempt !== event.attempt)
    return { refused: `effect '${event.effect}' (visit ${event.visit}, attempt ${event.attempt}) is not active` };
  const { accepted } = effect;
  if (event.type === 'effect.accepted') {
    if (accepted !== undefined) return { refused: `effect '${event.effect}' was accepted already` };
    const heartbeatMs = event.heartbeatMs ?? null;
    const { effect: step, visit, attempt } = event;
    const told = { ...effect, accepted: { heartbeatMs } };
    return beaten(begunLate(state, effect, event.waitedMs ?? 0), told, recorded, [
      { type: 'step.accepted', step, visit, attempt },
    ]);
  }
  if (accepted === undefined) return { refused: `effect '${event.effect}' has not been accepted` };
  return beaten(state, effect, recorded, []);
}

/** What bounds the attempt has been set when it began to wait. */
function begunLate(state: RunState, { id }: ActiveEffect, waitedMs: number): RunState {
  const timer = state.timers.get(`timeout:${id}`);
  if (timer === undefined || waitedMs === 0) return state;
  return { ...state, timers: new Map(state.timers).set(timer.name, { ...timer, dueAt: timer.dueAt + waitedMs }) };
}

function beaten(
  state: RunState,
  effect: ActiveEffect,
  { seq, at }: Recorded,
  lifecycle: Advanced['lifecycle'],
): Advanced {
  const heartbeatMs = effect.accepted?.heartbeatMs ?? null;
  const effects = new Map(state.effects).set(effect.id, effect);
  const set: ActiveTimer[] = [];
  if (heartbeatMs !== null)
    set.push({ name: `${prefix}${effect.id}`, type: prefix, dueAt: at + heartbeatMs, setBy: seq });
  const timers = set.length === 0 ? state.timers : new Map(state.timers);
  for (const timer of set) (timers as Map<string, ActiveTimer>).set(timer.name, timer);
  return { state: { ...state, seq, effects, timers }, started: [], stopped: [], set, cancelled: [], lifecycle };
}

/** The id of the effect whose heartbeat a timer waits for; null: it is another timer. */
export function heartbeatOf(timer: string): string | null {
  return timer.startsWith(prefix) ? timer.slice(prefix.length) : null;
}

/** The timer of an effect that has one. */
export function heartbeatTimer({ id, accepted }: ActiveEffect): string | null {
  return accepted === undefined || accepted.heartbeatMs === null ? null : `${prefix}${id}`;
}

export function silence(effect: ActiveEffect): ErrorData {
  const ms = String(effect.accepted?.heartbeatMs ?? 0);
  return toErrorData(new TimeoutError(`there was no sign of life within ${ms} ms (heartbeatTimeout)`));
}
