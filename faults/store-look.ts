/** What stands in a store file, read as another process would. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { WorkflowError } from '../src/core/errors.ts';
import type { Recorded } from '../src/core/event.ts';
import type { RunRow } from '../src/core/run.ts';
import { createAgentRegistry } from '../src/agents/registry.ts';
import { Catalog } from '../src/engine/runs/catalog.ts';
import { decodeEvent } from '../src/engine/drive/codec.ts';
import type { Loading } from '../src/engine/runs/load.ts';
import { openSqliteStore } from '../src/store/sqlite/open.ts';
import type { SqliteStore } from '../src/store/sqlite/store.ts';

export interface StoreLook {
  readonly store: SqliteStore;
  readonly loading: Loading;
  /** Top-level runs, child runs and rounds, oldest first. */
  readonly rows: readonly RunRow[];
  /** How many events the history of a run has, and the seq of its newest: no gap makes them differ. */
  readonly lengths: ReadonlyMap<string, { readonly events: number; readonly seq: number }>;
  /** Events but for signals, which are taken by runs that do nothing else, too. */
  readonly progress: number;
  /** What waits for a run, as text; and what was refused. */
  readonly inbox: readonly string[];
  readonly refused: readonly string[];
}

const pageSize = 500;
/** Another process may mend what a dead one left, and hold the file as long as that takes on a busy machine. */
const patienceMs = 60_000;

function openTables(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true });
  db.exec(`pragma busy_timeout = ${patienceMs}`);
  return db;
}

function openPatiently(file: string): SqliteStore {
  for (const until = performance.now() + patienceMs; ;) {
    try {
      return openSqliteStore(file, { readOnly: true, check: 'full' });
    } catch (error) {
      const isBusy = error instanceof WorkflowError && error.code === 'STORE_BUSY';
      if (!isBusy || performance.now() > until) throw error;
    }
  }
}

/** Whether its tables were made: in one transaction. */
export function hasStore(file: string): boolean {
  if (!existsSync(file)) return false;
  const db = openTables(file);
  try {
    return db.prepare('select 1 from sqlite_master').get() !== undefined;
  } finally {
    db.close();
  }
}

/** @throws WorkflowError STORE_INVALID when the file is damaged */
export function lookAtStore<T>(file: string, look: (found: StoreLook) => T): T {
  const store = openPatiently(file);
  try {
    const loading = { store, catalog: new Catalog([], createAgentRegistry(), store) };
    return look({ store, loading, rows: [...allRows(store)], ...readTables(file) });
  } finally {
    store.close();
  }
}

/** The events of a run; reading them finds gaps and damage. */
export function eventsOf(store: SqliteStore, run: string): readonly Recorded[] {
  return store.readEvents(run, 1).map(decodeEvent);
}

export function digestOf(events: readonly Recorded[]): string {
  const hash = createHash('sha256');
  for (const recorded of events) hash.update(`${JSON.stringify(recorded)}\n`);
  return hash.digest('hex');
}

function* allRows(store: SqliteStore): Generator<RunRow> {
  let after: string | undefined;
  for (;;) {
    const page = store.listRuns({
      kind: ['run', 'child', 'round'],
      order: 'asc',
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
    });
    yield* page;
    after = page.at(-1)?.id;
    if (page.length < pageSize) return;
  }
}

function readTables(file: string): Pick<StoreLook, 'lengths' | 'progress' | 'inbox' | 'refused'> {
  const db = openTables(file);
  try {
    const lengths = db
      .prepare(
        'select r.id, count(*) as events, max(h.seq) as seq from history h join runs r on r.key = h.run group by h.run',
      )
      .all()
      .map(({ id, events, seq }) => [String(id), { events: Number(events), seq: Number(seq) }] as const);
    const moved = db.prepare(`select count(*) as n from history where type <> 'signal.received'`).get();
    const inbox = db.prepare('select data, refused from inbox').all();
    const texts = (isRefused: boolean): readonly string[] =>
      inbox.filter(({ refused }) => (refused !== null) === isRefused).map(({ data }) => String(data));
    return { lengths: new Map(lengths), progress: Number(moved?.['n']), inbox: texts(false), refused: texts(true) };
  } finally {
    db.close();
  }
}
