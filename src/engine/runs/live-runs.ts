/**
 * The runs that this process drives: begins them, brings them back from the store, lets them sleep and wakes them. Owns the drivers
 * and those who wait for ends; how a run moves is the driver's, what is made of other runs is the affair of `runs-below.ts`.
 *
 * Invariants:
 *  R1. A run has at most one driver.
 *  R2. What is said to a run that is loaded for it is committed before anything of the run is begun: a pause is no start.
 *  R3. A sleeping run of ours is woken by whatever it waits for: an event, its next timer, the end of a run below it.
 */
import { InvariantError, WorkflowError } from '../../core/errors.ts';
import type { HistoryEvent, RunPaused, RunResumed } from '../../core/event.ts';
import type { Store } from '../../core/ports.ts';
import { endedStatuses, type RunRow } from '../../core/run.ts';
import type { WorkflowDefinition } from '../../definition/index.ts';
import type { OuterRun } from '../../../machines/context.ts';
import { kernelOf } from '../../../machines/kernel-of.ts';
import { compileWorkflow, type CompiledWorkflow } from '../../../machines/workflow.ts';
import type { Catalog } from './catalog.ts';
import { claim, type ClaimOptions } from './claim.ts';
import { RunDriver, type DriverPorts } from '../drive/driver.ts';
import { earlyEvents } from '../drive/early-events.ts';
import { EndWaiters, type Waiting } from '../drive/end-waiters.ts';
import { checkFunctions } from '../drive/functions.ts';
import type { Held } from '../held.ts';
import { loadRun, type Loading } from './load.ts';
import { refused } from './refused.ts';
import type { RunLeft } from '../drive/run-outcome.ts';
import { asleepOf } from '../drive/run-record.ts';
import { nextDueAt, Sleeper, type SleeperOptions } from './sleeper.ts';

export interface LiveRunsOptions extends ClaimOptions {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly ports: Pick<
    DriverPorts,
    | 'committer'
    | 'timers'
    | 'clock'
    | 'logger'
    | 'maxEvents'
    | 'maxEpochEvents'
    | 'maxStateBytes'
    | 'maxKeptBytes'
    | 'startEffect'
    | 'isLimited'
    | 'inspector'
  >;
  /** Events of earlier epochs of a run that stay. */
  readonly maxEarlierEvents: number;
  /** Whether a run whose functions have changed is left, rather than to go on with them. */
  readonly isStrict: boolean;
  readonly sleep: Omit<SleeperOptions, 'wake'>;
  /** Writes what is in line, so that it is read. */
  readonly flush: () => void;
  /** Told of runs of which nothing is in memory any more, for what is held of them. */
  onUnloaded(id: string): void;
  /** Told of runs that are left, after {@link LiveRunsOptions.onUnloaded}. */
  onLeft(id: string, why: Error): void;
  /** As `RunsBelow` has them. */
  readonly below: () => Pick<DriverPorts, 'isWaiting'> & {
    readonly stop: DriverPorts['stopBelow'];
    pause(driver: RunDriver, event: RunPaused | RunResumed): void;
  };
  /** After the commit of a pause or its end. */
  onPause(driver: RunDriver, kind: 'pause' | 'resume'): void;
}

export class LiveRuns {
  readonly #options: LiveRunsOptions;
  readonly #loading: Loading;
  readonly #ports: DriverPorts;
  readonly #sleeper: Sleeper;
  readonly #drivers = new Map<string, RunDriver>();
  readonly #waiters = new EndWaiters();
  /** Sleeping runs that wait for runs below them. */
  readonly #above = new Set<string>();
  /** Runs that could not go on here, and why. */
  readonly #left = new Map<string, Error>();
  #topRuns = 0;
  #isDraining = false;

