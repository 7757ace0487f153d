/** Where an exploration stands: the state of a run, the rounds of its loops, and the values that were chosen on the way. Types only. */
import type { RunState } from '../core/run-state.ts';
import type { CompiledWorkflow } from '../../machines/compiled-workflow.ts';
import type { LoggedWrite, RunContext } from '../../machines/context.ts';
import type { Bindings } from './bindings.ts';

/** A run, or the round of a loop. */
export interface Spot {
  readonly compiled: CompiledWorkflow;
  readonly run: RunState;
  /** Of items loops under way, by the id of the effect. */
  readonly rounds: ReadonlyMap<string, RoundSpot>;
}

export interface RoundSpot {
  readonly spot: Spot;
  /** Rounds begun, up to `most`, which stands for all further ones as well. */
  readonly count: number;
  /** Earlier ones go on beside it: one of them will fail. */
  readonly isOpen: boolean;
  /** How many rounds are told apart. */
  readonly most: number;
  /** What finished rounds wrote to the state, as far as anything depends on it. */
  readonly writes: readonly LoggedWrite[];
}

export interface Situation {
  readonly spot: Spot;
  readonly bindings: Bindings;
  /** Whose turn it is in parallel steps whose branches run one after another, in any order: branch by step id. */
  readonly turns: ReadonlyMap<string, string>;
}

export function contextOf(run: RunState): RunContext {
  return (run.snapshot as { readonly context: RunContext }).context;
}

/** What became of a step, or of the run, in one move. */
export type Happening =
  | {
      readonly type: 'started' | 'retrying' | 'cancelled' | 'asked' | 'compensating' | 'compensated';
      readonly step: string;
      readonly attempt: number;
    }
  | { readonly type: 'completed'; readonly step: string; readonly branch: string | null }
  | { readonly type: 'failed'; readonly step: string; readonly code: string }
  | { readonly type: 'skipped'; readonly step: string; readonly why: 'condition' | 'not chosen' | 'by hand' }
  | { readonly type: 'round'; readonly step: string }
  | { readonly type: 'end'; readonly status: 'completed' | 'failed' | 'cancelled' };
