/**
 * The durable engine: starts runs, continues interrupted ones, passes on what people and programs say to them, and answers
 * what is asked of them. Owns whether it is open; the work is done by the rooms that `assemble.ts` puts together.
 */
import { InvariantError, WorkflowError } from '../core/errors.ts';
import type { RunFilter } from '../core/ports.ts';
import type { Workflow, WorkflowDefinition } from '../definition/index.ts';
import { assemble, type EngineParts, type Rooms } from './assemble.ts';
import { Drain } from './runs/drain.ts';
import { Controls } from './steer/controls.ts';
import type { Held } from './held.ts';
import { startRetention } from './retention.ts';
import type { RunQuery } from './read/query.ts';
import { runReport } from './read/report.ts';
import type { RunEvent } from './read/run-events.ts';
import { Run, type RunAccess, type RunReport, type StepReport } from './read/run.ts';
import type { StartOptions } from './runs/start.ts';
import type { Task } from './read/tasks.ts';

/** Looks at what other processes left between two looks for dead ones. */
const looksPerAdoption = 2;
/** How long a store that takes no commits is waited for at the end. */
const patienceMs = 5_000;

export class Engine extends Controls implements RunAccess, AsyncDisposable {
  readonly #parts: EngineParts;
  readonly #rooms: Rooms;
  #stalled: WorkflowError | null = null;
  #closing: Promise<void> | null = null;
  #draining: Drain | null = null;
  #failure: unknown = null;
  #stopListening: () => void = () => undefined;
  #looks = 0;

