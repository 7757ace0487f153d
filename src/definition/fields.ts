/**
 * Schemas of single fields, and reading an object field by field: a mistake in one field leaves the others readable, so
 * that all mistakes are found at once. Messages begin with the field's name.
 */
import { z } from 'zod';
import { joinPath } from '../core/issue.ts';
import { describe, quote, withArticle } from './describe.ts';
import { parseDuration } from '../core/duration.ts';
import { under, type IssueList } from './issue-list.ts';
import { maxNameLength } from './limits.ts';
import { checkId, type NameProblem } from './names.ts';

export type Shape = Readonly<Record<string, z.ZodType>>;
export type Fields<S extends Shape> = { readonly [Key in keyof S]?: z.output<S[Key]> };

/** A duration, as milliseconds. */
export function duration(minimum: 'positive' | 'zero' = 'positive'): z.ZodType<number> {
  return z.unknown().transform((value, context) => {
    const result = parseDuration(value, minimum);
    if ('ms' in result) return result.ms;
    context.addIssue({ code: 'custom', message: result.problem, input: value });
    return z.NEVER;
  });
}

export function integer(minimum: number, maximum: number): z.ZodType<number> {
  return z.int().min(minimum).max(maximum);
}

export const text = z.string();
export const nonEmptyText = z.string().min(1);
export const flag = z.boolean();
/** A version of a workflow; a whole number is its text. */
export const versionText = z
  .union([nonEmptyText, z.int()], { error: "must be a text, such as '2' or '1.4'" })
  .transform(String);
/** The name of something that is there for all runs, such as a limit: written out, no template. */
export const givenName = nameThat(givenNameProblem);
/** The name of a signal or an event. */
export const eventName = nameThat(eventNameProblem);
/** Any value but undefined; looked at by the step type itself. */
export const anything = z.unknown();

function nameThat(problemOf: (name: string) => string | null): z.ZodType<string> {
  return z.string().superRefine((value, context) => {
    const message = problemOf(value);
    if (message !== null) context.addIssue({ code: 'custom', message, input: value });
  });
}

/** Names of the machine's own events are not for others. */
function eventNameProblem(value: string): string | null {
  return /^(?:xstate\.|\$)/.test(value) ? "cannot begin with 'xstate.' or '$'" : givenNameProblem(value);
}

function givenNameProblem(value: string): string | null {
  if (value.trim() === '') return 'must not be empty';
  if (value.length > maxNameLength) return `is too long: expected at most ${maxNameLength} characters`;
  return value.includes('{{') ? "cannot be a template: it is written out, such as 'order-paid'" : null;
}

/** A name that passes {@link checkId}. */
export function name(what: string): z.ZodType<string> {
  return z.string().superRefine((value, context) => {
    const problem = checkId(value, what);
    if (problem !== null)
      context.addIssue({ code: 'custom', message: sentence(problem), params: { code: problem.code } });
  });
}

function sentence(problem: NameProblem): string {
  const expected = problem.expected === undefined ? '' : `; expected ${problem.expected}`;
  return `: ${problem.message}${expected}${problem.hint === undefined ? '' : `; ${problem.hint}`}`;
}

export interface ReadOptions {
  readonly path: string;
  readonly issues: IssueList;
  /** Keys that are read elsewhere. */
  readonly others?: readonly string[];
  /** What the object is, for messages: `an agent step`. */
  readonly what: string;
  /** Says something better about an unknown key than that it is unknown; true when it did. */
  readonly onUnknown?: (key: string, value: unknown) => boolean;
}

/** The fields of `source` that are right; what is wrong goes to `issues`. Fields that are undefined count as absent. */
export function readFields<S extends Shape>(
  shape: S,
  source: Readonly<Record<string, unknown>>,
  options: ReadOptions,
): Fields<S> {
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(shape)) {
    const value: unknown = Object.hasOwn(source, key) ? source[key] : undefined;
    const parsed = readField(key, shape[key] as z.ZodType, value, options);
    if (parsed !== undefined) result[key] = parsed;
  }
  for (const key of Object.keys(source)) if (source[key] !== undefined) checkKnown(key, source[key], shape, options);
  return result as Fields<S>;
}

