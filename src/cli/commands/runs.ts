/** `runs`: the runs of a store, newest first unless asked otherwise. */
import { WorkflowError } from '../../core/errors.ts';
import type { RunFilter, Store } from '../../core/ports.ts';
import { compensationOf, endedStatuses, type RunRow } from '../../core/run.ts';
import { exitCodes } from '../exit-code.ts';
import { readFilter, readWord } from '../filter-flags.ts';
import { findStore } from '../find-run.ts';
import type { RunsFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import { dateAndTime, duration } from '../view/format.ts';
import { tableLines } from '../view/table.ts';
import { cut, oneLine } from '../view/text.ts';

export async function runs(io: Io, flags: RunsFlags): Promise<number> {
  const filter = readList(io, flags);
  const store = await findStore(io, flags, (found) => found);
  try {
    const rows = listAll(store, filter).map((row) => ({ row, isDriven: isDriven(store, row) }));
    if (flags.json === true) io.out(`${JSON.stringify(rows.map(toJson), null, 2)}\n`);
    else print(io, rows);
    const last = rows.at(-1);
    if (last !== undefined && rows.length === filter.limit && flags.limit !== undefined)
      io.err(`more, if there are any: --after ${placeText(placeOf(last.row, filter.sort))}\n`);
    return exitCodes.ok;
  } finally {
    store.close();
  }
}

interface Listed {
  readonly row: RunRow;
  /** By a living process. */
  readonly isDriven: boolean;
}

function isDriven(store: Store, { id, status }: RunRow): boolean {
  return !endedStatuses.has(status) && store.isOwnedElsewhere(id);
}

const maxLimit = 10_000;
/** Rows that the store gives at once. */
const pageSize = 1_000;

/** @throws WorkflowError REQUEST_INVALID */
function readList(io: Io, flags: RunsFlags): RunFilter & { readonly limit: number } {
  const sort = readWord('--sort', flags.sort ?? 'created', ['created', 'updated']);
  const order = readWord('--order', flags.order ?? 'desc', ['desc', 'asc']);
  const after = flags.after === undefined ? {} : { after: readPlace(flags.after, sort) };
  return { ...readFilter(io, flags), sort, order, limit: readLimit(flags.limit ?? '50'), ...after };
}

function readLimit(text: string): number {
  const limit = /^\d+$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= maxLimit) return limit;
  throw new WorkflowError('REQUEST_INVALID', `--limit ${text}: expected a number from 1 to ${maxLimit}`);
}

type Place = NonNullable<RunFilter['after']>;

/** The other way round: {@link placeOf}. */
function readPlace(text: string, sort: 'created' | 'updated'): Place {
  if (sort === 'created') return text;
  const [, id, at] = /^(.+)@(\d+)$/.exec(text) ?? [];
  if (id !== undefined && at !== undefined) return { id, updatedAt: Number(at) };
  throw new WorkflowError(
    'REQUEST_INVALID',
    `--after ${text}: sorted by update, expected <runId>@<updatedAt> of the last run of the page before`,
  );
}

function placeOf({ id, updatedAt }: RunRow, sort: RunFilter['sort']): Place {
  return sort === 'updated' ? { id, updatedAt } : id;
}

function placeText(place: Place): string {
  return typeof place === 'string' ? place : `${place.id}@${place.updatedAt}`;
}

function listAll(store: Store, { limit, ...filter }: RunFilter & { readonly limit: number }): readonly RunRow[] {
  const rows: RunRow[] = [];
  for (;;) {
    const last = rows.at(-1);
    const wanted = Math.min(pageSize, limit - rows.length);
    const after = last === undefined ? {} : { after: placeOf(last, filter.sort) };
    const page = store.listRuns({ ...filter, ...after, limit: wanted });
    rows.push(...page);
    if (page.length < wanted || rows.length === limit) return rows;
  }
}

function toJson({ row, isDriven: driven }: Listed): Readonly<Record<string, unknown>> {
  // The output is a reference into the history: `status --json` resolves it.
  const { output: _output, inputHash: _inputHash, format: _format, ...shown } = row;
  return { ...shown, compensation: compensationOf(row.error), isDriven: driven };
}

function print(io: Io, rows: readonly Listed[]): void {
  if (rows.length === 0) {
    io.err('no runs\n');
    return;
  }
  const now = io.clock.now();
  const cells = rows.map(({ row, isDriven: driven }) => [
    row.id,
    row.workflow,
    describe(row, driven),
    dateAndTime(row.createdAt),
    duration((row.endedAt ?? now) - row.createdAt),
    row.tags.map(oneLine).join(', '),
    describeError(row.error),
  ]);
  const hasErrors = rows.some(({ row }) => row.error !== null);
  const heads = ['RUN', 'WORKFLOW', 'STATUS', 'STARTED', 'TOOK', 'TAGS', ...(hasErrors ? ['ERROR'] : [])];
  const columns = io.stdout.isTTY ? io.stdout.columns() : null;
  for (const line of tableLines(heads, cells, io.outStyle, columns)) io.out(`${line}\n`);
}

/** Columns of an error's message. */
const messageColumns = 100;

/** What failed where, in short; `status <run>` tells all of it. */
function describeError(error: RunRow['error']): string {
  if (error === null) return '';
  const step = error.details?.['step'];
  return `${error.code}${typeof step === 'string' ? ` at ${step}` : ''}: ${cut(oneLine(error.message), messageColumns, '...')}`;
}

function describe({ status, waitingFor, error }: RunRow, driven: boolean): string {
  if (compensationOf(error) === 'incomplete') return `${status}, compensation incomplete`;
  if (status !== 'running') return status;
  if (waitingFor === 'human') return 'waiting for a person';
  if (waitingFor === 'signal') return 'waiting for a signal';
  return driven ? 'running' : 'interrupted';
}
