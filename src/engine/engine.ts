/**
 * The durable engine: starts runs, drives those it owns, continues interrupted ones, and answers what is asked of them.
 * Owns the drivers and the wiring of the ports; how a run moves is the driver's, what it does the dispatcher's.
 */
import type { ActiveEffect } from '../core/advance.ts';
import { InvariantError, WorkflowError } from '../core/errors.ts';
import type { Clock, Logger, Random, RunFilter, Store } from '../core/ports.ts';
import { endedStatuses, type RunRow } from '../core/run.ts';
import type { AgentRegistry } from '../agents/registry.ts';
import { toDefinition, type Workflow, type WorkflowDefinition } from '../definition/index.ts';
import type { Services } from '../effects/call.ts';
import { effectHandlers } from '../effects/index.ts';
import type { HttpClient } from '../http/types.ts';
import { compileWorkflow } from '../../machines/workflow.ts';
import type { LoggedWrite } from '../../machines/context.ts';
import { Catalog, kernelOf } from './catalog.ts';
import { Committer } from './committer.ts';
import { Dispatcher } from './dispatcher.ts';
import { RunDriver, type DriverPorts, type Outcome } from './driver.ts';
import { loadRun, replayRun, type Loading } from './load.ts';
import type { EngineLimits } from './options.ts';
import { runReport, stepReports, StepTimes } from './report.ts';
import { runRounds, type RoundOutcome, type RoundStart } from './rounds.ts';
import { EventQueue, isRunEnd, toRunEvent, type RunEvent } from './run-events.ts';
import { Run, type CancelReason, type RunAccess, type RunReport, type StepReport } from './run.ts';
import { checkInput, checkRunId, checkTags, hashInput, newRow, startedEvent, type StartOptions } from './start.ts';
import { TimerQueue } from './timer-queue.ts';
import { Values } from './values.ts';

export interface EngineParts {
  readonly workflows: readonly (Workflow | WorkflowDefinition)[];
  readonly store: Store;
  readonly durability: 'sync' | 'async';
  readonly agents: AgentRegistry;
  readonly http: HttpClient;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly handlers: typeof effectHandlers;
  readonly limits: Required<EngineLimits>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class Engine implements RunAccess, AsyncDisposable {
  readonly #parts: EngineParts;
  readonly #catalog: Catalog;
  readonly #values: Values;
  readonly #committer: Committer;
  readonly #timers: TimerQueue;
  readonly #drivers = new Map<string, RunDriver>();
  readonly #loading: Loading;
  readonly #ports: DriverPorts;
  #topRuns = 0;
  #stalled: WorkflowError | null = null;
  #closing: Promise<void> | null = null;
  #failure: unknown = null;

  /** Use {@link createEngine}. */
  constructor(parts: EngineParts) {
    this.#parts = parts;
    const { store, clock, logger } = parts;
    this.#catalog = new Catalog(parts.workflows.map(toDefinition), parts.agents, store);
    this.#values = new Values(store);
    this.#timers = new TimerQueue(clock);
    this.#loading = { store, catalog: this.#catalog };
    this.#committer = new Committer({
      store,
      clock,
      onStall: (error) => {
        this.#stalled = error;
        if (error === null) logger.warn('the store takes commits again');
        else logger.error('the store takes no commits now; runs wait for it', { error: error.message });
      },
      onFailure: (error) => {
        this.#fail(error);
      },
    });
    const services: Services = { http: parts.http, agents: parts.agents, env: parts.env, clock, logger };
    const dispatcher = new Dispatcher({
      handlers: parts.handlers,
      rounds: (driver, effect, signal, loader) => runRounds({ hasRounds: (run) => this.#hasRounds(run), run: (...args) => this.#runRound(...args) }, driver, effect, signal, loader),
      services,
      values: this.#values,
      random: parts.random,
      maxEffects: parts.limits.maxEffects,
      maxOutputBytes: parts.limits.maxOutputBytes,
      maxKeptBytes: parts.limits.maxKeptBytes,
    });
    this.#ports = {
      committer: parts.durability === 'sync' ? this.#committer : inBackground(this.#committer),
      timers: this.#timers,
      clock,
      logger,
      startEffect: (driver: RunDriver, effect: ActiveEffect) => dispatcher.start(driver, effect),
      onEnd: (driver) => {
        this.#drivers.delete(driver.id);
        if (driver.row.kind !== 'round') this.#topRuns -= 1;
      },
    };
  }

