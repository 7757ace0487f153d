/** What a run's history says, replayed from the first event and from the checkpoint alike. */
import type { RunState } from '../../core/advance.ts';
import type { Recorded } from '../../core/event.ts';
import type { LifecycleEvent } from '../../core/lifecycle-event.ts';
import { loadRun, Replay, type Base, type Loading } from '../../engine/runs/load.ts';
import { persistState } from '../../../machines/persist.ts';
import { callKey, type Journal } from './journal.ts';

/** What one run's history says. */
export interface Told {
  readonly id: string;
  /** As of its newest epoch. */
  readonly base: Base;
  readonly events: readonly Recorded[];
  readonly states: readonly RunState[];
  readonly lifecycle: readonly { readonly seq: number; readonly event: LifecycleEvent }[];
  /** Seqs by which effects began, by `run|effect|visit|attempt`. */
  readonly begun: ReadonlyMap<string, number>;
}

/** I5: the history replays, from the first event and from the checkpoint alike. */
export function tell(journal: Journal, loading: Loading, id: string): Told | null {
  const events: Recorded[] = [];
  const states: RunState[] = [];
  const lifecycle: { seq: number; event: LifecycleEvent }[] = [];
  const begun = new Map<string, number>();
  try {
    const replay = new Replay(loading, id);
    for (const { recorded, advanced } of replay.next()) {
      events.push(recorded);
      states.push(advanced.state);
      for (const event of advanced.lifecycle) lifecycle.push({ seq: recorded.seq, event });
      for (const { id: effect, input } of advanced.started)
        begun.set(callKey({ run: id, step: effect, visit: input.visit, attempt: input.attempt }), recorded.seq);
    }
    // Without a checkpoint that would be the same again.
    const loaded = loading.store.readCheckpoint(id) === null ? null : loadRun(loading, id);
    if (loaded !== null && persistState(loaded.state) !== persistState(replay.state))
      journal.violate('I5', `run '${id}' is another when it is loaded from its checkpoint`);
    return { id, base: replay.base, events, states, lifecycle, begun };
  } catch (error) {
    journal.violate('I5', `the history of run '${id}' does not replay: ${String(error)}`);
    return null;
  }
}
