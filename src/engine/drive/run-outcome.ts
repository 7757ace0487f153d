/** What those who watch a run are told, and why its effects are given up when it is not driven any more. */
import { CancelledError } from '../../core/errors.ts';
import type { Recorded } from '../../core/event.ts';
import type { LifecycleEvent } from '../../core/lifecycle-event.ts';
import type { Waiting } from '../dispatch/limits/limiter.ts';

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

/** Why effects that wait for other runs are given up when their run falls asleep: those runs go on, and wake it. */
export class RunAsleep extends CancelledError {
  constructor(run: string) {
    super(`run '${run}' sleeps`);
  }
}
