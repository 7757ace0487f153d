/** Step types of users: `defineStepType`. They are passed explicitly, as `stepTypes: [slack]`; there is no global list. */
import type { z } from 'zod';
import { TerminalError } from '../core/errors.ts';
import { formatIssue, joinPath, type Issue } from '../core/issue.ts';
import { isPlainObject } from '../core/json.ts';
import type { ValueTemplate } from '../expressions/value-template.ts';
import { toDataSchema } from './data-schema.ts';
import type { DataSchema } from './definition.ts';
import { checkId } from './names.ts';
import type { StepContext } from './step-context.ts';
import type { StepReader } from './step-kind.ts';
import type { AnyFunction } from './user-function.ts';

/** Types of the language. */
const builtInTypes: readonly string[] = [
  'agent',
  'sequential',
  'parallel',
  'conditional',
  'switch',
  'transform',
  'http',
  'wait',
  'loop',
  'human',
  'signal',
  'workflow',
  'emit',
  'custom',
];

/** A step type of a user. Made by {@link defineStepType}. */
export interface StepTypeDefinition<Type extends string = string, Input = unknown, Output = unknown> {
  readonly type: Type;
  readonly description: string | null;
  /** Of the step's own fields. */
  readonly schema: DataSchema;
  /** Does the work; gets the fields with templates rendered, as the schema gives them. */
  readonly run: (config: never, context: StepContext) => unknown;
  /** For the compiler only: what an author writes, and what comes out. */
  readonly $types?: { readonly input: Input; readonly output: Output };
}

export interface StepTypeOptions<Type extends string, Schema extends z.ZodType, Output> {
  /** The word in a step's `type`. */
  readonly type: Type;
  readonly description?: string;
  /** The step's own fields: a zod object. Any of them may be given as a template. */
  readonly schema: Schema;
  /** May be asynchronous. What it throws is retried by the step's policy; a `TerminalError` is not. */
  readonly run: (config: z.output<Schema>, context: StepContext) => Output;
}

/**
 * A step type of your own, to be passed as `stepTypes` to `createWorkflow`, `parseDefinition`, `loadYaml`, `loadJson`.
 * @throws TypeError when the name cannot be a type
 */
export function defineStepType<const Type extends string, Schema extends z.ZodType, Output>(
  options: StepTypeOptions<Type, Schema, Output>,
): StepTypeDefinition<Type, z.input<Schema>, Awaited<Output>> {
  const problem = checkId(options.type, 'step type');
  if (problem !== null) throw new TypeError(problem.message);
  if (builtInTypes.includes(options.type)) throw new TypeError(`step type '${options.type}' is there already`);
  const result = toDataSchema(options.schema);
  if (!('schema' in result))
    throw new TypeError(`step type '${options.type}': ${result.issues.map(formatIssue).join('; ')}`);
  return Object.freeze({
    type: options.type,
    description: options.description ?? null,
    schema: result.schema,
    run: options.run,
  });
}

/** The function of a type, with its fields checked before each run. */
export function runOf(definition: StepTypeDefinition): AnyFunction {
  return async (config: unknown, context: StepContext): Promise<unknown> => {
    const parsed = definition.schema.parse(config);
    if ('value' in parsed) return definition.run(parsed.value as never, context);
    throw new TerminalError(
      `the fields of this ${definition.type} step are not valid: ${parsed.issues.map(formatIssue).join('; ')}`,
      {
        code: 'INPUT_INVALID',
      },
    );
  };
}

/** Checks the fields as far as they are known before a run: all but those under a template. */
export function checkConfig(
  definition: StepTypeDefinition,
  config: object,
  template: ValueTemplate,
  reader: StepReader,
): void {
  const known = knownFields(definition);
  const unknown = known === null ? [] : Object.keys(config).filter((key) => !known.includes(key));
  for (const key of unknown) {
    reader.add(
      'UNKNOWN_FIELD',
      joinPath('', key),
      `unknown field '${key}' of a ${definition.type} step`,
      reader.didYouMean(key, known ?? []),
    );
  }
  const parsed = definition.schema.parse(config);
  if ('value' in parsed) return;
  const templated = template.places.map((place) => place.at);
  const others = parsed.issues.filter((issue) => !unknown.includes(issue.path) && !isUnderTemplate(issue, templated));
  for (const issue of others) reader.add(issue.code, issue.path, issue.message, detailsOf(issue));
}

/** The fields that the schema lists; null when it lets others through by a rule of their own. */
function knownFields({ schema: { json } }: StepTypeDefinition): readonly string[] | null {
  if (!isPlainObject(json) || !isPlainObject(json['properties'])) return null;
  return json['additionalProperties'] === undefined || json['additionalProperties'] === false
    ? Object.keys(json['properties'])
    : null;
}

function isUnderTemplate(issue: Issue, templated: readonly string[]): boolean {
  return templated.some(
    (at) => issue.path === at || issue.path.startsWith(`${at}.`) || issue.path.startsWith(`${at}[`),
  );
}

function detailsOf({ expected, received, hint }: Issue): Pick<Issue, 'expected' | 'received' | 'hint'> {
  return {
    ...(expected === undefined ? {} : { expected }),
    ...(received === undefined ? {} : { received }),
    ...(hint === undefined ? {} : { hint }),
  };
}
