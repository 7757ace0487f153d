/** Version 2: which runs sleep, and why an entry of the inbox was refused. */
import type { Migration } from './migration.ts';

/** `asleep` is null when the run was awake at its checkpoint; else bits (sleep.ts). */
export const sleep: Migration = {
  tables: [],
  steps: ['alter table checkpoints add column asleep integer', 'alter table inbox add column refused text'],
};
