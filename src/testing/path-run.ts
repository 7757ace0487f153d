/** Runs the paths of a workflow on the real engine, in virtual time: what every effect gives, and when, is the path's. */
import { WorkflowError } from '../core/errors.ts';
import { decodeEvent } from '../engine/drive/codec.ts';
import { createEngine } from '../engine/create-engine.ts';
import type { Engine } from '../engine/engine.ts';
import type { RunEvent } from '../engine/read/run-events.ts';
import { openMemoryStore } from '../store/memory.ts';
import type { Path, Paths } from '../verify/paths.ts';
import type { LongerTimer } from '../verify/schedule.ts';
import { scriptOf, type Script, type ScriptedMove } from '../verify/script.ts';
import { anyAgents } from './any-agents.ts';
import { envOf } from './env-names.ts';
import { MemoryLog } from './memory-log.ts';
import { PathEffects } from './path-effects.ts';
import { PathTasks } from './path-tasks.ts';
import { differenceOf, toldText } from './path-told.ts';
import { SeededRandom } from './seeded-random.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface PathOverrides {
  /** What steps give where the path needs no other value, by id. @default generated from schemas */
  readonly outputs?: Readonly<Record<string, unknown>>;
  /** The run's input, where the path needs no other value. @default generated from its schema */
  readonly input?: unknown;
}

export interface PathResult {
  readonly path: Path;
  /**
   * `failed`: something of the workflow cannot be rendered or evaluated there. `unreachable`: no generated data leads there, or what
   * the test made led elsewhere; that says nothing of the workflow.
   */
  readonly status: 'passed' | 'failed' | 'unreachable';
  /** What went otherwise, or why it cannot be run; null when it passed. */
  readonly problem: string | null;
  /** Functions whose decisions the test made. */
  readonly forced: readonly string[];
  /** Timers that took longer than is written: with the times of the workflow no run goes that way. */
  readonly longer: readonly LongerTimer[];
  /** Of a run that completed. */
  readonly output: unknown;
}

const runId = 'path';

export async function runPath(
  { definition }: Pick<Paths, 'definition'>,
  path: Path,
  overrides: PathOverrides = {},
): Promise<PathResult> {
  const script = scriptOf(definition, path.moves, overrides);
  const forced = forcedBy(path);
  const { longer } = script;
  if (script.problem !== null)
    return { path, status: 'unreachable', problem: script.problem, forced, longer, output: undefined };
  const run = new PathRun(script, path);
  const problem = await run.run();
  const result = { path, forced, longer, output: run.output };
  if (problem === null) return { ...result, status: 'passed', problem };
  return run.isOfWorkflow
    ? { ...result, status: 'failed', problem }
    : { ...result, status: 'unreachable', problem: `${ledElsewhere}: ${problem}` };
}

/** Begins what is said of a path that the test did not get to the end of, though its data should have led there. */
export const ledElsewhere = 'what the test made led elsewhere';

/** Deciding functions that the path answers for. */
function forcedBy({ moves }: Path): readonly string[] {
  return [
    ...new Set(
      moves.flatMap(({ outcome, step }) =>
        (outcome === 'true' || outcome === 'false') && step !== null ? [step] : [],
      ),
    ),
  ];
}

class PathRun {
  readonly #script: Script;
  readonly #path: Path;
  readonly #clock = new VirtualClock();
  readonly #effects: PathEffects;
  readonly #tasks: PathTasks;
  readonly #told: string[] = [];
  readonly #store = openMemoryStore();
  output: unknown = undefined;
  #isUnrendered = false;
  /** Timers that have fired and were not expected yet, by name. */
  readonly #fired: string[] = [];
  /** How far the histories of the run and of its rounds have been read: seqs by run. */
  readonly #read = new Map<string, number>();

  constructor(script: Script, path: Path) {
    this.#script = script;
    this.#path = path;
    this.#effects = new PathEffects(script.definition, this.#clock);
    this.#tasks = new PathTasks(script.definition, this.#store);
  }

  /** Whether what went otherwise is a mistake of the workflow. */
  get isOfWorkflow(): boolean {
    return this.#isUnrendered || this.#effects.hasFailed;
  }

