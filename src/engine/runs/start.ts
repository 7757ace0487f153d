/** What a start is checked for before anything is written, and the row and first event of the new run. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { InputError, WorkflowError } from '../../core/errors.ts';
import type { ParentLink, RunStarted } from '../../core/event.ts';
import { throughJson } from '../../core/json.ts';
import type { RunKind, RunRow } from '../../core/run.ts';
import type { StoredValue } from '../../core/stored-value.ts';
import type { DataSchema, WorkflowDefinition } from '../../definition/definition.ts';
import { kernelOf } from '../../../machines/kernel-of.ts';
import { compileWorkflow, machineFormat } from '../../../machines/workflow.ts';
import { fingerprintsOf } from '../drive/functions.ts';
import type { EngineLimits } from '../options.ts';

export interface BreakpointOption {
  /** Id of a step; of one in a loop's rounds, which are runs of their own, none. */
  readonly step: string;
  /** @default 'before' */
  readonly when?: 'before' | 'after';
}

export interface StartOptions {
  /** A start with the same id and input again gives the same run. @default a new UUIDv7 */
  readonly runId?: string;
  /** For lists and filters. @default [] */
  readonly tags?: readonly string[];
  /** Steps before or after which the run pauses itself. @default [] */
  readonly breakpoints?: readonly BreakpointOption[];
}

const maxRunIdLength = 200;
const maxTags = 20;

/** In characters of JSON: of an input, and of what conditions read of it. */
export type InputLimits = Pick<Required<EngineLimits>, 'maxInputBytes' | 'maxKeptBytes'>;

/** The checked input, as JSON data. @throws InputError with all problems; WorkflowError LIMIT_EXCEEDED */
export function checkInput(definition: WorkflowDefinition, input: unknown, limits: InputLimits): unknown {
  const plain = plainInput(definition, input) ?? {};
  const size = JSON.stringify(plain).length;
  if (size > limits.maxInputBytes)
    throw new WorkflowError(
      'LIMIT_EXCEEDED',
      `the input is ${size} characters of JSON, more than the limit of ${limits.maxInputBytes} (option limits.maxInputBytes)`,
    );
  const checked = definition.input === null ? plain : parsedInput(definition, definition.input, plain);
  const kept = kernelOf(compileWorkflow(definition)).keepInput(checked);
  if (kept !== undefined) checkKept(kept, 'the input', limits.maxKeptBytes);
  return checked;
}

function parsedInput(definition: WorkflowDefinition, schema: DataSchema, plain: unknown): unknown {
  const parsed = schema.parse(plain);
  if ('issues' in parsed) throw new InputError(definition.name, parsed.issues);
  return plainInput(definition, parsed.value) ?? null;
}

/** What conditions read of a value is kept in the run's state. @throws WorkflowError LIMIT_EXCEEDED */
export function checkKept(kept: Readonly<Record<string, unknown>>, what: string, limit: number): void {
  const { length } = JSON.stringify(kept);
  if (length <= limit) return;
  throw new WorkflowError(
    'LIMIT_EXCEEDED',
    `conditions read ${length} characters of ${what}, more than the limit of ${limit} (option limits.maxKeptBytes): let them read smaller parts of it`,
  );
}

/** As it will be stored; what a schema makes of an input need not be data either. */
function plainInput(definition: WorkflowDefinition, input: unknown): unknown {
  try {
    return throughJson(input);
  } catch (error) {
    const message = `the input is not JSON data: ${error instanceof Error ? error.message : String(error)}`;
    throw new InputError(definition.name, [{ code: 'INPUT_NOT_JSON', path: '', message }]);
  }
}

/** Ids become parts of other ids, of keys and of command lines. */
export function checkRunId(id: string): void {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.:@-]*$/.test(id) && id.length <= maxRunIdLength) return;
  throw new WorkflowError(
    'REQUEST_INVALID',
    `'${id.slice(0, 60)}' cannot be a run id: expected 1 to ${maxRunIdLength} of letters, digits and _ . : @ -, beginning with a letter, digit or _`,
  );
}

export function checkTags(tags: readonly string[]): void {
  if (tags.length <= maxTags && tags.every((tag) => tag.length > 0 && tag.length <= 100)) return;
  throw new WorkflowError('REQUEST_INVALID', `a run has at most ${maxTags} tags of 1 to 100 characters`);
}

export function hashInput(input: unknown): string {
  return createHash('sha256')
    .update(canonicalize(input) ?? 'null')
    .digest('hex');
}

export interface NewRun {
  readonly id: string;
  readonly kind: RunKind;
  readonly definition: WorkflowDefinition;
  readonly inputHash: string;
  readonly parent: string | null;
  readonly tags: readonly string[];
  readonly at: number;
}

export function newRow({ id, kind, definition, inputHash, parent, tags, at }: NewRun): RunRow {
  return {
    id,
    kind,
    workflow: definition.name,
    version: definition.version,
    hash: definition.hash,
    format: machineFormat,
    status: 'pending',
    waitingFor: null,
    parent,
    inputHash,
    tags,
    createdAt: at,
    updatedAt: at,
    endedAt: null,
    output: null,
    error: null,
  };
}

/** The first event of a run or a child run. */
export function startedEvent(
  definition: WorkflowDefinition,
  input: StoredValue,
  beside?: { readonly parent?: ParentLink } & Pick<RunStarted, 'breakpoints'>,
): RunStarted {
  const functions = fingerprintsOf(definition);
  return {
    ...started(definition, input),
    ...(Object.keys(functions).length === 0 ? {} : { functions }),
    ...beside,
  };
}

/** The first event of a round, or of the run that undoes one. */
export function roundStartedEvent(
  definition: WorkflowDefinition,
  beside: { readonly parent?: ParentLink } & Pick<RunStarted, 'item' | 'undoes'>,
): RunStarted {
  return { ...started(definition, { v: null }), ...beside };
}

function started({ name, version, hash }: WorkflowDefinition, input: StoredValue): RunStarted {
  return { type: 'run.started', workflow: name, version, hash, format: machineFormat, input };
}
