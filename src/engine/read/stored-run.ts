/**
 * What is found out about runs beyond their rows: open tasks, and what a run waits for, with all that is below it. Reads only; needs
 * no code of the workflows.
 */
import { createAgentRegistry } from '../../agents/registry.ts';
import type { RunFilter, Store } from '../../core/ports.ts';
import type { RunRow } from '../../core/run.ts';
import type { RunState } from '../../core/run-state.ts';
import type { ValueLoader } from '../../core/stored-value.ts';
import type { Program } from '../../../machines/program.ts';
import { Catalog } from '../runs/catalog.ts';
import { loadRun, type Loading } from '../runs/load.ts';
import { openTasks, type Task } from './tasks.ts';
import { Values } from '../dispatch/values.ts';

/** Where tasks are looked for. */
export interface TaskSource {
  readonly store: Pick<Store, 'listRuns'>;
  readonly loader: ValueLoader;
  stateOf(run: string): { readonly program: Program; readonly state: RunState };
}

const pageSize = 500;

/**
 * Open tasks of the runs that the filter admits, rounds and children among them; newest runs first. Without a `limit` (of runs) all
 * there are.
 */
export function tasksIn(
  source: TaskSource,
  filter: RunFilter = {},
  isWanted: (run: string) => boolean = () => true,
): readonly Task[] {
  const tasks: Task[] = [];
  const { limit } = filter;
  const kind = ['run', 'child', 'round'] as const;
  const waiting: RunFilter = { kind, ...filter, limit: limit ?? pageSize, waitingFor: ['human'] };
  for (let next: RunFilter = waiting; ;) {
    const page = source.store.listRuns(next);
    for (const row of page) if (isWanted(row.id)) tasks.push(...tasksOf(source, row));
    const last = page.at(-1);
    if (last === undefined || limit !== undefined || page.length < pageSize) return tasks;
    next = { ...waiting, after: filter.sort === 'updated' ? { id: last.id, updatedAt: last.updatedAt } : last.id };
  }
}

function tasksOf(source: TaskSource, row: RunRow): readonly Task[] {
  const { program, state } = source.stateOf(row.id);
  return openTasks(row, program, state, source.loader);
}

/** Runs as they are stored. */
export function storedTasks(store: Store, filter?: RunFilter, isWanted?: (run: string) => boolean): readonly Task[] {
  const loading = loadingOf(store);
  const stateOf: TaskSource['stateOf'] = (run) => {
    const { compiled, state } = loadRun(loading, run);
    return { program: compiled.program, state };
  };
  return tasksIn({ store, loader: new Values(store), stateOf }, filter, isWanted);
}

export type WorldWait = 'person' | 'signal';

/** With more rounds and children under way it is not found out what they wait for. */
const maxBelow = 20;

/**
 * What a run waits for, when that is all: nothing goes on by itself in it, nor in the rounds and children that it waits for. A
 * person comes before a signal. Null: something goes on.
 */
export function waitOfRun(store: Store, run: string): WorldWait | null {
  const row = store.readRun(run);
  if (row?.status !== 'running' || row.waitingFor === null || row.waitingFor === 'timer') return null;
  const { effects, timers } = loadRun(loadingOf(store), run).state;
  // What bounds the waiting brings nothing else.
  if (![...timers.keys()].every((name) => /^(timeout|total):/.test(name))) return null;
  const own = ownWait(row);
  if (effects.size === 0) return own;
  if (![...effects.values()].every(({ src }) => src === 'loop' || src === 'workflow')) return null;
  const below = waitsBelow(store, run);
  if (below === null || below.includes(null)) return null;
  return own === 'person' || below.includes('person') ? 'person' : 'signal';
}

function ownWait({ waitingFor }: RunRow): WorldWait | null {
  if (waitingFor === 'human') return 'person';
  return waitingFor === 'signal' ? 'signal' : null;
}

/** Null: there are none yet, or too many. */
function waitsBelow(store: Store, run: string): readonly (WorldWait | null)[] | null {
  const below = store.listRuns({
    parent: run,
    kind: ['round', 'child'],
    status: ['pending', 'running', 'paused'],
    limit: maxBelow + 1,
  });
  return below.length === 0 || below.length > maxBelow ? null : below.map(({ id }) => waitOfRun(store, id));
}

function loadingOf(store: Store): Loading {
  return { store, catalog: new Catalog([], createAgentRegistry(), store) };
}
