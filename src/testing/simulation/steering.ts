/**
 * What people do to the course of runs in a simulation: they retry, go back, skip, complete by hand, edit, fork, set breakpoints and
 * move runs to other versions, at any time, also where it makes no sense. Owns what is tried; how it is sent is `people.ts`.
 */
import { endedStatuses, type RunRow, type RunStatus } from '../../core/run.ts';
import { createTree } from '../../definition/checks/tree.ts';
import type { Step } from '../../definition/definition.ts';
import type { Engine } from '../../engine/engine.ts';
import type { PeopleOptions, Say } from './say.ts';
import type { SimulationPlan } from './plan.ts';
import type { SimProcess } from './sim-process.ts';

/** Forks of one seed: each has a whole history of its own. */
const maxForks = 3;
/** Runs whose history is longer are not forked: it would be copied. */
const maxForked = 60;

type Migration = NonNullable<SimulationPlan['migrations']>[number];

type Deed = (host: SimProcess) => void;

export class Steering {
  readonly #options: PeopleOptions;
  readonly #say: Say;
  readonly #deeds: readonly Deed[];
  #forks = 0;

  constructor(options: PeopleOptions, say: Say) {
    this.#options = options;
    this.#say = say;
    const { migrations = [] } = options.plan;
    this.#deeds = [
      (host) => this.#retry(host),
      (host) => this.#retry(host),
      (host) => this.#rerun(host),
      (host) => this.#skip(host),
      (host) => this.#complete(host),
      (host) => this.#edit(host),
      (host) => this.#fork(host),
      (host) => this.#breakpoint(host),
      ...migrations.flatMap((migration) => [
        (host: SimProcess) => this.#migrate(host, migration),
        (host: SimProcess) => this.#migrate(host, migration),
      ]),
    ];
  }

  /** Any of it. */
  steer(host: SimProcess): void {
    this.#options.world.pick(this.#deeds)(host);
  }

  #retry(host: SimProcess): void {
    const ended = this.#pick((status) => status === 'failed' || status === 'cancelled');
    if (ended !== null) this.#send(host, ended, 'retry', (engine, by) => engine.retry(ended, { by }));
  }

  #rerun(host: SimProcess): void {
    const run = this.#pick(() => true);
    const step = run === null ? null : this.#step(run);
    if (run !== null && step !== null) this.#send(host, run, 'rerun', (it, by) => it.rerun(run, step.id, { by }));
  }

  #skip(host: SimProcess): void {
    const run = this.#pick((status) => status !== 'completed');
    const step = run === null ? null : this.#step(run);
    if (run !== null && step !== null) this.#send(host, run, 'skip', (it, by) => it.skip(run, step.id, { by }));
  }

  #complete(host: SimProcess): void {
    const run = this.#pick((status) => status !== 'completed');
    const step = run === null ? null : this.#step(run);
    if (run === null || step === null) return;
    const output = this.#outputOf(run, step);
    this.#send(host, run, 'complete', (it, by) => it.complete(run, step.id, output, { by }));
  }

  #edit(host: SimProcess): void {
    const { world } = this.#options;
    const run = this.#pick((status) => !endedStatuses.has(status));
    if (run === null) return;
    const step = world.chance(0.5) ? null : this.#step(run);
    const outputs = step === null ? {} : { outputs: { [step.id]: this.#outputOf(run, step) } };
    const edits = { state: { edited: world.below(100) }, ...outputs };
    if (world.chance(0.7)) this.#say(host, { kind: 'run.paused', run }, (it, by) => it.pause(run, { by }));
    this.#send(host, run, 'edit', (it, by) => it.edit(run, edits, { by }));
  }

  #fork(host: SimProcess): void {
    const { world, journal } = this.#options;
    const run = this.#pick((_status, id) => !id.includes('/') && journal.lengthOf(id) < maxForked);
    if (run === null || this.#forks >= maxForks) return;
    this.#forks += 1;
    const runId = `f${this.#forks}`;
    const step = world.chance(0.3) ? this.#step(run) : null;
    const at = step?.id ?? 1 + world.below(journal.lengthOf(run));
    const state = world.chance(0.3) ? { state: { forked: true } } : {};
    this.#send(host, runId, 'fork', async (it, by) => {
      const { repeats, seq } = it.forkPlan(run, at);
      const calls = journal.calls.filter((call) => call.run === run);
      await it.fork(run, { at: seq, runId, by, ...state });
      journal.forks.push({ run: runId, repeats: new Set(repeats.map((each) => each.step)), calls });
    });
  }

  #breakpoint(host: SimProcess): void {
    const { world } = this.#options;
    const run = this.#pick((status) => !endedStatuses.has(status));
    const step = run === null ? null : this.#step(run);
    if (run === null || step === null) return;
    const place = { step: step.id, when: world.pick(['before', 'after'] as const) };
    this.#say(host, { kind: 'breakpoint.set', run }, (it, by) => it.setBreakpoint(run, place, { by }));
    if (world.chance(0.5))
      this.#say(host, { kind: 'breakpoint.removed', run }, (it, by) => it.removeBreakpoint(run, place, { by }));
  }

  #migrate(host: SimProcess, migration: Migration): void {
    const { journal, database } = this.#options;
    const rows = [...database.runs.values()].map(({ row }) => JSON.parse(row) as RunRow);
    // There is nothing to be told of others.
    if (!rows.some(({ workflow, status }) => workflow === migration.workflow && !endedStatuses.has(status))) return;
    this.#say(host, { kind: 'migration', run: migration.workflow }, async (it, by) => {
      const { runs } = await it.migrate({ ...migration, by });
      for (const { runId, problems } of runs) {
        const state = problems.length === 0 ? 'acknowledged' : 'refused';
        journal.commands.push({ by, kind: 'run.rebased', run: runId, state });
        journal.saw(`migrate ${state}`);
      }
    });
  }

  #send(host: SimProcess, run: string, name: string, action: (engine: Engine, by: string) => Promise<unknown>): void {
    this.#say(host, { kind: 'run.rebased', run, name }, action);
  }

  /** Mostly one that somebody started: rounds and children are many. */
  #pick(isWanted: (status: RunStatus, id: string) => boolean): string | null {
    const { world, database } = this.#options;
    const all = [...database.runs].flatMap(([id, { status }]) => (isWanted(status, id) ? [id] : []));
    const tops = all.filter((id) => !id.includes('/'));
    const choices = tops.length > 0 && world.chance(0.8) ? tops : all;
    return choices.length === 0 ? null : world.pick(choices);
  }

  /** Mostly one that has begun: the latest that called, or any. */
  #step(run: string): Step | null {
    const { world, plan, database, journal } = this.#options;
    const row = JSON.parse(database.runs.get(run)?.row ?? '{}') as { readonly workflow?: string };
    const definition = plan.workflows.find(({ name }) => name === row.workflow);
    if (definition === undefined) return null;
    const steps = createTree(definition).nodes.map((node) => node.step);
    const last = journal.calls.findLast((call) => call.run === run)?.step;
    const called = steps.find(({ id }) => id === last);
    return called !== undefined && world.chance(0.6) ? called : world.pick(steps);
  }

  /** As its agent would give it, or a person. */
  #outputOf(run: string, step: Step): unknown {
    const { world, plan } = this.#options;
    if (step.type === 'human') return { decision: 'approve' };
    return plan.answer({ step, run, visit: 1, attempt: 1, input: null }, world);
  }
}
