/**
 * Runs the paths of a workflow on the real engine, in virtual time: what every effect gives, and when, is the path's. Conditions,
 * templates and writes are evaluated for real; functions of the author are not called: what they decide is the path's too.
 */
import { EffectResult } from '../core/effect.ts';
import { isErrorCode, WorkflowError, type ErrorData } from '../core/errors.ts';
import type { Step } from '../definition/definition.ts';
import { createTree } from '../definition/checks/tree.ts';
import { effectHandlers } from '../effects/index.ts';
import type { EffectCall, EffectHandler } from '../effects/call.ts';
import { decodeEvent } from '../engine/codec.ts';
import { createEngine } from '../engine/create-engine.ts';
import type { Engine } from '../engine/engine.ts';
import type { RunEvent } from '../engine/run-events.ts';
import { openMemoryStore } from '../store/memory.ts';
import type { Path, Paths } from '../verify/paths.ts';
import { scriptOf, type Script, type ScriptedMove } from '../verify/script.ts';
import { anyAgents } from './any-agents.ts';
import { envOf } from './env-names.ts';
import { MemoryLog } from './memory-log.ts';
import { renderWork } from './path-rendering.ts';
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
  /** `unreachable`: no generated data leads there; that says nothing of the workflow. */
  readonly status: 'passed' | 'failed' | 'unreachable';
  /** What went otherwise, or why it cannot be run; null when it passed. */
  readonly problem: string | null;
  /** Functions whose decisions the test made. */
  readonly forced: readonly string[];
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
  if (script.problem !== null)
    return { path, status: 'unreachable', problem: script.problem, forced, output: undefined };
  const run = new PathRun(script, path);
  const problem = await run.run();
  return { path, status: problem === null ? 'passed' : 'failed', problem, forced, output: run.output };
}

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

interface Waiting {
  readonly call: EffectCall;
  resolve(result: EffectResult | Promise<EffectResult>): void;
  reject(error: unknown): void;
}

class PathRun {
  readonly #script: Script;
  readonly #path: Path;
  readonly #clock = new VirtualClock();
  readonly #waiting = new Map<string, Waiting>();
  readonly #steps: ReadonlyMap<string, Step>;
  readonly #told: string[] = [];
  readonly #store = openMemoryStore();
  output: unknown = undefined;
  /** Of effects that began: why they cannot be rendered, null for those that can. */
  readonly #renders: Promise<string | null>[] = [];

  constructor(script: Script, path: Path) {
    this.#script = script;
    this.#path = path;
    this.#steps = new Map(createTree(script.definition).nodes.map(({ step }) => [step.id, step]));
  }

  /** Null when everything went as the path says. */
  async run(): Promise<string | null> {
    const { definition, input } = this.#script;
    const handlers = [...effectHandlers.keys(), 'transform'].map((name) => [name, this.#scripted(name)] as const);
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
      handlers: new Map(handlers),
    });
    try {
      const run = await engine.start(definition, input, { runId });
      const reading = this.#listen(run.events());
      await this.#clock.settle();
      for (const [at, move] of this.#script.moves.entries()) {
        const unrendered = await this.#unrendered();
        if (unrendered !== null) return unrendered;
        const problem = await this.#tryMove(engine, move);
        if (problem !== null) return this.#otherwise(engine, at, move, problem);
        await this.#clock.settle();
      }
      const report = engine.report(runId);
      if (report.status === 'completed') this.output = report.output;
      await Promise.race([reading, this.#clock.settle()]);
      return (await this.#unrendered()) ?? differenceOf(this.#path, report, this.#told);
    } finally {
      await engine.close();
    }
  }

  /** What made the run end before says more than that a move could not be made. */
  #otherwise(engine: Engine, at: number, { edge }: ScriptedMove, problem: string): string {
    const report = engine.report(runId);
    if (report.status !== 'failed') return `move ${at + 1} (${edge.label}): ${problem}`;
    const step = report.error.details?.['step'];
    return `the run failed before '${edge.label}'${typeof step === 'string' ? `, at step '${step}'` : ''}: ${report.error.message}`;
  }

  /** The first of what could not be rendered, and why. */
  async #unrendered(): Promise<string | null> {
    const found = await Promise.all(this.#renders.splice(0));
    return found.find((each) => each !== null) ?? null;
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
    switch (edge.kind) {
      case 'start':
      case 'round':
      case 'no items':
        return null;
      case 'cancel':
        await engine.run(runId).cancel();
        return null;
      case 'signal':
        await engine.signal(runId, edge.about, move.output);
        return null;
      case 'answer':
        return this.#answer(engine, move);
      case 'timer':
        return this.#timer(edge.about);
      case 'completes':
      case 'fails':
        return this.#isOwn(edge.step, edge.about) ? null : this.#give(move);
    }
  }

  /** The engine itself carries out loops and publishing. */
  #isOwn(step: string | null, about: string): boolean {
    const type = step === null ? null : this.#steps.get(step)?.type;
    return (type === 'loop' && about === step) || (type === 'emit' && about === step);
  }

  async #answer(engine: Engine, { edge, output }: ScriptedMove): Promise<string | null> {
    const task = engine.tasks().find(({ step }) => step === edge.step);
    if (task === undefined) return 'nobody is asked';
    await engine.answer(task.id, edge.outcome === 'answered' ? output : { decision: edge.outcome });
    return null;
  }

