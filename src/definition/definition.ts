/**
 * The normalised workflow definition: what the builder, YAML and JSON all become, and what machines, effects and checks
 * read. Immutable; every template and condition in it is compiled. Owns the types only; `normalize.ts` makes it.
 */
import type { Json } from '../core/json.ts';
import type { Issue } from '../core/issue.ts';
import type { DataSchema, UserFunction, Value } from './definition-values.ts';
import type { Step } from './definition-steps.ts';
import type { Rule } from './rule-types.ts';

export type * from './definition-values.ts';
export type * from './definition-steps.ts';
export type { Rule, RuleSubject } from './rule-types.ts';

export interface StepHandlers {
  readonly start: readonly UserFunction[];
  readonly complete: readonly UserFunction[];
  readonly error: readonly UserFunction[];
}

export interface WorkflowHandlers {
  readonly start: readonly UserFunction[];
  readonly complete: readonly UserFunction[];
  readonly error: readonly UserFunction[];
  readonly pause: readonly UserFunction[];
  readonly resume: readonly UserFunction[];
}

export interface WorkflowDefinition {
  readonly name: string;
  /** A UUIDv4 or null. */
  readonly id: string | null;
  readonly title: string | null;
  readonly version: string;
  readonly description: string | null;
  readonly input: DataSchema | null;
  readonly output: Value | null;
  readonly steps: readonly Step[];
  /** Steps after a failure; they see `workflow.error`. */
  readonly onFailure: readonly Step[];
  readonly stepHandlers: readonly {
    readonly event: keyof StepHandlers;
    readonly pattern: string;
    readonly call: UserFunction;
  }[];
  readonly workflowHandlers: WorkflowHandlers;
  /** The initial state, or null when the workflow has none. */
  readonly state: Readonly<Record<string, unknown>> | null;
  readonly stateSchema: DataSchema | null;
  /** Of the whole run. */
  readonly timeoutMs: number | null;
  /** What a path that is missing inside text does. @default 'error' */
  readonly missing: 'error' | 'empty';
  /** How often a step may be entered by jumps back. @default 25 */
  readonly maxVisits: number;
  /** Free labels, for people and lists. */
  readonly tags: readonly string[];
  readonly metadata: Json;
  /** What has to hold on every way through it; no part of the hash. */
  readonly rules: readonly Rule[];
  /** What is data in it, as canonical JSON text (RFC 8785); functions by place, schemas as JSON Schema. */
  readonly canonical: string;
  /** SHA-256 of `canonical`, hexadecimal. */
  readonly hash: string;
  /** What should be looked at, but stops nothing. */
  readonly warnings: readonly Issue[];
}
