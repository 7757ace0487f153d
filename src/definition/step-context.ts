/** What functions of the author get: the step's context. Values are loaded when they are read. */
import type { ErrorData } from '../core/errors.ts';
import type { StepStatus } from '../core/run.ts';

/** One step as conditions, transforms and handlers see it. */
export interface StepView<Output = unknown> {
  readonly output: Output;
  readonly status: StepStatus;
  readonly error: ErrorData | null;
  /** Of a router: `'then'`, `'else'`, the matched case key or `'default'`. */
  readonly branch: string | null;
  readonly attempts: number;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface WorkflowView<Input = unknown> {
  readonly input: Input;
  readonly name: string;
  readonly version: string;
  readonly runId: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** In `onFailure` steps and `onWorkflowError`: why the run failed. */
  readonly error: ErrorData | null;
}

export interface LoopView {
  readonly item: unknown;
  readonly index: number;
  readonly parent: LoopView | null;
}

export interface StepContext<
  Input = unknown,
  Outputs extends Readonly<Record<string, unknown>> = Record<string, unknown>,
  StepInput = unknown,
  State extends Readonly<Record<string, unknown>> = Record<string, unknown>,
> {
  /** The resolved input of this step; undefined for steps without one. */
  readonly input: StepInput;
  readonly workflow: WorkflowView<Input>;
  readonly steps: { readonly [Id in keyof Outputs]: StepView<Outputs[Id]> };
  readonly vars: Readonly<Record<string, unknown>>;
  readonly state: Readonly<State>;
  readonly loop: LoopView | null;
  /** The step this is about; null in workflow handlers. */
  readonly stepId: string | null;
  /** 1-based. */
  readonly attempt: number;
  /** Aborted when the attempt times out or the run is cancelled. */
  readonly signal: AbortSignal;
  /** Writes `state[key]`; recorded with the result. In handlers only. */
  set(key: string, value: unknown): void;
}
