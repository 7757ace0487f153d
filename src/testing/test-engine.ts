/**
 * An engine for tests: the real one, in which time is virtual, chance is seeded, the store is in memory (or a file) and the
 * world is mocked. Owns the moving of time and the death of its process; what a workflow does is the engine's.
 */
import { createAgentRegistry, type AgentRegistry } from '../agents/registry.ts';
import type { Recorded } from '../core/event.ts';
import type { Store } from '../core/ports.ts';
import { endedStatuses } from '../core/run.ts';
import { toDefinition, type DurationInput, type Workflow, type WorkflowDefinition } from '../definition/index.ts';
import { effectHandlers } from '../effects/index.ts';
import { createEngine } from '../engine/create-engine.ts';
import { Catalog } from '../engine/runs/catalog.ts';
import { decodeEvent } from '../engine/drive/codec.ts';
import type { Engine } from '../engine/engine.ts';
import type { EngineOptions } from '../engine/options.ts';
import type { Run, RunReport } from '../engine/read/run.ts';
import type { StartOptions } from '../engine/runs/start.ts';
import type { Task } from '../engine/read/tasks.ts';
import { anyAgents } from './any-agents.ts';
import { milliseconds, type MockCall, type MockTable } from './answers.ts';
import { AuthorWork } from './author-work.ts';
import { checkStepMocks } from './check-mocks.ts';
import { nextDue, waitingText, type Timing } from './idle.ts';
import { MemoryLog } from './memory-log.ts';
import { Mocks } from './mocks.ts';
import { historySnapshot, type SnapshotEvent } from './history-snapshot.ts';
import { recordingFolder, recordRuns } from './record-runs.ts';
import { SeededRandom } from './seeded-random.ts';
import { openTestStore, type TestStore } from './test-store.ts';
import { defaultStart, VirtualClock } from './virtual-clock.ts';

export interface TestEngineOptions extends Omit<
  EngineOptions,
  'agents' | 'store' | 'clock' | 'random' | 'logger' | 'poll' | 'allowHosts' | 'http' | 'recover'
> {
  /** What agents answer, by the name that steps give them. One that is called and has no mock is an error. @default {} */
  readonly agents?: MockTable;
  /** What steps do, by id, as their whole work: agent, http, transform and own types. @default {} */
  readonly steps?: MockTable;
  /** Answers agent and http steps without a mock, as their whole work. @default it is an error */
  readonly fallback?: (call: MockCall) => unknown;
  /** `':memory:'`, a file, or a store (which cannot be crashed). @default ':memory:' */
  readonly store?: string | Store;
  /** When time begins. @default 2026-01-01T00:00:00Z */
  readonly startAt?: Date | string | number;
  /** Of randomness: run ids and jitter. @default 1 */
  readonly seed?: number;
  /** A folder in which its runs are left as recordings when it is closed; null: none. @default $DANK_RECORD_RUNS */
  readonly record?: string | null;
}

/** What passes from one life of the process to the next. */
export interface TestWorld {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly mocks: Mocks;
  readonly log: MemoryLog;
  readonly opened: TestStore;
}

/** Their mocks may take virtual time: nobody waits for them in real time. */
const isOutside: ReadonlySet<string> = new Set(['agent', 'http']);

/** More timers than this are taken for a run that never ends. */
const maxTimers = 10_000;

/**
 * @throws DefinitionError; TypeError for a mock of a step that does not exist or does no work of its own; WorkflowError
 * STORE_* when the file cannot be opened
 */
export async function createTestEngine(options: TestEngineOptions = {}): Promise<TestEngine> {
  const clock = new VirtualClock(options.startAt === undefined ? defaultStart : new Date(options.startAt).getTime());
  checkStepMocks(options.steps ?? {}, (options.workflows ?? []).map(toDefinition));
  const { agents = {}, steps = {}, fallback, config, env = {} } = options;
  const known: AgentRegistry | null = config === undefined ? null : createAgentRegistry({ config, env });
  const mocks = new Mocks({
    agents,
    steps,
    clock,
    agentName: (id) => known?.find(id)?.name ?? null,
    ...(fallback === undefined ? {} : { fallback }),
  });
  const random = new SeededRandom(options.seed ?? 1);
  return openTestEngine(options, {
    clock,
    random,
    mocks,
    log: new MemoryLog(),
    opened: openTestStore(options.store ?? ':memory:'),
  });
}

