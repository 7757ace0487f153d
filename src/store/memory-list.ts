/** Lists of runs of a database in memory: every run is looked at. */
import type { RunFilter } from '../core/ports.ts';
import type { RunRow } from '../core/run.ts';
import { attributesOf } from './attributes.ts';
import { parseRow, type MemoryDatabase, type MemoryRun } from './memory-database.ts';
import { checkFilter, matchesFilter, unknownPage, type Place } from './run-filter.ts';

export function listMemory({ runs }: MemoryDatabase, filter: RunFilter): readonly RunRow[] {
  const checked = checkFilter(filter);
  const all = [...runs.values()].map((run) => ({ run, row: parseRow(run) }));
  const at = ({ run, row }: ListedRun): Position => [
    checked.sort === 'created' ? row.createdAt : row.updatedAt,
    run.key,
  ];
  const sign = checked.order === 'desc' ? -1 : 1;
  const from = checked.after === null ? null : placeOf(all, checked.after, at);
  return all
    .filter((each) => from === null || sign * compare(at(each), from) > 0)
    .filter(({ row }) => matchesFilter(row, checked))
    .filter(({ run }) => hasAttributes(run, checked.input))
    .toSorted((a, b) => sign * compare(at(a), at(b)))
    .slice(0, checked.limit)
    .map(({ row }) => row);
}

interface ListedRun {
  readonly run: MemoryRun;
  readonly row: RunRow;
}

/** In a sorted list: a time, then the order of creation. */
type Position = readonly [at: number, key: number];

function compare(a: Position, b: Position): number {
  return a[0] - b[0] || a[1] - b[1];
}

function placeOf(all: readonly ListedRun[], after: Place, at: (run: ListedRun) => Position): Position {
  const last = all.find(({ row }) => row.id === after.id);
  if (last === undefined) throw unknownPage(after.id);
  return after.updatedAt === null ? at(last) : [after.updatedAt, last.run.key];
}

function hasAttributes(run: MemoryRun, wanted: readonly string[]): boolean {
  if (wanted.length === 0) return true;
  const attributes = attributesOf(run.events[0]?.data ?? '{}', Number.POSITIVE_INFINITY);
  return wanted.every((attribute) => attributes?.has(attribute) === true);
}