  /** Null when everything went as the path says. */
  async run(): Promise<string | null> {
    const { definition, input } = this.#script;
    const engine = await createEngine({
      workflows: [definition],
      agents: anyAgents,
      // A whole URL may be one.
      env: envOf([definition], (name) => `https://env.example/${name}`),
      random: new SeededRandom(1),
      store: this.#store,
      clock: this.#clock,
      logger: new MemoryLog(),
      verify: 'off',
      // Time does not pass by itself.
      graceMs: 0,
      // What is asleep begins again, and would have to be given again.
      sleepAfterMs: Number.POSITIVE_INFINITY,
      handlers: this.#effects.handlers,
    });
    try {
      const run = await engine.start(definition, input, { runId });
      const reading = this.#listen(run.events());
      await this.#clock.settle();
      for (const [at, move] of this.#script.moves.entries()) {
        const unrendered = await this.#unrendered(engine);
        if (unrendered !== null) return unrendered;
        const problem = await this.#tryMove(engine, move);
        if (problem !== null) return this.#otherwise(engine, at, move, problem);
        await this.#clock.settle();
      }
      const report = engine.report(runId);
      if (report.status === 'completed') this.output = report.output;
      await Promise.race([reading, this.#clock.settle()]);
      return (await this.#unrendered(engine)) ?? differenceOf(this.#path, report, this.#told);
    } finally {
      await engine.close();
    }
  }

  async #unrendered(engine: Engine): Promise<string | null> {
    const problem = (await this.#effects.unrendered()) ?? this.#tasks.unrendered(engine);
    this.#isUnrendered ||= problem !== null;
    return problem;
  }

  /** What made the run end before says more than that a move could not be made. */
  #otherwise(engine: Engine, at: number, { edge }: ScriptedMove, problem: string): string {
    const report = engine.report(runId);
    if (report.status !== 'failed') return `move ${at + 1} (${edge.label}): ${problem}`;
    const step = report.error.details?.['step'];
    return `the run failed before '${edge.label}'${typeof step === 'string' ? `, at step '${step}'` : ''}: ${report.error.message}`;
  }

  async #listen(events: AsyncIterable<RunEvent>): Promise<void> {
    for await (const event of events) {
      if (event.runId === runId) this.#told.push(...toldText(event));
    }
  }

  async #tryMove(engine: Engine, move: ScriptedMove): Promise<string | null> {
    try {
      return await this.#move(engine, move);
    } catch (error) {
      if (error instanceof WorkflowError) return error.message;
      throw error;
    }
  }

  async #move(engine: Engine, move: ScriptedMove): Promise<string | null> {
    const { edge } = move;
    const early = await this.#until(move);
    if (early !== null) return `timer '${early}' fires first`;
    switch (edge.kind) {
      case 'start':
      case 'timer':
        return null;
      case 'cancel':
        await engine.run(runId).cancel();
        return null;
      case 'signal':
        await engine.signal(runId, edge.about, move.output);
        return null;
      case 'answer':
        return this.#answer(engine, move);
      case 'round':
      case 'no items':
      case 'completes':
      case 'fails':
        return edge.isUrgent ? null : this.#effects.give(move);
    }
  }

  /** Time passes until it is the move's turn; gives a timer that fires and should not, or should and does not. */
  async #until({ edge, at }: ScriptedMove): Promise<string | null> {
    const ms = at - this.#clock.elapsedMs;
    if (ms > 0 || edge.kind === 'timer') await this.#clock.advance(Math.max(0, ms));
    this.#noteFired();
    const [first = null] = this.#fired;
    if (edge.kind !== 'timer') return first;
    const index = this.#fired.indexOf(edge.about);
    if (index === -1) return first ?? 'none';
    this.#fired.splice(index, 1);
    return null;
  }

  async #answer(engine: Engine, { edge, output }: ScriptedMove): Promise<string | null> {
    const task = engine.tasks().find(({ step }) => step === edge.step);
    if (task === undefined) return 'nobody is asked';
    await engine.answer(task.id, edge.outcome === 'answered' ? output : { decision: edge.outcome });
    return null;
  }

  #noteFired(): void {
    for (const { id } of this.#store.listRuns({ kind: ['run', 'round'], limit: 1_000 })) {
      const events = this.#store.readEvents(id, (this.#read.get(id) ?? 0) + 1).map(decodeEvent);
      this.#read.set(id, events.at(-1)?.seq ?? this.#read.get(id) ?? 0);
      for (const { event } of events) if (event.type === 'timer.fired') this.#fired.push(event.timer);
    }
  }
}
