/** What a store file is: its mark, its version, its tables. The version is the number of migrations that were run. */
import type { Migration } from './migrations/migration.ts';
import { tables } from './migrations/001-tables.ts';
import { sleep } from './migrations/002-sleep.ts';
import { search } from './migrations/003-search.ts';
import { retention } from './migrations/004-retention.ts';
import { cache } from './migrations/005-cache.ts';
import { settings } from './migrations/006-settings.ts';
import { definitions } from './migrations/007-definitions.ts';

/** 'dWkf' in the file's header: other SQLite databases are not taken for a store. */
export const applicationId = 0x64_57_6b_66;

/** Migration `n` (1-based) takes a store from version n-1 to n. */
export const migrations: readonly Migration[] = [tables, sleep, search, retention, cache, settings, definitions];

export const schemaVersion = migrations.length;

/** Tables of the newest version: a file that lacks one is damaged. */
export const tableNames: readonly string[] = migrations.flatMap((migration) => migration.tables);

/** `runs.owner` of a run that has not ended and that nobody drives: to be adopted. */
export const nobody = 0;

/** `runs.kind` of a run that is being removed, in several transactions: for readers it is not there. */
export const pruned = 'pruned';
