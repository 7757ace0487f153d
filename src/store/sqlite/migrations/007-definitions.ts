/** Version 7: definitions are removed that no run refers to. */
import type { Migration } from './migration.ts';

/**
 * `epochs`: what runs were bound to that are, or may be, bound to something else now; of most runs there is nothing. Rounds are bound
 * as the run around them is, or was. A damaged event keeps nothing.
 */
export const definitions: Migration = {
  tables: ['epochs'],
  steps: [
    'alter table definitions add column workflow text',
    `update definitions set workflow = json_extract(canonical, '$.name') where json_valid(canonical)`,
    'create index definitions_by_workflow on definitions (workflow)',
    `create index runs_by_definition on runs (hash) where kind <> 'round'`,
    `
      create table epochs (
        run integer not null,
        hash text not null,
        primary key (run, hash)
      ) without rowid`,
    'create index epochs_by_definition on epochs (hash)',
    `
      insert or ignore into epochs (run, hash)
      select run, iif(json_valid(data), json_extract(data, '$.hash'), null) from history where type = 'run.rebased'`,
    `
      insert or ignore into epochs (run, hash)
      select run, iif(json_valid(data), json_extract(data, '$.hash'), null) from history
      where seq = 1 and run in (select run from epochs)`,
  ],
};
