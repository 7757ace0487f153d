/** Lists of runs. One prepared statement per combination of filters, made when it is first needed. */
import type { RunFilter } from '../../core/ports.ts';
import type { RunRow } from '../../core/run.ts';
import { attributesOf } from '../attributes.ts';
import { checkFilter, unknownPage, type CheckedFilter } from '../run-filter.ts';
import { unlisted } from './attribute-rows.ts';
import type { Connection, Query } from './connection.ts';
import { hasAttribute, listQuery, type ListPlace } from './list-query.ts';
import { toRunRow, type RunRecord } from './run-rows.ts';

export class RunList {
  readonly #connection: Connection;
  readonly #statements = new Map<string, Query<RunRecord>>();
  readonly #place: Query<{ readonly key: number; readonly created_at: number }>;
  readonly #unlisted: Query<{ readonly run: number }>;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#place = connection.query('select key, created_at from runs where id = ?');
    this.#unlisted = connection.query('select run from attributes where attribute = ? limit 1');
    connection.db.function(hasAttribute, { deterministic: true }, (data, attribute) =>
      attributesOf(String(data), Number.POSITIVE_INFINITY)?.has(String(attribute)) === true ? 1 : 0,
    );
  }

  list(filter: RunFilter): readonly RunRow[] {
    const checked = checkFilter(filter);
    const anyUnlisted = checked.input.length > 0 && this.#unlisted.get(unlisted) !== undefined;
    const { sql, values } = listQuery(checked, this.#placeOf(checked), anyUnlisted);
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#connection.query(sql);
      this.#statements.set(sql, statement);
    }
    return statement.all(...values).map(toRunRow);
  }

  #placeOf({ after }: CheckedFilter): ListPlace | null {
    if (after === null) return null;
    const found = this.#place.get(after.id);
    if (found === undefined) throw unknownPage(after.id);
    return { at: after.updatedAt ?? found.created_at, key: found.key };
  }
}
