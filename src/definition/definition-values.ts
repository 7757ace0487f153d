/** Values in a normalised definition: functions of the author, compiled templates and conditions, schemas. Types only. */
import type { Json } from '../core/json.ts';
import type { Issue } from '../core/issue.ts';
import type { Condition } from '../expressions/condition.ts';
import type { ValueTemplate } from '../expressions/value-template.ts';

/** A function of the author's code. It stays in code: data holds its place only. */
export interface UserFunction {
  readonly kind: 'function';
  /** Where it stands, as a path in the definition: `steps.transform-data.transform`, `handlers[2]`, `output`. */
  readonly place: string;
  /** Null when the definition was read from its canonical form, without code. */
  readonly call: ((...parameters: never[]) => unknown) | null;
  /** SHA-256 of its source text, or null without code. */
  readonly fingerprint: string | null;
}

export interface ExpressionDecision {
  readonly kind: 'expression';
  readonly condition: Condition;
}

/** What decides: a condition, or a function of the step's context (which runs as an effect). */
export type Decision = ExpressionDecision | UserFunction;

export interface TemplateValue {
  readonly kind: 'template';
  readonly template: ValueTemplate;
}

/** What gives a value: data with templates, or a function of the step's context. */
export type Value = TemplateValue | UserFunction;

/** A zod schema or a JSON Schema, seen alike. */
export interface DataSchema {
  /** The JSON Schema (of what goes in). */
  readonly json: Json;
  /** The value (with defaults and transforms of zod), or all problems. */
  parse(value: unknown): { readonly value: unknown } | { readonly issues: readonly Issue[] };
}