  constructor(options: LiveRunsOptions) {
    this.#options = options;
    this.#loading = { store: options.reads, catalog: options.catalog };
    this.#sleeper = new Sleeper({ ...options.sleep, wake: (id, now) => this.wake(id, now) });
    this.#ports = {
      ...options.ports,
      earlyEvents: (id, state) => earlyEvents(options, id, state),
      stopBelow: (driver, effect) => options.below().stop(driver, effect),
      isWaiting: (driver, effect) => options.below().isWaiting(driver, effect),
      onPause: (driver, event) => {
        options.below().pause(driver, event);
        return () => {
          options.onPause(driver, event.type === 'run.paused' ? 'pause' : 'resume');
        };
      },
      isDraining: () => this.#isDraining,
      onRest: (driver) => this.#sleeper.rests(driver),
      onStir: (driver) => this.#sleeper.stirs(driver),
      onAsleep: (driver) => this.#asleep(driver),
      onEnd: (driver) => this.#ended(driver),
      onLeft: (driver, reason) => this.#leftBehind(driver, reason),
    };
  }

  get loading(): Loading {
    return this.#loading;
  }

  /** Runs in memory, rounds not counted. */
  get size(): number {
    return this.#topRuns;
  }

  /** What is held of runs, of rounds too: drivers, and of those that are not loaded what there is to know. */
  get held(): Pick<Held, 'runs' | 'asleep' | 'left' | 'waiters'> {
    return {
      runs: this.#drivers.size,
      asleep: Math.max(this.#sleeper.size, this.#above.size),
      left: this.#left.size,
      waiters: this.#waiters.size,
    };
  }

  get(id: string): RunDriver | undefined {
    return this.#drivers.get(id);
  }

  /** As {@link row}, or null. */
  find(id: string): RunRow | null {
    return this.#drivers.get(id)?.row ?? this.#options.reads.readRun(id);
  }

  /** The row as it is now. @throws WorkflowError NOT_FOUND */
  row(id: string): RunRow {
    const row = this.find(id);
    if (row === null) throw new WorkflowError('NOT_FOUND', `no run '${id}'`);
    return row;
  }

  /** Whether the run could not go on here. */
  isLeft(id: string): boolean {
    return this.#left.has(id);
  }

  /** Of runs that were left: those that go on elsewhere, or have ended, are no affair of ours any more. */
  forgetOthers(): void {
    for (const id of this.#left.keys()) if (!this.#options.store.isOwnedHere(id)) this.#left.delete(id);
  }

  /** A new run, not begun yet. */
  create(row: RunRow, definition: WorkflowDefinition): RunDriver {
    return this.createRound(row, compileWorkflow(definition), null);
  }

  /** A new run of a compiled workflow or loop body, not begun yet. */
  createRound(row: RunRow, compiled: CompiledWorkflow, outer: OuterRun | null): RunDriver {
    const kernel = kernelOf(compiled);
    const { initial: state } = kernel;
    return this.#add(new RunDriver({ row, compiled, kernel, state, outer, ports: this.#ports, isNew: true }));
  }

  // Runs come back.

  /** Brings an unfinished run back that is ours to drive. `now`: what its time must be by now, at the least. */
  resume(id: string, now = 0): RunDriver {
    const driver = this.#drivers.get(id) ?? this.#load(id);
    driver.resume(Math.max(now, this.#sleeper.wakes(id)));
    return driver;
  }

  /** As {@link resume}; what hinders it leaves the run. */
  wake(id: string, now = 0): RunDriver | null {
    try {
      return this.resume(id, now);
    } catch (error) {
      // What was in line when it was looked for has ended it.
      if (error instanceof WorkflowError && error.code === 'CONFLICT' && this.#hasEnded(id)) return null;
      this.failed(id, error instanceof Error ? error : new InvariantError(String(error)));
      return null;
    }
  }

  #hasEnded(id: string): boolean {
    const status = this.find(id)?.status;
    return status !== undefined && endedStatuses.has(status);
  }

  /** A run of ours that goes on or sleeps does so; else it is brought back. @throws WorkflowError CONFLICT: it is not ours */
  ensure(id: string): void {
    if (this.#drivers.has(id)) return;
    if (!claim(id, this.#options)) throw new WorkflowError('CONFLICT', `run '${id}' is being run by another process`);
    if (this.#options.store.readSleep(id) === null) this.resume(id);
  }

  /** The driver of an unfinished run of ours, woken if it sleeps. Undefined: it has ended, is not ours, or was left. */
  awake(id: string): RunDriver | undefined {
    const driver = this.#drivers.get(id);
    if (driver !== undefined) return driver;
    if (this.#left.has(id) || !this.#options.store.isOwnedHere(id)) return undefined;
    return this.wake(id) ?? undefined;
  }

  /** It sleeps here, until `dueAt` at the latest: nothing is loaded. Both in milliseconds since 1970. */
  keepAsleep(id: string, now: number, dueAt: number | null, onBelow: boolean): void {
    this.#left.delete(id);
    this.#sleeper.wakes(id);
    this.#sleeper.sleeps(id, now, dueAt);
    if (onBelow) this.#above.add(id);
  }

  /**
   * Makes sure that an unfinished run is driven here; takes it over when nobody drives it. False when another living process does.
   * @throws WorkflowError NOT_FOUND; CONFLICT when it has ended; what hinders a stored run from going on
   */
  take(id: string): boolean {
    if (!this.#canHave(id)) return false;
    this.resume(id);
    return true;
  }

  /**
   * Says something to an unfinished run; takes it over when nobody drives it. Null when another living process does, else what
   * `say` gives, which resolves when all that is said is committed.
   * @throws as {@link take}
   */
  tell<T>(id: string, say: (driver: RunDriver) => Promise<T>): Promise<T> | null {
    if (!this.#canHave(id)) return null;
    const driver = this.#drivers.get(id);
    if (driver !== undefined) return say(driver);
    const loaded = this.#load(id);
    // R2.
    const saying = async (): Promise<T> => say(loaded);
    return saying().finally(() => {
      loaded.resume(this.#sleeper.wakes(id));
    });
  }

  /** Posts an event and waits for its commit. @throws WorkflowError CONFLICT when the run does not take it */
  async post(driver: RunDriver, event: HistoryEvent, consumed?: readonly number[]): Promise<void> {
    const applied = await driver.post(event, consumed);
    if ('refused' in applied) throw refused(driver.id, event.type, applied.refused);
  }

  #canHave(id: string): boolean {
    if (this.#drivers.has(id)) return true;
    const row = this.row(id);
    if (endedStatuses.has(row.status)) throw new WorkflowError('CONFLICT', `run '${id}' is ${row.status} already`);
    return claim(id, this.#options);
  }

  #load(id: string): RunDriver {
    const { driver } = this.reopen(id);
    const { status } = driver.row ?? {};
    if (status === undefined || !endedStatuses.has(status)) return driver;
    this.#remove(driver);
    throw new WorkflowError('CONFLICT', `run '${id}' is ${status} already`);
  }

  /**
   * Brings a run back as it is stored, without going on with it ({@link RunDriver.resume} does): it may have ended. `isOther`: somebody
   * has brought it back before.
   */
  reopen(id: string): { readonly driver: RunDriver; readonly isOther: boolean } {
    // It may have been left in this very moment.
    this.#options.flush();
    // What was written may have woken it (R1).
    const woken = this.#drivers.get(id);
    if (woken !== undefined) return { driver: woken, isOther: true };
    const { replayed: eventsSinceCheckpoint, ...loaded } = loadRun(this.#loading, id);
    if (this.#options.isStrict)
      checkFunctions(loaded, (above) => this.#drivers.get(above) ?? loadRun(this.#loading, above));
    const driver = new RunDriver({ ...loaded, eventsSinceCheckpoint, ports: this.#ports, isNew: false });
    return { driver: this.#add(driver), isOther: false };
  }

  #add(driver: RunDriver): RunDriver {
    this.#left.delete(driver.id);
    this.#above.delete(driver.id);
    this.#drivers.set(driver.id, driver);
    if (driver.kind !== 'round') this.#topRuns += 1;
    return driver;
  }

  // Runs go.

  /** Of a run of ours, in memory or asleep: its row when it has ended. @throws why nobody here can tell */
  async ended(id: string): Promise<RunRow> {
    const row = this.find(id);
    if (row !== null && endedStatuses.has(row.status)) return row;
    if (this.#drivers.has(id)) return this.wait(id).ended;
    if (row === null) throw new WorkflowError('NOT_FOUND', `no run '${id}'`);
    const why = this.#left.get(id);
    if (why !== undefined) throw why;
    if (this.#options.store.isOwnedHere(id)) return this.wait(id).ended;
    throw new WorkflowError(
      'CONFLICT',
      `run '${id}' is ${row.status}, but not driven by this engine; engine.recover(['${id}']) continues it here if nobody else does`,
    );
  }

  /** For the end of an unfinished run of ours. */
  wait(id: string): Waiting {
    return this.#waiters.wait(id);
  }

  /** A run that is not in memory cannot be brought back, or its commits were refused: it is left as it is. */
  failed(id: string, why: Error): void {
    this.#options.ports.logger.error('a run could not be continued; it is left as it is', {
      run: id,
      error: why.message,
    });
    this.#sleeper.wakes(id);
    this.#above.delete(id);
    this.#leave(id, why);
  }

  /** From now on no effect begins, of none of them; those under way go on. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Whether anything is under way but waiting for other runs. */
  get isBusy(): boolean {
    for (const driver of this.#drivers.values()) if (driver.isBusy) return true;
    return false;
  }

  /** Puts those to sleep that rest: whoever continues them then need not load them. */
  sleepAll(): void {
    for (const driver of [...this.#drivers.values()]) if (driver.rests) driver.sleep();
  }

  /** Takes no events any more, for none of them; what was applied is still committed. */
  stopAll(why: Error): void {
    for (const driver of [...this.#drivers.values()]) driver.stop(why, true);
  }

  /** Stops driving all of them. `isClosing`: nothing is wrong with them. */
  leaveAll(why: Error, isClosing: boolean): void {
    for (const driver of [...this.#drivers.values()]) driver.leave(why, isClosing);
    this.#waiters.rejectAll(why);
  }

  #ended(driver: RunDriver): void {
    this.#remove(driver);
    const { row, id } = driver;
    if (row === null) throw new InvariantError(`run '${id}' ended before it began`);
    this.#waiters.resolve(id, row);
    // Who waited may be an effect that nobody wants any more: that of the run above as it was before.
    if (row.parent !== null && this.#above.has(row.parent)) this.wake(row.parent);
  }

  #asleep(driver: RunDriver): void {
    const { id, state } = driver;
    this.#remove(driver);
    this.#options.onUnloaded(id);
    this.keepAsleep(id, driver.now(), nextDueAt(state), asleepOf(state).onBelow);
    const above = driver.row?.parent ?? null;
    if (above !== null) this.#drivers.get(above)?.settle();
  }

  #leftBehind(driver: RunDriver, { why, isClosing }: RunLeft): void {
    this.#remove(driver);
    // One that could not be reopened has ended as before.
    if (isClosing || driver.hasEnded) this.#waiters.reject(driver.id, why);
    else this.#leave(driver.id, why);
  }

  #leave(id: string, why: Error): void {
    this.#left.set(id, why);
    this.#options.onUnloaded(id);
    this.#waiters.reject(id, why);
    this.#options.onLeft(id, why);
  }

  #remove(driver: RunDriver): void {
    this.#ports.inspector?.end(driver.id);
    this.#sleeper.stirs(driver);
    if (this.#drivers.get(driver.id) !== driver) return;
    this.#drivers.delete(driver.id);
    if (driver.kind !== 'round') this.#topRuns -= 1;
  }
}
