/** What a commit writes is what is read. Part of the contract suite, contract.ts. */
import { describe, expect, test } from 'vitest';
import type { StoredEvent } from '../../src/core/ports.ts';
import type { RunRow } from '../../src/core/run.ts';
import { codeOf, type Contract } from './harness.ts';
import { append, end, epoch, event, events, row, seqs, start, timer } from './samples.ts';

export function describeCommits(name: string, { open, openOwner }: Contract): void {
  describe(`${name}: commits`, () => {
    test('a new run is read back as it was written', () => {
      const store = openOwner();
      const full: RunRow = row('a', {
        kind: 'child',
        status: 'failed',
        waitingFor: 'human',
        parent: 'p',
        tags: ['x', 'ü "quoted"'],
        endedAt: epoch + 9,
        output: { o: { a: { r: { seq: 2, path: ['x', 0] } }, b: { v: null } } },
        error: { name: 'Error', code: 'STEP_FAILED', message: 'no', retryable: true, details: { n: 1.5 } },
      });
      store.commit([{ run: 'a', create: full, events: events(1, 2) }]);
      expect(store.readRun('a')).toEqual(full);
      expect(store.readEvents('a', 1)).toEqual(events(1, 2));
      expect(store.readRun('b')).toBeNull();
    });

    test('texts come back equal, whatever is in them', () => {
      const store = openOwner();
      const texts = [
        '{}',
        '{"v":"日本語 🌊 \\u0000 \' -- \\" "}',
        JSON.stringify({ ['__proto__']: { constructor: 1 } }),
        `"${'x'.repeat(300_000)}"`,
      ];
      store.commit([
        { run: `r'";--`, create: row(`r'";--`), events: texts.map((data, index) => event(index + 1, data)) },
      ]);
      expect(store.readEvents(`r'";--`, 1).map((item) => item.data)).toEqual(texts);
    });

    test('events are read from any seq on, at most so many, and one by one', () => {
      const store = openOwner();
      store.commit([start('a', 5), start('b', 2)]);
      expect(seqs(store.readEvents('a', 0))).toEqual([1, 2, 3, 4, 5]);
      expect(seqs(store.readEvents('a', 3))).toEqual([3, 4, 5]);
      expect(seqs(store.readEvents('a', 2, 2))).toEqual([2, 3]);
      expect(seqs(store.readEvents('a', 6))).toEqual([]);
      expect(seqs(store.readEvents('none', 1))).toEqual([]);
      expect(store.readEvent('a', 4)).toEqual(event(4));
      expect(store.readEvent('a', 6)).toBeNull();
      expect(store.readEvent('none', 1)).toBeNull();
    });

    test('events that are removed leave one that says so; what is around them is read as before, and the history goes on', () => {
      const store = openOwner();
      store.commit([start('a', 9), start('b', 3)]);
      store.commit([{ run: 'a', events: events(10, 10), removed: [{ from: 2, to: 4 }] }]);
      // What stood for a part is removed with the next part.
      store.commit([{ run: 'a', events: [], removed: [{ from: 2, to: 6 }] }]);
      // It says no less than was said before.
      store.commit([{ run: 'a', events: [], removed: [{ from: 2, to: 3 }] }]);
      expect(seqs(store.readEvents('a', 1))).toEqual([1, 2, 7, 8, 9, 10]);
      expect(store.readEvent('a', 2)).toMatchObject({ seq: 2, type: 'events.removed', data: '{"to":6}' });
      expect([store.readEvent('a', 3), store.readEvent('a', 6)]).toEqual([null, null]);
      expect(store.readEvent('a', 8)).toEqual(event(8));
      expect(seqs(store.readEvents('a', 4, 2))).toEqual([7, 8]);
      expect([store.lastSeq('a'), seqs(store.readEvents('b', 1))]).toEqual([10, [1, 2, 3]]);
      const again = start('c', 20);
      const parts = [3, 9, 12].map((to, index) => ({ ...append('c', 21 + index), removed: [{ from: 2, to }] }));
      store.commit([again, ...parts]);
      expect(seqs(store.readEvents('c', 1))).toEqual([1, 2, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
      store.commit([append('a', 11)]);
      expect(() => store.commit([append('a', 13)])).toThrow('the next one is event 12');
      expect(() => store.commit([{ run: 'a', events: [], removed: [{ from: 1, to: 4 }] }])).toThrow(/removes events 1/);
      const copied = store.readEvents('a', 1);
      store.commit([{ run: 'copy', create: row('copy'), events: copied }]);
      expect(store.readEvents('copy', 1)).toEqual(copied);
      const gap = copied.filter(({ seq }) => seq !== 2);
      expect(() => store.commit([{ run: 'gap', create: row('gap'), events: gap }])).toThrow('have a gap');
    });

    test('the last seq is that of the last event, 0 without events', () => {
      const store = openOwner();
      store.commit([start('a', 3), { run: 'b', create: row('b'), events: [] }]);
      expect(store.lastSeq('a')).toBe(3);
      expect(store.lastSeq('b')).toBe(0);
      expect(store.lastSeq('none')).toBe(0);
    });

    test('an update changes the fields it names and no others', () => {
      const store = openOwner();
      store.commit([start('a', 1, { waitingFor: 'timer', tags: ['t'] })]);
      store.commit([{ run: 'a', events: [], update: { status: 'paused', updatedAt: epoch + 5 } }]);
      expect(store.readRun('a')).toEqual(
        row('a', { status: 'paused', waitingFor: 'timer', tags: ['t'], updatedAt: epoch + 5 }),
      );
      const error = { name: 'Error', code: 'X', message: 'm', retryable: false };
      store.commit([
        {
          run: 'a',
          events: [],
          update: {
            status: 'failed',
            waitingFor: null,
            endedAt: epoch + 6,
            output: { v: 1 },
            error,
            hash: 'h2',
            version: '2',
            format: 3,
            updatedAt: epoch + 6,
          },
        },
      ]);
      expect(store.readRun('a')).toEqual(
        row('a', {
          status: 'failed',
          tags: ['t'],
          endedAt: epoch + 6,
          output: { v: 1 },
          error,
          hash: 'h2',
          version: '2',
          format: 3,
          updatedAt: epoch + 6,
        }),
      );
      store.commit([
        {
          run: 'a',
          events: [],
          update: { status: 'running', endedAt: null, output: null, error: null, updatedAt: epoch + 7 },
        },
      ]);
      expect(store.readRun('a')).toMatchObject({ status: 'running', endedAt: null, output: null, error: null });
    });

    test('a batch may write to the same run several times', () => {
      const store = openOwner();
      store.commit([start('a'), append('a', 2), start('b'), append('a', 3, 4), end('b', 2)]);
      expect(seqs(store.readEvents('a', 1))).toEqual([1, 2, 3, 4]);
      expect(store.readRun('b')?.status).toBe('completed');
    });

    test('a run sleeps at its last event, until the next one or its end', () => {
      const store = openOwner();
      const asleep = { onBelow: true, onSignal: false };
      const at = epoch + 7;
      const last = { ...append('a', 2).events[0], at } as StoredEvent;
      expect(store.readSleep('a')).toBeNull();
      store.commit([{ ...start('a'), checkpoint: { seq: 1, snapshot: '{}' } }]);
      expect(store.readSleep('a')).toBeNull();
      store.commit([{ run: 'a', events: [last] }]);
      store.commit([
        { run: 'a', events: [], checkpoint: { seq: 2, snapshot: '{}', asleep }, timers: [timer('a', 't')] },
      ]);
      expect(store.readSleep('a')).toEqual({ ...asleep, lastAt: at });
      expect(store.readCheckpoint('a')).toEqual({ seq: 2, snapshot: '{}', asleep });
      store.commit([append('a', 3)]);
      expect(store.readSleep('a')).toBeNull();
      store.commit([
        { run: 'a', events: [], checkpoint: { seq: 3, snapshot: '{}', asleep: { onBelow: false, onSignal: true } } },
      ]);
      expect(store.readSleep('a')).toMatchObject({ onBelow: false, onSignal: true });
      store.commit([end('a', 4)]);
      expect(store.readSleep('a')).toBeNull();
    });

    test('a checkpoint replaces the one before', () => {
      const store = openOwner();
      store.commit([{ ...start('a', 2), checkpoint: { seq: 1, snapshot: '{"a":1}' } }]);
      expect(store.readCheckpoint('a')).toEqual({ seq: 1, snapshot: '{"a":1}' });
      store.commit([{ ...append('a', 3), checkpoint: { seq: 3, snapshot: '{"a":3}' } }]);
      expect(store.readCheckpoint('a')).toEqual({ seq: 3, snapshot: '{"a":3}' });
      expect(store.readCheckpoint('none')).toBeNull();
    });

    test('timers are replaced as a whole, read by due time, and stay when a commit says nothing of them', () => {
      const store = openOwner();
      store.commit([{ ...start('a'), timers: [timer('a', 'late', epoch + 9), timer('a', 'soon', epoch + 3)] }]);
      expect(store.readTimers('a').map((item) => item.name)).toEqual(['soon', 'late']);
      store.commit([append('a', 2)]);
      expect(store.readTimers('a')).toHaveLength(2);
      store.commit([{ ...append('a', 3), timers: [timer('a', 'other', epoch + 7, 3)] }]);
      expect(store.readTimers('a')).toEqual([timer('a', 'other', epoch + 7, 3)]);
      store.commit([{ ...append('a', 4), timers: [] }]);
      expect(store.readTimers('a')).toEqual([]);
    });

    test('an empty batch is no write', () => {
      const store = openOwner();
      const other = open();
      const before = other.changeCount();
      store.commit([]);
      expect(other.changeCount()).toBe(before);
    });

    test('what is read shares nothing with what was written', () => {
      const store = openOwner();
      const tags = ['a'];
      const value = { v: { deep: [1] } };
      const mutable = { ...row('a'), tags, output: value };
      store.commit([{ run: 'a', create: mutable, events: [event(1)] }]);
      tags.push('b');
      value.v.deep.push(2);
      mutable.workflow = 'changed';
      expect(store.readRun('a')).toEqual(row('a', { tags: ['a'], output: { v: { deep: [1] } } }));
      const first = store.readRun('a')?.output as typeof value;
      first.v.deep.push(3);
      expect(store.readRun('a')?.output).toEqual({ v: { deep: [1] } });
    });
  });

  describe(`${name}: S3, other processes`, () => {
    test('what one has committed the other reads', () => {
      const [a, b] = [openOwner(), open()];
      a.commit([{ ...start('a', 2), checkpoint: { seq: 1, snapshot: '{}' }, timers: [timer('a', 't')] }]);
      expect(b.readRun('a')).toEqual(row('a'));
      expect(b.readEvents('a', 1)).toEqual(events(1, 2));
      expect(b.readCheckpoint('a')).toEqual({ seq: 1, snapshot: '{}' });
      expect(b.readTimers('a')).toEqual([timer('a', 't')]);
    });

    test('the change count changes when another has written, and only then', () => {
      const [a, b] = [openOwner(), open()];
      const [ofA, ofB] = [a.changeCount(), b.changeCount()];
      a.commit([start('a')]);
      a.commit([append('a', 2)]);
      expect(a.changeCount()).toBe(ofA);
      expect(b.changeCount()).not.toBe(ofB);
      b.post('a', '{}', epoch);
      expect(a.changeCount()).not.toBe(ofA);
      const seen = a.changeCount();
      a.readInbox();
      expect(a.changeCount()).toBe(seen);
    });

    test('definitions are kept by their hash; the first stays', () => {
      const [a, b] = [openOwner(), openOwner()];
      const definitions = [{ hash: 'h', canonical: '{"steps":[]}' }];
      expect(a.readDefinition('h')).toBeNull();
      a.commit([{ ...start('a'), definitions }]);
      b.commit([{ ...start('b'), definitions }]);
      expect(b.readDefinition('h')).toBe('{"steps":[]}');
    });

    test('a definition is stored with the run that refers to it, or neither is', () => {
      const store = openOwner();
      store.commit([start('a')]);
      const definitions = [{ hash: 'h', canonical: '{"steps":[]}' }];
      expect(codeOf(() => store.commit([{ ...start('b'), definitions }, start('a')]))).toBe('CONFLICT');
      expect(store.readDefinition('h')).toBeNull();
    });
  });
}
