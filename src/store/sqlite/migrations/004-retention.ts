/** Version 4: runs are removed when they are old. */
import type { Migration } from './migration.ts';

/** `sources`: the runs that others were forked from (`source` is such a run's id), so that they are kept as long as these. */
export const retention: Migration = {
  tables: ['sources'],
  steps: [
    `create index runs_pruned on runs (key) where kind = 'pruned'`,
    `
      create table sources (
        run integer not null,
        source text not null,
        primary key (run, source)
      ) without rowid`,
    'create index sources_by_source on sources (source)',
  ],
};
