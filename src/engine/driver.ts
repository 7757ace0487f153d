/**
 * Drives one run: takes its events one at a time, advances, hands what follows to the committer, and after the commit starts
 * and stops effects, sets timers and tells subscribers.
 *
 * Invariants:
 *  D1. An effect starts, a timer is set and a subscriber is told only after the event they follow from is committed.
 *  D2. Events are applied in the order in which they were posted; their seqs have no gap.
 *  D3. A run that has ended takes no event.
 *  D4. What goes wrong with us (a bug, a damaged row, code that is not there) never ends the run: it is left as it was last
 *      committed, and who waits for it is told.
 */
import {
  advance,
  type ActiveEffect,
  type ActiveTimer,
  type Advanced,
  type Kernel,
  type Refused,
  type RunState,
} from '../core/advance.ts';
import { InvariantError, toErrorData } from '../core/errors.ts';
import type { HistoryEvent, Recorded, RunRebased } from '../core/event.ts';
import type { Clock, Logger } from '../core/ports.ts';
import type { RunRow } from '../core/run.ts';
import type { RunInspector } from '../inspect/live/run-inspector.ts';
import type { OuterRun, RunContext } from '../../machines/context.ts';
import type { EffectInput } from '../../machines/effect-input.ts';
import type { CompiledWorkflow } from '../../machines/workflow.ts';
import type { Committer } from './committer.ts';
import type { Waiting } from './limits/limiter.ts';
import type { Place } from './rebase.ts';
import { abortion, checkLength, outcomeOf, RunLeft, type Outcome, type Subscriber } from './run-outcome.ts';
import { RunRecord } from './run-record.ts';
import type { TimerQueue } from './timer-queue.ts';
import { UnderWay, type Carrying } from './under-way.ts';

export interface DriverPorts {
  readonly committer: Pick<Committer, 'add'>;
  readonly timers: Pick<TimerQueue, 'add'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the history of one run. */
  readonly maxEvents: number;
  /** Told what is committed; null: nobody is. */
  readonly inspector: RunInspector | null;
  startEffect(driver: RunDriver, effect: ActiveEffect): Carrying;
  /** Whether the time of an attempt counts from when it begins (it may have to wait), not from when its step does. */
  isLimited(effect: ActiveEffect): boolean;
  /** After the commit that ended the run, or when it is left. `why`: what is wrong with it. */
  onEnd(driver: RunDriver, why: Error | null): void;
}

/** What a run is bound to from a rebase on. */
export type RebaseTarget = Pick<DriverOptions, 'compiled' | 'kernel'>;

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
  /** Of the last event, in milliseconds since 1970. @default that of the row */
  readonly lastAt?: number;
}

export class RunDriver {
  readonly id: string;
  readonly kind: RunRow['kind'];
  readonly outer: OuterRun | null;
  #compiled: CompiledWorkflow;
  #kernel: Kernel;
  readonly #ports: DriverPorts;
  readonly #record: RunRecord;
  readonly #underWay: UnderWay;
  readonly #subscribers = new Set<Subscriber>();
  readonly #ended: PromiseWithResolvers<Outcome> = Promise.withResolvers<Outcome>();
  readonly #stored: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  /** Of those who wait for a commit: how to tell them that it will not come. */
  readonly #posting = new Set<(error: Error) => void>();
  #state: RunState;
  #row: RunRow | null;
  #toldSeq: number;
  #lastAt: number;
  #isStopped = false;
  #isOver = false;

