/** Simulations of one workflow of somebody's own: many seeds, one seed, or a crash at every write. Owns the summing up. */
import type { WorkflowDefinition } from '../definition/index.ts';
import { crashMatrix, type MatrixResult } from './simulation/crash-matrix.ts';
import type { Violation } from './simulation/journal.ts';
import { simulateSeed } from './simulation/simulate.ts';
import type { SimulationResult } from './simulation/simulation.ts';
import { userPlan } from './simulation/user-plan.ts';

export interface SimulateOptions {
  readonly workflow: WorkflowDefinition;
  /** All that it may start as child runs. @default [workflow] */
  readonly workflows?: readonly WorkflowDefinition[];
  /** @default one that fits the input schema, another for each seed */
  readonly input?: unknown;
}

export interface BrokenSeed {
  readonly seed: number;
  readonly hash: string;
  readonly violations: readonly Violation[];
}

export interface SimulationSummary {
  readonly seeds: number;
  /** How the runs ended, by status: rounds of loops not counted. */
  readonly ends: Readonly<Record<string, number>>;
  /** Calls of agents and services. */
  readonly calls: number;
  /** Times that a process died. */
  readonly crashes: number;
  readonly broken: readonly BrokenSeed[];
}

/** One seed, with all that happened; what functions print is a part of it, and is not printed. @throws WorkflowError REQUEST_INVALID when no input can be made up */
export function simulateWorkflowSeed(options: SimulateOptions, seed: number): Promise<SimulationResult> {
  const { workflow, workflows = [workflow], input } = options;
  return simulateSeed({
    seed,
    hearsPrints: true,
    plan: userPlan({ workflow, workflows, seed, ...(input === undefined ? {} : { input }) }),
  });
}

/**
 * Many seeds from `from` on: crashes, a full disk, clocks that jump, agents that are slow, lost, failing or talk nonsense, and
 * people. Each has to keep what is promised of every run.
 * @throws as {@link simulateWorkflowSeed}
 */
export async function simulateWorkflow(
  options: SimulateOptions,
  from: number,
  seeds: number,
): Promise<SimulationSummary> {
  const ends: Record<string, number> = {};
  const broken: BrokenSeed[] = [];
  let calls = 0;
  let crashes = 0;
  for (let seed = from; seed < from + seeds; seed++) {
    const result = await simulateWorkflowSeed(options, seed);
    for (const { id, status } of result.runs) if (!id.includes('/')) ends[status] = (ends[status] ?? 0) + 1;
    calls += result.calls;
    crashes += result.deaths;
    if (result.violations.length > 0) broken.push({ seed, hash: result.hash, violations: result.violations });
  }
  return { seeds, ends, calls, crashes, broken };
}

/** One run, killed before and after every write. @throws as {@link simulateWorkflowSeed} */
export function crashWorkflow(options: SimulateOptions, seed: number): Promise<MatrixResult> {
  const { workflow, workflows = [workflow], input } = options;
  return crashMatrix(userPlan({ workflow, workflows, seed, ...(input === undefined ? {} : { input }) }), seed);
}
