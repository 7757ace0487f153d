/** Finds the run that is meant, by its id or by the name of its workflow, in a store that is opened for reading only. */
import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { WorkflowError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest.ts';
import type { Store } from '../core/ports.ts';
import type { RunRow } from '../core/run.ts';
import { defaultStoreFile } from '../engine/options.ts';
import { checkProject } from '../project/project.ts';
import { openSqliteStore } from '../store/sqlite/open.ts';
import type { LookFlags } from './flags.ts';
import type { Io } from './io.ts';
import { resolveOurselves } from './self-resolve.ts';

export interface FoundRun {
  readonly store: Store;
  readonly row: RunRow;
  /** The store's file. */
  readonly file: string;
}

/**
 * @param wanted id of a run, or name, id or title of a workflow for its latest run
 * @throws WorkflowError NOT_FOUND, STORE_*
 */
export function findRun(io: Io, wanted: string, flags: LookFlags): Promise<FoundRun> {
  return findStore(io, flags, (store, file) => {
    const row = store.readRun(wanted) ?? latestOf(store, wanted);
    if (row === null) throw unknownRun(store, wanted);
    return { store, row, file };
  });
}

/**
 * Looks in the store that `--store` names; else in the default one of the folder, and when that is not there or does not hold
 * what is looked for, in the one that the project's own workflow file names. The store is left open, unless `look` throws.
 * @throws WorkflowError NOT_FOUND, STORE_*
 */
export async function findStore<T>(io: Io, flags: LookFlags, look: (store: Store, file: string) => T): Promise<T> {
  if (flags.store !== undefined) return lookIn(resolve(io.cwd, flags.store), look);
  const path = resolve(io.cwd, flags.file ?? '.');
  const dir = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? path : dirname(path);
  try {
    return lookIn(resolve(dir, defaultStoreFile), look);
  } catch (error) {
    if (!(error instanceof WorkflowError) || error.code !== 'NOT_FOUND') throw error;
    const other = await storeOfProject(io, path);
    if (other === null || other === resolve(dir, defaultStoreFile)) throw error;
    return lookIn(other, look);
  }
}

/** The store of the project, which need not be there yet: found as {@link findStore} does. */
export async function storeFile(io: Io, flags: LookFlags): Promise<string> {
  if (flags.store !== undefined) return resolve(io.cwd, flags.store);
  const path = resolve(io.cwd, flags.file ?? '.');
  const dir = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? path : dirname(path);
  const usual = resolve(dir, defaultStoreFile);
  return existsSync(usual) ? usual : ((await storeOfProject(io, path)) ?? usual);
}

/** What is wrong with the project is of no interest here: then it names no store. */
async function storeOfProject(io: Io, path: string): Promise<string | null> {
  resolveOurselves();
  try {
    const { project } = await checkProject(path, { env: io.env });
    return project === null || !existsSync(project.store) ? null : project.store;
  } catch {
    return null;
  }
}

function lookIn<T>(file: string, look: (store: Store, file: string) => T): T {
  if (!existsSync(file)) throw new WorkflowError('NOT_FOUND', `there is no store ${file}; the first run makes it`);
  const store = openSqliteStore(file, { readOnly: true });
  try {
    return look(store, file);
  } catch (error) {
    store.close();
    throw error;
  }
}

/** Runs that are looked at for the id or title of a workflow, and for names like the one that was given. */
const searched = 1_000;

function latestOf(store: Store, workflow: string): RunRow | null {
  const [latest] = store.listRuns({ workflow, kind: ['run'], limit: 1 });
  if (latest !== undefined) return latest;
  const called = new Map<string, boolean>();
  const isMeant = ({ hash }: RunRow): boolean => {
    let is = called.get(hash);
    if (is === undefined) called.set(hash, (is = isCalled(store.readDefinition(hash), workflow)));
    return is;
  };
  return store.listRuns({ kind: ['run'], limit: searched }).find(isMeant) ?? null;
}

/** Whether a definition (its canonical JSON) has this id or title. */
function isCalled(canonical: string | null, name: string): boolean {
  if (canonical === null) return false;
  const { id, title } = JSON.parse(canonical) as { readonly id?: unknown; readonly title?: unknown };
  return id === name || title === name;
}

/** Of a command that takes ids of runs and names of workflows. */
function unknownRun(store: Store, wanted: string): WorkflowError {
  const { ids, workflows } = known(store);
  const hint = didYouMean(wanted, [...workflows, ...ids]) ?? holding(workflows);
  return new WorkflowError(
    'NOT_FOUND',
    `no run has the id '${wanted}', and no workflow of that name has runs here; ${hint}`,
  );
}

/** Of a command that takes the id of a run alone: what it changes is named exactly. */
export function unknownRunId(store: Store, wanted: string): WorkflowError {
  const latest = latestOf(store, wanted);
  if (latest !== null)
    return new WorkflowError(
      'NOT_FOUND',
      `'${wanted}' is a workflow, and this command takes the id of a run; the latest run of it is ${latest.id} (${latest.status})`,
    );
  const { ids, workflows } = known(store);
  const hint = didYouMean(wanted, ids) ?? holding(workflows);
  return new WorkflowError('NOT_FOUND', `no run has the id '${wanted}'; ${hint}`);
}

function known(store: Store): { readonly ids: readonly string[]; readonly workflows: readonly string[] } {
  const rows = store.listRuns({ kind: ['run'], limit: searched });
  return { ids: rows.map(({ id }) => id), workflows: [...new Set(rows.map(({ workflow }) => workflow))] };
}

function holding(workflows: readonly string[]): string {
  return workflows.length === 0
    ? 'the store holds no runs yet'
    : `the store holds runs of ${workflows.slice(0, 20).join(', ')}`;
}
