/** What stands for events that were removed from a history: how it is written, and where the history goes on behind it. */
import type { EventRange, StoredEvent } from '../core/ports.ts';

const type = 'events.removed';

export function removedEvent({ from, to }: EventRange, at: number): StoredEvent {
  return { seq: from, at, type, data: JSON.stringify({ to }) };
}

/** The seq of the event that comes behind it. */
export function nextSeq(event: StoredEvent): number {
  if (event.type !== type) return event.seq + 1;
  const { to } = JSON.parse(event.data) as { readonly to?: unknown };
  return typeof to === 'number' && to >= event.seq ? to + 1 : event.seq + 1;
}

/** What is removed in all, where the last event of it stands for more that was removed before. */
export function reachedBy({ from, to }: EventRange, last: StoredEvent | undefined): EventRange {
  return { from, to: Math.max(to, last === undefined ? to : nextSeq(last) - 1) };
}