  constructor(options: DriverOptions) {
    const { row, isNew, state } = options;
    this.id = row.id;
    this.kind = row.kind;
    this.#compiled = options.compiled;
    this.outer = options.outer;
    this.#kernel = options.kernel;
    this.#ports = options.ports;
    this.#record = new RunRecord({ row, isNew, eventsSinceCheckpoint: options.eventsSinceCheckpoint ?? 0 });
    this.#underWay = new UnderWay({
      timers: this.#ports.timers,
      start: (effect) => this.#ports.startEffect(this, effect),
      isLimited: (effect) => this.#ports.isLimited(effect),
      queued: (effect, queue) => {
        const { info, visit, attempt } = effect.input as EffectInput;
        for (const subscriber of this.#subscribers) subscriber.queued(info?.step.id ?? '$run', visit, attempt, queue);
      },
      fire: (timer) => {
        this.#fire(timer);
      },
    });
    this.#state = state;
    this.#row = isNew ? null : row;
    this.#toldSeq = state.seq;
    this.#lastAt = options.lastAt ?? row.updatedAt;
    this.#ended.promise.catch(() => undefined);
    this.#stored.promise.catch(() => undefined);
    if (!isNew) this.#stored.resolve();
    this.#ports.inspector?.begin({ id: row.id, parent: row.parent, compiled: this.compiled, state });
  }

  /** As its last committed event left it; null before the first. */
  get row(): RunRow | null {
    return this.#row;
  }

  /** With the events that are still to be committed. */
  get state(): RunState {
    return this.#state;
  }

  /** As of its newest epoch. */
  get compiled(): CompiledWorkflow {
    return this.#compiled;
  }

  get kernel(): Kernel {
    return this.#kernel;
  }

  get context(): RunContext {
    return (this.#state.snapshot as { readonly context: RunContext }).context;
  }

  /** Of the last event that subscribers were told of. */
  get toldSeq(): number {
    return this.#toldSeq;
  }

  /** Resolves when its end is committed. Rejects with what is wrong when it is left. */
  get ended(): Promise<Outcome> {
    return this.#ended.promise;
  }

  /** Resolves when its first event is committed. Rejects when it is left before. */
  get stored(): Promise<void> {
    return this.#stored.promise;
  }

  subscribe(subscriber: Subscriber): () => void {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  chunk(step: string, visit: number, attempt: number, text: string): void {
    for (const subscriber of this.#subscribers) subscriber.chunk(step, visit, attempt, text);
  }

  /**
   * Takes an event. Resolves when it is committed, with what followed; at once with the reason when it is refused. Rejects when
   * the run is left before.
   */
  post(event: HistoryEvent, consumed?: readonly number[]): Promise<Advanced | Refused> {
    return new Promise((resolve, reject) => {
      this.#posting.add(reject);
      const done = (result: Advanced | Refused): void => {
        this.#posting.delete(reject);
        resolve(result);
      };
      const applied = this.apply(event, done, consumed);
      if ('refused' in applied) done(applied);
    });
  }

  /** As {@link post}, without a promise. */
  apply(
    event: HistoryEvent,
    committed?: (advanced: Advanced) => void,
    consumed?: readonly number[],
  ): Advanced | Refused {
    if (this.#isStopped) return { refused: 'the run is not driven here any more' };
    try {
      return this.#apply(event, committed, consumed);
    } catch (error) {
      this.leave(error);
      return { refused: `the run is left as it is: ${error instanceof Error ? error.message : String(error)}` };
    }
  }

  /**
   * Goes on from the state of an event that is made for where the run is now, as {@link post}. Refused when it is not driven here.
   * @throws at once what `make` throws; the run then stays as it is
   */
  rebase(
    make: (place: Place) => RunRebased,
    { consumed, target }: { readonly consumed?: readonly number[]; readonly target?: RebaseTarget } = {},
  ): Promise<Advanced | Refused> {
    const event = make({ seq: this.#state.seq + 1, at: this.#now() });
    if (target !== undefined) ({ compiled: this.#compiled, kernel: this.#kernel } = target);
    return this.post(event, consumed);
  }

  #apply(
    event: HistoryEvent,
    committed: ((advanced: Advanced) => void) | undefined,
    consumed: readonly number[] | undefined,
  ): Advanced | Refused {
    const at = this.#now();
    const { recorded, advanced } = this.#advance({ seq: this.#state.seq + 1, at, event });
    if ('refused' in advanced) return advanced;
    const { commit, row } = this.#record.commitOf(recorded, advanced.state);
    this.#lastAt = at;
    this.#state = advanced.state;
    this.#ports.committer.add(consumed === undefined ? commit : { ...commit, consumed }, () => {
      this.#row = row;
      this.#toldSeq = recorded.seq;
      this.#stored.resolve();
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
  #advance(recorded: Recorded): { readonly recorded: Recorded; readonly advanced: Advanced | Refused } {
    const extras = { runId: this.id, ...(this.outer === null ? {} : { outer: this.outer }) };
    try {
      checkLength(recorded, this.#ports.maxEvents);
      return { recorded, advanced: advance(this.#kernel, this.#state, recorded, extras) };
    } catch (error) {
      if (recorded.event.type === 'run.aborted' || error instanceof InvariantError) throw error;
      const { type } = recorded.event;
      this.#ports.logger.error('a run cannot go on', { run: this.id, event: type, error: String(error) });
      const event = abortion(recorded.event, toErrorData(error, 'CONDITION_FAILED'));
      return {
        recorded: { ...recorded, event },
        advanced: advance(this.#kernel, this.#state, { ...recorded, event }, extras),
      };
    }
  }

  #carryOut(advanced: Advanced, recorded: Recorded): void {
    if (this.#isOver) return;
    const { event } = recorded;
    for (const name of advanced.cancelled) this.#underWay.cancel(name);
    for (const id of advanced.stopped) this.#underWay.stop(id);
    if (event.type === 'effect.completed' || event.type === 'effect.failed' || event.type === 'effect.accepted')
      this.#underWay.finish(event.effect);
    for (const timer of advanced.set) this.#setTimer(timer);
    this.#ports.inspector?.advanced(this.id, recorded, advanced.state);
    if (advanced.lifecycle.length > 0)
      for (const subscriber of this.#subscribers) subscriber.lifecycle(advanced.lifecycle, recorded);
    for (const effect of advanced.started) this.#startEffect(effect);
    if (event.type === 'run.resumed') this.#takeUp(advanced.state);
    if (advanced.state.snapshot.status !== 'active') this.#end();
  }

  /** Of a run that was loaded: goes on with what was under way. */
  resume(): void {
    // While a person's pause lasts nothing starts; what fell due meanwhile does so at its end.
    if (this.#state.pause === null) this.#takeUp(this.#state);
  }

  /**
   * Sets timers and starts effects of `state`, but for those that are under way already, or over by now. What fell due meanwhile
   * fires first: what it ends need not begin again.
   */
  #takeUp({ timers, effects }: RunState): void {
    const now = this.#now();
    const idle = [...timers.values()].filter(
      (timer) => !this.#underWay.hasTimer(timer.name) && !this.#underWay.countsFromBegin(timer, effects),
    );
    const overdue = idle.filter((timer) => timer.dueAt <= now).sort((a, b) => a.dueAt - b.dueAt);
    for (const timer of overdue) this.#fire(timer);
    for (const timer of idle) if (timer.dueAt > now) this.#setTimer(timer);
    for (const effect of effects.values()) if (!this.#underWay.hasEffect(effect.id)) this.#startEffect(effect);
  }

  #startEffect(effect: ActiveEffect): void {
    // An event that was applied in the meantime may have ended it. While a person's pause lasts nothing starts. What the other
    // side has accepted is under way there.
    if (effect.accepted !== undefined) return;
    if (this.#isStopped || this.#state.pause !== null || this.#state.effects.get(effect.id) !== effect) return;
    this.#underWay.start(effect, this.#state.timers);
  }

  /** Of an effect that had to wait: whether it may begin now. If not, it is started again when the run is resumed. */
  begin(effect: ActiveEffect): boolean {
    const mayBegin = !this.#isStopped && this.#state.pause === null && this.#state.effects.get(effect.id) === effect;
    if (mayBegin) this.#underWay.begin(effect, this.#state.timers);
    else this.#underWay.finish(effect.id);
    return mayBegin;
  }

  /** What each effect waits for that has not begun, by its id. */
  waiting(): ReadonlyMap<string, Waiting> {
    return this.#underWay.waiting();
  }

  #setTimer(timer: ActiveTimer): void {
    if (this.#isStopped || this.#state.timers.get(timer.name) !== timer) return;
    this.#underWay.set(timer, timer.dueAt - this.#now());
  }

  #fire({ name, setBy }: ActiveTimer): void {
    this.apply({ type: 'timer.fired', timer: name, setBy });
  }

  #end(): void {
    this.#isOver = true;
    this.#isStopped = true;
    this.#subscribers.clear();
    this.#ended.resolve(outcomeOf(this.#row));
    this.#ports.onEnd(this, null);
  }

  /** Takes no events any more: effects are aborted, timers forgotten. What was applied is still committed and told. */
  stop(why: Error, isClosing = false): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#underWay.end(new RunLeft(this.id, why, isClosing));
  }

  /** Stops driving it, and tells all who wait (D4). */
  leave(error: unknown, isClosing = false): void {
    if (this.#isOver) return;
    const why = error instanceof Error ? error : new InvariantError(String(error));
    this.stop(why, isClosing);
    this.#isOver = true;
    if (!isClosing && this.#row !== null)
      this.#ports.logger.error('a run is left as it is', { run: this.id, error: why.message });
    this.#ended.reject(why);
    this.#stored.reject(why);
    for (const reject of this.#posting) reject(why);
    this.#posting.clear();
    const reason = new RunLeft(this.id, why, isClosing);
    for (const subscriber of this.#subscribers) subscriber.left(reason);
    this.#subscribers.clear();
    this.#ports.onEnd(this, isClosing ? null : why);
  }
}
