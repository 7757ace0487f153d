/**
 * Lists of runs. SQL is put together from fixed pieces only, values are parameters; one prepared statement per combination
 * of filters, made when it is first needed.
 */
import type { SQLInputValue } from 'node:sqlite';
import type { RunFilter } from '../../core/ports.ts';
import type { RunRow } from '../../core/run.ts';
import { checkFilter, unfinishedStatuses, unknownPage, type CheckedFilter } from '../run-filter.ts';
import type { Connection, Query } from './connection.ts';
import { runColumns, toRunRow, type RunRecord } from './run-rows.ts';

export class RunList {
  readonly #connection: Connection;
  readonly #statements = new Map<string, Query<RunRecord>>();
  readonly #place: Query<{ readonly key: number; readonly created_at: number }>;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#place = connection.query('select key, created_at from runs where id = ?');
  }

  list(filter: RunFilter): readonly RunRow[] {
    const checked = checkFilter(filter);
    const place = checked.after === null ? null : this.#place.get(checked.after);
    if (place === undefined) throw unknownPage(checked.after ?? '');
    const { sql, values } = listQuery(checked, place);
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#connection.query(sql);
      this.#statements.set(sql, statement);
    }
    return statement.all(...values).map(toRunRow);
  }
}

/**
 * Newest first; runs of the same millisecond in the order they were created in. The source is named, as SQLite without
 * statistics would guess: each gives the rows in order, but the small set of unfinished runs, which is sorted.
 */
export function listQuery(
  filter: CheckedFilter,
  place: { readonly key: number; readonly created_at: number } | null,
): { readonly sql: string; readonly values: SQLInputValue[] } {
  const source = chooseSource(filter);
  const conditions: string[] = [];
  const values: SQLInputValue[] = [];
  const where = (condition: string, ...parameters: SQLInputValue[]): void => {
    conditions.push(condition);
    values.push(...parameters);
  };
  const { created, key } = source;

  if (filter.tag !== null) where('t.tag = ?', filter.tag);
  if (filter.parent !== null) where('r.parent = ?', filter.parent);
  if (filter.workflow !== null) where('r.workflow = ?', filter.workflow);
  if (filter.version !== null) where('r.version = ?', filter.version);
  if (filter.status !== null) where('r.status in (select value from json_each(?))', JSON.stringify(filter.status));
  if (filter.waitingFor !== null)
    where('r.waiting_for in (select value from json_each(?))', JSON.stringify(filter.waitingFor));
  if (source.unfinished) where('r.owner is not null');
  if (!filter.kind.includes('round')) where(`r.kind <> 'round'`);
  where('r.kind in (select value from json_each(?))', JSON.stringify(filter.kind));
  if (filter.createdAfter !== null) where(`${created} > ?`, filter.createdAfter);
  if (filter.createdBefore !== null) where(`${created} < ?`, filter.createdBefore);
  if (place !== null) where(`(${created}, ${key}) < (?, ?)`, place.created_at, place.key);
  values.push(filter.limit);

  const columns = runColumns.replaceAll(/\w+/g, 'r.$&');
  const sql = `select ${columns} from ${source.from} where ${conditions.join(' and ')} order by ${created} desc, ${key} desc limit ?`;
  return { sql, values };
}

interface Source {
  readonly from: string;
  /** Columns to order by. */
  readonly created: string;
  readonly key: string;
  readonly unfinished: boolean;
}

function chooseSource(filter: CheckedFilter): Source {
  const byRun = { created: 'r.created_at', key: 'r.key', unfinished: false };
  if (filter.tag !== null)
    return {
      from: 'tags t cross join runs r on r.key = t.run',
      created: 't.created_at',
      key: 't.run',
      unfinished: false,
    };
  if (filter.parent !== null) return { ...byRun, from: 'runs r indexed by runs_by_parent' };
  // Only unfinished runs wait.
  const isUnfinished = filter.status?.every((status) => unfinishedStatuses.includes(status)) === true;
  if (isUnfinished || filter.waitingFor !== null) {
    return { ...byRun, from: 'runs r indexed by runs_unfinished', unfinished: true };
  }
  if (filter.kind.includes('round')) return { ...byRun, from: 'runs r' };
  return { ...byRun, from: `runs r indexed by ${filter.workflow === null ? 'runs_by_created' : 'runs_by_workflow'}` };
}
