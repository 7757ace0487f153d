/** What events of a history refer to: other runs, and definitions. */
import type { StoredEvent } from '../core/ports.ts';

type Read = Pick<StoredEvent, 'data'> & { readonly type: string };

/** The id of the run that an event says its own was forked from; null for all other events. */
export function sourceOf({ type, data }: Read): string | null {
  if (type !== 'run.rebased' || !data.includes('"from"')) return null;
  const { from } = JSON.parse(data) as { readonly from?: { readonly run?: unknown } };
  return typeof from?.run === 'string' ? from.run : null;
}

/** The hash of the definition that the run is bound to from an event on; null: as before. */
export function boundBy({ type, data }: Read): string | null {
  if (type !== 'run.started' && type !== 'run.rebased') return null;
  const { hash } = JSON.parse(data) as { readonly hash?: unknown };
  return typeof hash === 'string' ? hash : null;
}
