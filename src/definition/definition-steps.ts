/** Normalised steps: what each type holds, with all defaults filled in. Types only. */
import type { Json } from '../core/json.ts';
import type { Condition } from '../expressions/condition.ts';
import type { ValueTemplate } from '../expressions/value-template.ts';
import type { DataSchema, Decision, UserFunction, Value } from './definition-values.ts';

export interface Retry {
  /** Counts the first try. */
  readonly maxAttempts: number;
  /** @default 1000 */
  readonly delayMs: number;
  /** @default 'fixed' */
  readonly backoff: 'fixed' | 'linear' | 'exponential';
  /** @default 5 minutes */
  readonly maxDelayMs: number;
  /** Share of the delay that is drawn at random, 0 to 1. @default 0 */
  readonly jitter: number;
  /** Only failures with one of these codes or HTTP statuses (as text). Null: those that are retryable by default. */
  readonly on: readonly string[] | null;
}

export type OnError =
  | { readonly kind: 'fail' }
  | { readonly kind: 'continue' }
  | { readonly kind: 'goto'; readonly target: string }
  | { readonly kind: 'output'; readonly value: ValueTemplate }
  | { readonly kind: 'recover'; readonly step: Step };

/** A write to `state` when the step completes; may name the step's own output. */
export type Assign =
  | { readonly key: string; readonly kind: 'set' | 'append' | 'merge'; readonly value: ValueTemplate }
  | { readonly key: string; readonly kind: 'expr'; readonly condition: Condition };

/** At most `limit` steps with the same name and key at a time, in all runs of an engine. */
export interface Concurrency {
  /** @default `<workflow>/<step>`: the step's own */
  readonly name: string;
  /** A text: each value has a limit of its own. Null: one for all. */
  readonly key: ValueTemplate | null;
  readonly limit: number;
}

/** At most `limit` starts of steps with the same name and key in any `perMs`, in all runs of an engine. */
export interface RateLimit {
  /** @default `<workflow>/<step>`: the step's own */
  readonly name: string;
  /** A text: each value has a limit of its own. Null: one for all. */
  readonly key: ValueTemplate | null;
  readonly limit: number;
  readonly perMs: number;
}

/** The output is taken from an earlier run of the step with the same key. */
export interface Cache {
  /** Null: what the step works on, rendered. */
  readonly key: ValueTemplate | null;
  readonly ttlMs: number;
}

export interface StepBase {
  readonly id: string;
  /** Where it stands in the definition: `steps[2].steps[0]`. */
  readonly path: string;
  /** Skips the step when false. Null for `conditional` and `wait`, whose `condition` is their own. */
  readonly condition: Decision | null;
  /** Name under `vars`. */
  readonly output: string | null;
  /** Per attempt. Null: none. */
  readonly timeoutMs: number | null;
  /** Over all attempts; of a structural step, over everything inside. */
  readonly totalTimeoutMs: number | null;
  readonly retry: Retry | null;
  readonly onError: OnError;
  /** In the order of their keys. */
  readonly assign: readonly Assign[];
  /** Undoes what the step did, when the run fails or is cancelled. A step that does something, without ways of its own. */
  readonly compensate: Step | null;
  /** What the author writes as `concurrency` (of a loop, `concurrency` is how many rounds run at a time). */
  readonly concurrencyLimit: Concurrency | null;
  readonly rateLimit: RateLimit | null;
  readonly cache: Cache | null;
  readonly metadata: Json;
  readonly tags: readonly string[];
}

/** Of steps whose work may be accepted (202) and completed later. */
export interface CallbackBase extends StepBase {
  readonly callback: boolean;
  /** Null: no signs of life are expected. */
  readonly heartbeatTimeoutMs: number | null;
}

export interface AgentStep extends CallbackBase {
  readonly type: 'agent';
  readonly agentId: string;
  readonly action: 'prompt' | 'http';
  readonly endpoint: string | null;
  readonly method: string;
  readonly input: Value | null;
  readonly format: 'auto' | 'text' | 'json';
  readonly schema: DataSchema | null;
  /** How often the agent is asked again with the validation errors. @default 0 */
  readonly repair: number;
}

export interface SequentialStep extends StepBase {
  readonly type: 'sequential';
  readonly steps: readonly Step[];
}

export interface ParallelStep extends StepBase {
  readonly type: 'parallel';
  readonly steps: readonly Step[];
  readonly failFast: boolean;
  /** Null: all at once. */
  readonly maxConcurrency: number | null;
  /** How many branches have to succeed; 'all' waits for the end of every one. `'any'` is written as 1. */
  readonly join: 'all' | number;
}

