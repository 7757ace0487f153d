/** Version 5: outputs of steps that other runs take over. */
import type { Migration } from './migration.ts';

/** `value` is null while the owner works on it; else `owner` is. */
export const cache: Migration = {
  tables: ['cache'],
  steps: [
    `create table cache (
      id integer primary key,
      key text not null unique,
      value text,
      owner integer,
      expires_at integer not null,
      sum integer not null
    )`,
    'create index cache_by_expiry on cache (expires_at) where value is not null',
    'create index cache_claims on cache (owner) where owner is not null',
  ],
};
