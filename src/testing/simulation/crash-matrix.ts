/** One run, killed before and after every write that it makes: it has to come to the same end each time. */
import type { SimulationPlan } from './plan.ts';
import { simulateSeed } from './simulate.ts';
import type { SimulationResult } from './simulation.ts';

export interface Crash {
  /** 1-based. */
  readonly write: number;
  readonly when: 'before' | 'after';
}

export interface MatrixResult {
  /** Of a run without a crash. */
  readonly writes: number;
  /** Crashes that changed something, or broke what must hold. */
  readonly broken: readonly (Crash & { readonly why: readonly string[] })[];
}

const calm = { crashes: false, disk: false, clock: false, commands: false, agents: false, processes: false };

export async function crashMatrix(plan: SimulationPlan, seed: number): Promise<MatrixResult> {
  const options = { seed, plan, faults: calm, hearsPrints: true };
  const whole = await simulateSeed({ ...options, killAt: { write: 0, when: 'before' } });
  const broken: (Crash & { readonly why: readonly string[] })[] = [];
  for (let write = 1; write <= whole.writes; write++) {
    for (const when of ['before', 'after'] as const) {
      const result = await simulateSeed({ ...options, killAt: { write, when } });
      const why = differences(whole, result);
      if (why.length > 0) broken.push({ write, when, why });
    }
  }
  const own = whole.violations.map(({ invariant, message }) => `${invariant}: ${message}`);
  if (own.length > 0) broken.unshift({ write: 0, when: 'before', why: own });
  return { writes: whole.writes, broken };
}

function differences(whole: SimulationResult, other: SimulationResult): readonly string[] {
  const expected = new Map(whole.runs.map((run) => [run.id, run]));
  const ends = other.runs.flatMap(({ id, status, outcome }) => {
    const before = expected.get(id);
    if (before === undefined) return [`run '${id}' is there, and was not without a crash`];
    if (before.status !== status) return [`run '${id}' is ${status}, and was ${before.status} without a crash`];
    return before.outcome === outcome ? [] : [`run '${id}' gave ${outcome}, and ${before.outcome} without a crash`];
  });
  const missing = whole.runs.filter(({ id }) => !other.runs.some((run) => run.id === id));
  return [
    ...other.violations.map(({ invariant, message }) => `${invariant}: ${message}`),
    ...ends,
    ...missing.map(({ id }) => `run '${id}' is missing`),
  ];
}
