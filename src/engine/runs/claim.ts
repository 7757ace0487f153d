/** Makes a run that nobody drives ours. Who may have one is the store's to say. */
import type { Store } from '../../core/ports.ts';
import type { RunReads } from '../drive/background.ts';

export interface ClaimOptions {
  readonly store: Pick<Store, 'isOwnedHere' | 'adopt'>;
  /** What is read of runs. */
  readonly reads: RunReads;
  /** Told of runs that were taken over, to be brought back or to sleep here. */
  onAdopted(ids: readonly string[]): void;
}

/**
 * Whether an unfinished run is ours to drive. Takes it over if nobody drives it, with the runs around it: whose round or child it is
 * goes on as well.
 */
export function claim(id: string, options: ClaimOptions): boolean {
  const { store, reads } = options;
  if (store.isOwnedHere(id)) return true;
  let top = id;
  for (let row = reads.readRun(id); row?.parent != null; row = reads.readRun(row.parent))
    if (reads.readRun(row.parent)?.endedAt === null) top = row.parent;
  const adopted = store.adopt(top === id ? [id] : [top, id]);
  if (adopted.length > 0) options.onAdopted(adopted);
  return store.isOwnedHere(id);
}
