/** The product's test engine as our own tests use it: mocks by step alone, and a run that is driven to its end come what may. */
import type { AgentRegistry } from '../../src/agents/registry.ts';
import type { Store } from '../../src/core/ports.ts';
import type { LifecycleEvent } from '../../src/core/lifecycle-event.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { createEngine } from '../../src/engine/create-engine.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { EngineOptions } from '../../src/engine/options.ts';
import type { RunReport } from '../../src/engine/read/run.ts';
import { openMemoryStore } from '../../src/store/memory.ts';
import { anyAgents } from '../../src/testing/any-agents.ts';
import { MemoryLog } from '../../src/testing/memory-log.ts';
import { compileWorkflow } from '../../machines/workflow.ts';
import { loadRun } from '../../src/engine/runs/load.ts';
import type { RunContext } from '../../machines/context.ts';
import { Mocks, type MockTable } from './mocks.ts';
import type { RunOutcome } from './outcome.ts';
import { SeededRandom } from './seeded-random.ts';
import { driveUntil, VirtualClock } from './virtual-clock.ts';

export { anyAgents, MemoryLog };

export interface TestEngineOptions extends Omit<EngineOptions, 'store' | 'clock' | 'handlers' | 'logger' | 'agents'> {
  readonly mocks?: MockTable;
  readonly agents?: AgentRegistry;
  readonly store?: Store;
  readonly clock?: VirtualClock;
  /** In place of the mocks. */
  readonly handlers?: EngineOptions['handlers'];
}
export interface TestEngine extends AsyncDisposable {
  readonly engine: Engine;
  readonly clock: VirtualClock;
  readonly store: Store;
  readonly mocks: Mocks;
  readonly log: MemoryLog;
  /** Lets time pass until the run has ended. */
  drive(runId: string): Promise<RunReport>;
}

export async function createTestEngine(options: TestEngineOptions = {}): Promise<TestEngine> {
  const { mocks: table = {}, store = openMemoryStore(), clock = new VirtualClock(), handlers, ...rest } = options;
  const mocks = new Mocks(table, clock);
  const log = new MemoryLog();
  const engine = await createEngine({
    agents: anyAgents,
    env: {},
    random: new SeededRandom(),
    // Time does not pass by itself.
    graceMs: 0,
    ...rest,
    store,
    clock,
    logger: log,
    handlers:
      handlers ??
      new Map([
        ['agent', mocks.handle],
        ['http', mocks.handle],
      ]),
  });
  const drive = async (runId: string): Promise<RunReport> => {
    const report = (): RunReport => engine.run(runId).status();
    await driveUntil(
      clock,
      () => 'endedAt' in report() && report().endedAt !== null,
      () =>
        `run ${runId} is ${JSON.stringify(
          engine
            .run(runId)
            .steps()
            .map(({ id, status }) => `${id} ${status}`),
        )}`,
    );
    return report();
  };
  return { engine, clock, store, mocks, log, drive, [Symbol.asyncDispose]: () => engine.close() };
}

export interface EngineRunOptions extends TestEngineOptions {
  readonly runId?: string;
  /** Called once the run has begun and come to rest. */
  readonly meanwhile?: (engine: TestEngine, runId: string) => Promise<unknown>;
}

/** One run from its start to its end. */
export async function runOnEngine(
  workflow: WorkflowDefinition,
  input: unknown = {},
  table: MockTable = {},
  options: EngineRunOptions = {},
): Promise<RunOutcome> {
  const { runId = 'run', meanwhile, ...rest } = options;
  await using test = await createTestEngine({ ...rest, mocks: table, workflows: [workflow] });
  const run = await test.engine.start(workflow, input, { runId });
  const events = collect(run.events());
  await test.clock.settle();
  await meanwhile?.(test, runId);
  const report = await test.drive(runId);
  const lifecycle = await events;
  const { state } = loadRun({ store: test.store, catalog: { ofRun: () => workflow } }, runId);
  return {
    status: report.status,
    output: report.status === 'completed' ? report.output : undefined,
    error: report.status === 'failed' || report.status === 'cancelled' ? report.error : null,
    events: lifecycle as unknown as readonly LifecycleEvent[],
    mocks: test.mocks,
    elapsedMs: test.clock.elapsedMs,
    program: compileWorkflow(workflow).program,
    context: (state.snapshot as { readonly context: RunContext }).context,
  };
}

export async function collect<T>(events: AsyncIterable<T>): Promise<readonly T[]> {
  const collected: T[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}