  /** Use {@link createEngine}. */
  constructor(parts: EngineParts) {
    super();
    this.#parts = parts;
    const { logger } = parts;
    this.#rooms = assemble(parts, {
      onStall: (error) => {
        this.#stalled = error;
        if (error === null) logger.warn('the store takes commits again');
        else logger.error('the store takes no commits now; runs wait for it', { error: error.message });
      },
      onFailure: (error) => {
        this.#fail(error);
      },
      onRecovered: () => {
        this.#takeWhatWaited();
      },
      checkOpen: () => {
        this.#assertOpen();
        if (this.#stalled !== null) throw this.#stalled;
      },
    });
  }

  /** Listens to other processes from now on, and removes what is old. */
  listen(): void {
    this.#stopListening();
    const { poll } = this.#parts;
    const stopPolling = poll?.(() => {
      this.#look();
    });
    const stopSweeping = startRetention(this.#parts);
    this.#stopListening = () => {
      stopPolling?.();
      stopSweeping();
    };
  }

  /** What other processes left for our runs, and runs of processes that died. */
  #look(): void {
    try {
      this.#rooms.messages.look();
      this.#looks += 1;
      if (this.#parts.adopts && this.#looks % looksPerAdoption === 0) this.recover();
    } catch (error) {
      this.#unread(error);
    }
  }

  /** The workflows that can be started by name. */
  get workflows(): readonly WorkflowDefinition[] {
    return this.#rooms.catalog.definitions;
  }

  /**
   * Starts a run. Resolves when it is stored.
   * @throws InputError; WorkflowError NOT_FOUND (no such workflow), CONFLICT (the id is taken by another start), STORE_*
   */
  async start<Input, Output>(
    workflow: Workflow<Input, Output>,
    input: Input,
    options?: StartOptions,
  ): Promise<Run<Output>>;
  async start(workflow: string | WorkflowDefinition, input?: unknown, options?: StartOptions): Promise<Run>;
  async start(
    workflow: string | Workflow | WorkflowDefinition,
    input: unknown = {},
    options: StartOptions = {},
  ): Promise<Run> {
    return this.#startAny(workflow, input, options);
  }

  /**
   * Sends a signal to a run, which is started first if it does not exist yet. `options.runId` is required.
   * @throws as {@link start} and {@link signal}
   */
  async signalWithStart(
    workflow: string | Workflow | WorkflowDefinition,
    input: unknown,
    options: StartOptions & { readonly runId: string },
    signal: { readonly name: string; readonly payload?: unknown; readonly by?: string },
  ): Promise<Run> {
    const { runId } = options;
    const isKnown = this.#rooms.live.get(runId) !== undefined || this.#rooms.reads.readRun(runId) !== null;
    const run = isKnown ? new Run(runId, this) : await this.#startAny(workflow, input, options);
    await this.signal(run.id, signal.name, signal.payload, signal.by === undefined ? {} : { by: signal.by });
    return run;
  }

  async #startAny(
    workflow: string | Workflow | WorkflowDefinition,
    input: unknown,
    options: StartOptions,
  ): Promise<Run> {
    this.#assertOpen();
    return new Run(await this.#rooms.starter.start(workflow, input, options), this);
  }

  /** The handle of a run, whether it runs here, elsewhere or has ended. */
  run(id: string): Run {
    return new Run(id, this);
  }

  /** Newest first. */
  runs(filter: RunFilter = {}): readonly RunReport[] {
    return this.#rooms.reader.runs(filter);
  }

  /**
   * Continues interrupted runs that nobody drives: effects without a result are carried out again, overdue timers fire at
   * once. Without `only`: those of the workflows of this engine. Gives the ids of the runs that were continued.
   */
  recover(only?: readonly string[]): readonly string[] {
    this.#assertOpen();
    return this.#rooms.recovery.recover(only);
  }

  /**
   * Makes sure that a run which has not ended is driven by this engine.
   * @throws WorkflowError NOT_FOUND; CONFLICT when another process drives it; what hinders a stored run from going on
   */
  continueRun(id: string): void {
    this.#assertOpen();
    this.#rooms.recovery.continueRun(id);
    this.#takeWhatWaited();
  }

  /** What was left for runs while nobody drove them; committed at once, so that none is seen waiting for what is there. */
  #takeWhatWaited(): void {
    try {
      this.#rooms.messages.look(true);
    } catch (error) {
      this.#unread(error);
    }
    this.#rooms.committer.flush();
  }

  #unread(error: unknown): void {
    this.#parts.logger.error('what other processes left could not be read; it is tried again', {
      error: error instanceof Error ? error.message : String(error),
    });
  }

  protected openRooms(): Rooms {
    this.#assertOpen();
    return this.#rooms;
  }

  protected get maxInputBytes(): number {
    return this.#parts.limits.maxInputBytes;
  }

  /** What waits for a person, in the runs that the filter admits; newest runs first. Without `limit` (of runs) in all of them. */
  tasks(filter: RunFilter = {}): readonly Task[] {
    return this.#rooms.reader.tasks(filter);
  }

  tasksOf(id: string): readonly Task[] {
    return this.#rooms.reader.tasksOf(id);
  }

  // What is asked about a run.

  report(id: string): RunReport {
    return this.#rooms.reader.report(id);
  }

  steps(id: string): readonly StepReport[] {
    return this.#rooms.reader.steps(id);
  }

  /** Where a run is, what it waits for, and what could happen next; all of it JSON. @throws WorkflowError NOT_FOUND */
  query(id: string): RunQuery {
    return this.#rooms.reader.query(id);
  }

  events(id: string): AsyncIterableIterator<RunEvent> {
    return this.#rooms.reader.events(id);
  }

  async ended(id: string): Promise<RunReport> {
    return runReport(await this.#rooms.live.ended(id), this.#rooms.values);
  }

  /** How much of runs is in memory here. */
  get held(): Held {
    return this.#rooms.held();
  }

  // The end.

  /**
   * Takes no new work any more: starts and commands are refused, nothing new of a run begins. Resolves when what is under way has
   * ended and is committed, at the latest after `graceMs`. Idempotent; with `graceMs: 0` one that lasts ends at once.
   * @param options.graceMs @default the engine's option `graceMs`
   */
  drain(options: { readonly graceMs?: number } = {}): Promise<void> {
    const graceMs = options.graceMs ?? this.#parts.graceMs;
    if (this.#draining === null) {
      this.#stopListening();
      this.#rooms.recovery.close();
      this.#draining = new Drain(this.#rooms.live, this.#parts.clock, graceMs);
    } else if (graceMs <= 0) this.#draining.end();
    return this.#draining.ended;
  }

  /**
   * Drains ({@link drain}), aborts what is left, writes what is recorded, and releases the store. Runs that have not ended stay as
   * they are and can be continued; what was aborted is then carried out again. Idempotent; `graceMs: 0` aborts at once.
   * @param options.graceMs @default the engine's option `graceMs`
   */
  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    const drained = this.drain(options);
    this.#closing ??= this.#close(drained, options.graceMs ?? this.#parts.graceMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(drained: Promise<void>, graceMs: number): Promise<void> {
    await drained;
    this.#rooms.messages.close();
    const closed = new WorkflowError('CONFLICT', 'the engine was closed');
    if (this.#stalled === null) this.#rooms.live.sleepAll();
    this.#rooms.committer.flush();
    this.#rooms.live.stopAll(closed);
    this.#rooms.committer.flush();
    await this.#written(graceMs > 0 ? Math.min(graceMs, patienceMs) : patienceMs);
    this.#rooms.live.leaveAll(closed, true);
    this.#rooms.timers.close();
    await this.#parts.http.close();
    this.#parts.store.close();
  }

  async #written(withinMs: number): Promise<void> {
    let giveUp: () => void = () => undefined;
    const patience = new Promise<void>((resolve) => {
      giveUp = this.#parts.clock.schedule(resolve, withinMs);
    });
    await Promise.race([this.#rooms.committer.drained(), patience]);
    giveUp();
    if (this.#rooms.committer.size > 0) {
      this.#parts.logger.error('the engine was closed while the store took no commits: what was not written is lost', {
        commits: this.#rooms.committer.size,
      });
    }
  }

  /** The store refuses our writes for good: nothing can be promised any more. */
  #fail(error: unknown): void {
    this.#failure = error;
    this.#parts.logger.error('the engine stops: the store does not take its commits', {
      error: error instanceof Error ? error.message : String(error),
    });
    this.#stopListening();
    this.#rooms.recovery.close();
    this.#rooms.live.leaveAll(error instanceof Error ? error : new InvariantError(String(error)), false);
    this.#rooms.timers.close();
  }

  #assertOpen(): void {
    if (this.#failure !== null) throw this.#failure as Error;
    if (this.#closing !== null) throw new WorkflowError('CONFLICT', 'the engine is closed');
    if (this.#draining !== null)
      throw new WorkflowError(
        'CONFLICT',
        'the engine is about to close: what is under way may end, nothing new begins',
      );
  }
}
