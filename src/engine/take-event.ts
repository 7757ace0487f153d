/** What an event leads to in a run, and what is recorded in its place when the machine cannot go on with it. Changes nothing. */
import { advance, type Advanced, type Kernel, type Refused, type RunState } from '../core/advance.ts';
import { InvariantError, toErrorData, WorkflowError, type ErrorData } from '../core/errors.ts';
import type { HistoryEvent, Recorded } from '../core/event.ts';
import type { Logger } from '../core/ports.ts';
import type { OuterRun } from '../../machines/context.ts';

export interface Taker {
  readonly id: string;
  readonly kernel: Kernel;
  readonly outer: OuterRun | null;
  /** Of the history of one run. */
  readonly maxEvents: number;
  readonly logger: Logger;
}

export interface Taken {
  /** As it is to be stored. */
  readonly recorded: Recorded;
  readonly advanced: Advanced | Refused;
}

/** A guard that throws ends the run with that error: the machine cannot go on. @throws InvariantError */
export function takeEvent({ id, kernel, outer, maxEvents, logger }: Taker, state: RunState, recorded: Recorded): Taken {
  const extras = { runId: id, ...(outer === null ? {} : { outer }) };
  try {
    checkLength(recorded, state.epoch, maxEvents);
    return { recorded, advanced: advance(kernel, state, recorded, extras) };
  } catch (error) {
    if (recorded.event.type === 'run.aborted' || error instanceof InvariantError) throw error;
    const { type } = recorded.event;
    logger.error('a run cannot go on', { run: id, event: type, error: String(error) });
    const aborted = { ...recorded, event: abortion(recorded.event, toErrorData(error, 'CONDITION_FAILED')) };
    return { recorded: aborted, advanced: advance(kernel, state, aborted, extras) };
  }
}

/** What is recorded in the place of an event that the machine cannot go on with. */
function abortion(event: HistoryEvent, error: ErrorData): HistoryEvent {
  return event.type === 'run.started' ? { ...event, aborted: error } : { type: 'run.aborted', error };
}

/** Events. */
const roomToFail = 1_000;

/**
 * What a failure leads to (`onFailure` steps) has room beyond the limit, as long as it is not too long itself.
 * @throws WorkflowError LIMIT_EXCEEDED
 */
function checkLength({ seq }: Recorded, epoch: number, maxEvents: number): void {
  // Events of earlier epochs do not count.
  const length = seq - epoch + 1;
  if (length < maxEvents || (length - maxEvents) % roomToFail > 0) return;
  const message = `the history of the run has ${length} events, the limit (option limits.maxEvents)`;
  throw new WorkflowError('LIMIT_EXCEEDED', message);
}
