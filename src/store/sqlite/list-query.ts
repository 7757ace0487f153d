/**
 * The SQL of a list of runs: put together from fixed pieces only, values are parameters. The source is named, as SQLite
 * without statistics would guess: most give the rows in order; sorted are unfinished runs, which are few, and lists by update
 * that are narrowed by something else.
 */
import type { SQLInputValue } from 'node:sqlite';
import { unfinishedStatuses, type CheckedFilter } from '../run-filter.ts';
import { unlisted } from './attribute-rows.ts';
import { runColumns } from './run-rows.ts';

/** A run's place in a list: when it was created or updated, and its key. */
export interface ListPlace {
  readonly at: number;
  readonly key: number;
}

export interface ListQuery {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** Of the SQL function that reads a run's input: its first event's data, and an attribute. */
export const hasAttribute = 'has_attribute';

/**
 * Runs of the same millisecond in the order they were created in.
 * @param anyUnlisted whether there are runs whose attributes are not listed
 */
export function listQuery(filter: CheckedFilter, place: ListPlace | null, anyUnlisted: boolean): ListQuery {
  const source = chooseSource(filter, anyUnlisted);
  const conditions: string[] = [];
  const values: SQLInputValue[] = [];
  const where = (condition: string, ...parameters: readonly SQLInputValue[]): void => {
    conditions.push(condition);
    values.push(...parameters);
  };
  const isIn = (column: string, list: readonly string[]): void => {
    if (list.length === 1) where(`${column} = ?`, list[0] ?? '');
    else where(`${column} in (select value from json_each(?))`, JSON.stringify(list));
  };

  if (source.where !== null) where(source.where, ...source.values);
  if (filter.parent !== null) where('r.parent = ?', filter.parent);
  if (filter.workflow !== null) where('r.workflow = ?', filter.workflow);
  if (filter.version !== null) where('r.version = ?', filter.version);
  if (filter.status !== null) isIn('r.status', filter.status);
  if (filter.waitingFor !== null) isIn('r.waiting_for', filter.waitingFor);
  if (!filter.kind.includes('round')) where(`r.kind <> 'round'`);
  where('r.kind in (select value from json_each(?))', JSON.stringify(filter.kind));
  if (filter.tag !== null && !source.isTag)
    where(
      'exists (select 1 from tags t where t.tag = ? and t.created_at = r.created_at and t.run = r.key)',
      filter.tag,
    );
  for (const attribute of source.isExact ? filter.input.slice(1) : filter.input) {
    if (anyUnlisted) where(`(${isListed} or ${isUnlisted} and ${hasInput})`, attribute, unlisted, attribute);
    else where(isListed, attribute);
  }
  const { created, key } = source;
  if (filter.createdAfter !== null) where(`${created} > ?`, filter.createdAfter);
  if (filter.createdBefore !== null) where(`${created} < ?`, filter.createdBefore);
  if (filter.updatedAfter !== null) where('r.updated_at > ?', filter.updatedAfter);
  if (filter.updatedBefore !== null) where('r.updated_at < ?', filter.updatedBefore);

  const at = filter.sort === 'created' ? created : 'r.updated_at';
  if (place !== null) where(`(${at}, ${key}) ${filter.order === 'desc' ? '<' : '>'} (?, ?)`, place.at, place.key);
  values.push(filter.limit);
  const columns = runColumns.replaceAll(/\w+/g, 'r.$&');
  const order = `${at} ${filter.order}, ${key} ${filter.order}`;
  return {
    sql: `select ${columns} from ${source.from} where ${conditions.join(' and ')} order by ${order} limit ?`,
    values,
  };
}

const isListed =
  'exists (select 1 from attributes a where a.attribute = ? and a.created_at = r.created_at and a.run = r.key)';
const isUnlisted = isListed;
const hasInput = `${hasAttribute}((select data from history h where h.run = r.key and h.seq = 1), ?)`;

interface Source {
  readonly from: string;
  /** Columns to order by. */
  readonly created: string;
  readonly key: string;
  /** What makes the source's index usable. */
  readonly where: string | null;
  readonly values: readonly SQLInputValue[];
  readonly isTag: boolean;
  /** Whether it answers the first attribute. */
  readonly isExact: boolean;
}

const runs = { created: 'r.created_at', key: 'r.key', where: null, values: [], isTag: false, isExact: false };

/** From the narrowest to the widest. */
function chooseSource(filter: CheckedFilter, anyUnlisted: boolean): Source {
  const { input, tag, status } = filter;
  if (filter.parent !== null) return { ...runs, from: 'runs r indexed by runs_by_parent' };
  if (input[0] !== undefined) return anyUnlisted ? unlistedSource(input[0]) : attributeSource(input[0]);
  if (tag !== null) {
    const from = 'tags t cross join runs r on r.key = t.run';
    return { ...runs, from, created: 't.created_at', key: 't.run', where: 't.tag = ?', values: [tag], isTag: true };
  }
  // Only unfinished runs wait.
  const isUnfinished = status?.every((each) => unfinishedStatuses.includes(each)) === true;
  if (isUnfinished || filter.waitingFor !== null) {
    return { ...runs, from: 'runs r indexed by runs_unfinished', where: 'r.owner is not null' };
  }
  if (filter.kind.includes('round')) return { ...runs, from: 'runs r' };
  if (filter.sort === 'updated' || (filter.updatedAfter !== null && filter.createdAfter === null))
    return { ...runs, from: 'runs r indexed by runs_by_updated' };
  // Few fail, so that is narrower than a workflow.
  const isRare = status?.length === 1 && (status[0] === 'failed' || status[0] === 'cancelled');
  if (isRare || (status?.length === 1 && filter.workflow === null))
    return { ...runs, from: 'runs r indexed by runs_by_status', where: 'r.owner is null' };
  return { ...runs, from: `runs r indexed by ${filter.workflow === null ? 'runs_by_created' : 'runs_by_workflow'}` };
}

function attributeSource(attribute: string): Source {
  const from = 'attributes a cross join runs r on r.key = a.run';
  const columns = { created: 'a.created_at', key: 'a.run' };
  return { ...runs, ...columns, from, where: 'a.attribute = ?', values: [attribute], isExact: true };
}

/** Its rows are sorted: there are two sets of them. */
function unlistedSource(attribute: string): Source {
  const where = 'r.key in (select run from attributes where attribute in (?, ?))';
  return { ...runs, from: 'runs r', where, values: [attribute, unlisted] };
}
