/**
 * What one reading of a definition carries along: the mistakes, the ids, what has no JSON form (functions, schemas) and
 * how the canonical form writes it. One session per definition.
 */
import type { Issue } from '../core/issue.ts';
import { deepEqual, type Json } from '../core/json.ts';
import type { Code } from './code.ts';
import type { DataSchema, Value, Decision, UserFunction } from './definition.ts';
import { defaultRoots } from '../expressions/options.ts';
import { ExpressionSyntaxError } from '../expressions/syntax-error.ts';
import { compileCondition, type Condition } from '../expressions/condition.ts';
import { compileValue, ExpressionErrors, type ValueTemplate } from '../expressions/value-template.ts';
import { toDataSchema } from './data-schema.ts';
import { describe } from './describe.ts';
import { IssueList, under } from './issue-list.ts';
import type { StepTypeDefinition } from './step-type.ts';
import { functionKey, isFunction, placeholderPlace, userFunction } from './user-function.ts';

/** `code`: the builder. `data`: YAML, JSON, plain objects: no functions. `canonical`: the stored form: functions by place. */
export type Source = 'code' | 'data' | 'canonical';

export interface SessionOptions {
  readonly source: Source;
  readonly stepTypes: readonly StepTypeDefinition[];
  /** Code for a canonical form. @default none */
  readonly code?: Code | null;
  /** Agents by the names that `${AGENT_IDS.X}` may use; null: none given. */
  readonly agentIds: ReadonlyMap<string, string> | null;
}

export class Session {
  readonly source: Source;
  readonly stepTypes: ReadonlyMap<string, StepTypeDefinition>;
  readonly agentIds: ReadonlyMap<string, string> | null;
  /** Set when it is read, before the steps are. */
  workflowName = '';
  readonly #code: Code | null;
  readonly issues = new IssueList();
  /** Where each step id was first given. */
  readonly ids = new Map<string, string>();
  /** Ids seen anywhere in the author's data, also of steps that cannot be read. */
  readonly declaredIds = new Set<string>();
  /** What the canonical form holds at a path in place of what the author wrote there. */
  readonly replacements = new Map<string, Json>();
  /** Roots that are known where is being read: `as` names of the loops around it, `signal` in a match. */
  readonly moreRoots: string[] = [];

  constructor(options: SessionOptions) {
    this.source = options.source;
    this.stepTypes = new Map(options.stepTypes.map((type) => [type.type, type]));
    this.agentIds = options.agentIds;
    this.#code = options.code ?? null;
  }

  /** Data with templates. Null after a mistake. */
  template(path: string, value: unknown): ValueTemplate | null {
    if (isFunction(value)) {
      this.#functionMisplaced(path);
      return null;
    }
    return this.#compile(path, () => compileValue(value, this.#expressionOptions()));
  }

  condition(path: string, text: string): Condition | null {
    return this.#compile(path, () => compileCondition(text, this.#expressionOptions()));
  }

  /** A function, or data with templates. */
  value(path: string, value: unknown, place: string): Value | null {
    const call = this.functionAt(path, value, place);
    if (call !== null) return call;
    if (isFunction(value)) return null;
    const template = this.template(path, value);
    return template === null ? null : { kind: 'template', template };
  }

  /** A condition as text (or true, false), or a function of the step's context. */
  decision(path: string, value: unknown, place: string): Decision | null {
    const call = this.functionAt(path, value, place);
    if (call !== null) return call;
    if (isFunction(value)) return null;
    if (typeof value !== 'string' && typeof value !== 'boolean') {
      this.issues.add('INVALID_TYPE', path, 'a condition must be a text or a function', { received: describe(value) });
      return null;
    }
    if (typeof value === 'string' && value.trim() === '') {
      this.issues.add('CONDITION_SYNTAX', path, 'this condition is empty', {
        expected: 'an expression such as {{steps.review.output.score}} > 0.8',
      });
      return null;
    }
    const condition = this.condition(path, String(value));
    return condition === null ? null : { kind: 'expression', condition };
  }

  /** The function that stands at a path, or null when there is none or none may be. */
  functionAt(path: string, value: unknown, place: string): UserFunction | null {
    if (isFunction(value)) {
      if (this.source !== 'code') {
        this.#functionInData(path);
        return null;
      }
      this.replacements.set(path, { [functionKey]: place });
      return userFunction(place, value);
    }
    const stored = placeholderPlace(value);
    if (stored === null) return null;
    if (this.source === 'canonical') return this.storedFunction(stored);
    this.issues.add(
      'RESERVED_FIELD',
      under(path, functionKey),
      `an object with the single field '${functionKey}' is reserved for stored definitions`,
    );
    return null;
  }

  /** The function of a canonical form that stood at this place. */
  storedFunction(place: string): UserFunction {
    return this.#code?.functions.get(place) ?? userFunction(place, null);
  }

  /** A zod schema or a JSON Schema. */
  schema(path: string, value: unknown, place = path): DataSchema | null {
    const known = this.#code?.schemas.get(place);
    if (known !== undefined && deepEqual(known.json, value)) return known;
    const result = toDataSchema(value);
    if ('schema' in result) {
      this.replacements.set(path, result.schema.json);
      return result.schema;
    }
    for (const issue of result.issues) this.issues.push({ ...issue, path: under(path, issue.path) });
    return null;
  }

  #compile<T>(path: string, compile: () => T): T | null {
    try {
      return compile();
    } catch (error) {
      if (error instanceof ExpressionSyntaxError) this.issues.push(error.toIssue(path));
      else if (error instanceof ExpressionErrors)
        for (const issue of error.toIssues(path)) this.issues.push(withoutPlace(issue));
      else throw error;
      return null;
    }
  }

  #expressionOptions(): { readonly roots: readonly string[] } {
    return { roots: this.moreRoots.length === 0 ? defaultRoots : [...defaultRoots, ...this.moreRoots] };
  }

  #functionInData(path: string): void {
    this.issues.add('FUNCTION_IN_DATA', path, 'functions cannot be data', {
      hint: 'use a template here, or write the workflow with createWorkflow',
    });
  }

  #functionMisplaced(path: string): void {
    this.issues.add('FUNCTION_MISPLACED', path, 'a function cannot stand here', {
      hint: 'only templates and plain data can',
    });
  }
}

/** What is no text has no place within a text. */
function withoutPlace(issue: Issue): Issue {
  if (issue.code !== 'TEMPLATE_DATA') return issue;
  const { position: _position, excerpt: _excerpt, ...rest } = issue;
  const hint =
    issue.received === 'a function' ? { hint: 'only the whole value can be a function: (context) => ({ ... })' } : {};
  return { ...rest, ...hint };
}