/** Where a router leads: siblings that are chosen, or out of the sequence. An inline step has become a sibling right after its router. */
export type Target =
  | { readonly kind: 'steps'; readonly ids: readonly string[] }
  | { readonly kind: 'end' }
  | { readonly kind: 'break' }
  | { readonly kind: 'continue' };

export interface ConditionalStep extends StepBase {
  readonly type: 'conditional';
  readonly decide: Decision;
  readonly then: Target | null;
  readonly else: Target | null;
}

export interface SwitchStep extends StepBase {
  readonly type: 'switch';
  readonly value: Value;
  /** In the order of their keys (by UTF-16 units), so that the order written changes nothing. Keys are compared as text. */
  readonly cases: readonly { readonly key: string; readonly target: Target }[];
  readonly default: Target | null;
}

export interface TransformStep extends StepBase {
  readonly type: 'transform';
  readonly input: Value | null;
  /** Either this ... */
  readonly transform: UserFunction | null;
  /** ... or this (plain data). */
  readonly template: ValueTemplate | null;
}

export interface HttpStep extends CallbackBase {
  readonly type: 'http';
  readonly method: string;
  /** Its source is a text; values put into it are percent-encoded. */
  readonly url: ValueTemplate;
  readonly headers: ValueTemplate | null;
  readonly query: ValueTemplate | null;
  readonly body: Value | null;
  readonly pick: 'body' | 'response';
}

export interface WaitStep extends StepBase {
  readonly type: 'wait';
  /** Milliseconds, or a template that gives milliseconds or a duration text. With `while`: the first pause. */
  readonly duration: number | ValueTemplate | null;
  /** A template or text that gives an ISO time. */
  readonly until: ValueTemplate | null;
  /** Waits while it is true. */
  readonly while: Decision | null;
  readonly pollIntervalMs: number;
  readonly poll: Step | null;
  readonly maxWaitMs: number | null;
  readonly onTimeout: 'fail' | 'continue';
}

export interface LoopStep extends StepBase {
  readonly type: 'loop';
  readonly mode: 'items' | 'while' | 'until';
  /** Of mode 'items'. */
  readonly items: Value | null;
  /** Of modes 'while' (before each round) and 'until' (after each round). */
  readonly decide: Decision | null;
  /** The body. */
  readonly steps: readonly Step[];
  /** A second name of `loop.item`. */
  readonly as: string | null;
  /** Rounds of an items loop at a time. */
  readonly concurrency: number;
  readonly onItemError: 'fail' | 'collect' | 'skip';
  /** More rounds are an error. Null: no limit (items only). */
  readonly maxIterations: number | null;
}

/** Waits for a named event from outside. */
export interface SignalStep extends StepBase {
  readonly type: 'signal';
  /** The name of the signal. @default the step's id */
  readonly name: string;
  /** Only a signal for which it holds; reads the payload as `signal.payload`. */
  readonly match: Condition | null;
}

/** Pauses for a person. `timeoutMs` bounds the pause. */
export interface HumanStep extends StepBase {
  readonly type: 'human';
  /** A text. */
  readonly title: ValueTemplate | null;
  /** A text. */
  readonly message: ValueTemplate | null;
  /** Of the answer. Null: `{ decision: 'approve' | 'reject', comment?: text }`. */
  readonly form: DataSchema | null;
  /** A list of names, or a text. */
  readonly assignees: ValueTemplate | null;
  /** `approve` and `reject` need the default form. */
  readonly onTimeout:
    | { readonly kind: 'fail' | 'approve' | 'reject' }
    | { readonly kind: 'goto'; readonly target: string };
}

/** A child run. */
export interface WorkflowStep extends StepBase {
  readonly type: 'workflow';
  /** Name, id or title. */
  readonly workflow: string;
  /** Null: the last one registered. */
  readonly version: string | null;
  readonly input: Value | null;
  /** `'detach'`: the step completes with the child's run id once it has started. */
  readonly mode: 'wait' | 'detach';
  /** What becomes of the child when this run ends before it. */
  readonly onParentClose: 'cancel' | 'abandon';
}

/** Publishes a named event. */
export interface EmitStep extends StepBase {
  readonly type: 'emit';
  readonly name: string;
  readonly payload: Value | null;
}

/** A step of a type made with `defineStepType`. */
export interface CustomStep extends StepBase {
  readonly type: 'custom';
  /** The name of the type. */
  readonly name: string;
  /** Its own fields, with templates. */
  readonly config: ValueTemplate;
  readonly run: UserFunction;
}

export type Step =
  | AgentStep
  | SequentialStep
  | ParallelStep
  | ConditionalStep
  | SwitchStep
  | TransformStep
  | HttpStep
  | WaitStep
  | LoopStep
  | SignalStep
  | HumanStep
  | WorkflowStep
  | EmitStep
  | CustomStep;

export type StepType = Step['type'];
