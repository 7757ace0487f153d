/** What waiting runs cost in memory, and how long it takes to come back to many unfinished ones. */
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEngine } from '../src/engine/create-engine.ts';
import type { Engine } from '../src/engine/engine.ts';
import { silentLogger } from '../src/engine/default-ports.ts';
import { createWorkflow, type WorkflowDefinition } from '../src/definition/index.ts';
import { openSqliteStore } from '../src/store/sqlite/open.ts';
import { round, text100, withFolder } from './support.ts';

/** A step, then a person. */
function asking(): WorkflowDefinition {
  return createWorkflow('asking')
    .addStep('draft', { type: 'transform', transform: () => ({ text: text100 }) })
    .addStep('approve', { type: 'human', title: 'Publish?' })
    .build();
}

/** Twelve steps, of which the seventh waits for `goOn`. */
function twelve(goOn: Promise<void>): WorkflowDefinition {
  let flow = createWorkflow('twelve') as unknown as {
    addStep(id: string, step: object): typeof flow;
    build(): WorkflowDefinition;
  };
  for (let i = 1; i <= 12; i++) {
    const transform = i === 7 ? () => goOn.then(() => i) : () => ({ i, text: text100 });
    flow = flow.addStep(`s${i}`, { type: 'transform', transform });
  }
  return flow.build();
}

function heap(): number {
  if (globalThis.gc === undefined) throw new Error('memory is measured with node --expose-gc');
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function startMany(engine: Engine, workflow: string, count: number): Promise<void> {
  for (let from = 0; from < count; from += 500) {
    const ids = Array.from({ length: Math.min(500, count - from) }, (_, index) => `${workflow}-${from + index}`);
    await Promise.all(ids.map((runId) => engine.start(workflow, {}, { runId })));
  }
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  for (const start = performance.now(); !isSo(); await sleep(20))
    if (performance.now() - start > 120_000) throw new Error(`not so after two minutes: ${what}`);
}

export interface WaitingResult {
  readonly runs: number;
  readonly startSeconds: number;
  /** Above an empty engine: `heapUsed` and `external`. */
  readonly megabytes: number;
  readonly wakeMilliseconds: number;
}

/** `count` runs that wait for a person, once they sleep. */
export function waitingRuns(count: number): Promise<WaitingResult> {
  return withFolder(async (folder) => {
    const file = join(folder, 'waiting.db');
    const engine = await createEngine({
      workflows: [asking()],
      store: file,
      env: {},
      logger: silentLogger,
      sleepAfterMs: 200,
    });
    await startMany(engine, 'asking', 1);
    const before = heap();
    const start = performance.now();
    await startMany(engine, 'asking', count);
    const startSeconds = (performance.now() - start) / 1000;
    const store = openSqliteStore(file, { readOnly: true });
    const sleeps = (n: number): boolean => store.readSleep(`asking-${n}`) !== null;
    await until(() => [0, count >> 1, count - 1].every(sleeps), 'all sleep');
    await sleep(1_000);
    const megabytes = (heap() - before) / 1024 / 1024;
    const asked = performance.now();
    for (let n = 0; n < 100; n++) await engine.answer(`asking-${n}:approve:1`, { decision: 'approve' });
    const wakeMilliseconds = (performance.now() - asked) / 100;
    store.close();
    await engine.close();
    return {
      runs: count,
      startSeconds: round(startSeconds),
      megabytes: round(megabytes),
      wakeMilliseconds: round(wakeMilliseconds),
    };
  });
}

export interface RecoveryResult {
  readonly waiting: number;
  readonly working: number;
  readonly openMilliseconds: number;
  /** Until all that worked have ended, from the start of the new engine on. */
  readonly seconds: number;
  /** How long the event loop was blocked at most. */
  readonly blockedMilliseconds: number;
  readonly answerMilliseconds: number;
}

/** A process that dies with `waiting` sleeping runs and `working` ones in the middle of twelve steps, and the next one. */
export function recovery(waiting: number, working: number): Promise<RecoveryResult> {
  return withFolder(async (folder) => {
    const file = join(folder, 'recovery.db');
    const options = { env: {}, logger: silentLogger, sleepAfterMs: 100 } as const;
    const store = openSqliteStore(file);
    const never = new Promise<void>(() => undefined);
    const first = await createEngine({ ...options, store, workflows: [asking(), twelve(never)] });
    await startMany(first, 'asking', waiting);
    await startMany(first, 'twelve', working);
    await until(() => store.lastSeq(`twelve-${working - 1}`) === 7, 'all are in the middle');
    await until(() => store.readSleep(`asking-${waiting - 1}`) !== null, 'all sleep');
    await sleep(1_000);
    store.crash();

    const delays = monitorEventLoopDelay({ resolution: 5 });
    delays.enable();
    const start = performance.now();
    const second = await createEngine({ ...options, store: file, workflows: [asking(), twelve(Promise.resolve())] });
    const openMilliseconds = performance.now() - start;
    const asked = performance.now();
    await second.answer(`asking-${waiting - 1}:approve:1`, { decision: 'approve' });
    const answerMilliseconds = performance.now() - asked;
    await until(
      () => second.runs({ workflow: 'twelve', status: ['running'], limit: 1 }).length === 0,
      'all have ended',
    );
    const seconds = (performance.now() - start) / 1000;
    delays.disable();
    await second.close();
    return {
      waiting,
      working,
      openMilliseconds: round(openMilliseconds),
      seconds: round(seconds),
      blockedMilliseconds: round(delays.max / 1e6),
      answerMilliseconds: round(answerMilliseconds),
    };
  });
}
