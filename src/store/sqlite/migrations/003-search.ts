/** Version 3: runs are found by their input, by how they ended and by when they changed. */
import type { Migration } from './migration.ts';
import { storedAttributes } from '../attribute-rows.ts';

/**
 * `runs_by_status` is of ended runs alone, which `owner` tells: a run is entered once, when it ends. An attribute's row
 * follows from the first event of its run; `attribute` is '' for a run that has too many.
 */
export const search: Migration = {
  tables: ['attributes'],
  steps: [
    `create index runs_by_status on runs (status, created_at) where owner is null and kind <> 'round'`,
    `create index runs_by_updated on runs (updated_at) where kind <> 'round'`,
    `
      create table attributes (
        attribute text not null,
        created_at integer not null,
        run integer not null,
        primary key (attribute, created_at, run)
      ) without rowid`,
    (db) => {
      const insert = db.prepare('insert into attributes (attribute, created_at, run) values (?, ?, ?)');
      const first = db.prepare(
        `select r.key, r.created_at, h.data from runs r join history h on h.run = r.key and h.seq = 1 where r.kind <> 'round'`,
      );
      for (const { key, created_at: at, data } of first.iterate()) {
        for (const attribute of storedAttributes(String(data))) insert.run(attribute, Number(at), Number(key));
      }
    },
  ],
};