async function openTestEngine(options: TestEngineOptions, world: TestWorld): Promise<TestEngine> {
  const { agents: _agents, steps: _steps, fallback: _fallback, startAt: _startAt, seed: _seed, ...rest } = options;
  const work = new AuthorWork();
  const handlers = [...effectHandlers, ...(options.handlers ?? [])].map(
    ([name, handler]) => [name, world.mocks.before(isOutside.has(name) ? handler : work.watched(handler))] as const,
  );
  const engine = await createEngine({
    // Time does not pass by itself.
    graceMs: 0,
    env: {},
    ...rest,
    agents: anyAgents,
    store: world.opened.store,
    clock: world.clock,
    random: world.random,
    logger: world.log,
    handlers: new Map(handlers),
  });
  return new TestEngine(engine, options, world, work);
}

export class TestEngine implements AsyncDisposable {
  /** The engine itself, for all that is not here. */
  readonly engine: Engine;
  readonly clock: VirtualClock;
  readonly store: Store;
  readonly mocks: Mocks;
  readonly log: MemoryLog;
  readonly #options: TestEngineOptions;
  readonly #world: TestWorld;
  readonly #work: AuthorWork;
  readonly #timing: Timing;
  #isClosed = false;

  /** Use {@link createTestEngine}. */
  constructor(engine: Engine, options: TestEngineOptions, world: TestWorld, work: AuthorWork) {
    this.engine = engine;
    this.clock = world.clock;
    this.store = world.opened.store;
    this.mocks = world.mocks;
    this.log = world.log;
    this.#options = options;
    this.#world = world;
    this.#work = work;
    const { store, clock, mocks } = this;
    const catalog = new Catalog((options.workflows ?? []).map(toDefinition), anyAgents, store);
    this.#timing = { store, clock, mocks, loading: { store, catalog } };
  }

  /** Starts a run, and lets happen what happens at once. @throws as the engine's `start` */
  async start<Input, Output>(
    workflow: Workflow<Input, Output>,
    input: Input,
    options?: StartOptions,
  ): Promise<Run<Output>>;
  async start(workflow: string | WorkflowDefinition, input?: unknown, options?: StartOptions): Promise<Run>;
  async start(workflow: string | Workflow | WorkflowDefinition, input: unknown = {}, options: StartOptions = {}) {
    const run = await this.engine.start(workflow as WorkflowDefinition, input, options);
    await this.settle();
    return run;
  }

  /** The virtual time. */
  get now(): Date {
    return new Date(this.clock.start + this.clock.elapsedMs);
  }

