/**
 * SIM-03: whatever is said to runs in whatever order, with crashes and restarts between, they are where a small plain model says that
 * they are. `FC_SEED=17 MODEL_RUNS=5000 npx vitest run test/engine/model.test.ts` tries others, and more.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { statusOf } from '../../src/core/advance.ts';
import { WorkflowError } from '../../src/core/errors.ts';
import { endedStatuses } from '../../src/core/run.ts';
import { Catalog } from '../../src/engine/runs/catalog.ts';
import { loadRun, replayRun, type Loading } from '../../src/engine/runs/load.ts';
import { MemoryDatabase, MemoryStore } from '../../src/store/memory.ts';
import { persistState } from '../../machines/persist.ts';
import { agent, flow } from '../support/flow.ts';
import { anyAgents, createTestEngine, type TestEngine } from '../support/test-engine.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const waitMs = 60_000;
const approval = flow({
  name: 'approval',
  steps: [
    { id: 'ask', type: 'human', title: 'fine?' },
    { id: 'go', type: 'signal', name: 'go' },
    { id: 'rest', type: 'wait', duration: waitMs },
    agent('last'),
  ],
  output: '{{steps.last.output}}',
});

type Stage = 'ask' | 'go' | 'rest' | 'completed' | 'cancelled';

/** What must be true of a run. */
interface ModelRun {
  stage: Stage;
  /** That nobody has taken yet. */
  signals: number;
  dueAt: number;
}

interface Model {
  readonly runs: Map<string, ModelRun>;
  now: number;
}

interface Real {
  readonly database: MemoryDatabase;
  readonly sleepAfterMs: number;
  lab: TestEngine;
}

const isOver = ({ stage }: ModelRun): boolean => stage === 'completed' || stage === 'cancelled';

/** A signal that is there is taken as soon as it is waited for. */
function goOn(run: ModelRun, now: number): void {
  if (run.stage !== 'go' || run.signals === 0) return;
  Object.assign(run, { stage: 'rest', signals: run.signals - 1, dueAt: now + waitMs });
}

async function begin(
  { database, sleepAfterMs }: Pick<Real, 'database' | 'sleepAfterMs'>,
  now: number,
): Promise<TestEngine> {
  const lab = await createTestEngine({
    workflows: [approval],
    store: new MemoryStore(database),
    clock: new VirtualClock(now),
    mocks: { last: 'done' },
    sleepAfterMs,
  });
  await lab.clock.settle();
  return lab;
}

async function codeOf(saying: Promise<unknown>): Promise<string> {
  try {
    await saying;
    return 'ok';
  } catch (error) {
    if (error instanceof WorkflowError) return error.code;
    throw error;
  }
}

type Say = (lab: TestEngine, id: string) => Promise<unknown>;
/** What the engine has to answer: 'ok', or the code of an error. */
type Expected = (run: ModelRun | undefined, model: Model, id: string) => string;

/** Something that is said to one of the runs: what the model makes of it, and what the engine answers to that. */
class Saying implements fc.AsyncCommand<Model, Real> {
  readonly #what: string;
  readonly #run: string;
  readonly #expected: Expected;
  readonly #say: Say;

  constructor(what: string, run: number, say: Say, expected: Expected) {
    this.#what = what;
    this.#run = `run${run}`;
    this.#say = say;
    this.#expected = expected;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    const expected = this.#expected(model.runs.get(this.#run), model, this.#run);
    const said = codeOf(this.#say(real.lab, this.#run));
    await real.lab.clock.settle();
    expect(`${String(this)}: ${await said}`).toBe(`${String(this)}: ${expected}`);
    compare(model, real);
  }

  toString(): string {
    return `${this.#what} ${this.#run}`;
  }
}

type Happen = (model: Model, real: Real) => Promise<void>;

/** Something that happens to the process, or time that passes. */
class Happening implements fc.AsyncCommand<Model, Real> {
  readonly #what: string;
  readonly #happen: Happen;

  constructor(what: string, happen: Happen) {
    this.#what = what;
    this.#happen = happen;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    await this.#happen(model, real);
    compare(model, real);
  }

