/**
 * Rows of the table `runs`: to and from {@link RunRow}. A row whose words we do not know, or whose JSON does not parse, is
 * refused; plain `JSON.parse`, nothing is revived.
 */
import type { SQLInputValue } from 'node:sqlite';
import type { ErrorData } from '../../core/errors.ts';
import { WorkflowError } from '../../core/errors.ts';
import type { RunUpdate } from '../../core/ports.ts';
import type { RunRow, WaitingFor } from '../../core/run.ts';
import type { StoredValue } from '../../core/stored-value.ts';
import { runKinds, runStatuses } from '../run-filter.ts';

/** As SQLite gives it. */
export interface RunRecord {
  readonly id: string;
  readonly kind: string;
  readonly workflow: string;
  readonly version: string;
  readonly hash: string;
  readonly format: number;
  readonly status: string;
  readonly waiting_for: string | null;
  readonly parent: string | null;
  readonly input_hash: string;
  readonly tags: string | null;
  readonly created_at: number;
  readonly updated_at: number;
  readonly ended_at: number | null;
  readonly output: string | null;
  readonly error: string | null;
}

const waits: readonly WaitingFor[] = ['timer', 'human', 'signal', 'child', 'effect'];

export const runColumns =
  'id, kind, workflow, version, hash, format, status, waiting_for, parent, input_hash, tags, created_at, updated_at, ended_at, output, error';

/** In the order of {@link runColumns}. */
export function runValues(row: RunRow): SQLInputValue[] {
  return [
    row.id,
    row.kind,
    row.workflow,
    row.version,
    row.hash,
    row.format,
    row.status,
    row.waitingFor,
    row.parent,
    row.inputHash,
    row.tags.length === 0 ? null : JSON.stringify(row.tags),
    row.createdAt,
    row.updatedAt,
    row.endedAt,
    toJson(row.output),
    toJson(row.error),
  ];
}

/** @throws WorkflowError STORE_INVALID: the row is damaged; only its run is affected. */
export function toRunRow(record: RunRecord): RunRow {
  return {
    id: record.id,
    kind: known(record, 'kind', record.kind, runKinds),
    workflow: record.workflow,
    version: record.version,
    hash: record.hash,
    format: record.format,
    status: known(record, 'status', record.status, runStatuses),
    waitingFor: record.waiting_for === null ? null : known(record, 'waiting_for', record.waiting_for, waits),
    parent: record.parent,
    inputHash: record.input_hash,
    tags: record.tags === null ? [] : (fromJson(record, 'tags', record.tags) as readonly string[]),
    createdAt: record.created_at,
    updatedAt: record.updated_at,
    endedAt: record.ended_at,
    output: record.output === null ? null : (fromJson(record, 'output', record.output) as StoredValue),
    error: record.error === null ? null : (fromJson(record, 'error', record.error) as ErrorData),
  };
}

type UpdatedField = keyof RunUpdate;

/** What may change after a run was created, and in which column it is. The order is that of the parameters. */
const updatedColumns: readonly (readonly [UpdatedField, string])[] = [
  ['status', 'status'],
  ['waitingFor', 'waiting_for'],
  ['endedAt', 'ended_at'],
  ['output', 'output'],
  ['error', 'error'],
  ['hash', 'hash'],
  ['version', 'version'],
  ['format', 'format'],
  ['updatedAt', 'updated_at'],
];

/** The columns an update names, and their values in the same order. Fields that are left out stay. */
export function updateParts(update: RunUpdate): { readonly columns: string[]; readonly values: SQLInputValue[] } {
  const columns: string[] = [];
  const values: SQLInputValue[] = [];
  for (const [field, column] of updatedColumns) {
    const value = update[field];
    if (value === undefined) continue;
    columns.push(column);
    values.push(typeof value === 'object' ? toJson(value) : value);
  }
  return { columns, values };
}

function toJson(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}

function fromJson(record: RunRecord, column: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw damagedRun(record, column, error);
  }
}

function known<T extends string>(record: RunRecord, column: string, value: string, all: readonly T[]): T {
  const found = all.find((item) => item === value);
  if (found === undefined) throw damagedRun(record, column);
  return found;
}

function damagedRun(record: RunRecord, column: string, cause?: unknown): WorkflowError {
  return new WorkflowError(
    'STORE_INVALID',
    `The row of run '${record.id}' is damaged: its ${column} is not one that we write. Restore it from a backup`,
    {
      cause,
      details: { run: record.id, column },
    },
  );
}
