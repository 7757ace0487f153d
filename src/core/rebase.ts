/**
 * A new epoch: from whatever state to the one that an event holds. Pure; how such a state is made is the affair of who writes
 * the event, so that replay needs nothing of it; nor of what was before: it may begin here.
 */
import type { Recorded, RunRebased } from './event.ts';
import type { ActiveEffect, Advanced, Kernel, RunState, StartExtras } from './run-state.ts';

/** What is under way before and after, as the same attempt, goes on. */
export function rebase(
  kernel: Kernel,
  state: RunState,
  { seq }: Recorded,
  event: RunRebased,
  extras: StartExtras,
): Advanced {
  const next: RunState = { ...kernel.restore(event.snapshot, seq, extras.outer ?? null), seq, epoch: seq };
  const { kind, steps, from, by, why, lifecycle = [] } = event;
  return {
    state: next,
    started: [...next.effects.values()].filter((effect) => !goesOn(state, effect)),
    stopped: [...state.effects.keys()].filter((id) => {
      const effect = next.effects.get(id);
      return effect === undefined || !goesOn(state, effect);
    }),
    set: [...next.timers.values()].filter((timer) => state.timers.get(timer.name)?.setBy !== timer.setBy),
    cancelled: [...state.timers.keys()].filter((name) => !next.timers.has(name)),
    // Nothing has changed for anybody when a history is cut short.
    lifecycle:
      kind === 'compact'
        ? []
        : [
            {
              type: 'run.rebased',
              kind,
              ...(steps === undefined ? {} : { steps }),
              ...(from === undefined ? {} : { from }),
              ...(by === undefined ? {} : { by }),
              ...(why === undefined ? {} : { why }),
            },
            ...lifecycle,
          ],
  };
}

function goesOn(before: RunState, { id, input }: ActiveEffect): boolean {
  const active = before.effects.get(id)?.input;
  return active?.visit === input.visit && active.attempt === input.attempt;
}
