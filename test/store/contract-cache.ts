/** What is kept of steps for other runs, and who works on what is not there yet. Part of the contract suite, contract.ts. */
import { describe, expect, test } from 'vitest';
import { codeOf, type Contract } from './harness.ts';

export function describeCache(name: string, { open, openOwner }: Contract): void {
  describe(`${name}: settings`, () => {
    test('are what the first process says, for all and for good', () => {
      const [a, b] = [openOwner(), open()];
      expect(b.setting('secret', 'first')).toBe('first');
      expect([a.setting('secret', 'second'), b.setting('secret', 'third')]).toEqual(['first', 'first']);
      expect(a.setting('other', 'x')).toBe('x');
      a.close();
      expect(open().setting('secret', 'fourth')).toBe('first');
    });
  });

  describe(`${name}: the cache of steps`, () => {
    test('gives a value until it expires, to every process', () => {
      const [a, b] = [openOwner(), openOwner()];
      expect(a.claimCached('k', 1_000)).toBe('claimed');
      a.putCached('k', '{"a":1}', 2_000);
      for (const store of [a, b]) {
        expect(store.claimCached('k', 1_999)).toEqual({ value: '{"a":1}' });
        expect(store.claimCached('other', 0)).toBe(store === a ? 'claimed' : 'busy');
      }
      expect(b.claimCached('k', 2_000)).toBe('claimed');
      b.putCached('k', '2', 3_000);
      b.putCached('k', '3', 4_000);
      expect(a.claimCached('k', 3_500)).toEqual({ value: '3' });
    });

    test('lets one owner at a time make a value', () => {
      const [a, b] = [openOwner(), openOwner()];
      expect(a.claimCached('k', 0)).toBe('claimed');
      expect(a.claimCached('k', 0)).toBe('claimed');
      expect(b.claimCached('k', 0)).toBe('busy');
      b.releaseCached('k');
      expect(b.claimCached('k', 0)).toBe('busy');
      a.releaseCached('k');
      expect(b.claimCached('k', 0)).toBe('claimed');
      expect(a.claimCached('k', 0)).toBe('busy');
    });

    test('a claim ends with its owner, however that ends', () => {
      const [a, b, c] = [openOwner(), openOwner(), openOwner()];
      expect(a.claimCached('left', 0)).toBe('claimed');
      expect(b.claimCached('crashed', 0)).toBe('claimed');
      expect([c.claimCached('left', 0), c.claimCached('crashed', 0)]).toEqual(['busy', 'busy']);
      a.close();
      b.crash();
      expect([c.claimCached('left', 0), c.claimCached('crashed', 0)]).toEqual(['claimed', 'claimed']);
    });

    test('only an owner claims', () => {
      expect(codeOf(() => open().claimCached('k', 0))).toBe('InvariantError');
    });

    test('what has expired is removed, the oldest first, and claims of those who are gone; the rest stays', () => {
      const [a, b] = [openOwner(), openOwner()];
      for (const at of [3, 1, 2, 9]) a.putCached(`k${at}`, '1', at);
      expect(a.claimCached('mine', 0)).toBe('claimed');
      expect(b.claimCached('gone', 0)).toBe('claimed');
      b.close();
      expect(a.pruneCached(5, 2)).toBe(3);
      expect(a.claimCached('k3', 0)).toEqual({ value: '1' });
      expect(a.claimCached('k1', 0)).toBe('claimed');
      expect(a.pruneCached(5, 100)).toBe(1);
      expect(a.pruneCached(5, 100)).toBe(0);
      expect(a.claimCached('k9', 0)).toEqual({ value: '1' });
    });
  });
}
