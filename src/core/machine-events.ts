/** The table between our events and XState's: what `invoke` and `after` of a machine would bring, carrying our data. */
import { heartbeatOf, silence } from './accept.ts';
import type { EffectCompleted, EffectFailed, Recorded, RunStarted } from './event.ts';
import { InvariantError } from './errors.ts';
import type { StoredValue } from './stored-value.ts';
import type { Kernel, Refused, RunState, StartExtras } from './run-state.ts';
import type { XStateEvent } from './transition.ts';

/** Refused when it is about something that is not active (A1). */
export function toMachineEvent(
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
      const late = state.effects.get(heartbeatOf(event.timer) ?? '');
      return late === undefined
        ? { type: timer.type }
        : { type: `xstate.error.actor.${late.id}`, error: silence(late) };
    }
    case 'signal.received': {
      const { type, name, payload, isBroadcast } = event;
      const value = 'v' in payload ? payload.v : undefined;
      const kept = kernel.keepSignal(name, value);
      const taken = { output: referenced(payload, seq), ...(kept === undefined ? {} : { kept }) };
      return { type, name, payload: value, answer: taken, ...(isBroadcast === undefined ? {} : { isBroadcast }) };
    }
    case 'task.answered': {
      const { type, step, visit, output } = event;
      const kept = 'v' in output ? kernel.keep(step, output.v, undefined) : undefined;
      return {
        type,
        step,
        visit,
        answer: { output: referenced(output, seq), ...(kept === undefined ? {} : { kept }) },
      };
    }
    case 'run.cancelled':
    case 'run.terminated':
    case 'run.aborted':
      return { ...event };
    case 'effect.accepted':
    case 'effect.heartbeat':
    case 'run.paused':
    case 'run.resumed':
    case 'run.rebased':
    case 'breakpoint.set':
    case 'breakpoint.removed':
    case 'function.changed':
    case 'events.removed':
      throw new InvariantError(`'${event.type}' is not the machine's business`);
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
    ...(event.aborted === undefined ? { type: event.type } : { type: 'run.aborted', error: event.aborted }),
    runId: extras.runId,
    at,
    stored: referenced(event.input, seq),
    ...(kept === undefined ? {} : { kept }),
    ...(index === undefined ? {} : { round: { index, item: event.item ?? { v: null } } }),
    ...(extras.outer === undefined ? {} : { outer: extras.outer }),
  };
}

function answer(kernel: Kernel, seq: number, event: EffectCompleted): unknown {
  const { output, metadata, writes, roundWrites, none, cached } = event;
  const kept = 'v' in output ? kernel.keep(event.effect, output.v, metadata) : event.kept;
  return {
    output: referenced(output, seq),
    ...(none === undefined ? {} : { none }),
    ...(cached === undefined ? {} : { cached }),
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
