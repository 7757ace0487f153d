/** Lists of runs and their filters. Part of the contract suite, contract.ts. */
import { describe, expect, test } from 'vitest';
import type { RunFilter } from '../../src/core/ports.ts';
import { codeOf, type Contract, type CrashableStore } from './harness.ts';
import { row, start } from './samples.ts';

export function describeLists(name: string, { openOwner }: Contract): void {
  describe(`${name}: lists`, () => {
    const fill = (): CrashableStore => {
      const store = openOwner();
      store.commit([
        start('r1', 1, { createdAt: 10, workflow: 'tides', waitingFor: 'human', tags: ['red', 'blue'] }),
        start('r2', 1, { createdAt: 20, workflow: 'moons', status: 'completed', version: '2' }),
        start('r3', 1, {
          createdAt: 30,
          workflow: 'tides',
          status: 'paused',
          waitingFor: 'signal',
          kind: 'child',
          parent: 'r1',
          tags: ['red'],
        }),
        start('r4', 1, { createdAt: 30, workflow: 'tides', status: 'failed' }),
        start('r5', 1, { createdAt: 25, workflow: 'tides', kind: 'round', parent: 'r1', tags: ['red'] }),
        start('r6', 1, { createdAt: 40, workflow: 'tides', status: 'pending' }),
      ]);
      return store;
    };
    const cases: readonly (readonly [RunFilter, readonly string[]])[] = [
      [{}, ['r6', 'r4', 'r3', 'r2', 'r1']],
      [{ limit: 2 }, ['r6', 'r4']],
      [{ limit: 2, after: 'r4' }, ['r3', 'r2']],
      [{ after: 'r1' }, []],
      [{ after: 'r5' }, ['r2', 'r1']],
      [{ workflow: 'tides' }, ['r6', 'r4', 'r3', 'r1']],
      [{ workflow: 'tides', limit: 1, after: 'r4' }, ['r3']],
      [{ workflow: 'none' }, []],
      [{ status: ['running'] }, ['r1']],
      [{ status: ['running', 'pending'], after: 'r6' }, ['r1']],
      [{ status: ['completed', 'failed'] }, ['r4', 'r2']],
      [{ status: ['paused', 'failed'], workflow: 'tides' }, ['r4', 'r3']],
      [{ waitingFor: ['human'] }, ['r1']],
      [{ waitingFor: ['human', 'signal'] }, ['r3', 'r1']],
      [{ waitingFor: ['human', 'signal'], after: 'r3' }, ['r1']],
      [{ waitingFor: ['signal'], status: ['running'] }, []],
      [{ waitingFor: ['timer'] }, []],
      [{ version: '2' }, ['r2']],
      [{ tag: 'red' }, ['r3', 'r1']],
      [{ tag: 'red', after: 'r3' }, ['r1']],
      [{ tag: 'red', kind: ['round'] }, ['r5']],
      [{ tag: 'blue', status: ['running'], workflow: 'tides' }, ['r1']],
      [{ tag: 're' }, []],
      [{ parent: 'r1' }, ['r3']],
      [{ parent: 'r1', kind: ['round', 'child'] }, ['r3', 'r5']],
      [{ kind: ['round'] }, ['r5']],
      [{ kind: ['run'] }, ['r6', 'r4', 'r2', 'r1']],
      [{ kind: ['run', 'round'], status: ['running'] }, ['r5', 'r1']],
      [{ createdAfter: 20 }, ['r6', 'r4', 'r3']],
      [{ createdBefore: 30 }, ['r2', 'r1']],
      [{ createdAfter: 10, createdBefore: 40, workflow: 'tides' }, ['r4', 'r3']],
      [{ workflow: `' or 1=1 --` }, []],
    ];

    test.each(cases)('%j gives %j, newest first', (filter, ids) => {
      expect(
        fill()
          .listRuns(filter)
          .map((item) => item.id),
      ).toEqual(ids);
    });

    test('rows in lists are whole', () => {
      expect(fill().listRuns({ workflow: 'moons' })).toEqual([
        row('r2', { createdAt: 20, workflow: 'moons', status: 'completed', version: '2' }),
      ]);
    });

    test('pages of any size give every run once', () => {
      const store = openOwner();
      store.commit(Array.from({ length: 25 }, (_, index) => start(`r${index}`, 1, { createdAt: 100 + (index % 4) })));
      const whole = store.listRuns({}).map((item) => item.id);
      const paged: string[] = [];
      for (let after: string | undefined; ; after = paged.at(-1)) {
        const page = store.listRuns({ limit: 4, ...(after === undefined ? {} : { after }) });
        if (page.length === 0) break;
        paged.push(...page.map((item) => item.id));
      }
      expect(paged).toEqual(whole);
      expect(new Set(paged).size).toBe(25);
    });

    test('100 rows by default', () => {
      const store = openOwner();
      store.commit(Array.from({ length: 120 }, (_, index) => start(`r${index}`)));
      expect(store.listRuns({})).toHaveLength(100);
      expect(store.listRuns({ limit: 1_000 })).toHaveLength(120);
    });

    const wrong: readonly (readonly [unknown, string])[] = [
      [{ color: 'red' }, 'REQUEST_INVALID'],
      [{ __proto__: null, 'workflow; drop table runs': 'x' }, 'REQUEST_INVALID'],
      [{ status: ['weird'] }, 'REQUEST_INVALID'],
      [{ status: [] }, 'REQUEST_INVALID'],
      [{ kind: ['job'] }, 'REQUEST_INVALID'],
      [{ workflow: 7 }, 'REQUEST_INVALID'],
      [{ createdAfter: 'now' }, 'REQUEST_INVALID'],
      [{ limit: 0 }, 'REQUEST_INVALID'],
      [{ limit: 1_001 }, 'REQUEST_INVALID'],
      [{ limit: 1.5 }, 'REQUEST_INVALID'],
      [{ after: 'none' }, 'NOT_FOUND'],
    ];

    test.each(wrong)('%j is an error, never ignored', (filter, code) => {
      const store = fill();
      expect(codeOf(() => store.listRuns(filter as RunFilter))).toBe(code);
    });
  });
}
