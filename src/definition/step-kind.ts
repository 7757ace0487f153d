/**
 * What a step type tells the rest of this room: its fields, how they become a normalised step, and which expressions
 * stand in it. One small file per type under `types/`; `types/index.ts` is the table.
 */
import type { Assign, Decision, Step, StepBase, Target, UserFunction, Value, DataSchema } from './definition.ts';
import type { Condition } from '../expressions/condition.ts';
import type { ValueTemplate } from '../expressions/value-template.ts';
import type { Fields, Shape } from './fields.ts';
import type { IssueDetails } from './issue-list.ts';

/** When an expression of a step is evaluated: what of the step itself and of the steps inside it is there by then. */
export type Moment =
  /** Before the step starts. */
  | 'before'
  /** While it goes on: steps inside it can have completed. */
  | 'during'
  /** When it has ended. */
  | 'after';

/** One expression of a step, for the checks. */
export interface Expression {
  /** Where: `steps[0].input`. */
  readonly path: string;
  readonly compiled: ValueTemplate | Condition;
  /** @default 'before' */
  readonly moment?: Moment;
  /** Whether secrets may stand in it. @default false */
  readonly env?: boolean;
  /** Whether it belongs to the rounds of this (loop) step. @default false */
  readonly inside?: boolean;
}

/** Reads the fields of one step. All methods report mistakes and give null then. Field names are relative: `input.prompt`. */
export interface StepReader {
  readonly id: string;
  readonly path: string;
  /** `<workflow>/<step>`: the name of what is the step's own among all workflows. */
  readonly ownName: string;
  add(code: string, field: string, message: string, details?: IssueDetails): void;
  /** `{ hint }` with the nearest known name, if any is near. */
  didYouMean(name: string, known: readonly string[]): IssueDetails;
  /** An object, field by field. */
  object<S extends Shape>(field: string, value: Readonly<Record<string, unknown>>, shape: S): Fields<S>;
  /** Data with templates. */
  template(field: string, value: unknown): ValueTemplate | null;
  /** Data with templates, or a function. */
  value(field: string, value: unknown): Value | null;
  decision(field: string, value: unknown): Decision | null;
  /** A condition as text: no function. */
  condition(field: string, value: unknown): Condition | null;
  userFunction(field: string, value: unknown): UserFunction | null;
  /** Of a canonical form: the function that stood at this place. */
  storedFunction(place: string): UserFunction;
  schema(field: string, value: unknown): DataSchema | null;
  /** A sequence or branches; inline steps of routers have become siblings. */
  steps(field: string, value: unknown): readonly Step[];
  /** One inline step; its id is `<id>-<suffix>` where it has none. */
  inline(field: string, value: unknown, suffix: string): Step | null;
  /** Like {@link inline}, but as a sequence: inline steps of a router follow it. */
  sequenceOfOne(field: string, value: unknown, suffix: string): readonly Step[];
  /** Where a router leads; an inline step becomes a sibling right after this step. */
  target(field: string, value: unknown, suffix: string): Target | null;
  /** Reads `read()` with one more root of paths known, such as the name of a loop's item. */
  withRoot<T>(name: string | null, read: () => T): T;
  /** What the canonical form holds at a field in place of what the author wrote. */
  replace(field: string, value: string): void;
  /** The id behind `${AGENT_IDS.X}`; the text itself when it is no such reference. */
  agentId(field: string, text: string): string | null;
  /** The name of a workflow; in code also that of a workflow itself. */
  workflowName(field: string, value: unknown): string | null;
}

/** Fields of steps that do something outside of the run. */
export type EffectField = 'compensate' | 'concurrency' | 'rateLimit' | 'cache';

export const allEffectFields: readonly EffectField[] = ['compensate', 'concurrency', 'rateLimit', 'cache'];

export interface StepKind {
  readonly type: string;
  /** `an agent step`. */
  readonly what: string;
  readonly fields: Shape;
  /** Whether `condition` is a field of its own rather than the common one. */
  readonly ownCondition: boolean;
  readonly allows: readonly EffectField[];
  /** Fields of other types or later versions, with what to do instead. */
  readonly hints: Readonly<Record<string, string>>;
  read(
    fields: Readonly<Record<string, unknown>>,
    base: StepBase,
    reader: StepReader,
    raw: Readonly<Record<string, unknown>>,
  ): Step;
  expressions(step: Step): readonly Expression[];
}

interface KindOptions<S extends Shape, T extends Step> {
  readonly type: T['type'];
  readonly what: string;
  readonly fields: S;
  readonly ownCondition?: boolean;
  /** @default none */
  readonly allows?: readonly EffectField[];
  readonly hints?: Readonly<Record<string, string>>;
  readonly read: (fields: Fields<S>, base: StepBase, reader: StepReader, raw: Readonly<Record<string, unknown>>) => T;
  readonly expressions: (step: T) => readonly (Expression | null)[];
}

/** Ties the types of the fields to `read`, and of the step to `expressions`. */
export function stepKind<S extends Shape, T extends Step>(options: KindOptions<S, T>): StepKind {
  return {
    type: options.type,
    what: options.what,
    fields: options.fields,
    ownCondition: options.ownCondition ?? false,
    allows: options.allows ?? [],
    hints: options.hints ?? {},
    read: (fields, base, reader, raw) => options.read(fields as Fields<S>, base, reader, raw),
    expressions: (step) => options.expressions(step as T).filter((expression) => expression !== null),
  };
}

/** The expression in a value, if it is one. */
export function valueExpression(
  path: string,
  value: Value | null,
  details: Omit<Expression, 'path' | 'compiled'> = {},
): Expression | null {
  return value?.kind === 'template' ? { path, compiled: value.template, ...details } : null;
}

export function templateExpression(
  path: string,
  template: ValueTemplate | null,
  details: Omit<Expression, 'path' | 'compiled'> = {},
): Expression | null {
  return template === null ? null : { path, compiled: template, ...details };
}

export function decisionExpression(
  path: string,
  decision: Decision | null,
  details: Omit<Expression, 'path' | 'compiled'> = {},
): Expression | null {
  return decision?.kind === 'expression' ? { path, compiled: decision.condition, ...details } : null;
}

/** The expressions of the fields that every step has. */
export function commonExpressions(step: StepBase): readonly Expression[] {
  const condition = decisionExpression(`${step.path}.condition`, step.condition);
  const onError =
    step.onError.kind === 'output'
      ? { path: `${step.path}.onError.output`, compiled: step.onError.value, moment: 'after' as const }
      : null;
  const keys = [
    templateExpression(`${step.path}.concurrency.key`, step.concurrencyLimit?.key ?? null),
    templateExpression(`${step.path}.rateLimit.key`, step.rateLimit?.key ?? null),
    templateExpression(`${step.path}.cache.key`, step.cache?.key ?? null),
  ];
  return [condition, ...keys, onError, ...step.assign.map((assign) => assignExpression(step, assign))].filter(
    (expression) => expression !== null,
  );
}

function assignExpression(step: StepBase, assign: Assign): Expression {
  const field = assign.kind === 'set' ? '' : `.${assign.kind}`;
  const compiled = assign.kind === 'expr' ? assign.condition : assign.value;
  return { path: `${step.path}.assign.${assign.key}${field}`, compiled, moment: 'after' };
}
