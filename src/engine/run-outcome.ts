/** What those who wait for a run are told: what follows, how it ended, or that it is not driven here any more. */
import { CancelledError, InvariantError, toErrorData, WorkflowError, type ErrorData } from '../core/errors.ts';
import type { HistoryEvent, LifecycleEvent, Recorded } from '../core/event.ts';
import type { RunRow } from '../core/run.ts';
import type { StoredValue } from '../core/stored-value.ts';
import type { Waiting } from './limits/limiter.ts';

export interface Subscriber {
  /** What followed from one event, in order. */
  lifecycle(events: readonly LifecycleEvent[], recorded: Recorded): void;
  /** A piece of a streamed answer. */
  chunk(step: string, visit: number, attempt: number, text: string): void;
  /** An effect has to wait before it begins; null: now it begins. */
  queued(step: string, visit: number, attempt: number, queue: Waiting | null): void;
  /** The run is not driven here any more, and has not ended. */
  left(reason: RunLeft): void;
}

/** How a run ended. */
export type Outcome =
  | { readonly status: 'completed'; readonly output: StoredValue }
  | { readonly status: 'failed' | 'cancelled'; readonly error: ErrorData };

/** Why effects are aborted when their run is left: they are not cancelled, somebody carries them out again. */
export class RunLeft extends CancelledError {
  readonly why: Error;
  /** The engine is closed: nothing is wrong with the run. */
  readonly isClosing: boolean;
  constructor(run: string, why: Error, isClosing: boolean) {
    super(`run '${run}' is not driven here any more`, { cause: why });
    this.why = why;
    this.isClosing = isClosing;
  }
}

/** Of the row of an ended run. */
export function outcomeOf(row: RunRow | null): Outcome {
  if (row?.status === 'completed') return { status: row.status, output: row.output ?? { v: null } };
  const error = row?.error ?? toErrorData(new InvariantError('the run ended without an error'));
  return { status: row?.status === 'cancelled' ? 'cancelled' : 'failed', error };
}

/** What is recorded in the place of an event that the machine cannot go on with. */
export function abortion(event: HistoryEvent, error: ErrorData): HistoryEvent {
  return event.type === 'run.started' ? { ...event, aborted: error } : { type: 'run.aborted', error };
}

/** Events. */
const roomToFail = 1_000;

/**
 * What a failure leads to (`onFailure` steps) has room beyond the limit, as long as it is not too long itself.
 * @throws WorkflowError LIMIT_EXCEEDED
 */
export function checkLength({ seq }: Recorded, maxEvents: number): void {
  if (seq < maxEvents || (seq - maxEvents) % roomToFail > 0) return;
  const message = `the history of the run has ${seq} events, the limit (option limits.maxEvents)`;
  throw new WorkflowError('LIMIT_EXCEEDED', message);
}
