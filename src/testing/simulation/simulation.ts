/** What a simulation is given, and what it gives. */
import type { RunStatus } from '../../core/run.ts';
import type { Faults } from './climate.ts';
import type { Violation } from './journal.ts';
import type { SimulationPlan } from './plan.ts';

export interface SimulationOptions {
  readonly seed: number;
  readonly plan: SimulationPlan;
  /** What may go wrong. @default all of it */
  readonly faults?: Faults;
  /** One run alone, whose process dies at this write (0: at none) and is started again. @default many, at random */
  readonly killAt?: { readonly write: number; readonly when: 'before' | 'after' };
  /** Whether what functions print is a part of the trace, and is not printed. @default false */
  readonly hearsPrints?: boolean;
}

export interface SimulationResult {
  readonly seed: number;
  /** Of everything that happened: the same seed gives the same. */
  readonly hash: string;
  readonly violations: readonly Violation[];
  /** What happened, line by line. */
  readonly trace: readonly string[];
  readonly runs: readonly {
    readonly id: string;
    readonly workflow: string;
    readonly status: RunStatus;
    readonly outcome: string;
  }[];
  /** Of all processes. */
  readonly writes: number;
  readonly calls: number;
  /** Times that a process died. */
  readonly deaths: number;
  /** How often what happened, by its name. */
  readonly seen: Readonly<Record<string, number>>;
}
