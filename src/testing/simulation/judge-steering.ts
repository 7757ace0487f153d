/** What must hold of interventions (I12): what had completed stays so, and nothing is repeated of which that was not said. */
import type { RunState } from '../../core/advance.ts';
import type { EffectInput } from '../../../machines/effect-input.ts';
import type { RunContext } from '../../../machines/context.ts';
import type { Journal } from './journal.ts';
import type { Told } from './told.ts';

export function checkSteering(journal: Journal, runs: ReadonlyMap<string, Told>): void {
  checkForks(journal, runs);
  for (const told of runs.values()) checkRetries(journal, runs, told);
}

/** Work of a fork that had begun in the other run is done once more, under another key: it was said so before. */
function checkForks(journal: Journal, runs: ReadonlyMap<string, Told>): void {
  for (const { run, repeats, calls } of journal.forks) {
    const told = runs.get(run);
    const at = told?.events.findLastIndex(({ event }) => event.type === 'run.rebased' && event.kind === 'fork') ?? -1;
    // What a pause held there is applied in the same breath.
    const begin = told?.states[at]?.pause === null ? at : at + 1;
    for (const { input } of told?.states[begin]?.effects.values() ?? []) {
      const { info, visit, attempt, kind } = input as EffectInput;
      if (info === null || kind !== 'work' || repeats.has(info.step.id)) continue;
      const { id } = info.step;
      if (calls.some((call) => call.step === id && call.visit === visit && call.attempt === attempt))
        journal.violate('I12', `the fork '${run}' repeats ${id}, visit ${visit}, of which it was not said`);
    }
  }
}

/** Steps and rounds that had completed stay so. */
function checkRetries(journal: Journal, runs: ReadonlyMap<string, Told>, { id, base, events, states }: Told): void {
  for (const [index, { seq, event }] of events.entries()) {
    const [before, after] = [states[index - 1], states[index]];
    if (event.type !== 'run.rebased' || event.kind !== 'retry' || before === undefined || after === undefined) continue;
    const { program } = base.compiled;
    // A router that is retried may go back, and a loop may go round.
    const isRouted = (event.steps ?? []).some((name) =>
      routers.has(program.steps[program.byId.get(name) ?? -1]?.step.type),
    );
    const goesRound = (loop: number): boolean => recordOf(before, loop)?.rounds !== recordOf(after, loop)?.rounds;
    const retried = new Set((event.steps ?? []).map((name) => program.byId.get(name)));
    // A group that came to its last step and not to its own end begins anew, with all that is in it.
    const isWithin = (step: number | null): boolean =>
      step !== null && (retried.has(step) || isWithin(program.steps[step]?.parent ?? null));
    for (const { index: step, step: definition, loops, parent } of program.steps) {
      if (isRouted || isWithin(parent) || loops.some(goesRound)) continue;
      const [was, is] = [recordOf(before, step), recordOf(after, step)];
      const what = `the retry of run '${id}' at event ${seq}`;
      if (was?.status === 'completed' && is?.visit !== was.visit && is?.status !== 'completed')
        journal.violate('I12', `${what} begins ${definition.id} again, which had completed`);
      const hasRounds = was !== undefined && runs.has(`${id}/${definition.id}:${was.visit}/0`);
      if (definition.type === 'loop' && hasRounds && is?.visit !== was.visit)
        journal.violate('I12', `${what} begins the rounds of ${definition.id} again`);
    }
  }
}

const routers: ReadonlySet<string | undefined> = new Set(['conditional', 'switch']);

function recordOf({ snapshot }: RunState, step: number) {
  return (snapshot as { readonly context: RunContext }).context.steps.get(step);
}
