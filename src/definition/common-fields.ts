/** The fields that every step has, and how they become the common part of a normalised step. */
import { z } from 'zod';
import { errorTable } from '../core/errors.ts';
import { joinPath } from '../core/issue.ts';
import { isPlainObject, type Json } from '../core/json.ts';
import { describe, quote } from './describe.ts';
import { readEffectFields, type effectFields } from './effect-fields.ts';
import type { Assign, OnError, Retry, StepBase } from './definition.ts';
import { anything, duration, integer, name, nonEmptyText, type Fields } from './fields.ts';
import { maxAttemptsLimit } from './limits.ts';
import { checkId } from './names.ts';
import type { StepReader } from './step-kind.ts';

const errorCodes = Object.keys(errorTable);

const retryOn = z
  .union([z.string(), z.int()])
  .transform(String)
  .superRefine((value, context) => {
    if (errorCodes.includes(value) || /^[1-5]\d\d$/.test(value)) return;
    context.addIssue({
      code: 'custom',
      message: `names an unknown failure: expected an HTTP status or one of ${errorCodes.join(', ')}`,
      input: value,
    });
  });

const retry = z.strictObject({
  maxAttempts: integer(1, maxAttemptsLimit).optional(),
  delay: duration('zero').optional(),
  backoff: z.enum(['fixed', 'linear', 'exponential']).optional(),
  maxDelay: duration().optional(),
  jitter: z.number().min(0).max(1).optional(),
  on: z.array(retryOn).min(1).optional(),
});

/** Fields common to all steps; `id` and `type` are read before them. */
export const commonFields = {
  condition: anything.optional(),
  output: name('output name').optional(),
  timeout: duration().optional(),
  totalTimeout: duration().optional(),
  retry: retry.optional(),
  onError: anything.optional(),
  assign: anything.optional(),
  metadata: z.record(z.string(), anything, { error: 'must be an object' }).optional(),
  tags: z.array(nonEmptyText).optional(),
};

export type CommonFields = Fields<typeof commonFields & typeof effectFields>;

/** @param ownCondition whether `condition` belongs to the type itself */
export function readBase(fields: CommonFields, ownCondition: boolean, reader: StepReader): StepBase {
  return {
    id: reader.id,
    path: reader.path,
    condition: ownCondition || fields.condition === undefined ? null : reader.decision('condition', fields.condition),
    output: fields.output ?? null,
    timeoutMs: fields.timeout ?? null,
    totalTimeoutMs: fields.totalTimeout ?? null,
    retry: fields.retry === undefined ? null : readRetry(fields.retry),
    onError: readOnError(fields.onError, reader),
    assign: fields.assign === undefined ? [] : readAssign(fields.assign, reader),
    ...readEffectFields(fields, reader),
    metadata: (fields.metadata ?? {}) as Json,
    tags: fields.tags ?? [],
  };
}

function readRetry(retryFields: z.output<typeof retry>): Retry {
  return {
    maxAttempts: retryFields.maxAttempts ?? 3,
    delayMs: retryFields.delay ?? 1_000,
    backoff: retryFields.backoff ?? 'fixed',
    maxDelayMs: retryFields.maxDelay ?? 5 * 60_000,
    jitter: retryFields.jitter ?? 0,
    on: retryFields.on ?? null,
  };
}

const onErrorExpectation = "'fail', 'continue', { goto: '<step>' }, { output: <value> } or a step";

function readOnError(value: unknown, reader: StepReader): OnError {
  const fail: OnError = { kind: 'fail' };
  if (value === undefined || value === 'fail') return fail;
  if (value === 'continue') return { kind: 'continue' };
  if (isPlainObject(value) && Object.hasOwn(value, 'type')) {
    const step = reader.inline('onError', value, 'recovery');
    return step === null ? fail : { kind: 'recover', step };
  }
  const keys = isPlainObject(value) ? Object.keys(value) : [];
  if (isPlainObject(value) && keys.length === 1 && keys[0] === 'goto') return readGoto(value['goto'], reader) ?? fail;
  if (isPlainObject(value) && keys.length === 1 && keys[0] === 'output' && value['output'] !== undefined) {
    const output = reader.template('onError.output', value['output']);
    return output === null ? fail : { kind: 'output', value: output };
  }
  const hint = typeof value === 'string' ? { hint: `to go to a step, write { goto: ${quote(value)} }` } : {};
  reader.add('INVALID_VALUE', 'onError', 'onError is not one of its forms', {
    expected: onErrorExpectation,
    received: describe(value),
    ...hint,
  });
  return fail;
}

function readGoto(target: unknown, reader: StepReader): OnError | null {
  if (typeof target === 'string') return { kind: 'goto', target };
  reader.add('INVALID_TYPE', 'onError.goto', 'goto must be a step id', { received: describe(target) });
  return null;
}

const operators = ['expr', 'append', 'merge'] as const;

function readAssign(value: unknown, reader: StepReader): readonly Assign[] {
  if (!isPlainObject(value)) {
    reader.add('INVALID_TYPE', 'assign', 'assign must be an object: each key of state with its value', {
      received: describe(value),
    });
    return [];
  }
  const keys = Object.keys(value).filter((key) => value[key] !== undefined);
  return keys.sort(byUnits).flatMap((key) => {
    const problem = checkId(key, 'state key');
    if (problem !== null) {
      reader.add(problem.code, joinPath('assign', key), problem.message, {
        ...(problem.expected === undefined ? {} : { expected: problem.expected }),
      });
      return [];
    }
    return readWrite(key, value[key], reader) ?? [];
  });
}

function readWrite(key: string, value: unknown, reader: StepReader): Assign | null {
  const field = joinPath('assign', key);
  const keys = isPlainObject(value) ? Object.keys(value) : [];
  const operator = keys.length === 1 ? operators.find((each) => each === keys[0]) : undefined;
  if (operator === undefined || !isPlainObject(value)) {
    const template = reader.template(field, value);
    return template === null ? null : { key, kind: 'set', value: template };
  }
  const operand: unknown = value[operator];
  if (operator !== 'expr') {
    const template = reader.template(`${field}.${operator}`, operand);
    return template === null ? null : { key, kind: operator, value: template };
  }
  const decision =
    typeof operand === 'function' ? misplacedFunction(field, reader) : reader.decision(`${field}.expr`, operand);
  return decision?.kind === 'expression' ? { key, kind: 'expr', condition: decision.condition } : null;
}

function misplacedFunction(field: string, reader: StepReader): null {
  reader.add('FUNCTION_MISPLACED', `${field}.expr`, 'expr is a text', {
    expected: "an expression such as '{{state.n}} + 1'",
    hint: 'a function can write state with context.set in onStepComplete',
  });
  return null;
}

function byUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
