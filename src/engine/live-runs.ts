/**
 * The runs that this process drives: begins them, brings them back from the store, and carries out what is made of other runs
 * (rounds of loops, child workflows). Owns the drivers; how a run moves is the driver's.
 */
import type { ActiveEffect } from '../core/advance.ts';
import type { EffectResult } from '../core/effect.ts';
import { InvariantError, WorkflowError } from '../core/errors.ts';
import type { HistoryEvent, RunStarted } from '../core/event.ts';
import type { Store } from '../core/ports.ts';
import { endedStatuses, type RunRow } from '../core/run.ts';
import type { WorkflowDefinition } from '../definition/index.ts';
import { childRunId, type EffectInput } from '../../machines/effect-input.ts';
import { compileWorkflow } from '../../machines/workflow.ts';
import type { RunReads } from './background.ts';
import { kernelOf } from '../../machines/kernel-of.ts';
import type { Catalog } from './catalog.ts';
import { runChild, type ChildOutcome, type ChildStart } from './children.ts';
import { RunDriver, type DriverPorts } from './driver.ts';
import { RunLeft } from './run-outcome.ts';
import { endedRound, loadRun, type Loading } from './load.ts';
import { runRounds, storedOutcome, type RoundOutcome, type RoundStart } from './rounds.ts';
import { newRow, startedEvent } from './start.ts';
import { undoRuns, type UndoStart } from './undo.ts';
import type { TrackingLoader } from './values.ts';

export interface LiveRunsOptions {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly ports: Omit<DriverPorts, 'onEnd'>;
  /** What is read of runs. */
  readonly reads: RunReads;
  /** Writes what is in line, so that it is read. */
  readonly flush: () => void;
  /** Told of runs that are left, for what is held of them. */
  onLeft(id: string): void;
  /** Of the input of a child run, in characters of JSON. */
  readonly maxInputBytes: number;
}

export class LiveRuns {
  readonly #options: LiveRunsOptions;
  readonly #loading: Loading;
  readonly #ports: DriverPorts;
  readonly #drivers = new Map<string, RunDriver>();
  /** Runs that could not go on here, and why. */
  readonly #left = new Map<string, Error>();
  #topRuns = 0;

  constructor(options: LiveRunsOptions) {
    this.#options = options;
    this.#loading = { store: options.reads, catalog: options.catalog };
    this.#ports = {
      ...options.ports,
      onEnd: (driver, why) => {
        if (why !== null) {
          this.#left.set(driver.id, why);
          options.onLeft(driver.id);
        }
        options.ports.inspector?.end(driver.id);
        if (this.#drivers.get(driver.id) !== driver) return;
        this.#drivers.delete(driver.id);
        if (driver.kind !== 'round') this.#topRuns -= 1;
      },
    };
  }

  get loading(): Loading {
    return this.#loading;
  }

  /** Runs in memory, rounds not counted. */
  get size(): number {
    return this.#topRuns;
  }

  get(id: string): RunDriver | undefined {
    return this.#drivers.get(id);
  }

  /** Why the run could not go on here; null when it was not left. */
  whyLeft(id: string): Error | null {
    return this.#left.get(id) ?? null;
  }

  /** The row as it is now. @throws WorkflowError NOT_FOUND */
  row(id: string): RunRow {
    const row = this.#drivers.get(id)?.row ?? this.#options.reads.readRun(id);
    if (row === null) throw new WorkflowError('NOT_FOUND', `no run '${id}'`);
    return row;
  }

