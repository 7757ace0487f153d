/** What a run goes on from: another one, whose history it may refer to. */
import type { StoredEvent } from '../core/ports.ts';

/** The id of the run that an event says its own was forked from; null for all other events. */
export function sourceOf({ type, data }: Pick<StoredEvent, 'data'> & { readonly type: string }): string | null {
  if (type !== 'run.rebased' || !data.includes('"from"')) return null;
  const { from } = JSON.parse(data) as { readonly from?: { readonly run?: unknown } };
  return typeof from?.run === 'string' ? from.run : null;
}