  /** Lets happen what happens without time passing. */
  async settle(): Promise<void> {
    do await this.clock.settle();
    while (await this.#work.wait());
  }

  /** Lets time pass: timers fire in their order, and all that follows comes to rest. Nothing sleeps. */
  async advanceBy(duration: DurationInput): Promise<void> {
    const end = this.clock.start + this.clock.elapsedMs + milliseconds(duration);
    await this.settle();
    for (let next = this.clock.nextAt; next !== null && next <= end; next = this.clock.nextAt) await this.#moveTo(next);
    await this.#moveTo(end);
  }

  /**
   * Lets time pass until only the outside can move anything: all runs have ended, or wait for a person, a signal or a resume.
   * Their timeouts are not waited for; {@link advanceBy} reaches them.
   * @throws Error after 10,000 timers
   */
  async runUntilIdle(): Promise<void> {
    for (let timers = 0; timers < maxTimers; timers++) {
      await this.settle();
      const due = nextDue(this.#timing);
      if (due === null) return;
      await this.#moveTo(due);
    }
    throw new Error(`no end after ${maxTimers} timers: ${waitingText(this.engine)}`);
  }

  /**
   * The output of a run, once it has ended; time passes as it must, as in {@link runUntilIdle}.
   * @throws RunFailedError, CancelledError; UnmockedError and others that made the run stop; Error when it waits for the outside
   */
  async finish<Output>(run: Run<Output>): Promise<Output> {
    await this.#untilEnd(run.id);
    return run.result();
  }

  /** As {@link finish}, for how it ended, whatever that is. */
  async finishReport(run: Run | string): Promise<RunReport> {
    const id = typeof run === 'string' ? run : run.id;
    await this.#untilEnd(id);
    return this.engine.ended(id);
  }

  async #untilEnd(id: string): Promise<void> {
    for (let timers = 0; timers < maxTimers; timers++) {
      await this.settle();
      const { status } = this.engine.report(id);
      if (endedStatuses.has(status)) return;
      const due = nextDue(this.#timing);
      if (due === null) return this.#stuck(id);
      await this.#moveTo(due);
    }
    throw new Error(`run '${id}' does not end: 10,000 timers fired; ${waitingText(this.engine, id)}`);
  }

  async #stuck(id: string): Promise<never> {
    const waits = new Error(`run '${id}' does not end by itself: ${waitingText(this.engine, id)}`);
    // What made it stop says more, if it did.
    await Promise.race([this.engine.ended(id), this.clock.settle()]);
    throw waits;
  }

  async #moveTo(at: number): Promise<void> {
    await this.clock.advance(Math.max(0, at - this.clock.start - this.clock.elapsedMs));
    await this.settle();
  }

  /** Answers a task: by itself, its id, or the id of its step where only one is open. */
  async answer(task: Task | string, answer: unknown, options: { readonly by?: string } = {}): Promise<void> {
    const wanted = typeof task === 'string' ? task : task.id;
    const open = this.engine.tasks();
    const found = open.filter(({ id, step }) => id === wanted || step === wanted);
    if (found.length > 1)
      throw new Error(`step '${wanted}' has several open tasks: ${found.map(({ id }) => id).join(', ')}`);
    // An id that is not open gets the engine's own answer.
    if (found.length === 0 && !wanted.includes(':'))
      throw new Error(`step '${wanted}' has no open task; open are ${open.map(({ id }) => id).join(', ') || 'none'}`);
    await this.engine.answer(found[0]?.id ?? wanted, answer, options);
    await this.settle();
  }

  /** What waits for a person. */
  tasks(): readonly Task[] {
    return this.engine.tasks();
  }

  async signal(run: Run | string, name: string, payload?: unknown, options: { readonly by?: string } = {}) {
    await this.engine.signal(typeof run === 'string' ? run : run.id, name, payload, options);
    await this.settle();
  }

  /** Calls of an agent or of a step, in order; without a name all of them. Crashes do not reset it. */
  calls(name?: string): readonly MockCall[] {
    return this.mocks.callsOf(name);
  }

  /** The history of a run, as it is stored. */
  events(run: Run | string): readonly Recorded[] {
    return this.store.readEvents(typeof run === 'string' ? run : run.id, 1).map(decodeEvent);
  }

  /** The history of a run for `toMatchSnapshot()`: without ids, hashes and dates that differ from test to test. */
  history(run: Run | string): readonly SnapshotEvent[] {
    const id = typeof run === 'string' ? run : run.id;
    return historySnapshot(this.events(id), id);
  }

  /**
   * Kills the process, as `kill -9` would: what is not committed is lost, calls under way are never heard of again. Gives the engine
   * of the next process on the same store, which continues the runs; mocks, calls and time go on.
   * @param changes what is different in the next process: a new version of a workflow, ...
   */
  async crash(changes: Pick<TestEngineOptions, 'workflows' | 'limits' | 'env'> = {}): Promise<TestEngine> {
    const { opened } = this.#world;
    const reopen = opened.kill();
    this.#isClosed = true;
    await this.engine.close();
    const next = await openTestEngine({ ...this.#options, ...changes }, { ...this.#world, opened: reopen() });
    await next.settle();
    return next;
  }

  async close(): Promise<void> {
    const { record = recordingFolder() } = this.#options;
    if (record !== null && !this.#isClosed) recordRuns(this.store, record);
    this.#isClosed = true;
    await this.engine.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
