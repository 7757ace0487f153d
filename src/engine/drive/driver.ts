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
 *  D5. A run that sleeps is in the store as it is: nothing of it is under way, or in line to be committed.
 */
import type { ActiveEffect, Advanced, Kernel, Refused, RunState } from '../../core/advance.ts';
import { InvariantError } from '../../core/errors.ts';
import type { HistoryEvent, Recorded, RunRebased } from '../../core/event.ts';
import type { Commit } from '../../core/ports.ts';
import { endedStatuses, type RunRow } from '../../core/run.ts';
import type { OuterRun, RunContext } from '../../../machines/context.ts';
import type { EffectInput } from '../../../machines/effect-input.ts';
import type { CompiledWorkflow } from '../../../machines/workflow.ts';
import { Audience } from './audience.ts';
import { changedFunctions } from './functions.ts';
import type { DriverOptionsOf, DriverPortsOf } from './driver-ports.ts';
import type { Waiting } from '../dispatch/limits/limiter.ts';
import { Posts } from './posts.ts';
import { compacted, type Place } from './rebase.ts';
import { Rest } from './rest.ts';
import { RunAsleep, RunLeft, type Subscriber } from './run-outcome.ts';
import { RunRecord, withDefinition } from './run-record.ts';
import { RunWork } from './run-work.ts';
import { StateSize } from './state-size.ts';
import { takeEvent, type Taker } from './take-event.ts';

export type DriverPorts = DriverPortsOf<RunDriver>;

/** What a run is bound to from a rebase on. */
export type RebaseTarget = Pick<DriverOptionsOf<RunDriver>, 'compiled' | 'kernel'>;

export class RunDriver {
  readonly id: string;
  readonly kind: RunRow['kind'];
  readonly outer: OuterRun | null;
  #compiled: CompiledWorkflow;
  #taker: Taker;
  readonly #ports: DriverPorts;
  readonly #record: RunRecord;
  readonly #work: RunWork;
  readonly #rest: Rest;
  readonly #audience = new Audience();
  readonly #stored: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  readonly #posts = new Posts();
  #state: RunState;
  #row: RunRow | null;
  #toldSeq: number;
  #lastAt: number;
  /** Commits in line. */
  #inLine = 0;
  /** Whether all that its state says is under way has been begun. */
  #isTakenUp: boolean;
  /** Of a run that goes on once what was said to it is committed: the least that its time must be by then. */
  #resumesFrom: number | null = null;
  #isStopped = false;
  #isOver = false;

