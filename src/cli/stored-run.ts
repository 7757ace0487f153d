/** What the store tells of a run beyond its row: its open tasks, and what it waits for. Reads only; needs no code of the project. */
import { createAgentRegistry } from '../agents/registry.ts';
import type { RunFilter, Store } from '../core/ports.ts';
import type { RunRow } from '../core/run.ts';
import { Catalog } from '../engine/catalog.ts';
import { loadRun } from '../engine/load.ts';
import { openTasks, type Task } from '../engine/tasks.ts';
import { Values } from '../engine/values.ts';

const pageSize = 500;

/** Open tasks of the runs that the filter admits, rounds and children among them; newest runs first. */
export function storedTasks(
  store: Store,
  filter: Pick<RunFilter, 'workflow'> = {},
  isWanted: (run: string) => boolean = () => true,
): readonly Task[] {
  const tasks: Task[] = [];
  for (let after: string | undefined; ;) {
    const page = store.listRuns({
      ...filter,
      kind: ['run', 'child', 'round'],
      waitingFor: ['human'],
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
    });
    tasks.push(...page.filter(({ id }) => isWanted(id)).flatMap((row) => tasksIn(store, row)));
    after = page.at(-1)?.id;
    if (page.length < pageSize) return tasks;
  }
}

/** Of one run, and of the rounds and children below it. */
export function tasksOfRun(store: Store, run: string): readonly Task[] {
  return storedTasks(store, {}, (id) => id === run || id.startsWith(`${run}/`));
}

function tasksIn(store: Store, row: RunRow): readonly Task[] {
  const { compiled, state } = load(store, row.id);
  return openTasks(row, compiled.program, state, new Values(store));
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
  const { effects, timers } = load(store, run).state;
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

function load(store: Store, run: string): ReturnType<typeof loadRun> {
  return loadRun({ store, catalog: new Catalog([], createAgentRegistry(), store) }, run);
}
