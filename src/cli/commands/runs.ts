/** `runs`: the runs of a store, newest first. */
import { WorkflowError } from '../../core/errors.ts';
import type { RunFilter, Store } from '../../core/ports.ts';
import { endedStatuses, type RunRow, type RunStatus, type WaitingFor } from '../../core/run.ts';
import { exitCodes } from '../exit-code.ts';
import { readTimeout } from '../drive.ts';
import { findStore } from '../find-run.ts';
import type { RunsFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import { dateAndTime, duration } from '../view/format.ts';
import { tableLines } from '../view/table.ts';
import { oneLine } from '../view/text.ts';

export async function runs(io: Io, flags: RunsFlags): Promise<number> {
  const filter = readFilter(io, flags);
  const store = await findStore(io, flags, (found) => found);
  try {
    const rows = store.listRuns(filter).map((row) => ({ row, isDriven: isDriven(store, row) }));
    if (flags.json === true) io.out(`${JSON.stringify(rows.map(toJson), null, 2)}\n`);
    else print(io, rows);
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

const statuses: readonly RunStatus[] = ['pending', 'running', 'paused', 'completed', 'failed', 'cancelled'];
const waits: readonly WaitingFor[] = ['timer', 'human', 'signal', 'child', 'effect'];
const maxLimit = 10_000;

/** @throws WorkflowError REQUEST_INVALID */
function readFilter(io: Io, { workflow, status, waitingFor, tag, limit = '50', since }: RunsFlags): RunFilter {
  return {
    ...(workflow === undefined ? {} : { workflow }),
    ...(status === undefined ? {} : { status: status.map((each) => oneOf('--status', each, statuses)) }),
    ...(waitingFor === undefined ? {} : { waitingFor: waitingFor.map((each) => oneOf('--waiting-for', each, waits)) }),
    ...(tag === undefined ? {} : { tag }),
    ...(since === undefined ? {} : { createdAfter: readSince(io, since) }),
    limit: readLimit(limit),
  };
}

function oneOf<T extends string>(option: string, given: string, known: readonly T[]): T {
  const found = known.find((each) => each === given);
  if (found === undefined)
    throw new WorkflowError('REQUEST_INVALID', `${option} ${given}: expected one of ${known.join(', ')}`);
  return found;
}

function readLimit(text: string): number {
  const limit = /^\d+$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= maxLimit) return limit;
  throw new WorkflowError('REQUEST_INVALID', `--limit ${text}: expected a number from 1 to ${maxLimit}`);
}

/** A date (`2026-01-31`, also with a time), or how long ago (`2h`). */
function readSince(io: Io, text: string): number {
  if (/^\d{4}-\d\d-\d\d/.test(text)) {
    // A date alone is a day where we are, not at Greenwich.
    const at = Date.parse(text.length === 10 ? `${text}T00:00:00` : text);
    if (Number.isFinite(at)) return at;
    throw new WorkflowError('REQUEST_INVALID', `--since ${text}: there is no such time`);
  }
  return io.clock.now() - readTimeout(text, '--since');
}

function toJson({ row, isDriven: driven }: Listed): Readonly<Record<string, unknown>> {
  // The output is a reference into the history: `status --json` resolves it.
  const { output: _output, inputHash: _inputHash, format: _format, ...shown } = row;
  return { ...shown, isDriven: driven };
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
  ]);
  const heads = ['RUN', 'WORKFLOW', 'STATUS', 'STARTED', 'TOOK', 'TAGS'];
  const columns = io.stdout.isTTY ? io.stdout.columns() : null;
  for (const line of tableLines(heads, cells, io.outStyle, columns)) io.out(`${line}\n`);
}

function describe({ status, waitingFor }: RunRow, driven: boolean): string {
  if (status !== 'running') return status;
  if (waitingFor === 'human') return 'waiting for a person';
  if (waitingFor === 'signal') return 'waiting for a signal';
  return driven ? 'running' : 'interrupted';
}
