/** History events as rows: the event's type in a column, the rest as JSON text. */
import { InvariantError } from '../../core/errors.ts';
import type { HistoryEvent, Recorded } from '../../core/event.ts';
import type { StoredEvent } from '../../core/ports.ts';

export function encodeEvent({ seq, at, event }: Recorded): StoredEvent {
  const { type, ...data } = event;
  return { seq, at, type, data: JSON.stringify(data) };
}

export function decodeEvent({ seq, at, type, data }: StoredEvent): Recorded {
  const parsed = JSON.parse(data) as unknown;
  if (typeof parsed !== 'object' || parsed === null) throw new InvariantError(`event ${seq} has no data`);
  // As it was made: what is held of it in a checkpoint is then the same text.
  return { seq, at, event: Object.assign({ type }, parsed, { type }) as unknown as HistoryEvent };
}
