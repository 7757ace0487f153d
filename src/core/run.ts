/** What a run is to its store and its readers: statuses and rows. Owns no transitions: the statecharts do. */
import type { ErrorData } from './errors.ts';
import type { StoredValue } from './stored-value.ts';

/** `paused` is a person's pause of the whole run; what a running run waits for is {@link WaitingFor}. */
export type RunStatus = 'pending' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled';

export const endedStatuses: ReadonlySet<RunStatus> = new Set<RunStatus>(['completed', 'failed', 'cancelled']);

export type StepStatus = 'pending' | 'running' | 'backoff' | 'completed' | 'failed' | 'skipped' | 'cancelled';

export type WaitingFor = 'timer' | 'human' | 'signal' | 'child' | 'effect';

/** A top-level run, a round of an `items` loop, or a child workflow's run. */
export type RunKind = 'run' | 'round' | 'child';

/** How far what a run did was undone; null: nothing was to be undone. */
export type Compensation = 'complete' | 'incomplete' | null;

/** As the error of an ended run says it. */
export function compensationOf(error: ErrorData | null): Compensation {
  const outcome = error?.details?.['compensation'];
  return outcome === 'complete' || outcome === 'incomplete' ? outcome : null;
}

/** One lean row per run, for lists and search; written when the status or `waitingFor` changes, not at every step. */
export interface RunRow {
  readonly id: string;
  readonly kind: RunKind;
  readonly workflow: string;
  readonly version: string;
  /** Content hash of the definition. */
  readonly hash: string;
  readonly format: number;
  readonly status: RunStatus;
  readonly waitingFor: WaitingFor | null;
  /** The run whose round or child this is. */
  readonly parent: string | null;
  /** Hash of the canonical input: a repeated start with the same input is the same run. */
  readonly inputHash: string;
  readonly tags: readonly string[];
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly endedAt: number | null;
  /** Of a completed run. */
  readonly output: StoredValue | null;
  /** Of a failed run. */
  readonly error: ErrorData | null;
}

/** Why a run goes on from another state than the one its events led to. */
export type RebaseKind = 'retry' | 'rerun' | 'complete' | 'skip' | 'fork' | 'edit' | 'migrate' | 'compact';