  /** A new run, not begun yet. */
  create(row: RunRow, definition: WorkflowDefinition): RunDriver {
    this.#options.catalog.ensureStored(definition);
    const compiled = compileWorkflow(definition);
    const kernel = kernelOf(compiled);
    return this.#add(
      new RunDriver({ row, compiled, kernel, state: kernel.initial, outer: null, ports: this.#ports, isNew: true }),
    );
  }

  /** As {@link row}, or null. */
  find(id: string): RunRow | null {
    return this.#drivers.get(id)?.row ?? this.#options.reads.readRun(id);
  }

  /** Brings an unfinished run back that is ours to drive. */
  resume(id: string): RunDriver {
    const driver = this.reopen(id);
    driver.resume();
    return driver;
  }

  /** Brings a run back as it is stored, without going on with it: it may have ended. */
  reopen(id: string): RunDriver {
    // It may have been left in this very moment.
    this.#options.flush();
    const { row, compiled, kernel, state, outer, replayed, lastAt } = loadRun(this.#loading, id);
    return this.#add(
      new RunDriver({
        row,
        compiled,
        kernel,
        state,
        outer,
        ports: this.#ports,
        isNew: false,
        eventsSinceCheckpoint: replayed,
        lastAt,
      }),
    );
  }

  /**
   * The driver of an unfinished run; takes the run over when nobody drives it. Null when another living process does.
   * @throws WorkflowError NOT_FOUND; CONFLICT when it has ended; what hinders a stored run from going on
   */
  take(id: string): RunDriver | null {
    const driver = this.#drivers.get(id);
    if (driver !== undefined) return driver;
    const row = this.row(id);
    if (endedStatuses.has(row.status)) throw new WorkflowError('CONFLICT', `run '${id}' is ${row.status} already`);
    if (row.kind === 'round' && row.parent !== null) {
      // A round is brought back by the run around it.
      this.take(row.parent);
      return this.#drivers.get(id) ?? null;
    }
    const { store } = this.#options;
    if (!store.isOwnedHere(id) && !store.adopt([id]).includes(id)) return null;
    return this.resume(id);
  }

  /** Posts an event and waits for its commit. @throws WorkflowError CONFLICT when the run does not take it */
  async post(driver: RunDriver, event: HistoryEvent, consumed?: readonly number[]): Promise<void> {
    const applied = await driver.post(event, consumed);
    if ('refused' in applied)
      throw new WorkflowError('CONFLICT', `run '${driver.id}' does not take '${event.type}': ${applied.refused}`);
  }

  #add(driver: RunDriver): RunDriver {
    this.#left.delete(driver.id);
    this.#drivers.set(driver.id, driver);
    if (driver.kind !== 'round') this.#topRuns += 1;
    return driver;
  }

