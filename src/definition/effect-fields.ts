/**
 * Fields of steps that do something outside of the run: `compensate`, `concurrency`, `rateLimit` and `cache`. Which type
 * has which is said by its kind (`allows`); what a step without one of them should do instead is said here.
 */
import { isPlainObject } from '../core/json.ts';
import type { Cache, Concurrency, RateLimit, Step, StepBase } from './definition.ts';
import { describe, list, withArticle } from './describe.ts';
import { durationExpectation, parseDuration } from '../core/duration.ts';
import { anything, duration, givenName, integer, nonEmptyText, type Fields } from './fields.ts';
import type { EffectField, StepKind, StepReader } from './step-kind.ts';

export const effectFields = {
  compensate: anything.optional(),
  concurrency: anything.optional(),
  rateLimit: anything.optional(),
  cache: anything.optional(),
} satisfies Record<EffectField, unknown>;

const maxCount = 1_000_000;

const owners: Readonly<Record<EffectField, string>> = {
  compensate: 'agent, http, transform, workflow, emit, human or a type of your own',
  concurrency: 'agent, http, transform, workflow or a type of your own',
  rateLimit: 'agent, http, transform, workflow or a type of your own',
  cache: 'agent, http, transform or a type of your own',
};

/** Hints of types that hold steps. */
export const onStepsInside: Readonly<Record<EffectField, string>> = {
  compensate: 'put it on the steps inside',
  concurrency: 'put it on the steps inside',
  rateLimit: 'put it on the steps inside',
  cache: 'put it on the steps inside',
};

export function isEffectField(field: string): field is EffectField {
  return Object.hasOwn(effectFields, field);
}

/** Those of a step type. */
export function effectFieldsOf(kind: StepKind): Partial<typeof effectFields> {
  const allowed = Object.entries(effectFields).filter(([field]) => isEffectField(field) && kind.allows.includes(field));
  return Object.fromEntries(allowed);
}

/** Says that steps of this type cannot have the field. */
export function refuseEffectField(field: EffectField, kind: StepKind, reader: StepReader): void {
  const hint = kind.hints[field];
  reader.add('FIELD_MISPLACED', field, `${kind.what} cannot have ${field}`, {
    expected: `a step of type ${owners[field]}`,
    ...(hint === undefined ? {} : { hint }),
  });
}

export function readEffectFields(
  fields: Fields<typeof effectFields>,
  reader: StepReader,
): Pick<StepBase, 'compensate' | 'concurrencyLimit' | 'rateLimit' | 'cache'> {
  if (fields.cache !== undefined && fields.compensate !== undefined) {
    reader.add('FIELD_CONFLICT', 'compensate', 'a step has either cache or compensate, not both', {
      hint: 'other runs go on with what was cached: it cannot be undone',
    });
  }
  return {
    compensate: fields.compensate === undefined ? null : readCompensate(fields.compensate, reader),
    concurrencyLimit: fields.concurrency === undefined ? null : readConcurrency(fields.concurrency, reader),
    rateLimit: fields.rateLimit === undefined ? null : readRateLimit(fields.rateLimit, reader),
    cache: fields.cache === undefined ? null : readCache(fields.cache, reader),
  };
}

const compensationTypes: readonly Step['type'][] = ['agent', 'http', 'transform', 'workflow', 'emit', 'custom'];

/** Fields that would lead on, or wait: nothing goes on after a compensation. */
const notInCompensation: Readonly<Record<string, string>> = {
  onError: 'the other compensations run in any case',
  output: 'no step runs after it',
  assign: 'no step runs after it',
  compensate: 'a compensation is not undone',
  cache: 'a compensation always runs',
};

function readCompensate(value: unknown, reader: StepReader): Step | null {
  const step = reader.inline('compensate', value, 'compensate');
  if (step === null || !isPlainObject(value)) return null;
  if (!compensationTypes.includes(step.type)) {
    reader.add('INVALID_VALUE', 'compensate.type', `a compensation cannot be ${withArticle(step.type)} step`, {
      expected: `${list(compensationTypes.filter((type) => type !== 'custom'))}, or a type of your own`,
    });
    return null;
  }
  for (const [field, why] of Object.entries(notInCompensation)) {
    if (value[field] === undefined) continue;
    reader.add('FIELD_MISPLACED', `compensate.${field}`, `a compensation cannot have ${field}: ${why}`);
  }
  return step;
}

function readConcurrency(value: unknown, reader: StepReader): Concurrency | null {
  const source = typeof value === 'string' ? { name: value, limit: 1 } : value;
  if (!isPlainObject(source)) {
    reader.add('INVALID_TYPE', 'concurrency', 'concurrency must be a name, or an object with a limit', {
      expected: "'name', { name, limit } or { key: '{{...}}', limit }",
      received: describe(value),
    });
    return null;
  }
  const given = reader.object('concurrency', source, {
    name: givenName.optional(),
    key: nonEmptyText.optional(),
    limit: integer(1, maxCount),
  });
  return {
    name: given.name ?? reader.ownName,
    key: given.key === undefined ? null : reader.template('concurrency.key', given.key),
    limit: given.limit ?? 1,
  };
}

function readRateLimit(value: unknown, reader: StepReader): RateLimit | null {
  if (!isPlainObject(value)) {
    reader.add('INVALID_TYPE', 'rateLimit', 'rateLimit must be an object', {
      expected: "{ limit: 10, per: '1m' }, with a name or key if need be",
      received: describe(value),
    });
    return null;
  }
  const given = reader.object('rateLimit', value, {
    name: givenName.optional(),
    key: nonEmptyText.optional(),
    limit: integer(1, maxCount),
    per: duration(),
  });
  return {
    name: given.name ?? reader.ownName,
    key: given.key === undefined ? null : reader.template('rateLimit.key', given.key),
    limit: given.limit ?? 1,
    perMs: given.per ?? 1_000,
  };
}

function readCache(value: unknown, reader: StepReader): Cache | null {
  if (isPlainObject(value)) {
    const given = reader.object('cache', value, { key: anything.optional(), ttl: duration() });
    return {
      key: given.key === undefined ? null : reader.template('cache.key', given.key),
      ttlMs: given.ttl ?? 1,
    };
  }
  const result = parseDuration(value);
  if ('ms' in result) return { key: null, ttlMs: result.ms };
  reader.add('INVALID_VALUE', 'cache', `cache ${result.problem}`, {
    ...(result.problem.includes(durationExpectation)
      ? { expected: "a duration, or { key: '{{...}}', ttl: '1h' }" }
      : {}),
    received: describe(value),
  });
  return null;
}
