/** Removal of runs from a database in memory: what is removed at all is removed at once. */
import type { Pruned, PrunedDefinitions, WhyKept } from '../core/ports.ts';
import { isEnded } from './commit-rules.ts';
import { isAmong, parseRow, type MemoryDatabase } from './memory-database.ts';
import { boundBy, sourceOf } from './source-of.ts';

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

export function pruneDefinitionsOfMemory({ definitions, runs }: MemoryDatabase): PrunedDefinitions {
  const used = new Set<string>();
  for (const run of runs.values()) {
    used.add(parseRow(run).hash);
    for (const event of run.events) used.add(boundBy(event) ?? '');
  }
  const newest = new Map<unknown, string>();
  for (const [hash, canonical] of definitions) newest.set(nameOf(canonical), hash);
  const unused = [...definitions].filter(([hash, canonical]) => {
    const name = nameOf(canonical);
    return name !== undefined && newest.get(name) !== hash && !used.has(hash);
  });
  for (const [hash] of unused) definitions.delete(hash);
  return { removed: unused.length, next: null };
}

function nameOf(canonical: string): unknown {
  return (JSON.parse(canonical) as { readonly name?: unknown }).name;
}
