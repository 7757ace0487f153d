/** `tasks [run|workflow]`: what waits for a person, in all runs or in those that are named. */
import type { Store } from '../../core/ports.ts';
import { RunView } from '../../engine/read/run-view.ts';
import { storedTasks } from '../../engine/read/stored-run.ts';
import type { Task } from '../../engine/read/tasks.ts';
import { exitCodes } from '../exit-code.ts';
import { findRun, findStore } from '../find-run.ts';
import type { LookFlags } from '../flags.ts';
import { hint } from '../hint.ts';
import type { Io } from '../io.ts';
import { taskLines } from '../view/tasks.ts';

export async function tasks(io: Io, wanted: string | undefined, flags: LookFlags): Promise<number> {
  const { store, list } = wanted === undefined ? await inAll(io, flags) : await inNamed(io, wanted, flags);
  try {
    const found = list();
    if (flags.json === true) io.out(`${JSON.stringify(found, null, 2)}\n`);
    else print(io, found, flags);
    return exitCodes.ok;
  } finally {
    store.close();
  }
}

interface Found {
  readonly store: Store;
  readonly list: () => readonly Task[];
}

function inAll(io: Io, flags: LookFlags): Promise<Found> {
  return findStore(io, flags, (store) => ({ store, list: () => storedTasks(store) }));
}

/** Of a workflow's name: all its runs, not the latest only. */
async function inNamed(io: Io, wanted: string, flags: LookFlags): Promise<Found> {
  const { store, row } = await findRun(io, wanted, flags);
  return {
    store,
    list: () =>
      row.id === wanted ? new RunView(store, row.id).tasks() : storedTasks(store, { workflow: row.workflow }),
  };
}

function print(io: Io, found: readonly Task[], flags: LookFlags): void {
  if (found.length === 0) io.err('nothing waits for a person\n');
  const answer = (words: string): string => hint(io, `answer ${words}`, flags, null);
  for (const [index, task] of found.entries()) {
    if (index > 0) io.out('\n');
    for (const line of taskLines(task, io.outStyle, answer)) io.out(`${line}\n`);
  }
}
