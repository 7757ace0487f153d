/** No list walks a whole table, and only lists of unfinished runs are sorted. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunFilter } from '../../../src/core/ports.ts';
import { checkFilter } from '../../../src/store/run-filter.ts';
import { Connection } from '../../../src/store/sqlite/connection.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { listQuery } from '../../../src/store/sqlite/run-list.ts';
import { temporaryDirectory, type TemporaryDirectory } from './files.ts';

let directory: TemporaryDirectory;
let connection: Connection;

beforeEach(() => {
  directory = temporaryDirectory();
  openSqliteStore(directory.file()).close();
  connection = new Connection(directory.file(), 'readOnly');
});
afterEach(() => {
  connection.close();
  directory.remove();
});

function planOf(filter: RunFilter): string {
  const { sql, values } = listQuery(checkFilter(filter), filter.after === undefined ? null : { key: 7, created_at: 1 });
  const steps = connection.query<{ readonly detail: string }>(`explain query plan ${sql}`).all(...values);
  return steps.map((step) => step.detail).join('; ');
}

describe('the plan of a list', () => {
  const cases: readonly (readonly [RunFilter, RegExp])[] = [
    [{}, /SCAN r USING INDEX runs_by_created/],
    [{ after: 'x' }, /SEARCH r USING INDEX runs_by_created \(created_at<\?\)/],
    [{ createdAfter: 1, createdBefore: 9 }, /SEARCH r USING INDEX runs_by_created \(created_at>\? AND created_at<\?\)/],
    [{ status: ['failed'] }, /USING INDEX runs_by_created/],
    [{ workflow: 'w' }, /SEARCH r USING INDEX runs_by_workflow \(workflow=\?\)/],
    [{ workflow: 'w', after: 'x' }, /SEARCH r USING INDEX runs_by_workflow \(workflow=\? AND created_at<\?\)/],
    [{ parent: 'p', kind: ['round'] }, /SEARCH r USING INDEX runs_by_parent \(parent=\?\)/],
    [{ tag: 't' }, /SEARCH t USING PRIMARY KEY \(tag=\?\).*SEARCH r USING INTEGER PRIMARY KEY/],
    [{ tag: 't', workflow: 'w', after: 'x' }, /SEARCH t USING PRIMARY KEY \(tag=\? AND \(created_at,run\)<\(\?,\?\)\)/],
  ];

  test.each(cases)('%j', (filter, expected) => {
    const plan = planOf(filter);
    expect(plan).toMatch(expected);
    expect(plan).not.toMatch(/TEMP B-TREE/);
  });

  test('of unfinished runs walks these alone', () => {
    expect(planOf({ status: ['running', 'paused'] })).toMatch(/SEARCH r USING INDEX runs_unfinished \(owner>\?\)/);
    expect(planOf({ status: ['pending'], workflow: 'w' })).toMatch(/SEARCH r USING INDEX runs_unfinished \(owner>\?\)/);
  });
});
