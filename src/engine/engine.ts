/**
 * The durable engine: starts runs, continues interrupted ones, passes on what people and programs say to them, and answers
 * what is asked of them. Owns the wiring of the ports; the runs are kept by `live-runs.ts`.
 */
import type { RunState } from '../core/advance.ts';
import { WorkflowError } from '../core/errors.ts';
import type { HistoryEvent, LifecycleEvent, Recorded } from '../core/event.ts';
import type { Clock, Logger, Random, RunFilter, Store } from '../core/ports.ts';
import { endedStatuses, type RunRow } from '../core/run.ts';
import type { AgentRegistry } from '../agents/registry.ts';
import { toDefinition, type Workflow, type WorkflowDefinition } from '../definition/index.ts';
import type { Services } from '../effects/call.ts';
import type { effectHandlers } from '../effects/index.ts';
import type { HttpClient } from '../http/types.ts';
import type { RunContext } from '../../machines/context.ts';
import type { Program } from '../../machines/program.ts';
import { Background, type RunReads } from './background.ts';
import { Catalog } from './catalog.ts';
import { answerCommand, decodeCommand, encodeCommand, parseTaskId, signalCommand, type Reason } from './commands.ts';
import { Committer } from './committer.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Subscriber } from './driver.ts';
import { LiveRuns } from './live-runs.ts';
import { loadRun, replayRun } from './load.ts';
import type { EngineLimits } from './options.ts';
import { runReport, stepReports, StepTimes } from './report.ts';
import { EventQueue, EventStream, isRunEnd, toRunEvent, type RunEvent } from './run-events.ts';
import { Run, type RunAccess, type RunReport, type StepReport } from './run.ts';
import { checkInput, checkRunId, checkTags, hashInput, newRow, startedEvent, type StartOptions } from './start.ts';
import { openTasks, type Task } from './tasks.ts';
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
  /** Calls back again and again until it is taken back; null: other processes are not listened to. */
  readonly poll: ((look: () => void) => () => void) | null;
  /** Calls back at the end of the turn of the event loop. */
  readonly defer: (work: () => void) => void;
  /** Whether runs of processes that died meanwhile are continued. */
  readonly adopts: boolean;
}

/** Looks at what other processes left between two looks for dead ones. */
const looksPerAdoption = 10;

export class Engine implements RunAccess, AsyncDisposable {
  readonly #parts: EngineParts;
  readonly #catalog: Catalog;
  readonly #values: Values;
  readonly #committer: Committer;
  readonly #timers: TimerQueue;
  readonly #live: LiveRuns;
  readonly #reads: RunReads;
  /** Workflows and versions of interrupted runs that were told of. */
  readonly #foreign = new Set<string>();
  #stalled: WorkflowError | null = null;
  #closing: Promise<void> | null = null;
  #failure: unknown = null;
  #stopPolling: () => void = () => undefined;
  #changeCount = -1;
  #looks = 0;

