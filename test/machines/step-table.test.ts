import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StepRecord } from '../../machines/context.ts';
import { StepTable } from '../../machines/step-table.ts';

const record = (visit: number): StepRecord => ({ status: 'completed', visit, attempt: 1 });

describe('the table of step records', () => {
  test('behaves as a map by number, in the order of the numbers, also through JSON', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(500), fc.nat(9))), (writes) => {
        let table = StepTable.empty;
        const model = new Map<number, StepRecord>();
        for (const [index, visit] of writes) {
          table = table.set(index, record(visit));
          model.set(index, record(visit));
        }
        const sorted = [...model].sort(([a], [b]) => a - b);
        expect([...table.entries()]).toEqual(sorted);
        expect([...StepTable.from(JSON.parse(JSON.stringify(table)) as never).entries()]).toEqual(sorted);
        for (let index = 0; index < 501; index += 7) expect(table.get(index)).toEqual(model.get(index));
      }),
      { numRuns: 50 },
    );
  });

  test('a change leaves the table before as it was, and shares what did not change', () => {
    const before = StepTable.empty.set(1, record(1)).set(100, record(1));
    const after = before.set(1, record(2));
    expect(before.get(1)).toEqual(record(1));
    expect(after.get(1)).toEqual(record(2));
    expect(after.get(100)).toBe(before.get(100));
  });
});
