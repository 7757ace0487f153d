/** What a step from one schema version to the next is. */
import type { DatabaseSync } from 'node:sqlite';

/**
 * Released ones are never edited: a change is a new one at the end. All that are due run in one transaction, in which no
 * process owns runs.
 */
export interface Migration {
  /** Tables that are there from this version on. */
  readonly tables: readonly string[];
  /** In order: SQL statements, and functions for what SQL cannot say. */
  readonly steps: readonly (string | ((db: DatabaseSync) => void))[];
}