function checkKnown(key: string, value: unknown, shape: Shape, options: ReadOptions): void {
  const { issues, path, what, others = [] } = options;
  if (Object.hasOwn(shape, key) || others.includes(key) || options.onUnknown?.(key, value) === true) return;
  const known = [...Object.keys(shape), ...others];
  issues.add(
    'UNKNOWN_FIELD',
    joinPath(path, key),
    `unknown field ${quote(key)} of ${what}`,
    issues.didYouMean(key, known),
  );
}

function readField(key: string, schema: z.ZodType, value: unknown, { issues, path, what }: ReadOptions): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const at = joinPath(path, key);
  if (value === undefined) {
    issues.add('REQUIRED', at, `${key} is required: ${what} needs it`);
    return undefined;
  }
  // Of what is wrong with one value the first says enough.
  const first = new Map(result.error.issues.toReversed().map((issue) => [JSON.stringify(issue.path), issue]));
  for (const issue of [...first.values()].toReversed()) addZodIssue({ key, at, value, schema }, issue, issues);
  return undefined;
}

interface FieldValue {
  readonly key: string;
  /** Its path in the definition. */
  readonly at: string;
  readonly value: unknown;
  readonly schema: z.ZodType;
}

function addZodIssue(field: FieldValue, issue: z.core.$ZodIssue, issues: IssueList): void {
  const { key, at, value: root, schema } = field;
  const path = issue.path.map((part) => (typeof part === 'symbol' ? part.toString() : part));
  const value = path.reduce<unknown>(
    (current, part) => (current as Readonly<Record<string | number, unknown>>)[part],
    root,
  );
  const label = path.length === 0 ? key : under(key, path.reduce<string>(joinPath, ''));
  const where = under(at, path.reduce<string>(joinPath, ''));
  if (issue.code === 'unrecognized_keys') {
    const known = path.length === 0 ? fieldNames(schema) : [];
    for (const unknown of issue.keys)
      issues.add(
        'UNKNOWN_FIELD',
        joinPath(where, unknown),
        `unknown field ${quote(unknown)} of ${label}`,
        issues.didYouMean(unknown, known, known.length === 0 ? undefined : `its fields: ${known.join(', ')}`),
      );
    return;
  }
  const absent = value === undefined && path.length > 0;
  if (absent) {
    issues.add('REQUIRED', where, `${label} is required`);
    return;
  }
  const { code, message, expected } = explain(issue);
  const choices =
    issue.code === 'invalid_value' && typeof value === 'string'
      ? issues.didYouMean(value, issue.values.map(String))
      : {};
  issues.add(code, where, `${label}${message.startsWith(':') ? '' : ' '}${message}`, {
    ...(expected === undefined ? {} : { expected }),
    received: describe(value),
    ...choices,
  });
}

/** What an object of this schema can have; none for other schemas. */
function fieldNames(schema: z.ZodType): readonly string[] {
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

interface Explanation {
  readonly code: string;
  readonly message: string;
  readonly expected?: string;
}

const nouns: Readonly<Record<string, string>> = {
  int: 'integer',
  array: 'array (list)',
  record: 'object',
  boolean: 'boolean',
};

function explain(issue: z.core.$ZodIssue): Explanation {
  switch (issue.code) {
    case 'invalid_type':
      return { code: 'INVALID_TYPE', message: `must be ${withArticle(nouns[issue.expected] ?? issue.expected)}` };
    case 'too_small':
      return { code: 'OUT_OF_RANGE', message: tooSmall(issue) };
    case 'too_big':
      return { code: 'OUT_OF_RANGE', message: `must be at most ${issue.maximum.toLocaleString('en-US')}` };
    case 'invalid_value':
      return {
        code: 'INVALID_VALUE',
        message: 'is not one of the known values',
        expected: issue.values.map((value) => describe(value)).join(', '),
      };
    case 'custom': {
      const code: unknown = issue.params?.['code'];
      return { code: typeof code === 'string' ? code : 'INVALID_VALUE', message: issue.message };
    }
    default:
      return { code: 'INVALID_VALUE', message: issue.message };
  }
}

function tooSmall(issue: z.core.$ZodIssueTooSmall): string {
  if (issue.origin === 'string') return 'must not be empty';
  if (issue.origin === 'array' || issue.origin === 'set') return 'must not be empty: at least one entry';
  return `must be at least ${issue.minimum.toLocaleString('en-US')}`;
}
