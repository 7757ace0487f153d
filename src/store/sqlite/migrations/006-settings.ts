/** Version 6: texts that all processes on the store agree on. */
import type { Migration } from './migration.ts';

export const settings: Migration = {
  tables: ['settings'],
  steps: ['create table settings (name text primary key, value text not null, sum integer not null)'],
};