  /** The workflows that can be started by name. */
  get workflows(): readonly WorkflowDefinition[] {
    return this.#catalog.definitions;
  }

  /**
   * Starts a run. Resolves when it is stored.
   * @throws InputError; WorkflowError NOT_FOUND (no such workflow), CONFLICT (the id is taken by another start), STORE_*
   */
  async start<Input, Output>(workflow: Workflow<Input, Output>, input: Input, options?: StartOptions): Promise<Run<Output>>;
  async start(workflow: string | WorkflowDefinition, input?: unknown, options?: StartOptions): Promise<Run>;
  async start(workflow: string | Workflow | WorkflowDefinition, input: unknown = {}, options: StartOptions = {}): Promise<Run> {
    this.#assertOpen();
    const definition = typeof workflow === 'string' ? this.#catalog.find(workflow) : toDefinition(workflow);
    this.#catalog.add(definition);
    const checked = checkInput(definition, input, this.#parts.limits.maxInputBytes);
    if (options.runId !== undefined) checkRunId(options.runId);
    if (options.tags !== undefined) checkTags(options.tags);
    const id = options.runId ?? this.#parts.random.uuid();
    const inputHash = options.runId === undefined ? '' : hashInput(checked);
    const existing = options.runId === undefined ? null : (this.#drivers.get(id)?.row ?? this.#parts.store.readRun(id));
    if (existing !== null) return this.#sameRun(existing, definition, inputHash);
    if (this.#topRuns >= this.#parts.limits.maxRuns) {
      throw new WorkflowError('LIMIT_EXCEEDED', `${this.#topRuns} runs are in memory, the limit (option limits.maxRuns)`);
    }
    if (this.#stalled !== null) throw this.#stalled;
    this.#catalog.ensureStored(definition);
    const compiled = compileWorkflow(definition);
    const kernel = kernelOf(compiled);
    const row = newRow({ id, kind: 'run', definition, inputHash, parent: null, tags: options.tags ?? [], at: this.#parts.clock.now() });
    const driver = this.#add(new RunDriver({ row, compiled, kernel, state: kernel.initial, outer: null, ports: this.#ports, isNew: true }));
    await this.#committed(driver, startedEvent(definition, { v: checked }));
    return new Run(id, this);
  }

  #sameRun(existing: RunRow, definition: WorkflowDefinition, inputHash: string): Run {
    if (existing.workflow === definition.name && existing.inputHash === inputHash) return new Run(existing.id, this);
    const what = existing.workflow === definition.name ? 'with another input' : `of workflow '${existing.workflow}'`;
    throw new WorkflowError('CONFLICT', `run '${existing.id}' exists already, ${what}`);
  }

  /** The handle of a run, whether it runs here, elsewhere or has ended. */
  run(id: string): Run {
    return new Run(id, this);
  }

  /** Newest first. */
  runs(filter: RunFilter = {}): readonly RunReport[] {
    return this.#parts.store.listRuns(filter).map((row) => runReport(this.#drivers.get(row.id)?.row ?? row, this.#values));
  }

  /**
   * Continues interrupted runs that nobody drives: effects without a result are carried out again, overdue timers fire at
   * once. Gives the ids of the runs that were continued.
   */
  recover(only?: readonly string[]): readonly string[] {
    this.#assertOpen();
    const { store, logger } = this.#parts;
    const recovered: string[] = [];
    for (const id of store.adopt(only)) {
      if (this.#drivers.has(id) || only?.includes(id) === false) continue;
      const row = store.readRun(id);
      // Rounds are found by the run around them.
      if (row === null || row.kind === 'round' || endedStatuses.has(row.status)) continue;
      try {
        this.#resume(id);
        recovered.push(id);
      } catch (error) {
        logger.error('a run could not be continued; it is left as it is', { run: id, error: error instanceof Error ? error.message : String(error) });
      }
    }
    return recovered;
  }

  /**
   * Makes sure that a run which has not ended is driven by this engine.
   * @throws WorkflowError NOT_FOUND; CONFLICT when another process drives it; what hinders a stored run from going on
   */
  continueRun(id: string): void {
    this.#assertOpen();
    const row = this.#row(id);
    if (this.#drivers.has(id) || endedStatuses.has(row.status)) return;
    if (row.kind === 'round') throw new WorkflowError('CONFLICT', `run '${id}' is a round of run '${row.parent ?? ''}'; continue that one`);
    if (!this.#parts.store.adopt([id]).includes(id)) throw new WorkflowError('CONFLICT', `run '${id}' is being run by another process`);
    this.#resume(id);
  }

  #resume(id: string): RunDriver {
    const loaded = loadRun(this.#loading, id);
    const { row, compiled, kernel, state, outer, replayed } = loaded;
    const driver = this.#add(new RunDriver({ row, compiled, kernel, state, outer, ports: this.#ports, isNew: false, eventsSinceCheckpoint: replayed }));
    driver.resume();
    return driver;
  }

  #add(driver: RunDriver): RunDriver {
    this.#drivers.set(driver.id, driver);
    if (driver.row.kind !== 'round') this.#topRuns += 1;
    return driver;
  }

  async #committed(driver: RunDriver, event: Parameters<RunDriver['post']>[0]): Promise<void> {
    const applied = await Promise.race([driver.post(event), this.#broken()]);
    if ('refused' in applied) throw new InvariantError(applied.refused);
  }

  readonly #breaking = Promise.withResolvers<never>();

  /** Rejects when the engine fails. */
  #broken(): Promise<never> {
    this.#breaking.promise.catch(() => undefined);
    return this.#breaking.promise;
  }

  // Rounds of items loops.

  #hasRounds(run: string): boolean {
    return this.#parts.store.listRuns({ parent: run, kind: ['round'], limit: 1 }).length > 0;
  }

  async #runRound(start: RoundStart, mayExist: boolean, signal: AbortSignal): Promise<RoundOutcome> {
    const existing = mayExist ? this.#parts.store.readRun(start.id) : null;
    if (existing !== null && endedStatuses.has(existing.status)) return storedOutcome(existing);
    const driver = existing === null ? this.#startRound(start) : this.#resumeRound(start);
    const cancel = (): void => {
      if (this.#closing === null) driver.apply({ type: 'run.cancelled', why: 'the loop around it ended' });
    };
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const outcome = await driver.ended;
      return outcome.status === 'completed' ? { status: 'completed', writes: driver.context.writes, isBreak: driver.context.isBreak } : outcome;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  #startRound({ id, compiled, outer, parent, step, visit, seq, index, item }: RoundStart): RunDriver {
    const { definition } = outer.program;
    const kernel = kernelOf(compiled);
    const row = newRow({ id, kind: 'round', definition, inputHash: '', parent: parent.id, tags: [], at: this.#parts.clock.now() });
    const driver = this.#add(new RunDriver({ row, compiled, kernel, state: kernel.initial, outer, ports: this.#ports, isNew: true }));
    const applied = driver.apply(startedEvent(definition, { v: null }, { parent: { run: parent.id, step, visit, seq, index }, item }));
    if ('refused' in applied) throw new InvariantError(applied.refused);
    return driver;
  }

  #resumeRound(start: RoundStart): RunDriver {
    return this.#resume(start.id);
  }

  // What handles ask for.

  report(id: string): RunReport {
    return runReport(this.#row(id), this.#values);
  }

  #row(id: string): RunRow {
    const row = this.#drivers.get(id)?.row ?? this.#parts.store.readRun(id);
    if (row === null) throw new WorkflowError('NOT_FOUND', `no run '${id}'`);
    return row;
  }

  steps(id: string): readonly StepReport[] {
    const row = this.#row(id);
    const times = new StepTimes();
    for (const { recorded, advanced } of replayRun(this.#loading, row.id)) times.add(recorded, advanced);
    const { compiled, state } = this.#drivers.get(id) ?? loadRun(this.#loading, id);
    return stepReports(compiled.program, (state.snapshot as { readonly context: RunDriver['context'] }).context, times);
  }

  events(id: string): AsyncIterableIterator<RunEvent> {
    this.#row(id);
    const driver = this.#drivers.get(id);
    let unsubscribe: () => void = () => undefined;
    const queue = new EventQueue(this.#parts.limits.maxBufferedEvents, () => {
      unsubscribe();
    });
    let last = 0;
    const push = (event: RunEvent): void => {
      queue.push(event);
      if (isRunEnd(event)) queue.end();
    };
    for (const { recorded, advanced } of replayRun(this.#loading, id)) {
      last = recorded.seq;
      for (const event of advanced.lifecycle) push(toRunEvent(event, recorded, id, this.#values));
    }
    if (driver === undefined) queue.end();
    else {
      unsubscribe = driver.subscribe({
        // What is committed but not yet told was replayed above.
        lifecycle: (events, recorded) => {
          if (recorded.seq > last) for (const event of events) push(toRunEvent(event, recorded, id, this.#values));
        },
        chunk: (step, visit, attempt, text) => {
          push({ type: 'step.chunk', runId: id, step, visit, attempt, text });
        },
      });
    }
    return queue;
  }

  async ended(id: string): Promise<RunReport> {
    const driver = this.#drivers.get(id);
    if (driver !== undefined) await Promise.race([driver.ended, this.#broken()]);
    const row = driver?.row ?? this.#row(id);
    if (driver === undefined && !endedStatuses.has(row.status)) {
      throw new WorkflowError('CONFLICT', `run '${id}' is ${row.status}, but not driven by this engine; engine.recover(['${id}']) continues it here if nobody else does`);
    }
    return runReport(row, this.#values);
  }

  async cancel(id: string, reason: CancelReason): Promise<void> {
    this.#assertOpen();
    const driver = this.#drivers.get(id);
    if (driver === undefined) {
      const { status } = this.#row(id);
      if (endedStatuses.has(status)) throw new WorkflowError('CONFLICT', `run '${id}' is ${status} already`);
      throw new WorkflowError('CONFLICT', `run '${id}' is not driven by this engine; engine.recover(['${id}']) takes it over if nobody drives it`);
    }
    const applied = await Promise.race([driver.post({ type: 'run.cancelled', ...reason }), this.#broken()]);
    if ('refused' in applied) throw new WorkflowError('CONFLICT', `run '${id}' cannot be cancelled: ${applied.refused}`);
  }

  // The end.

  /**
   * Stops taking work, waits (at most `graceMs`) for what is being written, and releases the store. Runs that have not ended
   * stay as they are and can be continued. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#committer.drained();
    for (const driver of this.#drivers.values()) driver.detach();
    this.#drivers.clear();
    this.#timers.close();
    this.#breaking.promise.catch(() => undefined);
    this.#breaking.reject(new WorkflowError('CONFLICT', 'the engine was closed'));
    await this.#parts.http.close();
    this.#parts.store.close();
  }

  /** The store refuses our writes for good: nothing can be promised any more. */
  #fail(error: unknown): void {
    this.#failure = error;
    this.#parts.logger.error('the engine stops: the store does not take its commits', { error: error instanceof Error ? error.message : String(error) });
    for (const driver of this.#drivers.values()) driver.detach();
    this.#drivers.clear();
    this.#timers.close();
    this.#breaking.promise.catch(() => undefined);
    this.#breaking.reject(error);
  }

  #assertOpen(): void {
    if (this.#failure !== null) throw this.#failure;
    if (this.#closing !== null) throw new WorkflowError('CONFLICT', 'the engine is closed');
  }
}

function storedOutcome(row: RunRow): RoundOutcome {
  if (row.status === 'completed') {
    const beside = row.output !== null && 'w' in row.output ? row.output.w : null;
    return { status: 'completed', writes: (beside?.writes ?? []) as readonly LoggedWrite[], isBreak: beside?.isBreak ?? false };
  }
  if (row.error === null) throw new InvariantError(`round '${row.id}' ended as ${row.status} without an error`);
  return { status: row.status === 'cancelled' ? 'cancelled' : 'failed', error: row.error };
}

/** `durability: 'async'`: what follows from an event does not wait for its commit. */
function inBackground(committer: Committer): Pick<Committer, 'add'> {
  return {
    add: (commit, committed) => {
      committer.add(commit, () => undefined);
      queueMicrotask(committed);
    },
  };
}

export type { Outcome };
