/**
 * Filters of lists of runs: what both stores accept and mean. Owns the checks (an unknown name is an error, never ignored)
 * and the match of one row; how a store finds candidates is its own affair.
 */
import { WorkflowError } from '../core/errors.ts';
import { isPlainObject } from '../core/json.ts';
import type { RunFilter } from '../core/ports.ts';
import type { RunKind, RunRow, RunStatus, WaitingFor } from '../core/run.ts';
import { attributeText, parseAttributePath, type AttributeValue } from './attributes.ts';

export const runStatuses: readonly RunStatus[] = ['pending', 'running', 'paused', 'completed', 'failed', 'cancelled'];
export const unfinishedStatuses: readonly RunStatus[] = ['pending', 'running', 'paused'];
export const waitings: readonly WaitingFor[] = ['timer', 'human', 'signal', 'child', 'effect'];
export const runKinds: readonly RunKind[] = ['run', 'round', 'child'];

const sorts = ['created', 'updated'] as const;
const orders = ['asc', 'desc'] as const;

const defaultKinds: readonly RunKind[] = ['run', 'child'];
const defaultLimit = 100;
/** Rows of one page at most; more are read with `after`. */
const maxListLimit = 1_000;
/** Of one filter. */
const maxAttributes = 20;

/** A filter with its defaults filled in; null does not restrict. */
export interface CheckedFilter {
  readonly workflow: string | null;
  readonly version: string | null;
  readonly tag: string | null;
  readonly parent: string | null;
  readonly status: readonly RunStatus[] | null;
  readonly waitingFor: readonly WaitingFor[] | null;
  readonly kind: readonly RunKind[];
  /** Exclusive. */
  readonly createdAfter: number | null;
  /** Exclusive. */
  readonly createdBefore: number | null;
  /** Exclusive. */
  readonly updatedAfter: number | null;
  /** Exclusive. */
  readonly updatedBefore: number | null;
  /** As attributes. */
  readonly input: readonly string[];
  readonly sort: 'created' | 'updated';
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  readonly after: Place | null;
}

/** Where a page begins. */
export interface Place {
  readonly id: string;
  /** Null: the list is sorted by creation, which the run's row tells. */
  readonly updatedAt: number | null;
}

const filterNames: ReadonlySet<string> = new Set<keyof RunFilter>([
  'workflow',
  'status',
  'version',
  'tag',
  'parent',
  'waitingFor',
  'kind',
  'createdAfter',
  'createdBefore',
  'updatedAfter',
  'updatedBefore',
  'input',
  'sort',
  'order',
  'limit',
  'after',
]);

/** @throws WorkflowError REQUEST_INVALID: an unknown name, or a value of the wrong kind. */
export function checkFilter(filter: RunFilter): CheckedFilter {
  for (const name of Object.keys(filter)) {
    if (!filterNames.has(name)) {
      throw invalid(`Runs cannot be filtered by '${name}'; known filters: ${[...filterNames].join(', ')}`);
    }
  }
  const sort = oneWord('sort', filter.sort, sorts) ?? 'created';
  return {
    workflow: text('workflow', filter.workflow),
    version: text('version', filter.version),
    tag: text('tag', filter.tag),
    parent: text('parent', filter.parent),
    status: oneOf('status', filter.status, runStatuses),
    waitingFor: oneOf('waitingFor', filter.waitingFor, waitings),
    kind: oneOf('kind', filter.kind, runKinds) ?? defaultKinds,
    createdAfter: time('createdAfter', filter.createdAfter),
    createdBefore: time('createdBefore', filter.createdBefore),
    updatedAfter: time('updatedAfter', filter.updatedAfter),
    updatedBefore: time('updatedBefore', filter.updatedBefore),
    input: attributes(filter.input),
    sort,
    order: oneWord('order', filter.order, orders) ?? 'desc',
    limit: checkLimit(filter.limit ?? defaultLimit),
    after: place(filter.after, sort),
  };
}

