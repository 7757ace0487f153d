/** Lists of runs and their filters. Part of the contract suite, contract.ts. */
import { describe, expect, test } from 'vitest';
import type { RunFilter } from '../../src/core/ports.ts';
import { codeOf, type Contract, type CrashableStore } from './harness.ts';
import { event, row, start, withInput } from './samples.ts';

export function describeLists(name: string, { openOwner }: Contract): void {
  describe(`${name}: lists`, () => {
    const fill = (): CrashableStore => {
      const store = openOwner();
      store.commit([
        withInput(
          start('r1', 1, {
            createdAt: 10,
            updatedAt: 80,
            workflow: 'tides',
            waitingFor: 'human',
            tags: ['red', 'blue'],
          }),
          {
            customer: 42,
            order: { region: 'eu' },
            labels: ['a', 'b'],
            items: [{ sku: 6 }, { sku: 7 }],
            'a.b': true,
            none: null,
            text: 'long '.repeat(100),
          },
        ),
        start('r2', 1, { createdAt: 20, updatedAt: 20, workflow: 'moons', status: 'completed', version: '2' }),
        start('r3', 1, {
          createdAt: 30,
          updatedAt: 70,
          workflow: 'tides',
          status: 'paused',
          waitingFor: 'signal',
          kind: 'child',
          parent: 'r1',
          tags: ['red'],
        }),
        withInput(start('r4', 1, { createdAt: 30, updatedAt: 60, workflow: 'tides', status: 'failed' }), {
          customer: '42',
          order: { region: 'us' },
        }),
        start('r5', 1, { createdAt: 25, updatedAt: 90, workflow: 'tides', kind: 'round', parent: 'r1', tags: ['red'] }),
        start('r6', 1, { createdAt: 40, updatedAt: 60, workflow: 'tides', status: 'pending' }),
      ]);
      return store;
    };
    const at = (id: string, updatedAt: number): { id: string; updatedAt: number } => ({ id, updatedAt });
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
      [{ order: 'asc' }, ['r1', 'r2', 'r3', 'r4', 'r6']],
      [{ order: 'asc', after: 'r3', limit: 1 }, ['r4']],
      [{ tag: 'red', order: 'asc' }, ['r1', 'r3']],
      [{ workflow: 'tides', status: ['failed'] }, ['r4']],
      [{ workflow: 'moons', status: ['completed'], order: 'asc' }, ['r2']],
      [{ sort: 'updated' }, ['r1', 'r3', 'r6', 'r4', 'r2']],
      [{ sort: 'updated', order: 'asc', limit: 2 }, ['r2', 'r4']],
      [{ sort: 'updated', after: at('r6', 60) }, ['r4', 'r2']],
      [{ sort: 'updated', after: at('r1', 55) }, ['r2']],
      [{ sort: 'updated', tag: 'red' }, ['r1', 'r3']],
      [{ sort: 'updated', status: ['running', 'paused'], order: 'asc' }, ['r3', 'r1']],
      [{ updatedAfter: 60 }, ['r3', 'r1']],
      [{ updatedAfter: 60, createdAfter: 10 }, ['r3']],
      [{ updatedBefore: 61, status: ['failed', 'pending', 'completed'] }, ['r6', 'r4', 'r2']],
      [{ sort: 'updated', updatedAfter: 50, updatedBefore: 70 }, ['r6', 'r4']],
      [{ input: { customer: 42 } }, ['r4', 'r1']],
      [{ input: { customer: '42' }, order: 'asc' }, ['r1', 'r4']],
      [{ input: { customer: 42 }, after: 'r4' }, ['r1']],
      [{ input: { customer: 42 }, sort: 'updated' }, ['r1', 'r4']],
      [{ input: { customer: 42 }, status: ['failed'] }, ['r4']],
      [{ input: { customer: 42, 'order.region': 'eu' } }, ['r1']],
      [{ input: { 'order.region': 'eu' }, tag: 'blue' }, ['r1']],
      [{ input: { labels: 'b' } }, ['r1']],
      [{ input: { 'items.sku': 7 } }, ['r1']],
      [{ input: { 'a\\.b': true } }, ['r1']],
      [{ input: { 'a.b': true } }, []],
      [{ input: { none: null } }, ['r1']],
      [{ input: { text: 'long '.repeat(100) } }, ['r1']],
      [{ input: { text: 'long '.repeat(101) } }, []],
      [{ input: { customer: `' or 1=1 --` } }, []],
      [{ input: {}, limit: 1 }, ['r6']],
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
        row('r2', { createdAt: 20, updatedAt: 20, workflow: 'moons', status: 'completed', version: '2' }),
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

    test('sorted by update, pages do not repeat a run that changes meanwhile', () => {
      const store = openOwner();
      store.commit(Array.from({ length: 6 }, (_, index) => start(`r${index}`, 1, { updatedAt: 100 + index })));
      const [first, second] = store.listRuns({ sort: 'updated', limit: 2 });
      store.commit([{ run: 'r4', events: [event(2)], update: { status: 'paused', updatedAt: 999 } }]);
      expect(first?.id).toBe('r5');
      const after = { id: second?.id ?? '', updatedAt: second?.updatedAt ?? 0 };
      expect(store.listRuns({ sort: 'updated', after }).map((item) => item.id)).toEqual(['r3', 'r2', 'r1', 'r0']);
    });

    test('runs whose input says more than is listed are found by it all the same', () => {
      const store = openOwner();
      const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, index]));
      store.commit([
        withInput(start('many', 1, { createdAt: 10 }), many),
        withInput(start('large', 1, { createdAt: 20 }), { text: 'x'.repeat(100_000), k7: 7 }),
        withInput(start('small', 1, { createdAt: 30 }), { k7: 7, k8: 9 }),
        withInput(start('other', 1, { createdAt: 40 }), { k7: 8 }),
      ]);
      const found = (filter: RunFilter): readonly string[] => store.listRuns(filter).map((item) => item.id);
      expect(found({ input: { k7: 7 } })).toEqual(['small', 'large', 'many']);
      expect(found({ input: { k7: 7 }, limit: 1, after: 'small' })).toEqual(['large']);
      expect(found({ input: { k7: 7, k8: 8 } })).toEqual(['many']);
      expect(found({ input: { k7: 7, text: 'x'.repeat(100_000) } })).toEqual(['large']);
      expect(found({ input: { k600: 1 } })).toEqual([]);
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
      [{ after: { id: 'r1', updatedAt: 1 } }, 'REQUEST_INVALID'],
      [{ after: 'r1', sort: 'updated' }, 'REQUEST_INVALID'],
      [{ sort: 'status' }, 'REQUEST_INVALID'],
      [{ order: 'up' }, 'REQUEST_INVALID'],
      [{ updatedAfter: '2026' }, 'REQUEST_INVALID'],
      [{ input: 'customer=42' }, 'REQUEST_INVALID'],
      [{ input: { order: { region: 'eu' } } }, 'REQUEST_INVALID'],
      [{ input: { 'order.': 'eu' } }, 'REQUEST_INVALID'],
      [{ input: { customer: undefined } }, 'REQUEST_INVALID'],
      [{ input: Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`k${index}`, 1])) }, 'REQUEST_INVALID'],
    ];

    test.each(wrong)('%j is an error, never ignored', (filter, code) => {
      const store = fill();
      expect(codeOf(() => store.listRuns(filter as RunFilter))).toBe(code);
    });
  });
}
