/**
 * Runs the example projects as their users do: the package by its name (the built one, loaded by Node.js itself), the demo
 * agents as real HTTP servers on this machine. Owns both ways of running, with the engine and as a plain machine, and the
 * clock that skips waits.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { createActor, toPromise } from 'xstate';
import type { RunningAgents } from '../../examples/agents/index.js';
import type * as Dank from '../../src/index.ts';

const root = new URL('../../', import.meta.url);

/** The built package, loaded by Node.js itself: the very one that the examples get. */
const require = createRequire(import.meta.url);
export const dank = require('dank-workflow') as typeof Dank;

// As in the command line: folders of examples that are packages of their own find the one that is running.
(
  require(fileURLToPath(new URL('dist/src/cli/self-resolve.js', root))) as { resolveOurselves(): void }
).resolveOurselves();

export interface Outcome {
  readonly output: unknown;
  readonly error: Dank.ErrorData | null;
  /** `started fetch-research 1`, in the order they happened. */
  readonly events: readonly string[];
  /** When each of them was told, by the clock of the run. */
  readonly times: ReadonlyMap<string, number>;
}

export class ExampleProject {
  readonly project: Dank.Project;
  readonly #config: unknown;
  readonly #allowHosts: readonly string[];

  private constructor(project: Dank.Project, config: unknown, allowHosts: readonly string[]) {
    this.project = project;
    this.#config = config;
    this.#allowHosts = allowHosts;
  }

  /** @param path a folder of `examples/`, or a workflow file in one */
  static async load(path: string, running: RunningAgents, apiKey: string): Promise<ExampleProject> {
    const env = { ...agentUrls(running), API_KEY: apiKey, PROCESS_URL: `${running.service.url}/process` };
    const project = await dank.loadWorkflows(fileURLToPath(new URL(`examples/${path}`, root)), { env });
    const config: unknown = project.configFile === null ? undefined : require(project.configFile);
    return new ExampleProject(project, config, [`127.0.0.1:${running.service.port}`]);
  }

  get workflow(): Dank.WorkflowDefinition {
    const [workflow] = this.project.workflows;
    if (workflow === undefined) throw new Error('the example has no workflow');
    return workflow;
  }

  async runInEngine(input: unknown): Promise<Outcome> {
    const engine = await dank.createEngine({
      ...this.project,
      allowHosts: this.#allowHosts,
      store: ':memory:',
      clock: skippingClock(),
    });
    try {
      const run = await engine.start(this.workflow.name, input);
      const log = new EventLog();
      for await (const event of run.events()) log.add(event, 'at' in event ? event.at : 0);
      const report = run.status();
      return {
        ...log.outcome(),
        output: report.status === 'completed' ? report.output : undefined,
        error: report.status === 'failed' ? report.error : null,
      };
    } finally {
      await engine.close();
    }
  }

  /** Under XState's own `createActor`: no engine, no store. */
  async runAsMachine(input: unknown, runId: string): Promise<Outcome> {
    const clock = skippingClock();
    const { env } = this.project;
    const actors = dank.createActors({ config: this.#config, env, allowHosts: this.#allowHosts, clock });
    const actor = createActor(dank.toMachine(this.workflow).provide({ actors }), { clock: xstateClock(clock) });
    const log = new EventLog();
    actor.on('*', (event) => {
      log.add(event, clock.now());
    });
    actor.start();
    actor.send({ type: 'run.started', runId, at: clock.now(), input });
    const output: unknown = await toPromise(actor);
    const { error } = (actor.getSnapshot() as { readonly context: { readonly error: Dank.ErrorData | null } }).context;
    return { ...log.outcome(), output, error };
  }

  /**
   * Events by the sequence that their steps belong to: branches of a parallel step are sequences of their own, and nothing is
   * promised about the order between them.
   */
  bySequence({ events }: Outcome): Readonly<Record<string, readonly string[]>> {
    const sequences = sequencesOf(this.workflow.steps, '');
    return Object.groupBy(events, (event) => sequences.get(event.split(' ')[1] ?? '') ?? 'run') as Record<
      string,
      string[]
    >;
  }
}

/** `DANK_AGENT_<NAME>_URL` for every agent. */
export function agentUrls({ agents }: RunningAgents): Record<string, string> {
  const name = (agent: string): string => `DANK_AGENT_${agent.toUpperCase().replaceAll('-', '_')}_URL`;
  return Object.fromEntries(Object.values(agents).map((agent) => [name(agent.name), agent.url]));
}

function sequencesOf(
  steps: readonly Dank.WorkflowDefinition['steps'][number][],
  name: string,
  isParallel = false,
): Map<string, string> {
  return new Map(
    steps.flatMap((step) => [
      [step.id, isParallel ? step.id : name] as const,
      ...('steps' in step ? sequencesOf(step.steps, step.id, step.type === 'parallel') : []),
    ]),
  );
}

class EventLog {
  readonly #events: string[] = [];
  readonly #times = new Map<string, number>();

  add(
    event: { readonly type: string; readonly step?: string; readonly attempt?: number; readonly branch?: string },
    at: number,
  ): void {
    const { type, step, attempt, branch } = event;
    const line = [type.replace(/^step\./, ''), step, attempt, branch].filter((part) => part !== undefined).join(' ');
    this.#events.push(line);
    this.#times.set(line, at);
  }

  outcome(): Pick<Outcome, 'events' | 'times'> {
    return { events: this.#events, times: this.#times };
  }
}

/** Waits and backoffs of up to ten seconds pass at once, and the clock goes forward by them; timeouts stay real. */
function skippingClock(): Dank.Clock {
  let skipped = 0;
  return {
    now: () => Date.now() + skipped,
    schedule(callback, delayMs) {
      if (delayMs > 10_000) {
        const timer = setTimeout(callback, delayMs);
        return () => clearTimeout(timer);
      }
      const immediate = setImmediate(() => {
        skipped += delayMs;
        callback();
      });
      return () => clearImmediate(immediate);
    },
  };
}

function xstateClock(clock: Dank.Clock) {
  const timers = new Map<number, () => void>();
  let last = 0;
  return {
    setTimeout(callback: () => void, delayMs: number): number {
      timers.set(++last, clock.schedule(callback, delayMs));
      return last;
    },
    clearTimeout(id: number): void {
      timers.get(id)?.();
      timers.delete(id);
    },
  };
}

/** Times of day are told apart from each other only by their form. */
export function withoutTimes(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null).replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>'));
}