  /** Use {@link createEngine}. */
  constructor(parts: EngineParts) {
    this.#parts = parts;
    const { store, clock, logger } = parts;
    this.#catalog = new Catalog(parts.workflows.map(toDefinition), parts.agents, store);
    this.#timers = new TimerQueue(clock);
    this.#committer = new Committer({
      defer: parts.defer,
      store,
      clock,
      onStall: (error) => {
        this.#stalled = error;
        if (error === null) logger.warn('the store takes commits again');
        else logger.error('the store takes no commits now; runs wait for it', { error: error.message });
      },
      onRefused: (run, error) => this.#live.get(run)?.leave(error),
      onError: (run, error) => this.#live.get(run)?.leave(error),
      onFailure: (error) => {
        this.#fail(error);
      },
    });
    const background = parts.durability === 'sync' ? null : new Background(this.#committer, store);
    this.#reads = background ?? store;
    this.#values = new Values(this.#reads);
    const services: Services = { http: parts.http, agents: parts.agents, env: parts.env, clock, logger };
    const dispatcher = new Dispatcher({
      handlers: parts.handlers,
      runs: (driver, effect, signal, loader) => this.#live.carryOut(driver, effect, signal, loader),
      emit: (name, payload) => this.#publish(name, payload),
      services,
      values: this.#values,
      random: parts.random,
      maxEffects: parts.limits.maxEffects,
      maxOutputBytes: parts.limits.maxOutputBytes,
      maxKeptBytes: parts.limits.maxKeptBytes,
    });
    this.#live = new LiveRuns({
      store,
      catalog: this.#catalog,
      reads: this.#reads,
      maxInputBytes: parts.limits.maxInputBytes,
      onLeft: (id) => {
        background?.forget(id);
        this.#values.forget(id);
      },
      ports: {
        committer: background ?? this.#committer,
        timers: this.#timers,
        clock,
        logger,
        startEffect: (driver, effect) => dispatcher.start(driver, effect),
      },
    });
  }

  /** Listens to other processes from now on. */
  listen(): void {
    if (this.#parts.poll === null) return;
    this.#stopPolling();
    this.#stopPolling = this.#parts.poll(() => {
      this.#look();
    });
  }

  /** The workflows that can be started by name. */
  get workflows(): readonly WorkflowDefinition[] {
    return this.#catalog.definitions;
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
    this.#assertOpen();
    const definition = typeof workflow === 'string' ? this.#catalog.find(workflow) : toDefinition(workflow);
    this.#catalog.add(definition);
    const checked = checkInput(definition, input, this.#parts.limits.maxInputBytes);
    if (options.runId !== undefined) checkRunId(options.runId);
    if (options.tags !== undefined) checkTags(options.tags);
    const id = options.runId ?? this.#parts.random.uuid();
    const inputHash = options.runId === undefined ? '' : hashInput(checked);
    if (options.runId !== undefined && this.#live.get(id)?.row === null) {
      // It is being started in this very moment.
      await this.#live.get(id)?.stored.catch(() => undefined);
      this.#assertOpen();
    }
    const existing = options.runId === undefined ? null : (this.#live.get(id)?.row ?? this.#reads.readRun(id));
    if (existing !== null) return this.#sameRun(existing, definition, inputHash);
    if (this.#live.size >= this.#parts.limits.maxRuns) {
      throw new WorkflowError(
        'LIMIT_EXCEEDED',
        `${this.#live.size} runs are in memory, the limit (option limits.maxRuns)`,
      );
    }
    if (this.#stalled !== null) throw this.#stalled;
    const row = newRow({
      id,
      kind: 'run',
      definition,
      inputHash,
      parent: null,
      tags: options.tags ?? [],
      at: this.#parts.clock.now(),
    });
    const driver = this.#live.create(row, definition);
    try {
      await this.#live.post(driver, startedEvent(definition, { v: checked }));
    } catch (error) {
      // Another process may have started it in this very moment.
      const winner = this.#failure === null && this.#closing === null ? this.#parts.store.readRun(id) : null;
      if (winner === null) throw error;
      return this.#sameRun(winner, definition, inputHash);
    }
    return new Run(id, this);
  }

  #sameRun(existing: RunRow, definition: WorkflowDefinition, inputHash: string): Run {
    const { id, workflow } = existing;
    if (workflow === definition.name && this.#inputHash(existing) === inputHash) return new Run(id, this);
    const what = workflow === definition.name ? 'with another input' : `of workflow '${workflow}'`;
    throw new WorkflowError('CONFLICT', `run '${id}' exists already, ${what}`);
  }

  /** Of a run that was started without an id of the caller's it is made when somebody asks. */
  #inputHash({ id, inputHash }: RunRow): string {
    return inputHash === '' ? hashInput(this.#values.loadOutput({ seq: 1 }, id)) : inputHash;
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
    const definition = typeof workflow === 'string' ? this.#catalog.find(workflow) : toDefinition(workflow);
    const known = this.#live.get(options.runId) ?? this.#reads.readRun(options.runId);
    const run = known === null ? await this.start(definition, input, options) : new Run(known.id, this);
    await this.signal(run.id, signal.name, signal.payload, signal.by === undefined ? {} : { by: signal.by });
    return run;
  }

  /** The handle of a run, whether it runs here, elsewhere or has ended. */
  run(id: string): Run {
    return new Run(id, this);
  }

  /** Newest first. */
  runs(filter: RunFilter = {}): readonly RunReport[] {
    return this.#parts.store.listRuns(filter).map((row) => runReport(this.#live.get(row.id)?.row ?? row, this.#values));
  }

  /**
   * Continues interrupted runs that nobody drives: effects without a result are carried out again, overdue timers fire at
   * once. Without `only`: those of the workflows of this engine. Gives the ids of the runs that were continued.
   */
  recover(only?: readonly string[]): readonly string[] {
    this.#assertOpen();
    this.#committer.flush();
    const { store } = this.#parts;
    const wanted = new Set(only ?? this.#interrupted());
    if (wanted.size === 0) return [];
    const adopted = new Set(store.adopt([...wanted]));
    const recovered: string[] = [];
    for (const id of wanted) {
      if (!adopted.has(id) || this.#live.get(id) !== undefined) continue;
      const row = store.readRun(id);
      // Rounds are found by the run around them.
      if (row === null || row.kind === 'round' || endedStatuses.has(row.status)) continue;
      if (this.#live.size >= this.#parts.limits.maxRuns) {
        this.#parts.logger.warn(
          'not all interrupted runs are continued now: too many are in memory (option limits.maxRuns)',
          { runs: this.#live.size },
        );
        break;
      }
      if (this.#continue(id)) recovered.push(id);
    }
    return recovered;
  }

  #continue(id: string): boolean {
    try {
      this.#live.resume(id);
      return true;
    } catch (error) {
      this.#parts.logger.error('a run could not be continued; it is left as it is', {
        run: id,
        error: error instanceof Error ? error.message : String(error),
      });
      return false;
    }
  }

  /** Runs that nobody drives, of our workflows. */
  #interrupted(): readonly string[] {
    const free = this.#parts.store.freeRuns();
    const foreign = free
      .filter((run) => !this.#catalog.knows(run))
      .map(({ workflow, version }) => `${workflow} ${version}`);
    for (const workflow of new Set(foreign)) {
      if (this.#foreign.has(workflow)) continue;
      this.#foreign.add(workflow);
      this.#parts.logger.warn('interrupted runs are left as they are: their workflow is not registered here', {
        workflow,
      });
    }
    return free.filter((run) => this.#catalog.knows(run)).map(({ id }) => id);
  }

  /**
   * Makes sure that a run which has not ended is driven by this engine.
   * @throws WorkflowError NOT_FOUND; CONFLICT when another process drives it; what hinders a stored run from going on
   */
  continueRun(id: string): void {
    this.#assertOpen();
    this.#committer.flush();
    const row = this.#live.row(id);
    if (endedStatuses.has(row.status)) return;
    if (row.kind === 'round')
      throw new WorkflowError('CONFLICT', `run '${id}' is a round of run '${row.parent ?? ''}'; continue that one`);
    if (this.#live.take(id) === null)
      throw new WorkflowError('CONFLICT', `run '${id}' is being run by another process`);
  }

  // What people and programs say to a run. Resolves when it is committed, or left for the process that drives the run.

  async signal(id: string, name: string, payload?: unknown, { by }: { readonly by?: string } = {}): Promise<void> {
    await this.#tell(id, signalCommand(name, payload, by, this.#parts.limits.maxInputBytes));
  }

  /** Answers a task. @throws InputError when the answer does not fit the form; WorkflowError NOT_FOUND, CONFLICT (answered already) */
  async answer(task: string, answer: unknown, { by }: { readonly by?: string } = {}): Promise<void> {
    const address = parseTaskId(task);
    const { program, context } = this.#stateOf(address.run);
    await this.#tell(
      address.run,
      answerCommand(address, program, context, answer, by, this.#parts.limits.maxInputBytes),
    );
  }

  /** What waits for a person, in the runs that the filter admits; newest runs first. */
  tasks(filter: RunFilter = {}): readonly Task[] {
    return this.#parts.store
      .listRuns({ kind: ['run', 'child', 'round'], ...filter, waitingFor: ['human'] })
      .flatMap((row) => {
        const { program, state } = this.#stateOf(row.id);
        return openTasks(row, program, state, this.#values);
      });
  }

  tasksOf(id: string): readonly Task[] {
    const { program, state } = this.#stateOf(id);
    return openTasks(this.#live.row(id), program, state, this.#values);
  }

  async pause(id: string, reason: Reason = {}): Promise<void> {
    await this.#tell(id, { type: 'run.paused', ...reason });
  }

  async resume(id: string, reason: Reason = {}): Promise<void> {
    await this.#tell(id, { type: 'run.resumed', ...reason });
  }

  async cancel(id: string, reason: Reason = {}): Promise<void> {
    await this.#tell(id, { type: 'run.cancelled', ...reason });
  }

  async terminate(id: string, reason: Reason = {}): Promise<void> {
    await this.#tell(id, { type: 'run.terminated', ...reason });
  }

  async #tell(id: string, event: HistoryEvent): Promise<void> {
    this.#assertOpen();
    const driver = this.#live.take(id);
    if (driver === null) this.#parts.store.post(id, encodeCommand(event), this.#parts.clock.now());
    else await this.#live.post(driver, event);
  }

  /** An `emit` step publishes to all runs that wait for a signal of that name now. */
  async #publish(name: string, payload: unknown): Promise<void> {
    const event = signalCommand(name, payload, undefined, this.#parts.limits.maxInputBytes);
    for (const row of this.#parts.store.listRuns({
      kind: ['run', 'child', 'round'],
      status: ['running', 'paused'],
      limit: 1_000,
    })) {
      const driver = this.#live.get(row.id) ?? (row.waitingFor === 'signal' ? this.#live.take(row.id) : undefined);
      if (driver === undefined) continue;
      if (driver === null)
        this.#parts.store.post(row.id, encodeCommand({ ...event, isBroadcast: true }), this.#parts.clock.now());
      else await driver.post({ ...event, isBroadcast: true });
    }
  }

  /** What other processes left for our runs, and runs of processes that died. */
  #look(): void {
    const { store, logger } = this.#parts;
    try {
      const count = store.changeCount();
      if (count !== this.#changeCount) {
        this.#changeCount = count;
        for (const entry of store.readInbox()) this.#takeCommand(entry);
      }
      this.#looks += 1;
      if (this.#parts.adopts && this.#looks % looksPerAdoption === 0) this.recover();
    } catch (error) {
      logger.error('what other processes left could not be read; it is tried again', {
        error: error instanceof Error ? error.message : String(error),
      });
      this.#changeCount = -1;
    }
  }

  #takeCommand({ id, run, data }: { readonly id: number; readonly run: string; readonly data: string }): void {
    const event = decodeCommand(data);
    const driver = this.#live.get(run);
    const applied =
      event === null || driver === undefined ? { refused: 'nobody drives it' } : driver.apply(event, undefined, [id]);
    if (!('refused' in applied)) return;
    this.#parts.logger.warn('a run did not take what another process left for it', { run, why: applied.refused });
    this.#parts.store.removeInbox([id]);
  }

  // What is asked about a run.

  #stateOf(id: string): { readonly program: Program; readonly state: RunState; readonly context: RunContext } {
    const { compiled, state } = this.#live.get(id) ?? loadRun(this.#live.loading, id);
    return { program: compiled.program, state, context: (state.snapshot as { readonly context: RunContext }).context };
  }

  report(id: string): RunReport {
    return runReport(this.#live.row(id), this.#values);
  }

  steps(id: string): readonly StepReport[] {
    const row = this.#live.row(id);
    const times = new StepTimes();
    for (const { recorded, advanced } of replayRun(this.#live.loading, row.id)) times.add(recorded, advanced);
    const { program, context } = this.#stateOf(id);
    return stepReports(program, context, times);
  }

  events(id: string): AsyncIterableIterator<RunEvent> {
    this.#live.row(id);
    const driver = this.#live.get(id);
    let unsubscribe: () => void = () => undefined;
    const queue = new EventQueue(this.#parts.limits.maxBufferedEvents, () => {
      unsubscribe();
    });
    if (driver === undefined) queue.end();
    else unsubscribe = driver.subscribe(this.#subscriber(id, queue, driver.toldSeq));
    return new EventStream(this.#past(id, driver?.toldSeq), queue);
  }

  /** What is told later than `last`: the rest is in the past of the stream already. */
  #subscriber(id: string, queue: EventQueue, last: number): Subscriber {
    return {
      lifecycle: (events, recorded) => {
        if (recorded.seq <= last) return;
        for (const event of events) this.#push(queue, id, event, recorded);
      },
      chunk: (step, visit, attempt, text) => {
        queue.push({ type: 'step.chunk', runId: id, step, visit, attempt, text });
      },
      left: ({ isClosing, why }) => {
        queue.end(isClosing ? null : why);
      },
    };
  }

  /** A value that cannot be loaded is the reader's trouble, not the run's. */
  #push(queue: EventQueue, id: string, event: LifecycleEvent, recorded: Recorded): void {
    try {
      const told = toRunEvent(event, recorded, id, this.#values);
      queue.push(told);
      if (isRunEnd(told)) queue.end();
    } catch (error) {
      queue.end(error as Error);
    }
  }

  *#past(id: string, until: number | undefined): Generator<RunEvent> {
    for (const { recorded, advanced } of replayRun(this.#live.loading, id, until)) {
      for (const event of advanced.lifecycle) yield toRunEvent(event, recorded, id, this.#values);
    }
  }

  async ended(id: string): Promise<RunReport> {
    const driver = this.#live.get(id);
    await driver?.ended;
    const row = driver?.row ?? this.#live.row(id);
    if (driver === undefined && !endedStatuses.has(row.status)) {
      throw new WorkflowError(
        'CONFLICT',
        `run '${id}' is ${row.status}, but not driven by this engine; engine.recover(['${id}']) continues it here if nobody else does`,
      );
    }
    return runReport(row, this.#values);
  }

  // The end.

  /**
   * Stops taking work, aborts what runs, waits (at most `graceMs`) until what is recorded is written, and releases the store.
   * Runs that have not ended stay as they are and can be continued; what was aborted is then carried out again. Idempotent.
   * @param options.graceMs @default 5_000
   */
  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.graceMs ?? 5_000);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(graceMs: number): Promise<void> {
    const closed = new WorkflowError('CONFLICT', 'the engine was closed');
    this.#stopPolling();
    this.#live.stopAll(closed);
    this.#committer.flush();
    await this.#drained(graceMs);
    this.#live.leaveAll(closed, true);
    this.#timers.close();
    await this.#parts.http.close();
    this.#parts.store.close();
  }

  async #drained(graceMs: number): Promise<void> {
    let giveUp: () => void = () => undefined;
    const patience = new Promise<void>((resolve) => {
      giveUp = this.#parts.clock.schedule(resolve, graceMs);
    });
    await Promise.race([this.#committer.drained(), patience]);
    giveUp();
    if (this.#committer.size > 0) {
      this.#parts.logger.error('the engine was closed while the store took no commits: what was not written is lost', {
        commits: this.#committer.size,
      });
    }
  }

  /** The store refuses our writes for good: nothing can be promised any more. */
  #fail(error: unknown): void {
    this.#failure = error;
    this.#parts.logger.error('the engine stops: the store does not take its commits', {
      error: error instanceof Error ? error.message : String(error),
    });
    this.#stopPolling();
    this.#live.leaveAll(error, false);
    this.#timers.close();
  }

  #assertOpen(): void {
    if (this.#failure !== null) throw this.#failure as Error;
    if (this.#closing !== null) throw new WorkflowError('CONFLICT', 'the engine is closed');
  }
}
