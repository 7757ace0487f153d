/** Who owns which runs, and the inbox. Part of the contract suite, contract.ts. */
import { describe, expect, test } from 'vitest';
import { codeOf, type Contract } from './harness.ts';
import { append, end, epoch, seqs, start } from './samples.ts';

export function describeOwnership(name: string, { open, openOwner }: Contract): void {
  describe(`${name}: ownership`, () => {
    test('acquire twice is acquire once', () => {
      const store = openOwner();
      store.acquire();
      store.commit([start('a')]);
      expect(store.adopt()).toEqual(['a']);
    });

    test('adopt gives the unfinished runs that are owned, oldest first', () => {
      const store = openOwner();
      store.commit([
        start('a'),
        start('b', 1, { status: 'paused' }),
        start('c', 1, { status: 'completed' }),
        start('d', 1, { status: 'pending' }),
      ]);
      expect(store.adopt()).toEqual(['a', 'b', 'd']);
      store.commit([end('b', 2)]);
      expect(store.adopt()).toEqual(['a', 'd']);
      expect(codeOf(() => open().adopt())).toBe('InvariantError');
    });

    test('runs of a living owner stay with it', () => {
      const [a, b] = [openOwner(), openOwner()];
      a.commit([start('a')]);
      expect(b.adopt()).toEqual([]);
      expect([a.isOwnedElsewhere('a'), b.isOwnedElsewhere('a'), open().isOwnedElsewhere('a')]).toEqual([
        false,
        true,
        true,
      ]);
      expect(a.isOwnedElsewhere('none')).toBe(false);
    });

    test('runs of a dead owner are adopted and go on where they were', () => {
      const [a, b] = [openOwner(), openOwner()];
      a.commit([start('a', 3), start('done', 1, { status: 'completed' })]);
      a.crash();
      expect(b.isOwnedElsewhere('a')).toBe(false);
      expect(b.adopt()).toEqual(['a']);
      b.commit([append('a', 4)]);
      expect(seqs(b.readEvents('a', 1))).toEqual([1, 2, 3, 4]);
    });

    test('free runs are those that adopt would take, with their workflows, but for rounds; looking takes none', () => {
      const [a, b] = [openOwner(), openOwner()];
      a.commit([start('a'), start('a/loop:1/0', 1, { kind: 'round', parent: 'a' }), start('b', 1, { version: '2' })]);
      a.commit([start('done', 1, { status: 'completed' })]);
      b.commit([start('mine')]);
      expect(b.freeRuns()).toEqual([]);
      a.crash();
      const { workflow, version } = b.readRun('a') ?? {};
      const free = [
        { id: 'a', workflow, version },
        { id: 'b', workflow, version: '2' },
      ];
      expect(b.freeRuns()).toEqual(free);
      expect(open().freeRuns()).toEqual(free);
      expect(b.adopt(['a'])).toContain('a');
      expect(b.freeRuns()).toEqual(free.slice(1));
      b.adopt();
      expect(b.freeRuns()).toEqual([]);
    });

    test('of two that adopt, each run goes to exactly one, and a later adoption changes nothing', () => {
      const [dead, b, c] = [openOwner(), openOwner(), openOwner()];
      dead.commit([start('a'), start('b')]);
      dead.crash();
      const [ofB, ofC] = [b.adopt(), c.adopt()];
      expect([...ofB, ...ofC].toSorted()).toEqual(['a', 'b']);
      expect([b.adopt(), c.adopt()]).toEqual([ofB, ofC]);
    });

    test('adopting only some runs takes them with the rounds below them and leaves the others free', () => {
      const [dead, b, c] = [openOwner(), openOwner(), openOwner()];
      dead.commit([start('a'), start('a/loop:1/0'), start('ab'), start('b')]);
      dead.crash();
      expect(b.adopt(['a'])).toEqual(['a', 'a/loop:1/0']);
      expect(b.adopt(['none'])).toEqual(['a', 'a/loop:1/0']);
      expect(c.adopt()).toEqual(['ab', 'b']);
    });

    test('closing frees the unfinished runs at once', () => {
      const [a, b] = [openOwner(), openOwner()];
      a.commit([start('a'), start('done', 1, { status: 'failed' })]);
      a.close();
      a.close();
      expect(b.isOwnedElsewhere('a')).toBe(false);
      expect(b.adopt()).toEqual(['a']);
    });

    test('a run that nobody owns is taken by the first who writes to it', () => {
      const [a, b, c] = [openOwner(), openOwner(), openOwner()];
      a.commit([start('a')]);
      a.close();
      b.commit([append('a', 2)]);
      expect(codeOf(() => c.commit([append('a', 3)]))).toBe('CONFLICT');
      expect([b.adopt(), c.adopt()]).toEqual([['a'], []]);
    });

    test('a store that was closed is of no use any more', () => {
      const store = openOwner();
      store.close();
      const uses = [
        () => store.readRun('a'),
        () => store.commit([start('a')]),
        () => store.listRuns({}),
        () => store.changeCount(),
        () => store.post('a', '', 0),
      ];
      for (const use of uses) expect(codeOf(use)).toMatch(/STORE_UNAVAILABLE|InvariantError/);
    });
  });

  describe(`${name}: inbox`, () => {
    test('the owner of a run gets what others leave for it, in order', () => {
      const [a, b, outside] = [openOwner(), openOwner(), open()];
      a.commit([start('a')]);
      b.commit([start('b')]);
      outside.post('a', '{"n":1}', epoch + 1);
      outside.post('b', '{"n":2}', epoch + 2);
      b.post('a', '{"n":3}', epoch + 3);
      expect(a.readInbox().map(({ run, data, at }) => ({ run, data, at }))).toEqual([
        { run: 'a', data: '{"n":1}', at: epoch + 1 },
        { run: 'a', data: '{"n":3}', at: epoch + 3 },
      ]);
      expect(b.readInbox().map((entry) => entry.data)).toEqual(['{"n":2}']);
      expect(codeOf(() => outside.readInbox())).toBe('InvariantError');
    });

    test('an entry is removed in the transaction that applies it', () => {
      const a = openOwner();
      a.commit([start('a')]);
      a.post('a', '1', epoch);
      a.post('a', '2', epoch);
      const [first, second] = a.readInbox().map((entry) => entry.id);
      a.commit([{ ...append('a', 2), consumed: [first ?? 0] }]);
      expect(a.readInbox().map((entry) => entry.data)).toEqual(['2']);
      a.removeInbox([second ?? 0, 999]);
      a.removeInbox([]);
      expect(a.readInbox()).toEqual([]);
      a.post('a', '3', epoch);
      expect(a.readInbox()[0]?.id).toBeGreaterThan(second ?? 0);
    });

    test('entries go with the run to whoever adopts it', () => {
      const [a, b] = [openOwner(), openOwner()];
      a.commit([start('a')]);
      b.post('a', '{}', epoch);
      a.crash();
      expect(b.readInbox()).toEqual([]);
      b.adopt();
      expect(b.readInbox()).toHaveLength(1);
    });

    test('an entry for an ended run reaches some owner; one for an unknown run is refused', () => {
      const [a, b] = [openOwner(), openOwner()];
      a.commit([start('a')]);
      b.post('a', '{}', epoch);
      a.commit([end('a', 2)]);
      a.close();
      expect(b.readInbox().map((entry) => entry.run)).toEqual(['a']);
      expect(codeOf(() => b.post('none', '{}', epoch))).toBe('NOT_FOUND');
    });
  });
}