  constructor(options: DriverOptionsOf<RunDriver>) {
    const { row, isNew, state } = options;
    this.id = row.id;
    this.kind = row.kind;
    this.#compiled = options.compiled;
    this.outer = options.outer;
    this.#ports = options.ports;
    const { maxEvents, maxStateBytes, maxKeptBytes, logger } = options.ports;
    const stateSize = new StateSize(maxStateBytes);
    this.#taker = {
      id: row.id,
      kernel: options.kernel,
      outer: options.outer,
      maxEvents,
      maxKeptBytes,
      stateSize,
      logger,
    };
    const { eventsSinceCheckpoint = 0, wasAsleep = false } = options;
    this.#record = new RunRecord({ row, isNew, eventsSinceCheckpoint, wasAsleep });
    this.#isTakenUp = isNew;
    this.#work = this.#makeWork();
    this.#rest = this.#makeRest();
    this.#state = state;
    this.#row = isNew ? null : row;
    this.#toldSeq = state.seq;
    this.#lastAt = options.lastAt ?? row.updatedAt;
    this.#stored.promise.catch(() => undefined);
    if (!isNew) this.#stored.resolve();
    this.#ports.inspector?.begin({ id: row.id, parent: row.parent, compiled: this.compiled, state });
  }

  #makeWork(): RunWork {
    const ports = this.#ports;
    return new RunWork({
      timers: ports.timers,
      state: () => this.#state,
      isHeldStill: () => this.#row?.status === 'paused',
      isStopped: () => this.#isStopped,
      isDraining: () => ports.isDraining(),
      now: () => this.now(),
      start: (effect) => ports.startEffect(this, effect),
      stopBelow: (effect) => {
        ports.stopBelow(this, effect);
      },
      isLimited: (effect) => ports.isLimited(effect),
      queued: (effect, queue) => {
        const { info, visit, attempt } = effect.input as EffectInput;
        this.#audience.queued(info?.step.id ?? '$run', visit, attempt, queue);
      },
      fire: ({ name, setBy }) => {
        this.apply({ type: 'timer.fired', timer: name, setBy });
      },
    });
  }

  #makeRest(): Rest {
    const ports = this.#ports;
    return new Rest({
      isQuiet: () => this.rests,
      onRest: () => {
        ports.onRest(this);
      },
      onStir: () => {
        ports.onStir(this);
      },
      asleep: () => this.#record.sleepOf(this.#state),
      commit: (commit, then) => {
        this.#commit(commit, then);
      },
      drop: () => {
        this.#fallAsleep();
      },
    });
  }

  /** As its last committed event left it; null before the first. */
  get row(): RunRow | null {
    return this.#row;
  }

  /** By its last committed event. Of a run that is reopened: until that is committed. */
  get hasEnded(): boolean {
    return this.#row !== null && endedStatuses.has(this.#row.status);
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
    return this.#taker.kernel;
  }

  get context(): RunContext {
    return (this.#state.snapshot as { readonly context: RunContext }).context;
  }

  /** Of the last event that subscribers were told of. */
  get toldSeq(): number {
    return this.#toldSeq;
  }

  /** Resolves when its first event is committed. Rejects when it is left before. */
  get stored(): Promise<void> {
    return this.#stored.promise;
  }

  subscribe(subscriber: Subscriber): () => void {
    this.#rest.stir();
    const unsubscribe = this.#audience.add(subscriber);
    return () => {
      unsubscribe();
      this.settle();
    };
  }

  chunk(step: string, visit: number, attempt: number, text: string): void {
    this.#audience.chunk(step, visit, attempt, text);
  }

  /**
   * Takes an event. Resolves when it is committed, with what followed; at once with the reason when it is refused. Rejects when
   * the run is left before.
   */
  post(event: HistoryEvent, consumed?: readonly number[]): Promise<Advanced | Refused> {
    return this.#posts.add((done) => this.apply(event, done, consumed));
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
    const event = make({ seq: this.#state.seq + 1, at: this.now() });
    if (target !== undefined) {
      this.#compiled = target.compiled;
      this.#taker = { ...this.#taker, kernel: target.kernel };
    }
    return this.post(event, consumed);
  }

  #apply(
    event: HistoryEvent,
    committed: ((advanced: Advanced) => void) | undefined,
    consumed: readonly number[] | undefined,
  ): Advanced | Refused {
    const at = this.now();
    const before = this.#state;
    const { recorded, advanced } = takeEvent(this.#taker, before, { seq: before.seq + 1, at, event });
    if ('refused' in advanced) return advanced;
    const compiled = this.#compiled;
    const { commit, row } = this.#record.commitOf(recorded, advanced.state);
    this.#rest.stir();
    this.#lastAt = at;
    this.#state = advanced.state;
    const { event: taken } = recorded;
    const isPause = taken.type === 'run.paused' || taken.type === 'run.resumed';
    const afterPause = isPause ? this.#ports.onPause(this, taken) : null;
    // What is below, as it undoes something, goes on with it.
    if (!isPause && endsPause(before, advanced)) this.#ports.onPause(this, { type: 'run.resumed' });
    const whole = withDefinition(commit, compiled.program.definition);
    this.#commit(consumed === undefined ? whole : { ...whole, consumed }, () => {
      this.#row = row;
      this.#toldSeq = recorded.seq;
      this.#stored.resolve();
      this.#ports.inspector?.advanced({ run: this.id, recorded, state: advanced.state, compiled });
      this.#carryOut(advanced, recorded, before);
      afterPause?.();
      committed?.(advanced);
      if (this.#resumesFrom !== null) this.resume(this.#resumesFrom);
      this.settle();
    });
    return advanced;
  }

  #commit(commit: Commit, then: () => void): void {
    this.#inLine += 1;
    this.#ports.committer.add(commit, () => {
      this.#inLine -= 1;
      then();
    });
  }

  /** Milliseconds since 1970. Time does not run backwards within a run, whatever the clock does. */
  now(): number {
    return Math.max(this.#lastAt, this.#ports.clock.now());
  }

  #carryOut(advanced: Advanced, recorded: Recorded, before: RunState): void {
    if (this.#isOver) return;
    this.#work.follow(advanced, recorded, before);
    if (advanced.lifecycle.length > 0) this.#audience.lifecycle(advanced.lifecycle, recorded);
    for (const effect of advanced.started) this.#work.start(effect);
    if (recorded.event.type === 'run.resumed' || endsPause(before, advanced)) this.#work.takeUp(advanced.state, true);
    if (advanced.state.snapshot.status === 'active') this.#compactIfDue();
    // Else somebody goes on with it already: that is in line.
    else if (advanced.state === this.#state) this.#end();
  }

  /** Of a run that goes on and on: what is to be replayed of it stays bounded. */
  #compactIfDue(): void {
    const { seq, epoch, pause, snapshot } = this.#state;
    if (seq - epoch < this.#ports.maxEpochEvents || pause !== null || snapshot.status !== 'active') return;
    if (this.#row === null || this.#isStopped) return;
    const removal = this.#ports.earlyEvents(this.id, this.#state);
    this.apply(compacted(this.#row, this.#state, removal.keptFrom));
    this.#record.remove(removal);
  }

  /** Of a run that was loaded: goes on with what was under way. `now`: the least that its time must be by now. */
  resume(now = 0): void {
    if (this.#isTakenUp || this.#isStopped) return;
    // What was said to it is committed first (D1), all of it.
    this.#resumesFrom = this.#inLine > 0 ? now : null;
    if (this.#inLine > 0) return;
    this.#isTakenUp = true;
    this.#lastAt = Math.max(this.#lastAt, now);
    this.#noteFunctions();
    this.#work.takeUp(this.#state);
    this.settle();
  }

  /** The author's code may be other than when it went on last. */
  #noteFunctions(): void {
    const { functions, snapshot } = this.#state;
    const changed = changedFunctions(functions, this.#compiled.program.definition);
    if (changed === null || snapshot.status !== 'active') return;
    this.#ports.logger.warn('a run goes on with other code than before', {
      run: this.id,
      functions: Object.keys(changed),
    });
    this.apply({ type: 'function.changed', functions: changed });
  }

  /** Of an effect that had to wait: whether it may begin now. If not, it is started again when the run is resumed. */
  begin(effect: ActiveEffect): boolean {
    return this.#work.begin(effect);
  }

  /** What each effect waits for that has not begun, by its id. */
  waiting(): ReadonlyMap<string, Waiting> {
    return this.#work.waiting();
  }

  #end(): void {
    this.#isOver = true;
    this.#isStopped = true;
    this.#audience.clear();
    this.#ports.onEnd(this);
  }

  /** Whether nothing happens to it until the world says something, and nobody watches. What holds a place in a limit stays. */
  get rests(): boolean {
    return (
      this.#inLine === 0 &&
      this.#isTakenUp &&
      !this.#isStopped &&
      this.#audience.isEmpty &&
      this.#work.rests((effect) => this.#ports.isWaiting(this, effect))
    );
  }

  /** Whether an effect of it is carried out here now. */
  get isBusy(): boolean {
    return this.#work.isBusy;
  }

  /** Tells when it has come to rest. */
  settle(): void {
    this.#rest.settle();
  }

  /** Writes what is needed to bring it back, and drops it then (D5), unless something happens in the meantime. */
  sleep(): void {
    this.#rest.sleep();
  }

  #fallAsleep(): void {
    this.#isOver = true;
    this.#isStopped = true;
    this.#work.end(new RunAsleep(this.id));
    this.#ports.onAsleep(this);
  }

  /** Takes no events any more: effects are aborted, timers forgotten. What was applied is still committed and told. */
  stop(why: Error, isClosing = false): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#work.end(new RunLeft(this.id, why, isClosing));
  }

  /** Stops driving it, and tells all who wait (D4). */
  leave(error: unknown, isClosing = false): void {
    if (this.#isOver) return;
    const why = error instanceof Error ? error : new InvariantError(String(error));
    this.stop(why, isClosing);
    this.#isOver = true;
    if (!isClosing && this.#row !== null && !this.hasEnded)
      this.#ports.logger.error('a run is left as it is', { run: this.id, error: why.message });
    this.#stored.reject(why);
    this.#posts.reject(why);
    const reason = new RunLeft(this.id, why, isClosing);
    this.#audience.left(reason);
    this.#ports.onLeft(this, reason);
  }
}

/** Not only a resume does: a cancel too, and the run may have something to undo then. */
function endsPause(before: RunState, { state }: Advanced): boolean {
  return before.pause !== null && state.pause === null;
}
