/** All runs that a filter admits, oldest first, in pages. */
import type { RunFilter, Store } from '../core/ports.ts';
import type { RunRow } from '../core/run.ts';

const pageSize = 1_000;

export function* allRuns(
  store: Store,
  filter: Omit<RunFilter, 'limit' | 'after' | 'sort' | 'order'>,
): Generator<RunRow> {
  let after: string | undefined;
  for (;;) {
    const place = after === undefined ? {} : { after };
    const page = store.listRuns({ ...filter, order: 'asc', limit: pageSize, ...place });
    yield* page;
    after = page.at(-1)?.id;
    if (page.length < pageSize) return;
  }
}
