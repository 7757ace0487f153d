/** What a driver needs of the rooms around it, and what it is made from. Owns the shapes only; `Driver` is the class. */
import type { ActiveEffect, Kernel, RunState } from '../../core/advance.ts';
import type { RunPaused, RunResumed } from '../../core/event.ts';
import type { Clock, Logger } from '../../core/ports.ts';
import type { RunRow } from '../../core/run.ts';
import type { RunInspector } from '../../inspect/live/run-inspector.ts';
import type { OuterRun } from '../../../machines/context.ts';
import type { CompiledWorkflow } from '../../../machines/workflow.ts';
import type { Committer } from './committer.ts';
import type { Removal } from './early-events.ts';
import type { RunLeft } from './run-outcome.ts';
import type { TimerQueue } from './timer-queue.ts';
import type { Carrying } from './under-way.ts';

export interface DriverPortsOf<Driver> {
  readonly committer: Pick<Committer, 'add'>;
  readonly timers: Pick<TimerQueue, 'add'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the history of one run. */
  readonly maxEvents: number;
  /** Of the run's state, in characters of JSON. */
  readonly maxStateBytes: number;
  /** Of what conditions read of one value, in characters of JSON. */
  readonly maxKeptBytes: number;
  /** Of one epoch: then the run's state begins the next one. */
  readonly maxEpochEvents: number;
  /** What may be removed of a run when its next epoch begins with that state. */
  earlyEvents(run: string, state: RunState): Removal;
  /** Told what is committed; null: nobody is. */
  readonly inspector: RunInspector | null;
  startEffect(driver: Driver, effect: ActiveEffect): Carrying;
  /** Whether the time of an attempt counts from when it begins (it may have to wait), not from when its step does. */
  isLimited(effect: ActiveEffect): boolean;
  /** Ends what an effect began that is not under way here, and is not wanted any more. */
  stopBelow(driver: Driver, effect: ActiveEffect): void;
  /** Whether an effect that is under way does nothing but wait for other runs, which wake this one when they end. */
  isWaiting(driver: Driver, effect: ActiveEffect): boolean;
  /** Somebody paused or resumed it, in the turn in which that is applied; gives what follows the commit. */
  onPause(driver: Driver, event: RunPaused | RunResumed): () => void;
  /** Whether no effect may begin any more: the engine is about to close. */
  isDraining(): boolean;
  /** It may have come to rest: see `rests` of the driver. */
  onRest(driver: Driver): void;
  /** It takes an event after it came to rest. */
  onStir(driver: Driver): void;
  /** It is in the store only from now on. */
  onAsleep(driver: Driver): void;
  /** After the commit that ended the run. */
  onEnd(driver: Driver): void;
  /** It is not driven here any more, and has not ended. */
  onLeft(driver: Driver, reason: RunLeft): void;
}

export interface DriverOptionsOf<Driver> {
  readonly row: RunRow;
  readonly compiled: CompiledWorkflow;
  readonly kernel: Kernel;
  readonly state: RunState;
  readonly outer: OuterRun | null;
  readonly ports: DriverPortsOf<Driver>;
  /** Whether the row is still to be stored: with the first commit. */
  readonly isNew: boolean;
  /** Events after the newest checkpoint. @default 0 */
  readonly eventsSinceCheckpoint?: number;
  /** Whether it was put to sleep at that checkpoint. @default false */
  readonly wasAsleep?: boolean;
  /** Of the last event, in milliseconds since 1970. @default that of the row */
  readonly lastAt?: number;
}
