/** No list walks a whole table, and only lists of few runs are sorted. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunFilter } from '../../../src/core/ports.ts';
import { checkFilter } from '../../../src/store/run-filter.ts';
import { Connection } from '../../../src/store/sqlite/connection.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { hasAttribute, listQuery } from '../../../src/store/sqlite/list-query.ts';
import { temporaryDirectory, type TemporaryDirectory } from './files.ts';

let directory: TemporaryDirectory;
let connection: Connection;

beforeEach(() => {
  directory = temporaryDirectory();
  openSqliteStore(directory.file()).close();
  connection = new Connection(directory.file(), 'readOnly');
  connection.db.function(hasAttribute, (_data, _attribute) => 0);
});
afterEach(() => {
  connection.close();
  directory.remove();
});

function planOf(filter: RunFilter, anyUnlisted = false): string {
  const place = filter.after === undefined ? null : { key: 7, at: 1 };
  const { sql, values } = listQuery(checkFilter(filter), place, anyUnlisted);
  const steps = connection.query<{ readonly detail: string }>(`explain query plan ${sql}`).all(...values);
  return steps.map((step) => step.detail).join('; ');
}

const at = { id: 'x', updatedAt: 5 };

describe('the plan of a list', () => {
  const cases: readonly (readonly [RunFilter, RegExp])[] = [
    [{}, /SCAN r USING INDEX runs_by_created/],
    [{ order: 'asc' }, /SCAN r USING INDEX runs_by_created/],
    [{ after: 'x' }, /SEARCH r USING INDEX runs_by_created \(created_at<\?\)/],
    [{ after: 'x', order: 'asc' }, /SEARCH r USING INDEX runs_by_created \(created_at>\?\)/],
    [{ createdAfter: 1, createdBefore: 9 }, /SEARCH r USING INDEX runs_by_created \(created_at>\? AND created_at<\?\)/],
    [{ status: ['failed'] }, /SEARCH r USING INDEX runs_by_status \(status=\?\)/],
    [{ status: ['failed'], workflow: 'w' }, /SEARCH r USING INDEX runs_by_status \(status=\?\)/],
    [{ status: ['completed'], after: 'x' }, /SEARCH r USING INDEX runs_by_status \(status=\? AND created_at<\?\)/],
    [{ status: ['completed'], workflow: 'w' }, /SEARCH r USING INDEX runs_by_workflow \(workflow=\?\)/],
    [{ status: ['failed', 'cancelled'] }, /USING INDEX runs_by_created/],
    [{ workflow: 'w' }, /SEARCH r USING INDEX runs_by_workflow \(workflow=\?\)/],
    [{ workflow: 'w', after: 'x' }, /SEARCH r USING INDEX runs_by_workflow \(workflow=\? AND created_at<\?\)/],
    [{ parent: 'p', kind: ['round'] }, /SEARCH r USING INDEX runs_by_parent \(parent=\?\)/],
    [{ tag: 't' }, /SEARCH t USING PRIMARY KEY \(tag=\?\).*SEARCH r USING INTEGER PRIMARY KEY/],
    [{ tag: 't', workflow: 'w', after: 'x' }, /SEARCH t USING PRIMARY KEY \(tag=\? AND \(created_at,run\)<\(\?,\?\)\)/],
    [{ input: { a: 1 } }, /SEARCH a USING PRIMARY KEY \(attribute=\?\); SEARCH r USING INTEGER PRIMARY KEY/],
    [
      { input: { a: 1, b: 2 }, after: 'x' },
      /SEARCH a USING PRIMARY KEY \(attribute=\? AND \(created_at,run\)<\(\?,\?\)\).*SEARCH a (EXISTS )?USING PRIMARY KEY \(attribute=\? AND created_at=\? AND run=\?\)/,
    ],
    [{ tag: 't', input: { a: 1 } }, /SEARCH t (EXISTS )?USING PRIMARY KEY \(tag=\? AND created_at=\? AND run=\?\)/],
    [{ sort: 'updated' }, /SCAN r USING INDEX runs_by_updated/],
    [{ sort: 'updated', order: 'asc', after: at }, /SEARCH r USING INDEX runs_by_updated \(updated_at>\?\)/],
    [{ sort: 'updated', updatedAfter: 1 }, /SEARCH r USING INDEX runs_by_updated \(updated_at>\?\)/],
  ];

  test.each(cases)('%j', (filter, expected) => {
    const plan = planOf(filter);
    expect(plan).toMatch(expected);
    expect(plan).not.toMatch(/TEMP B-TREE/);
  });

  test('that is sorted walks its few runs alone', () => {
    expect(planOf({ status: ['running', 'paused'] })).toMatch(/SEARCH r USING INDEX runs_unfinished \(owner>\?\)/);
    expect(planOf({ updatedAfter: 1 })).toMatch(/SEARCH r USING INDEX runs_by_updated \(updated_at>\?\)/);
    expect(planOf({ input: { a: 1 } }, true)).toMatch(/SEARCH r USING INTEGER PRIMARY KEY/);
    expect(planOf({ status: ['pending'], workflow: 'w' })).toMatch(/SEARCH r USING INDEX runs_unfinished \(owner>\?\)/);
  });
});
