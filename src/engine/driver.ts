/**
 * Drives one run: takes its events one at a time, advances, hands what follows to the committer, and after the commit starts
 * and stops effects, sets timers and tells subscribers.
 *
 * Invariants:
 *  D1. An effect starts, a timer is set and a subscriber is told only after the event they follow from is committed.
 *  D2. Events are applied in the order in which they were posted; their seqs have no gap.
 *  D3. A run that has ended takes no event.
 */
import { advance, statusOf, type ActiveEffect, type ActiveTimer, type Advanced, type Kernel, type Refused, type RunState } from '../core/advance.ts';
import { InvariantError, toErrorData, type ErrorData } from '../core/errors.ts';
import type { HistoryEvent, LifecycleEvent, Recorded } from '../core/event.ts';
import type { Clock, Commit, Logger, RunUpdate } from '../core/ports.ts';
import { endedStatuses, type RunRow, type RunStatus, type WaitingFor } from '../core/run.ts';
import type { StoredValue } from '../core/stored-value.ts';
import type { OuterRun, RunContext } from '../../machines/context.ts';
import { persistState } from '../../machines/persist.ts';
import type { CompiledWorkflow } from '../../machines/workflow.ts';
import { encodeEvent } from './codec.ts';
import type { Committer } from './committer.ts';
import type { TimerQueue } from './timer-queue.ts';

export interface DriverPorts {
  readonly committer: Pick<Committer, 'add'>;
  readonly timers: Pick<TimerQueue, 'add'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Carries out an effect; gives the function that aborts it. */
  startEffect(driver: RunDriver, effect: ActiveEffect): () => void;
  /** After the commit that ended the run. */
  onEnd(driver: RunDriver): void;
}

export interface Subscriber {
  /** What followed from one event, in order. */
  lifecycle(events: readonly LifecycleEvent[], recorded: Recorded): void;
  /** A piece of a streamed answer. */
  chunk(step: string, visit: number, attempt: number, text: string): void;
}

/** How a run ended. */
export type Outcome =
  | { readonly status: 'completed'; readonly output: StoredValue }
  | { readonly status: 'failed' | 'cancelled'; readonly error: ErrorData };

export interface DriverOptions {
  readonly row: RunRow;
  readonly compiled: CompiledWorkflow;
  readonly kernel: Kernel;
  readonly state: RunState;
  readonly outer: OuterRun | null;
  readonly ports: DriverPorts;
  /** Whether the row is still to be stored: with the first commit. */
  readonly isNew: boolean;
  /** Events after the newest checkpoint. @default 0 */
  readonly eventsSinceCheckpoint?: number;
}

/** Fewer events than this are replayed rather than covered by a checkpoint. */
const minCheckpointEvents = 100;
/** Bytes of a checkpoint that are worth replaying one event. */
const checkpointBytesPerEvent = 200;

export class RunDriver {
  readonly compiled: CompiledWorkflow;
  readonly outer: OuterRun | null;
  readonly #kernel: Kernel;
  readonly #ports: DriverPorts;
  readonly #effects = new Map<string, () => void>();
  readonly #timers = new Map<string, () => void>();
  readonly #subscribers = new Set<Subscriber>();
  #state: RunState;
  #row: RunRow;
  #isNew: boolean;
  #lastAt: number;
  #sinceCheckpoint: number;
  #checkpointBytes = 0;
  #outcome: Outcome | null = null;
  #isDetached = false;
  readonly #ended: PromiseWithResolvers<Outcome> = Promise.withResolvers<Outcome>();

  constructor(options: DriverOptions) {
    this.compiled = options.compiled;
    this.outer = options.outer;
    this.#kernel = options.kernel;
    this.#ports = options.ports;
    this.#state = options.state;
    this.#row = options.row;
    this.#isNew = options.isNew;
    this.#lastAt = options.row.updatedAt;
    this.#sinceCheckpoint = options.eventsSinceCheckpoint ?? 0;
    this.#ended.promise.catch(() => undefined);
  }

  get id(): string {
    return this.#row.id;
  }

  get row(): RunRow {
    return this.#row;
  }