/** All that a row tells: not the input, nor the place in the list. */
export function matchesFilter(row: RunRow, filter: CheckedFilter): boolean {
  return (
    filter.kind.includes(row.kind) &&
    (filter.status === null || filter.status.includes(row.status)) &&
    (filter.workflow === null || filter.workflow === row.workflow) &&
    (filter.version === null || filter.version === row.version) &&
    (filter.waitingFor === null || (row.waitingFor !== null && filter.waitingFor.includes(row.waitingFor))) &&
    (filter.parent === null || filter.parent === row.parent) &&
    (filter.tag === null || row.tags.includes(filter.tag)) &&
    (filter.createdAfter === null || row.createdAt > filter.createdAfter) &&
    (filter.createdBefore === null || row.createdAt < filter.createdBefore) &&
    (filter.updatedAfter === null || row.updatedAt > filter.updatedAfter) &&
    (filter.updatedBefore === null || row.updatedAt < filter.updatedBefore)
  );
}

/** The id in `after` is that of no run. */
export function unknownPage(after: string): WorkflowError {
  return new WorkflowError('NOT_FOUND', `There is no run '${after}' to list runs after`);
}

function invalid(message: string): WorkflowError {
  return new WorkflowError('REQUEST_INVALID', message);
}

function text(name: string, value: unknown): string | null {
  if (value === undefined) return null;
  if (typeof value === 'string') return value;
  throw invalid(`The filter '${name}' takes a text`);
}

function time(name: string, value: unknown): number | null {
  if (value === undefined) return null;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw invalid(`The filter '${name}' takes a time in milliseconds since 1970`);
}

function checkLimit(limit: unknown): number {
  if (typeof limit === 'number' && Number.isInteger(limit) && limit >= 1 && limit <= maxListLimit) return limit;
  throw invalid(`The filter 'limit' takes a whole number from 1 to ${maxListLimit}`);
}

/** What a page goes on after. */
function place(after: unknown, sort: 'created' | 'updated'): Place | null {
  if (after === undefined) return null;
  if (sort === 'created' && typeof after === 'string') return { id: after, updatedAt: null };
  if (sort === 'updated' && isPlainObject(after)) {
    const { id, updatedAt } = after;
    if (typeof id === 'string' && typeof updatedAt === 'number' && Number.isFinite(updatedAt)) return { id, updatedAt };
  }
  throw invalid(
    sort === 'created'
      ? `The filter 'after' takes the id of the last run of the page before`
      : `Sorted by update, the filter 'after' takes { id, updatedAt } of the last run of the page before: it may have moved since`,
  );
}

function attributes(input: unknown): readonly string[] {
  if (input === undefined) return [];
  if (!isPlainObject(input)) throw invalid(`The filter 'input' takes an object, as { customer: 42 }`);
  const entries = Object.entries(input);
  if (entries.length > maxAttributes) throw invalid(`The filter 'input' takes at most ${maxAttributes} paths`);
  return entries.map(([name, value]) => {
    const path = parseAttributePath(name);
    if (path === null) throw invalid(`The filter 'input' takes paths as customer or order.region, not '${name}'`);
    if (typeof value === 'object' && value !== null)
      throw invalid(
        `The filter 'input' compares '${name}' with a text, number, boolean or null; for what is in an object, write its path: '${name}.<key>'`,
      );
    if (!['string', 'number', 'boolean', 'object'].includes(typeof value))
      throw invalid(`The filter 'input' compares '${name}' with a text, number, boolean or null`);
    return attributeText(path, value as AttributeValue);
  });
}

function oneWord<T extends string>(name: string, value: T | undefined, known: readonly T[]): T | null {
  if (value === undefined) return null;
  if (known.includes(value)) return value;
  throw invalid(`The filter '${name}' takes ${known.map((word) => `'${word}'`).join(' or ')}`);
}

function oneOf<T extends string>(
  name: string,
  values: readonly T[] | undefined,
  known: readonly T[],
): readonly T[] | null {
  if (values === undefined) return null;
  const given: readonly unknown[] = Array.isArray(values) ? values : [];
  if (given.length > 0 && given.every((value) => known.some((word) => word === value))) return values;
  throw invalid(`The filter '${name}' takes a list of: ${known.join(', ')}`);
}
