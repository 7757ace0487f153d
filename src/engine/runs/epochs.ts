/** The events with which epochs begin: they say what a run is bound to from there on, and replay can begin at them. */
import { WorkflowError } from '../../core/errors.ts';
import type { Recorded, RunRebased, RunStarted } from '../../core/event.ts';
import type { Store } from '../../core/ports.ts';
import { decodeEvent } from '../drive/codec.ts';

export type Epoch = RunStarted | RunRebased;

export function isEpoch(recorded: Recorded): recorded is Recorded<Epoch> {
  return recorded.event.type === 'run.started' || recorded.event.type === 'run.rebased';
}

/** @throws WorkflowError CONFLICT when it was removed */
export function epochAt(store: Pick<Store, 'readEvent'>, id: string, seq: number): Recorded<Epoch> {
  const stored = store.readEvent(id, seq);
  const recorded = stored === null ? null : decodeEvent(stored);
  if (recorded === null || !isEpoch(recorded))
    throw new WorkflowError('CONFLICT', `run '${id}' is too long: its events around event ${seq} were removed`);
  return recorded;
}

/** The seq of the event behind it. */
export function nextSeqOf({ seq, event }: Recorded): number {
  return (event.type === 'events.removed' ? event.to : seq) + 1;
}
