/** One thing that may happen to a run. Owns the shape, and how an outcome of an effect becomes one. */
import type { ErrorData } from '../core/errors.ts';
import type { HistoryEvent } from '../core/event.ts';
import type { ActiveEffect } from '../core/run-state.ts';
import type { Step } from '../definition/definition.ts';
import type { EffectInput } from '../../machines/effect-input.ts';
import type { Spot } from './situation.ts';

export type MoveKind =
  | 'start'
  | 'completes'
  | 'fails'
  | 'timer'
  | 'answer'
  | 'signal'
  | 'cancel'
  | 'round'
  | 'no items';

export interface Move {
  readonly kind: MoveKind;
  /** As people read it: `publish-blog fails`. */
  readonly label: string;
  /** The step it is about; null for the run. */
  readonly step: string | null;
  /** What exactly: the effect's id, the timer's name, the signal's name. */
  readonly about: string;
  /** Which of several outcomes. */
  readonly outcome: string;
  /** Of a failure alone. */
  readonly error?: ErrorData;
  /** Number of the step in whose branch it happens; null outside of all. */
  readonly within: number | null;
  /** It follows at once, before anything else: the end of a round. @default false */
  readonly isUrgent?: boolean;
  /** Of a round: how many before it have begun and go on. @default 0 */
  readonly ahead?: number;
  /** What else might follow was left out: its loop counts. @default false */
  readonly isCut?: boolean;
  /** The event; made while choices can be made, as it may hold chosen values. Null: the loop's next round begins. */
  readonly event: ((spot: Spot) => HistoryEvent) | null;
}

/** How an effect may end. */
export type Outcome = Pick<Move, 'label' | 'outcome' | 'kind' | 'error'> & {
  readonly result: (
    spot: Spot,
  ) => Omit<Extract<HistoryEvent, { type: 'effect.completed' }>, 'type' | keyof Token> | ErrorData;
};
interface Token {
  readonly effect: string;
  readonly visit: number;
  readonly attempt: number;
}

export function toMove(
  { id, input }: ActiveEffect,
  step: Step | null,
  { label, outcome, kind, error, result }: Outcome,
): Move {
  const token: Token = { effect: id, visit: input.visit, attempt: input.attempt };
  return {
    kind,
    label,
    outcome,
    ...(error === undefined ? {} : { error }),
    step: step?.id ?? null,
    within: (input as EffectInput).step,
    about: id,
    event: (spot) => {
      const made = result(spot);
      return 'code' in made
        ? { type: 'effect.failed', ...token, error: made }
        : { type: 'effect.completed', ...token, ...made };
    },
  };
}

export function gives(label: string, value: unknown, outcome = 'completes', none = false): Outcome {
  return {
    kind: 'completes',
    label,
    outcome,
    result: () => ({ output: { v: value }, ...(none ? { none: true as const } : {}), metadata: {} }),
  };
}

export function fails(label: string, outcome: string, error: Partial<ErrorData> = {}): Outcome {
  const data: ErrorData = { name: 'Error', code: 'STEP_FAILED', message: 'it failed', retryable: false, ...error };
  return { kind: 'fails', label, outcome, error: data, result: () => data };
}
