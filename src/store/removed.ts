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