  get state(): RunState {
    return this.#state;
  }

  get context(): RunContext {
    return (this.#state.snapshot as { readonly context: RunContext }).context;
  }

  /** Null while it runs, and until its end is committed. */
  get outcome(): Outcome | null {
    return this.#outcome;
  }

  /** Resolves when its end is committed. */
  get ended(): Promise<Outcome> {
    return this.#ended.promise;
  }

  subscribe(subscriber: Subscriber): () => void {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  chunk(step: string, visit: number, attempt: number, text: string): void {
    for (const subscriber of this.#subscribers) subscriber.chunk(step, visit, attempt, text);
  }

  /** Takes an event. Resolves when it is committed, with what followed; at once with the reason when it is refused. */
  post(event: HistoryEvent, consumed?: readonly number[]): Promise<Advanced | Refused> {
    return new Promise((resolve) => {
      const applied = this.apply(event, resolve, consumed);
      if ('refused' in applied) resolve(applied);
    });
  }

  /** As {@link post}, without a promise. */
  apply(event: HistoryEvent, committed?: (advanced: Advanced) => void, consumed?: readonly number[]): Advanced | Refused {
    if (this.#isDetached) return { refused: 'the run is not driven here any more' };
    const at = this.#now();
    const recorded: Recorded = { seq: this.#state.seq + 1, at, event };
    const advanced = this.#advance(recorded);
    if ('refused' in advanced) return advanced;
    this.#lastAt = at;
    this.#state = advanced.state;
    const commit = this.#commitOf(recorded);
    this.#ports.committer.add(consumed === undefined ? commit : { ...commit, consumed }, () => {
      this.#carryOut(advanced, recorded);
      committed?.(advanced);
    });
    return advanced;
  }

  /** Milliseconds since 1970. Time does not run backwards within a run, whatever the clock does. */
  #now(): number {
    return Math.max(this.#lastAt, this.#ports.clock.now());
  }

  /** A guard that throws ends the run with that error: the machine cannot go on. */
  #advance(recorded: Recorded): Advanced | Refused {
    const extras = { runId: this.id, ...(this.outer === null ? {} : { outer: this.outer }) };
    try {
      return advance(this.#kernel, this.#state, recorded, extras);
    } catch (error) {
      if (recorded.event.type === 'run.aborted' || error instanceof InvariantError) throw error;
      this.#ports.logger.error('a run cannot go on', { run: this.id, event: recorded.event.type, error: String(error) });
      const event: HistoryEvent = { type: 'run.aborted', error: toErrorData(error, 'CONDITION_FAILED') };
      Object.assign(recorded, { event });
      return advance(this.#kernel, this.#state, recorded, extras);
    }
  }

  #commitOf(recorded: Recorded): Commit {
    const events = [encodeEvent(recorded)];
    const status = statusOf(this.#state);
    const waitingFor = waitsFor(this.#state);
    const isChanged = status !== this.#row.status || waitingFor !== this.#row.waitingFor;
    const checkpoint = this.#checkpointIfDue(status);
    if (!isChanged && !this.#isNew) return { run: this.id, events, ...checkpoint };
    const update: RunUpdate = { status, waitingFor, updatedAt: recorded.at, ...this.#ending(status, recorded.at) };
    this.#row = { ...this.#row, ...update };
    if (!this.#isNew) return { run: this.id, events, update, ...checkpoint };
    this.#isNew = false;
    return { run: this.id, create: this.#row, events, ...checkpoint };
  }

  #ending(status: RunStatus, at: number): Pick<RunUpdate, 'endedAt' | 'output' | 'error'> {
    if (!endedStatuses.has(status)) return {};
    const { output, error, writes, isBreak } = this.context;
    if (status !== 'completed') return { endedAt: at, error: error ?? null };
    const stored = output ?? { v: null };
    // What a round wrote to the state is applied by the run around it, also after a crash.
    return { endedAt: at, output: writes.length === 0 && !isBreak ? stored : { w: { output: stored, writes, ...(isBreak ? { isBreak } : {}) } } };
  }

  #checkpointIfDue(status: RunStatus): Pick<Commit, 'checkpoint'> {
    this.#sinceCheckpoint += 1;
    if (endedStatuses.has(status) || this.#sinceCheckpoint <= Math.max(minCheckpointEvents, this.#checkpointBytes / checkpointBytesPerEvent)) return {};
    const snapshot = persistState(this.#state);
    this.#sinceCheckpoint = 0;
    this.#checkpointBytes = snapshot.length;
    return { checkpoint: { seq: this.#state.seq, snapshot } };
  }

  #carryOut(advanced: Advanced, recorded: Recorded): void {
    if (this.#isDetached) return;
    for (const name of advanced.cancelled) this.#cancelTimer(name);
    for (const id of advanced.stopped) this.#stopEffect(id);
    if (recorded.event.type === 'effect.completed' || recorded.event.type === 'effect.failed') this.#effects.delete(recorded.event.effect);
    for (const timer of advanced.set) this.#setTimer(timer);
    for (const effect of advanced.started) this.#startEffect(effect);
    if (recorded.event.type === 'run.resumed') this.resume();
    if (advanced.lifecycle.length > 0) for (const subscriber of this.#subscribers) subscriber.lifecycle(advanced.lifecycle, recorded);
    if (this.#outcome === null && advanced.state.snapshot.status !== 'active') this.#end();
  }

  /** Of a run that was loaded: carries out again what has no result yet, sets the timers that are not due yet; due ones fire at once. */
  resume(): void {
    // While a person's pause lasts nothing starts; what fell due meanwhile does so at its end.
    if (this.#state.pause !== null) return;
    for (const timer of this.#state.timers.values()) if (!this.#timers.has(timer.name)) this.#setTimer(timer);
    for (const effect of this.#state.effects.values()) if (!this.#effects.has(effect.id)) this.#startEffect(effect);
  }

  #startEffect(effect: ActiveEffect): void {
    // An event that was applied in the meantime may have ended it.
    if (this.#state.effects.get(effect.id) !== effect) return;
    this.#effects.set(effect.id, this.#ports.startEffect(this, effect));
  }

  #stopEffect(id: string): void {
    this.#effects.get(id)?.();
    this.#effects.delete(id);
  }

  #setTimer(timer: ActiveTimer): void {
    this.#cancelTimer(timer.name);
    if (this.#state.timers.get(timer.name) !== timer) return;
    const cancel = this.#ports.timers.add(timer.dueAt - this.#now(), () => {
      this.#timers.delete(timer.name);
      this.apply({ type: 'timer.fired', timer: timer.name, setBy: timer.setBy });
    });
    this.#timers.set(timer.name, cancel);
  }

  #cancelTimer(name: string): void {
    this.#timers.get(name)?.();
    this.#timers.delete(name);
  }

  #end(): void {
    const { status, output, error } = this.#row;
    this.#outcome =
      status === 'completed'
        ? { status, output: output ?? { v: null } }
        : { status: status === 'cancelled' ? 'cancelled' : 'failed', error: error ?? toErrorData(new InvariantError('the run ended without an error')) };
    this.#ended.resolve(this.#outcome);
    this.#ports.onEnd(this);
  }

  /** Stops driving it: effects are aborted, timers forgotten; nothing is written. */
  detach(): void {
    this.#isDetached = true;
    for (const name of [...this.#timers.keys()]) this.#cancelTimer(name);
    for (const id of [...this.#effects.keys()]) this.#stopEffect(id);
    this.#subscribers.clear();
  }
}

function isChild({ src }: ActiveEffect): boolean {
  return src === 'workflow';
}

function waitsFor(state: RunState): WaitingFor | null {
  if (state.snapshot.status !== 'active') return null;
  const { tags } = state.snapshot as { readonly tags: ReadonlySet<string> };
  // What a person has to do comes first: it is what others look for.
  if (tags.has('human')) return 'human';
  if (state.effects.size > 0) return [...state.effects.values()].every(isChild) ? 'child' : 'effect';
  if (tags.has('signal')) return 'signal';
  return state.timers.size > 0 ? 'timer' : null;
}
