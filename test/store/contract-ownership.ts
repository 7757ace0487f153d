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
      expect(store.isOwnedHere('a')).toBe(true);
      expect(store.adopt()).toEqual([]);
    });

    test('adopt gives the unfinished runs that it took, oldest first', () => {
      const [dead, store] = [openOwner(), openOwner()];
      store.commit([start('mine')]);
      dead.commit([
        start('b'),
        start('a', 1, { status: 'paused' }),
        start('c', 1, { status: 'completed' }),
        start('d', 1, { status: 'pending' }),
      ]);
      dead.close();
      expect(store.adopt()).toEqual(['b', 'a', 'd']);
      expect(store.adopt()).toEqual([]);
      expect(codeOf(() => open().adopt())).toBe('InvariantError');
    });

    test('a run is owned here as long as it is unfinished and ours', () => {
      const [a, b] = [openOwner(), openOwner()];
      a.commit([start('run')]);
      expect([a, b, open()].map((store) => store.isOwnedHere('run'))).toEqual([true, false, false]);
      expect(a.isOwnedHere('none')).toBe(false);
      a.crash();
      expect(b.isOwnedHere('run')).toBe(false);
      b.adopt();
      expect(b.isOwnedHere('run')).toBe(true);
      b.commit([end('run', 2)]);
      expect(b.isOwnedHere('run')).toBe(false);
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

    test('a round whose run has ended goes with nobody, and is free by itself', () => {
      const [a, b] = [openOwner(), openOwner()];
      a.commit([start('a'), start('a/loop:1/0', 1, { kind: 'round', parent: 'a' })]);
      a.commit([start('c'), start('c/loop:1/0', 1, { kind: 'round', parent: 'c' }), end('a', 2)]);
      a.crash();
      expect(b.freeRuns().map(({ id }) => id)).toEqual(['a/loop:1/0', 'c']);
      expect(b.adopt(['a/loop:1/0'])).toEqual(['a/loop:1/0']);
    });

    test('of two that adopt, each run goes to exactly one, and a later adoption changes nothing', () => {
      const [dead, b, c] = [openOwner(), openOwner(), openOwner()];
      dead.commit([start('a'), start('b')]);
      dead.crash();
      const [ofB, ofC] = [b.adopt(), c.adopt()];
      expect([...ofB, ...ofC].toSorted()).toEqual(['a', 'b']);
      expect([b.adopt(), c.adopt()]).toEqual([[], []]);
    });

    test('adopting only some runs takes them with the rounds below them and leaves the others free', () => {
      const [dead, b, c] = [openOwner(), openOwner(), openOwner()];
      dead.commit([start('a'), start('a/loop:1/0'), start('ab'), start('b')]);
      dead.crash();
      expect(b.adopt(['a'])).toEqual(['a', 'a/loop:1/0']);
      expect(b.adopt(['none'])).toEqual([]);
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
      expect([b, c].map((store) => store.isOwnedHere('a'))).toEqual([true, false]);
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

    test('an entry that is refused is seen by nobody but who left it; in the end it goes', () => {
      const [a, outside] = [openOwner(), open()];
      a.commit([start('a')]);
      const [refused, old, taken] = [0, 1, 2].map((n) => outside.post('a', String(n), epoch + n * 1_000));
      expect(outside.deliveryOf(refused ?? 0)).toBe('waiting');
      a.refuseInbox(refused ?? 0, 'it has ended', epoch);
      a.commit([{ ...append('a', 2), consumed: [taken ?? 0] }]);
      expect(a.readInbox().map(({ id }) => id)).toEqual([old]);
      expect([refused, old, taken].map((entry) => outside.deliveryOf(entry ?? 0))).toEqual([
        { refused: 'it has ended' },
        'waiting',
        'taken',
      ]);
      a.refuseInbox(old ?? 0, 'too late', epoch + 500);
      expect(outside.deliveryOf(refused ?? 0)).toBe('taken');
      expect(outside.deliveryOf(old ?? 0)).toEqual({ refused: 'too late' });
      outside.removeInbox([old ?? 0]);
      expect(outside.deliveryOf(old ?? 0)).toBe('taken');
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
