/** What a commit is refused for, and that nothing of it is written then. Part of the contract suite, contract.ts. */
import { describe, expect, test } from 'vitest';
import type { Commit } from '../../src/core/ports.ts';
import { codeOf, type Contract } from './harness.ts';
import { append, end, epoch, event, row, start, timer } from './samples.ts';

export function describeFences(name: string, { open, openOwner }: Contract): void {
  describe(`${name}: S1, S2 and S4`, () => {
    const broken: readonly (readonly [string, string, Commit])[] = [
      ['an event that is there already', 'CONFLICT', append('a', 2)],
      ['an event that skips one', 'CONFLICT', append('a', 4)],
      ['a first event that is not 1', 'CONFLICT', { run: 'n', create: row('n'), events: [event(2)] }],
      ['a gap within the commit', 'InvariantError', { run: 'a', events: [event(3), event(5)] }],
      ['the same seq twice', 'InvariantError', { run: 'a', events: [event(3), event(3)] }],
      ['an unknown run', 'NOT_FOUND', append('none', 1)],
      ['a run that exists', 'CONFLICT', start('a')],
      ['the row of another run', 'InvariantError', { run: 'n', create: row('m'), events: [event(1)] }],
      [
        'a checkpoint of an event that is not there',
        'InvariantError',
        { ...append('a', 3), checkpoint: { seq: 4, snapshot: '{}' } },
      ],
      ['a timer of another run', 'InvariantError', { ...append('a', 3), timers: [timer('b', 't')] }],
      ['a timer twice', 'InvariantError', { ...append('a', 3), timers: [timer('a', 't'), timer('a', 't')] }],
      ['a value that is no JSON', 'any', { run: 'a', events: [event(3)], update: { updatedAt: 1, output: { v: 1n } } }],
    ];

    test.each(broken)('a batch with %s is refused as %s, and nothing of it is written', (_, code, commit) => {
      const store = openOwner();
      store.commit([start('a', 2), start('z')]);
      store.post('z', '{}', epoch);
      const entry = store.readInbox()[0]?.id ?? 0;
      const batch: Commit[] = [
        start('new'),
        {
          ...append('z', 2),
          checkpoint: { seq: 2, snapshot: '{}' },
          timers: [timer('z', 't')],
          consumed: [entry],
          update: { status: 'paused', updatedAt: 1 },
        },
        commit,
        append('new', 2),
      ];
      expect(() => store.commit(batch)).toThrow(Error);
      if (code !== 'any') expect(codeOf(() => store.commit(batch))).toBe(code);
      expect(store.readRun('new')).toBeNull();
      expect(store.readRun('n')).toBeNull();
      expect(store.readRun('z')).toEqual(row('z'));
      expect([store.lastSeq('a'), store.lastSeq('z')]).toEqual([2, 1]);
      expect([store.readCheckpoint('z'), store.readTimers('z'), store.readInbox().length]).toEqual([null, [], 1]);
      // And the store goes on as if nothing had been.
      store.commit([append('a', 3), append('z', 2), start('new')]);
      expect([store.lastSeq('a'), store.lastSeq('z'), store.lastSeq('new')]).toEqual([3, 2, 1]);
    });

    test('a conflict names the run, the refused event and the next one', () => {
      const store = openOwner();
      store.commit([start('a', 2)]);
      expect(() => store.commit([append('a', 2)])).toThrow(/Event 2 of run 'a'.*event 3/);
    });

    test('a commit before acquire is refused', () => {
      expect(codeOf(() => open().commit([start('a')]))).toBe('InvariantError');
    });

    test('a run is written to by its owner only', () => {
      const [a, b] = [openOwner(), openOwner()];
      a.commit([start('a')]);
      b.commit([start('b')]);
      expect(codeOf(() => b.commit([append('a', 2)]))).toBe('CONFLICT');
      expect(codeOf(() => b.commit([{ run: 'a', events: [], update: { status: 'cancelled', updatedAt: 1 } }]))).toBe(
        'CONFLICT',
      );
      expect(codeOf(() => b.commit([start('a')]))).toBe('CONFLICT');
      expect([a.lastSeq('a'), a.readRun('a')?.status]).toEqual([1, 'running']);
      a.commit([append('a', 2)]);
    });

    test('a run that has ended belongs to nobody; whoever lets it go on owns it', () => {
      const [a, b] = [openOwner(), openOwner()];
      a.commit([start('a')]);
      a.commit([end('a', 2)]);
      expect(b.isOwnedElsewhere('a')).toBe(false);
      b.commit([{ ...append('a', 3), update: { status: 'running', updatedAt: 1 } }]);
      expect([a.isOwnedElsewhere('a'), b.isOwnedElsewhere('a')]).toEqual([true, false]);
      expect(codeOf(() => a.commit([append('a', 4)]))).toBe('CONFLICT');
      b.commit([append('a', 4)]);
      expect(b.isOwnedHere('a')).toBe(true);
    });

    test('what an owner remembers of a run does not outlive its end', () => {
      const [a, b] = [openOwner(), openOwner()];
      a.commit([start('a')]);
      a.commit([end('a', 2)]);
      b.commit([{ run: 'a', events: [], update: { status: 'running', updatedAt: 1 } }]);
      expect(codeOf(() => a.commit([append('a', 3)]))).toBe('CONFLICT');
      expect(a.lastSeq('a')).toBe(2);
    });
  });
}