  #begin(driver: RunDriver, event: RunStarted): RunDriver {
    const applied = driver.apply(event);
    if ('refused' in applied) throw new InvariantError(applied.refused);
    return driver;
  }

  /** Takes no events any more, for none of them; what was applied is still committed. */
  stopAll(why: Error): void {
    for (const driver of [...this.#drivers.values()]) driver.stop(why, true);
  }

  /** Stops driving all of them. `isClosing`: nothing is wrong with them. */
  leaveAll(why: unknown, isClosing: boolean): void {
    for (const driver of [...this.#drivers.values()]) driver.leave(why, isClosing);
  }

  // What is made of other runs.

  /** Carries out an effect of kind `loop`, `workflow` or `undo`. */
  carryOut(
    driver: RunDriver,
    effect: ActiveEffect,
    signal: AbortSignal,
    loader: TrackingLoader,
  ): Promise<EffectResult> {
    if (effect.src === 'loop') {
      return runRounds(
        { hasRounds: (run) => this.#hasRounds(run), run: (...args) => this.#runRound(...args) },
        driver,
        effect,
        signal,
        loader,
      );
    }
    if (effect.src === 'undo') {
      return undoRuns(
        {
          row: (id) => this.#drivers.get(id)?.row ?? this.#options.reads.readRun(id),
          cancelled: (id) => this.#cancelled(id),
          round: (id) => endedRound(this.#loading, id),
          run: (...args) => this.#undoRound(...args),
        },
        driver,
        effect,
        signal,
      );
    }
    const { catalog, maxInputBytes } = this.#options;
    return runChild(
      {
        find: (name, version) => catalog.find(name, version),
        run: (...args) => this.#runChild(...args),
        maxInputBytes,
      },
      driver,
      effect,
      signal,
      loader,
    );
  }

  /** Whether the effect is a child workflow that goes on already, whoever waits for it. */
  hasChild({ src, input }: ActiveEffect): boolean {
    if (src !== 'workflow') return false;
    const row = this.#options.reads.readRun(childRunId(input as EffectInput));
    return row !== null && !endedStatuses.has(row.status);
  }

  #hasRounds(run: string): boolean {
    return this.#options.store.listRuns({ parent: run, kind: ['round'], limit: 1 }).length > 0;
  }

  async #runRound(start: RoundStart, mayExist: boolean, signal: AbortSignal): Promise<RoundOutcome> {
    const existing = mayExist ? this.#options.reads.readRun(start.id) : null;
    if (existing !== null && endedStatuses.has(existing.status)) return storedOutcome(existing);
    const driver = existing === null ? this.#startRound(start) : this.resume(start.id);
    const outcome = await this.#ended(driver, signal, 'the loop around it ended');
    return outcome.status === 'completed'
      ? { status: 'completed', writes: driver.context.writes, isBreak: driver.context.isBreak }
      : outcome;
  }

  #startRound({ parent, step, visit, seq, index, item, ...start }: RoundStart): RunDriver {
    return this.#beginRound(start, parent, { parent: { run: parent.id, step, visit, seq, index }, item });
  }

  /** A round, or the run that undoes one. */
  #beginRound(
    { id, compiled, outer }: Pick<RoundStart, 'id' | 'compiled' | 'outer'>,
    parent: RunDriver,
    beside: Parameters<typeof startedEvent>[2],
  ): RunDriver {
    const { definition } = outer.program;
    const kernel = kernelOf(compiled);
    const row = newRow({
      id,
      kind: 'round',
      definition,
      inputHash: '',
      parent: parent.id,
      tags: [],
      at: this.#ports.clock.now(),
    });
    const driver = this.#add(
      new RunDriver({ row, compiled, kernel, state: kernel.initial, outer, ports: this.#ports, isNew: true }),
    );
    return this.#begin(driver, startedEvent(definition, { v: null }, beside));
  }

  async #undoRound(
    { parent, step, visit, seq, round, error, ...start }: UndoStart,
    signal: AbortSignal,
  ): Promise<'completed' | 'failed' | 'cancelled'> {
    const existing = this.#options.reads.readRun(start.id);
    if (existing !== null && endedStatuses.has(existing.status)) return endOf(existing).status;
    const beside = { parent: { run: parent.id, step, visit, seq }, undoes: { run: round, error } };
    const driver = existing === null ? this.#beginRound(start, parent, beside) : this.resume(start.id);
    return (await this.#ended(driver, signal, 'the run around it ended')).status;
  }

  /** A round or a child that ends with the run around it: waits for its end. One that was interrupted before it was told is told now. */
  async #cancelled(id: string): Promise<void> {
    const row = this.#options.reads.readRun(id);
    const driver = this.#drivers.get(id) ?? (row === null || endedStatuses.has(row.status) ? null : this.resume(id));
    if (driver === null) return;
    if (driver.context.error === null) driver.apply({ type: 'run.cancelled', why: 'the run around it ended' });
    await this.#ended(driver, null, '');
  }

  async #runChild(
    { id, definition, input, parent }: ChildStart,
    mode: 'wait' | 'detach',
    signal: AbortSignal,
    isCancelled: boolean,
  ): Promise<ChildOutcome> {
    const existing = this.#drivers.get(id)?.row ?? this.#options.reads.readRun(id);
    if (existing !== null && endedStatuses.has(existing.status)) return endOf(existing);
    let driver = this.#drivers.get(id) ?? (existing === null ? undefined : this.resume(id));
    if (driver === undefined) {
      const row = newRow({
        id,
        kind: 'child',
        definition,
        inputHash: '',
        parent: parent.run,
        tags: [],
        at: this.#ports.clock.now(),
      });
      driver = this.create(row, definition);
      const begun = this.post(driver, startedEvent(definition, { v: input }, { parent }));
      if (mode === 'detach') await begun;
      else begun.catch(() => undefined);
    }
    if (mode === 'detach') return { status: 'started' };
    const outcome = await this.#ended(driver, isCancelled ? signal : null, 'the run that started it ended');
    return outcome.status === 'completed' ? { status: 'completed' } : outcome;
  }

  /** Waits for the end of a run. When the signal says so it is cancelled; left, when the run that it belongs to is. */
  async #ended(driver: RunDriver, signal: AbortSignal | null, why: string): Promise<Awaited<RunDriver['ended']>> {
    const cancel = (): void => {
      const reason: unknown = signal?.reason;
      if (reason instanceof RunLeft) driver.leave(reason.why, reason.isClosing);
      else driver.apply({ type: 'run.cancelled', why });
    };
    if (signal?.aborted === true) cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await driver.ended;
    } catch (error) {
      // Whose round or child it is cannot go on either.
      throw new RunLeft(driver.id, error as Error, false);
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }
}

function endOf(row: RunRow): Exclude<ChildOutcome, { readonly status: 'started' }> {
  if (row.status === 'completed') return { status: 'completed' };
  if (row.error === null) throw new InvariantError(`run '${row.id}' ended as ${row.status} without an error`);
  return { status: row.status === 'cancelled' ? 'cancelled' : 'failed', error: row.error };
}
