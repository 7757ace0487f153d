/** What an event leads to in a run, and what is recorded in its place when the machine cannot go on with it. Changes nothing. */
import { advance, type Advanced, type Kernel, type Refused, type RunState } from '../../core/advance.ts';
import { InvariantError, toErrorData, WorkflowError, type ErrorData } from '../../core/errors.ts';
import type { HistoryEvent, Recorded } from '../../core/event.ts';
import type { Logger } from '../../core/ports.ts';
import type { OuterRun, RunContext } from '../../../machines/context.ts';
import { checkKept } from '../runs/start.ts';
import type { StateSize } from './state-size.ts';

export interface Taker {
  readonly id: string;
  readonly kernel: Kernel;
  readonly outer: OuterRun | null;
  /** Of the history of one run. */
  readonly maxEvents: number;
  /** Of what conditions read of one value, in characters of JSON. */
  readonly maxKeptBytes: number;
  /** Of the run's state. */
  readonly stateSize: StateSize;
  readonly logger: Logger;
}

export interface Taken {
  /** As it is to be stored. */
  readonly recorded: Recorded;
  readonly advanced: Advanced | Refused;
}

/**
 * A guard that throws, and a limit that is passed, end the run with that error: the machine cannot go on. What a person asked for is
 * refused instead. @throws InvariantError
 */
export function takeEvent(taker: Taker, state: RunState, recorded: Recorded): Taken {
  const { id, kernel, outer, maxEvents, logger } = taker;
  const extras = { runId: id, ...(outer === null ? {} : { outer }) };
  try {
    checkLength(recorded, state.epoch, maxEvents);
    checkSaid(taker, recorded.event);
    const advanced = advance(kernel, state, recorded, extras);
    if (!('refused' in advanced)) checkState(taker, recorded, state, advanced.state);
    return { recorded, advanced };
  } catch (error) {
    const { type } = recorded.event;
    if (type === 'run.aborted' || error instanceof InvariantError) throw error;
    if (isAsked.has(type) && error instanceof WorkflowError && error.code === 'LIMIT_EXCEEDED')
      return { recorded, advanced: { refused: error.message } };
    logger.error('a run cannot go on', { run: id, event: type, error: String(error) });
    const aborted = { ...recorded, event: abortion(recorded.event, toErrorData(error, 'CONDITION_FAILED')) };
    return { recorded: aborted, advanced: advance(kernel, state, aborted, extras) };
  }
}

/** What people and programs ask for: a limit that it passes is their trouble, not the run's. */
const isAsked: ReadonlySet<HistoryEvent['type']> = new Set(['run.rebased', 'signal.received', 'task.answered']);

/** Of what effects give it is checked before (`results.ts`), of an input at the start. @throws WorkflowError LIMIT_EXCEEDED */
function checkSaid({ kernel, maxKeptBytes }: Taker, event: HistoryEvent): void {
  if (event.type === 'signal.received' && 'v' in event.payload) {
    const kept = kernel.keepSignal(event.name, event.payload.v);
    if (kept !== undefined) checkKept(kept, `the payload of signal '${event.name}'`, maxKeptBytes);
  }
  if (event.type === 'task.answered' && 'v' in event.output) {
    const kept = kernel.keep(event.step, event.output.v, undefined);
    if (kept !== undefined) checkKept(kept, `the answer of step '${event.step}'`, maxKeptBytes);
  }
}

/** A round begins with the state of the run around it, which is checked there. @throws WorkflowError LIMIT_EXCEEDED */
function checkState({ stateSize, outer }: Taker, { event }: Recorded, before: RunState, after: RunState): void {
  if (event.type === 'run.started' && outer !== null) stateSize.begin(stateIn(after));
  else stateSize.check(stateIn(before), stateIn(after));
}

/** What its steps share. Before its first event a run has none. */
function stateIn({ snapshot }: RunState): RunContext['state'] {
  return (snapshot as { readonly context: RunContext }).context.state;
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
