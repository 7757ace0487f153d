/** What a machine did in one transition, as what there is to start, stop, set, cancel and tell. */
import type { AnyMachineSnapshot } from 'xstate';
import { heartbeatOf, heartbeatTimer } from './accept.ts';
import { InvariantError } from './errors.ts';
import type { HistoryEvent, Recorded } from './event.ts';
import type { LifecycleEvent } from './lifecycle-event.ts';
import type { ActiveEffect, ActiveTimer, Advanced, Command, EffectToken, RunState } from './run-state.ts';

/** Nets out what the machine did in one transition (A2). */
export function collect(
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
  const dropHeartbeat = (id: string): void => {
    const effect = effects.get(id);
    const name = effect === undefined ? null : heartbeatTimer(effect);
    if (name !== null && timers.delete(name)) cancelled.add(name);
  };
  const used = usedUp(recorded.event);
  if (used !== null) {
    dropHeartbeat(used);
    effects.delete(used);
  }
  if (recorded.event.type === 'timer.fired') {
    timers.delete(recorded.event.timer);
    cancelled.delete(recorded.event.timer);
  }
  for (const { type, params } of commands) {
    switch (type) {
      case 'xstate.spawnChild': {
        const { id, src, input } = params as { readonly id: string; readonly src: string; readonly input: EffectToken };
        const effect = { id, src, input, seq: recorded.seq };
        dropHeartbeat(id);
        effects.set(id, effect);
        started.set(id, effect);
        break;
      }
      case 'xstate.stopChild': {
        const id = (params as { readonly id?: string } | undefined)?.id;
        if (id === undefined || !effects.has(id)) break;
        dropHeartbeat(id);
        effects.delete(id);
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
    state: {
      snapshot,
      seq: recorded.seq,
      epoch: state.epoch,
      effects,
      timers,
      pause: null,
      ...givenAtStart(state, recorded.event),
    },
    started: [...started.values()],
    stopped: [...stopped],
    set: [...set.values()],
    cancelled: [...cancelled],
    lifecycle,
  };
}

/** What a run's first event says is so from there on. */
function givenAtStart(state: RunState, event: HistoryEvent): Pick<RunState, 'breakpoints' | 'functions'> {
  const { breakpoints = [], functions = {} } = event.type === 'run.started' ? event : state;
  return { breakpoints, functions };
}

/** The effect that the event itself has ended: it needs no stopping. */
function usedUp(event: HistoryEvent): string | null {
  if (event.type === 'effect.completed' || event.type === 'effect.failed') return event.effect;
  return event.type === 'timer.fired' ? heartbeatOf(event.timer) : null;
}

const afterPrefix = 'xstate.after.';

/** `xstate.after.<delay>.<state>`: our delays have names without dots. */
function timerName(type: string): string {
  if (!type.startsWith(afterPrefix)) throw new InvariantError(`a timer that is not of an \`after\`: ${type}`);
  const end = type.indexOf('.', afterPrefix.length);
  return type.slice(afterPrefix.length, end === -1 ? undefined : end);
}