  /** Time passes until this very timer fires. */
  async #timer(timer: string): Promise<string | null> {
    for (let fires = 0; fires < 50; fires++) {
      const next = this.#clock.nextAt;
      if (next === null) return 'no timer is set';
      const before = this.#fired();
      await this.#clock.advance(next - this.#clock.start - this.#clock.elapsedMs);
      const now = this.#fired();
      if (now.length === before.length) continue;
      const other = now.slice(before.length).find((name) => name !== timer);
      return other === undefined ? null : `timer '${other}' fires first`;
    }
    return 'the timer does not fire';
  }

  #fired(): readonly string[] {
    const runs = this.#store.listRuns({ kind: ['run', 'round'], limit: 1_000 }).map(({ id }) => id);
    return runs
      .flatMap((id) => this.#store.readEvents(id, 1).map(decodeEvent))
      .toSorted((a, b) => a.at - b.at)
      .flatMap(({ event }) => (event.type === 'timer.fired' ? [event.timer] : []));
  }

  // Effects wait until it is their turn.

  #scripted(name: string): EffectHandler {
    return (call) =>
      new Promise<EffectResult>((resolve, reject) => {
        const key = keyOf(call);
        const waiting: Waiting = { call, resolve, reject };
        this.#waiting.set(key, waiting);
        this.#clock.touch();
        this.#renders.push(
          renderWork(call, effectHandlers.get(name)).then(
            () => null,
            (error: unknown) => `step '${call.input.info?.step.id ?? ''}' cannot be rendered: ${messageOf(error)}`,
          ),
        );
        call.signal.addEventListener('abort', () => {
          if (this.#waiting.get(key) === waiting) this.#waiting.delete(key);
          reject(call.signal.reason as Error);
        });
      }).then((result) => result ?? Promise.reject(new Error(name)));
  }

  #give(move: ScriptedMove): string | null {
    const { edge, rounds } = move;
    const key = `${rounds.join('/')} ${edge.about}`;
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return `effect '${edge.about}' is not under way`;
    this.#waiting.delete(key);
    if (edge.error !== null) waiting.reject(thrown(edge.error));
    else waiting.resolve(this.#result(move, waiting.call));
    return null;
  }

  /** What needs no world is evaluated for real. */
  #result({ edge, output, metadata }: ScriptedMove, call: EffectCall): EffectResult | Promise<EffectResult> {
    const { kind, info } = call.input;
    const step = info?.step;
    const { definition } = this.#script;
    const isReal =
      kind === 'assign' ||
      kind === 'substitute' ||
      (kind === 'output' && definition.output?.kind === 'template') ||
      (kind === 'work' && step?.type === 'transform' && step.template !== null);
    if (isReal) return (effectHandlers.get('evaluate') as EffectHandler)(call);
    if (kind === 'start' || kind === 'error' || kind === 'complete')
      return new EffectResult(edge.outcome === 'mends' ? output : undefined);
    if (edge.outcome === 'true' || edge.outcome === 'false') return new EffectResult(edge.outcome === 'true');
    if (step?.type === 'switch')
      return new EffectResult(edge.outcome.startsWith('case ') ? edge.outcome.slice('case '.length) : null);
    if (kind === 'decide' && step?.type === 'wait') return new EffectResult(1_000);
    if (kind === 'decide' && step?.type === 'loop') return new EffectResult(Array.isArray(output) ? output : []);
    return new EffectResult(output, { metadata });
  }
}

/** As the path says, thrown. */
function thrown(error: ErrorData): Error {
  const { code, message, retryable, details } = error;
  return new WorkflowError(isErrorCode(code) ? code : 'STEP_FAILED', message, {
    retryable,
    ...(details === undefined ? {} : { details }),
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The rounds it happens in, and the effect. */
function keyOf({ input }: EffectCall): string {
  const parts = input.context.run.id.split('/');
  const indexes = parts.filter((_part, at) => at > 0 && at % 2 === 0);
  return `${indexes.join('/')} ${input.effect}`;
}