  toString(): string {
    return this.#what;
  }
}

const start = (run: number): Saying =>
  new Saying(
    'start',
    run,
    ({ engine }, id) => engine.start(approval, {}, { runId: id }),
    (known, { runs }, id) => {
      if (known === undefined) runs.set(id, { stage: 'ask', signals: 0, dueAt: 0 });
      return 'ok';
    },
  );

/** To a run that has to be there, and not over. `apply`: whether it takes it. */
function toOpen(what: string, run: number, say: Say, apply: (run: ModelRun, now: number) => boolean): Saying {
  return new Saying(what, run, say, (known, { now }) => {
    if (known === undefined) return 'NOT_FOUND';
    return !isOver(known) && apply(known, now) ? 'ok' : 'CONFLICT';
  });
}

const signal = (run: number): Saying =>
  toOpen(
    'signal',
    run,
    ({ engine }, id) => engine.signal(id, 'go', 1),
    (known, now) => {
      known.signals += 1;
      goOn(known, now);
      return true;
    },
  );

const approve = (run: number): Saying =>
  toOpen(
    'approve',
    run,
    ({ engine }, id) => engine.answer(`${id}:ask:1`, { decision: 'approve' }),
    (known, now) => {
      if (known.stage !== 'ask') return false;
      known.stage = 'go';
      goOn(known, now);
      return true;
    },
  );

const cancel = (run: number): Saying =>
  toOpen(
    'cancel',
    run,
    ({ engine }, id) => engine.cancel(id),
    (known) => {
      known.stage = 'cancelled';
      return true;
    },
  );

const tick = (ms: number): Happening =>
  new Happening(`tick ${ms}`, async (model, { lab }) => {
    model.now += ms;
    for (const run of model.runs.values()) if (run.stage === 'rest' && run.dueAt <= model.now) run.stage = 'completed';
    await lab.clock.advance(ms);
  });

const crash = new Happening('crash', async ({ now }, real) => {
  (real.lab.store as MemoryStore).crash();
  real.lab = await begin(real, now);
});

const restart = new Happening('restart', async ({ now }, real) => {
  await real.lab.engine.close();
  real.lab = await begin(real, now);
});

/** Histories have no gap (I2), replay to what is loaded (I5), and nothing comes after an end (I7). */
const read = new Happening('read', async (model, { database }) => {
  await Promise.resolve();
  const store = new MemoryStore(database);
  const loading: Loading = { store, catalog: new Catalog([approval], anyAgents, store) };
  for (const id of model.runs.keys()) {
    const replayed = [...replayRun(loading, id)];
    expect(replayed.map(({ recorded }) => recorded.seq)).toEqual(replayed.map((_, index) => index + 1));
    const states = replayed.map(({ advanced }) => advanced.state);
    expect(states.slice(0, -1).filter((state) => endedStatuses.has(statusOf(state)))).toEqual([]);
    expect(persistState(loadRun(loading, id).state)).toBe(persistState(states.at(-1) ?? loadRun(loading, id).state));
  }
});

/** The engine says of all runs what the model says. */
function compare({ runs }: Model, { lab }: Real): void {
  const told = lab.engine.runs({ order: 'asc' }).map(({ id, status }) => [id, stageOf(lab, id, status)]);
  const expected = [...runs].map(([id, { stage }]) => [id, stage]);
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(expected));
}

function stageOf({ engine }: TestEngine, id: string, status: string): string {
  if (status !== 'running') return status;
  return engine.steps(id).find((step) => step.status === 'running')?.id ?? 'nowhere';
}

const run = fc.nat({ max: 1 });
const commands = fc.commands<Model, Real, false>(
  [
    run.map(start),
    run.map(start),
    run.map(signal),
    run.map(approve),
    run.map(approve),
    run.map(cancel),
    fc.constantFrom(1, 30_000, waitMs, waitMs, 3_600_000).map(tick),
    fc.constant(crash),
    fc.constant(restart),
    fc.constant(read),
  ],
  { maxCommands: 40, size: 'max' },
);

test('runs are where the model says, whatever happens to them', { timeout: 300_000 }, async () => {
  const seen = { completed: 0, cancelled: 0 };
  await fc.assert(
    fc.asyncProperty(commands, fc.constantFrom(0, 10_000, Infinity), async (all, sleepAfterMs) => {
      const model: Model = { runs: new Map(), now: Date.UTC(2026, 0, 1) };
      const database = new MemoryDatabase();
      const real: Real = { database, sleepAfterMs, lab: await begin({ database, sleepAfterMs }, model.now) };
      await fc.asyncModelRun(() => ({ model, real }), all);
      await real.lab.engine.close();
      for (const { stage } of model.runs.values()) if (stage in seen) seen[stage as keyof typeof seen] += 1;
    }),
    { numRuns: Number(process.env['MODEL_RUNS'] ?? 300) },
  );
  for (const times of Object.values(seen)) expect(times).toBeGreaterThan(10);
});
