/** `prune`: removes runs that have ended, and tells how many and how much. */
import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { WorkflowError } from '../../core/errors.ts';
import type { Pruned, RunFilter, Store } from '../../core/ports.ts';
import { endedStatuses, type RunStatus } from '../../core/run.ts';
import { exportRuns } from '../../store/archive/export.ts';
import { openSqliteStore } from '../../store/sqlite/open.ts';
import type { SqliteStore } from '../../store/sqlite/store.ts';
import { allRuns } from '../all-runs.ts';
import { readTimeout } from '../drive.ts';
import { exitCodes } from '../exit-code.ts';
import { readFilter } from '../filter-flags.ts';
import { findStore } from '../find-run.ts';
import type { FilterFlags, PruneFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import { writeNewFile } from '../new-file.ts';
import { bytes } from '../view/format.ts';

type Kept = Pruned['kept'][number];

interface Outcome {
  /** Ids of runs. */
  readonly removed: readonly string[];
  /** Rounds and child runs that went with them. */
  readonly below: number;
  readonly events: number;
  readonly bytes: number;
  /** That no run refers to then. */
  readonly definitions: number;
  readonly kept: readonly Kept[];
}

export async function prune(io: Io, flags: PruneFlags): Promise<number> {
  const filter = readPruned(io, flags);
  const file = await findStore(io, flags, (store, found) => {
    store.close();
    return found;
  });
  const store = openSqliteStore(file);
  try {
    const planned = plan(store, filter);
    const archive = flags.archive === undefined ? null : resolve(io.cwd, flags.archive);
    if (archive !== null && flags.dryRun !== true && planned.removed.length > 0)
      writeNewFile(archive, exportRuns(store, planned.removed));
    const outcome = flags.dryRun === true ? planned : await carryOut(io, store, planned);
    tell(io, flags, outcome, planned.removed.length === 0 ? null : archive);
    return exitCodes.ok;
  } finally {
    store.close();
  }
}

const filterNames: readonly (keyof FilterFlags)[] = [
  'workflow',
  'workflowVersion',
  'status',
  'tag',
  'input',
  'since',
  'until',
  'updatedSince',
  'updatedUntil',
];

/** @throws WorkflowError REQUEST_INVALID */
function readPruned(io: Io, flags: PruneFlags): RunFilter {
  const isRestricted = flags.olderThan !== undefined || filterNames.some((name) => flags[name] !== undefined);
  if (!isRestricted && flags.all !== true)
    throw new WorkflowError(
      'REQUEST_INVALID',
      'which runs? Give --older-than, a filter, or --all for all that have ended',
    );
  for (const name of ['waitingFor', 'parent'] as const) {
    if (flags[name] !== undefined)
      throw new WorkflowError(
        'REQUEST_INVALID',
        `prune removes whole runs that have ended: --${name === 'parent' ? name : 'waiting-for'} has no place here`,
      );
  }
  const filter = readFilter(io, flags);
  const open = filter.status?.find((status) => !endedStatuses.has(status));
  if (open !== undefined)
    throw new WorkflowError('REQUEST_INVALID', `--status ${open}: only runs that have ended can be removed`);
  const status = filter.status ?? ([...endedStatuses] as readonly RunStatus[]);
  if (flags.olderThan === undefined) return { ...filter, kind: ['run'], status };
  const before = io.clock.now() - readTimeout(flags.olderThan, '--older-than');
  return { ...filter, kind: ['run'], status, updatedBefore: Math.min(before, filter.updatedBefore ?? before) };
}

function plan(store: SqliteStore, filter: RunFilter): Outcome {
  const removed: string[] = [];
  const kept: Kept[] = [];
  const sum = { runs: 0, events: 0, bytes: 0 };
  for (const { id } of allRuns(store, filter)) {
    const weight = store.weigh(id);
    if (typeof weight === 'string') {
      kept.push({ run: id, why: weight });
      continue;
    }
    removed.push(id);
    for (const name of ['runs', 'events', 'bytes'] as const) sum[name] += weight[name];
  }
  const { runs, events, bytes: size } = sum;
  const definitions = store.countUnused(removed);
  return { removed, kept, below: runs - removed.length, events, bytes: size, definitions };
}

async function carryOut(io: Io, store: Store, planned: Outcome): Promise<Outcome> {
  let left: readonly string[] = planned.removed;
  const kept = [...planned.kept];
  for (;;) {
    // A part at a time, so that finding out what is left costs little.
    const part = left.slice(0, partSize);
    const result = await patiently(io, () => store.prune(part));
    kept.push(...result.kept);
    const dealtWith = new Set([...result.removed, ...result.kept.map(({ run }) => run)]);
    left = [...part.filter((run) => !dealtWith.has(run)), ...left.slice(partSize)];
    if (left.length === 0 && result.isDone) break;
    // Others want to write too.
    await setImmediate();
  }
  const lost = new Set(kept.map(({ run }) => run));
  const definitions = await removeUnused(io, store);
  return { ...planned, removed: planned.removed.filter((run) => !lost.has(run)), kept, definitions };
}

async function removeUnused(io: Io, store: Store): Promise<number> {
  let removed = 0;
  for (let after: number | null = 0; after !== null;) {
    const from: number = after;
    const pruned = await patiently(io, () => store.pruneDefinitions(from));
    removed += pruned.removed;
    after = pruned.next;
    await setImmediate();
  }
  return removed;
}

const partSize = 200;
const retryMs = 50;
const maxRetries = 200;

/** Another process may be writing just now. */
async function patiently<T>(io: Io, work: () => T): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof WorkflowError) || error.code !== 'STORE_BUSY' || tries === maxRetries) throw error;
      await new Promise<void>((done) => void io.clock.schedule(done, retryMs));
    }
  }
}

const reasons: Readonly<Record<Kept['why'], string>> = {
  unfinished: 'has a child run that has not ended',
  forked: 'another run was forked from it',
  child: 'goes with its parent',
  unknown: 'is gone already',
};
const shownKept = 20;

function tell(io: Io, { json, dryRun = false }: PruneFlags, outcome: Outcome, archive: string | null): void {
  const { removed, kept, below } = outcome;
  if (json === true) {
    const shown = { ...outcome, ...(archive === null ? {} : { archive }), dryRun };
    io.out(`${JSON.stringify(shown, null, 2)}\n`);
    return;
  }
  const with_ = below === 0 ? '' : ` with ${below} round${below === 1 ? '' : 's'} and child runs`;
  const runs = `${removed.length} run${removed.length === 1 ? '' : 's'}${with_}, ${bytes(outcome.bytes)}`;
  const { definitions } = outcome;
  const unused = `${definitions} definition${definitions === 1 ? '' : 's'} that no run refers to`;
  const what = definitions === 0 ? runs : `${runs}, and ${unused}`;
  io.out(dryRun ? `would remove ${what}\n` : `removed ${what}\n`);
  if (archive !== null) io.out(dryRun ? `would archive them to ${archive}\n` : `archived to ${archive}\n`);
  for (const { run, why } of kept.slice(0, shownKept)) io.err(`kept ${run}: ${reasons[why]}\n`);
  if (kept.length > shownKept) io.err(`kept ${kept.length - shownKept} more\n`);
}
