/** Removal of runs from a database in memory: what is removed at all is removed at once. */
import type { Pruned, WhyKept } from '../core/ports.ts';
import { isEnded } from './commit-rules.ts';
import { isAmong, parseRow, type MemoryDatabase } from './memory-database.ts';
import { sourceOf } from './source-of.ts';

export function pruneMemory(database: MemoryDatabase, runs: readonly string[]): Pruned {
  const kept: Pruned['kept'][number][] = [];
  const removed = runs.filter((run) => {
    const why = whyKept(database, run);
    if (why === null) removeTree(database, run);
    else kept.push({ run, why });
    return why === null;
  });
  return { removed, kept, isDone: true };
}

function whyKept(database: MemoryDatabase, id: string): WhyKept | null {
  const run = database.runs.get(id);
  if (run === undefined) return 'unknown';
  if (parseRow(run).kind !== 'run') return 'child';
  const tree = [...database.runs].filter(([each]) => isAmong(each, [id]));
  if (!tree.every(([, each]) => isEnded(each.status))) return 'unfinished';
  const inTree = new Set(tree.map(([each]) => each));
  const isForked = [...database.runs].some(([other, { events }]) => {
    return !inTree.has(other) && events.some((event) => inTree.has(sourceOf(event) ?? ''));
  });
  return isForked ? 'forked' : null;
}

function removeTree(database: MemoryDatabase, id: string): void {
  for (const each of [...database.runs.keys()]) if (isAmong(each, [id])) database.runs.delete(each);
  for (const [entry, { run }] of [...database.inbox]) if (isAmong(run, [id])) database.inbox.delete(entry);
}
