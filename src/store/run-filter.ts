/**
 * Filters of lists of runs: what both stores accept and mean. Owns the checks (an unknown name is an error, never ignored)
 * and the match of one row; how a store finds candidates is its own affair.
 */
import { WorkflowError } from '../core/errors.ts';
import type { RunFilter } from '../core/ports.ts';
import type { RunKind, RunRow, RunStatus, WaitingFor } from '../core/run.ts';

export const runStatuses: readonly RunStatus[] = ['pending', 'running', 'paused', 'completed', 'failed', 'cancelled'];
export const unfinishedStatuses: readonly RunStatus[] = ['pending', 'running', 'paused'];
const waitings: readonly WaitingFor[] = ['timer', 'human', 'signal', 'child', 'effect'];
export const runKinds: readonly RunKind[] = ['run', 'round', 'child'];

const defaultKinds: readonly RunKind[] = ['run', 'child'];
const defaultLimit = 100;
/** Rows of one page at most; more are read with `after`. */
const maxListLimit = 1_000;

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
  readonly limit: number;
  readonly after: string | null;
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
    limit: checkLimit(filter.limit ?? defaultLimit),
    after: text('after', filter.after),
  };
}

/** Everything but `after` and `limit`, which are about the place in the list. */
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
    (filter.createdBefore === null || row.createdAt < filter.createdBefore)
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
