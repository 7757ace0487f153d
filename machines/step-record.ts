/** What a run knows of one of its steps. Owns the shape; changes of it are in `record.ts`. */
import type { ErrorData } from '../src/core/errors.ts';
import type { StepStatus } from '../src/core/run.ts';
import type { StoredValue } from '../src/core/stored-value.ts';

export interface StepRecord {
  readonly status: StepStatus;
  /** How often the step was entered, 1-based. */
  readonly visit: number;
  /** Tries of its work in this visit, 1-based; 0 before the first. */
  readonly attempt: number;
  /** Tries of the side effect that is under way (handlers, `assign`), 1-based. */
  readonly sideAttempt?: number;
  readonly output?: StoredValue;
  /** The values at the paths that guards read, when `output` is a reference; by the path below `steps.<id>`. */
  readonly kept?: Readonly<Record<string, unknown>>;
  readonly metadata?: StoredValue;
  /** Its output is an earlier run's, from the cache. */
  readonly cached?: true;
  readonly error?: ErrorData;
  /** Of a step that can be undone: whether its work was done, or nobody knows. Absent: it was not; or it was noted (`undo-log.ts`). */
  readonly effect?: 'done' | 'unknown';
  /** Of a router. */
  readonly branch?: string;
  /** Number of the router that chose this branch step. */
  readonly chosenBy?: number;
  /** How often jumps led back to it; counted anew when what surrounds it is entered. */
  readonly jumps?: number;
  /** Of a `while`/`until` loop: rounds begun; of a conditional wait: looks. */
  readonly rounds?: number;
  /** Outputs of the rounds of a `while`/`until` loop. */
  readonly outputs?: readonly StoredValue[];
  /** Of a wait, in milliseconds: how long, the stretch under way, and all stretches up to its end. */
  readonly delayMs?: number;
  readonly stretchMs?: number;
  readonly waitedMs?: number;
  /** Of a backoff: how long, in milliseconds. */
  readonly backoffMs?: number;
  /** The items of an items loop that a function gave. */
  readonly held?: StoredValue;
  /** A branch of a parallel step with `maxConcurrency` that has left its queue. */
  readonly slot?: true;
  /** The workflow's state when an items loop was entered: what its rounds see. */
  readonly frozenState?: Readonly<Record<string, unknown>>;
}
