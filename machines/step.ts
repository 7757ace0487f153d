/** What a step's statechart is made of: how its work ends, what its container does then, who makes its state. Its life is in `life.ts`. */
import type { Decision, Step } from '../src/definition/definition.ts';
import type { Named, NodeConfig, Transition } from './node-config.ts';
import type { Program, StepInfo } from './program.ts';
import { isPureExpression } from './purity.ts';

/** What the container of a step does when the step is over. */
export interface Exits {
  /** Transitions of the step's state once it has reached a final state inside. */
  readonly onDone: readonly Transition[];
  /** Where a failure that nothing caught leads at once; null: `$failed` is final, like the other ends. */
  readonly failed: readonly Transition[] | null;
}

/** How a type's `$running` ends. */
export interface Endings {
  /** The work succeeded; `by` says how the output is made (see `settle.ts`). */
  success(by: string, more?: { readonly guard?: Named; readonly actions?: readonly Named[] }): Transition;
  /** The work failed for good; `by` says where the error is. */
  failure(
    by: string,
    more?: { readonly guard?: Named; readonly actions?: readonly Named[]; readonly child?: number },
  ): Transition;
  /** The work failed: perhaps once more. Under `$backoff` where the step has retries. The last one is `failure`. */
  attemptFailure(by: string, child?: number): readonly Transition[];
}

/** A type's `$running`, without its entry. */
export type Body = (maker: StepMaker, info: StepInfo, endings: Endings) => NodeConfig;

/** Of a branch that takes a slot: how it leaves its queue; `'left'`: it has, before its state is entered. */
export type Queue = Transition | 'left';

export interface StepMaker {
  readonly program: Program;
  /** The state of one step, with everything inside it. */
  step(index: number, exits: Exits, queue?: Queue): NodeConfig;
}

export function named(type: string, params: Readonly<Record<string, unknown>>): Named {
  return { type, params };
}

/** Whether the sequence around a step goes on after its failure: `onError` 'continue' and `goto`. */
export function isTolerant({ onError }: Step): boolean {
  return onError.kind === 'continue' || onError.kind === 'goto';
}

/** Whether a decision is a guard (an expression over what is kept), or must run as an effect. */
export function isGuard(program: Program, decision: Decision): decision is Extract<Decision, { kind: 'expression' }> {
  return decision.kind === 'expression' && isPureExpression(program, decision.condition);
}

/** Named by its text, so that it reads in drawings as it was written. */
export function conditionGuard(source: string, step: number, place: 'condition' | 'decide'): Named {
  return named(source, { step, place });
}
