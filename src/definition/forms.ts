/** Forms that fields of steps are written in, for the compiler. The runtime checks are the fields' schemas. */
import type { z } from 'zod';
import type { ErrorCode } from '../core/errors.ts';
import type { DurationInput } from '../core/duration.ts';

/** Plain data; any text in it may be a template. */
export type DataForm =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly DataForm[]
  | { readonly [key: string]: DataForm };

/** Data with templates, or a function of the step's context. */
export type ValueForm<Context> = DataForm | ((context: Context) => unknown);

/** A condition as text, or a function of the step's context (which may be asynchronous). */
export type DecisionForm<Context> = string | boolean | ((context: Context) => unknown);

/** A zod schema (version 4) or a JSON Schema. */
export type SchemaForm = z.ZodType | { readonly [keyword: string]: unknown };

/** A step id, several, an inline step, or out of the sequence: `'end'` of the run, `'break'` and `'continue'` of a loop. */
export type TargetForm<Inline> = string | readonly string[] | Inline;

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS';

export interface RetryForm {
  /** Counts the first try. @default 3 */
  readonly maxAttempts?: number;
  /** @default 1000 */
  readonly delay?: DurationInput;
  /** @default 'fixed' */
  readonly backoff?: 'fixed' | 'linear' | 'exponential';
  /** @default 5 minutes */
  readonly maxDelay?: DurationInput;
  /** Share of the delay that is drawn at random, 0 to 1. @default 0 */
  readonly jitter?: number;
  /** Error codes and HTTP statuses. @default those that are retryable */
  readonly on?: readonly (ErrorCode | number | `${number}`)[];
}

export type OnErrorForm<Inline> =
  | 'fail'
  | 'continue'
  | { readonly goto: string }
  | { readonly output: DataForm }
  | Inline;

/** A value to be written to `state`. */
export type AssignForm =
  | DataForm
  | { readonly expr: string }
  | { readonly append: DataForm }
  | { readonly merge: DataForm };

/** Fields of every step, also of compensations. */
export interface BasicForm {
  /** Per attempt. @default 5 minutes for agent and http steps, else none */
  readonly timeout?: DurationInput;
  /** Over all attempts. */
  readonly totalTimeout?: DurationInput;
  readonly retry?: RetryForm;
  readonly metadata?: Readonly<Record<string, DataForm>>;
  readonly tags?: readonly string[];
}

/** Fields of every step that other steps follow. `Inline` is a step that stands inside another. */
export interface CommonForm<Inline> extends BasicForm {
  /** A name under `vars`. */
  readonly output?: string;
  /** @default 'fail' */
  readonly onError?: OnErrorForm<Inline>;
  readonly assign?: Readonly<Record<string, AssignForm>>;
}

/** Fields of steps that do work which can be too much at a time, for all runs of an engine. */
export interface LimitedForm {
  /**
   * How many run at a time: a name (one at a time), or a limit with a name that other steps may share, or with a key:
   * each of its values has a limit of its own.
   */
  readonly concurrency?: string | { readonly name?: string; readonly key?: string; readonly limit: number };
  /** How many start in any `per`. */
  readonly rateLimit?: {
    readonly name?: string;
    readonly key?: string;
    readonly limit: number;
    readonly per: DurationInput;
  };
}

export interface CachedForm {
  /** How long an output is used again for the same key. @default key: what the step works on, rendered */
  readonly cache?: DurationInput | { readonly key?: DataForm; readonly ttl: DurationInput };
}

/** Fields of steps that do something outside of the run. */
export interface CompensatedForm<Compensation> {
  /** Undoes what the step did, when the run fails or is cancelled. */
  readonly compensate?: Compensation;
}

/** Fields of every step but `conditional` and `wait`, whose condition is their own. */
export interface SkippableForm<Context> {
  /** Skips the step when false. */
  readonly condition?: DecisionForm<Context>;
}
