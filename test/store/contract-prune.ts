/** Removal of runs that have ended. Part of the contract suite, contract.ts. */
import { describe, expect, test } from 'vitest';
import type { Commit } from '../../src/core/ports.ts';
import type { RunRow, RunStatus } from '../../src/core/run.ts';
import { codeOf, type Contract, type CrashableStore } from './harness.ts';
import { append, end, epoch, event, start, timer, withInput } from './samples.ts';

const ended = (id: string, parent: string | null = null, status: RunStatus = 'completed'): Commit =>
  start(id, 2, { status, endedAt: epoch + 1, ...(parent === null ? {} : { parent, kind: 'child' }) });

const round = (id: string, parent: string): Commit =>
  start(id, 3, { status: 'completed', endedAt: epoch + 1, parent, kind: 'round' });

const fork = (id: string, from: string): Commit => ({
  ...start(id, 1, { status: 'running' }),
  events: [event(1), { seq: 2, at: epoch, type: 'run.rebased', data: JSON.stringify({ from: { run: from, seq: 2 } }) }],
});

/** Until nothing is left to do. */
export function pruneAll(store: CrashableStore, runs: readonly string[]): readonly string[] {
  const removed: string[] = [];
  const kept: string[] = [];
  for (let calls = 0; calls < 1_000; calls += 1) {
    const left = runs.filter((run) => !removed.includes(run) && !kept.includes(run));
    const result = store.prune(left);
    removed.push(...result.removed);
    kept.push(...result.kept.map(({ run }) => run));
    if (result.isDone) return removed;
  }
  throw new Error('pruning does not end');
}

/** The run is bound to it, by its first event. */
const bound = (commit: Commit, hash: string, workflow: string): Commit => ({
  ...commit,
  ...(commit.create === undefined ? {} : { create: { ...commit.create, hash, workflow } }),
  definitions: [{ hash, canonical: JSON.stringify({ name: workflow, hash }) }],
});

const moved = (run: string, seq: number, hash: string): Commit => ({
  run,
  events: [{ seq, at: epoch, type: 'run.rebased', data: JSON.stringify({ kind: 'migrate', hash }) }],
  update: { hash, updatedAt: epoch },
  definitions: [{ hash, canonical: JSON.stringify({ name: 'tides', hash }) }],
});

export function describePrune(name: string, { open, openOwner }: Contract): void {
  describe(`${name}: pruning`, () => {
    test('removes a run that has ended, with all that is of it and below it, and no other', () => {
      const store = openOwner();
      store.commit([
        withInput(ended('a'), { customer: 1 }),
        round('a/loop:1/0', 'a'),
        ended('a/sub:1', 'a'),
        round('a/sub:1/loop:1/0', 'a/sub:1'),
        withInput(ended('ab'), { customer: 1 }),
        ended('a-b'),
        start('live', 2),
      ]);
      store.post('a', '{}', epoch);
      expect(store.prune(['a'])).toEqual({ removed: ['a'], kept: [], isDone: true });
      for (const id of ['a', 'a/loop:1/0', 'a/sub:1', 'a/sub:1/loop:1/0']) {
        expect(store.readRun(id)).toBeNull();
        expect(store.lastSeq(id)).toBe(0);
        expect(store.readEvents(id, 1)).toEqual([]);
      }
      expect(store.listRuns({ kind: ['run', 'child', 'round'] }).map(({ id }) => id)).toEqual(['live', 'a-b', 'ab']);
      expect(store.listRuns({ input: { customer: 1 } }).map(({ id }) => id)).toEqual(['ab']);
      expect(store.readInbox()).toEqual([]);
      expect(store.lastSeq('ab')).toBe(2);
    });

    test('needs no ownership, and the id can be used again', () => {
      const owner = openOwner();
      owner.commit([ended('a')]);
      expect(open().prune(['a']).removed).toEqual(['a']);
      expect(codeOf(() => owner.commit([append('a', 3)]))).toBe('NOT_FOUND');
      owner.commit([start('a', 1)]);
      expect(owner.lastSeq('a')).toBe(1);
    });

    test('keeps what is needed, and says why', () => {
      const store = openOwner();
      store.commit([
        start('live', 1),
        ended('parent'),
        start('parent/sub:1', 1, { parent: 'parent', kind: 'child' }),
        ended('source'),
        ended('source/sub:1', 'source'),
        fork('fork', 'source/sub:1'),
        ended('other'),
        ended('other/sub:1', 'other'),
      ]);
      const kept = store.prune(['live', 'parent', 'source', 'other/sub:1', 'none']).kept;
      expect(Object.fromEntries(kept.map(({ run, why }) => [run, why]))).toEqual({
        live: 'unfinished',
        parent: 'unfinished',
        source: 'forked',
        'other/sub:1': 'child',
        none: 'unknown',
      });
      expect(store.listRuns({})).toHaveLength(8);
      store.commit([end('parent/sub:1', 2), end('fork', 3)]);
      expect(pruneAll(store, ['fork', 'source', 'parent'])).toEqual(['fork', 'source', 'parent']);
      expect(store.listRuns({}).map(({ id }) => id)).toEqual(['other/sub:1', 'other', 'live']);
    });

    test('leaves nothing of a run that had tags, timers and a checkpoint', () => {
      const store = openOwner();
      store.commit([
        {
          ...start('a', 3, { tags: ['red', 'blue'] }),
          timers: [timer('a', 't')],
          checkpoint: { seq: 2, snapshot: '{}' },
        },
      ]);
      store.commit([end('a', 4)]);
      store.prune(['a']);
      expect(store.readTimers('a')).toEqual([]);
      expect(store.readCheckpoint('a')).toBeNull();
      expect(store.listRuns({ tag: 'red' })).toEqual([]);
    });

    test('definitions go when no run refers to them any more; the newest of each workflow stays', () => {
      const store = openOwner();
      store.commit([
        bound(ended('a'), 'one', 'tides'),
        bound(ended('b'), 'two', 'tides'),
        bound(start('live'), 'three', 'tides'),
        bound(ended('c'), 'four', 'tides'),
        bound(ended('d'), 'alone', 'other'),
      ]);
      const there = (): readonly string[] =>
        ['one', 'two', 'three', 'four', 'alone'].filter((hash) => store.readDefinition(hash) !== null);
      expect(store.pruneDefinitions()).toEqual({ removed: 0, next: null });
      store.prune(['a', 'c', 'd']);
      expect(store.pruneDefinitions()).toEqual({ removed: 1, next: null });
      expect(there()).toEqual(['two', 'three', 'four', 'alone']);
      store.prune(['b']);
      expect(store.pruneDefinitions().removed).toBe(1);
      expect(there()).toEqual(['three', 'four', 'alone']);
      // One that was removed is there again with the next run.
      store.commit([bound(start('e'), 'one', 'tides')]);
      expect(store.readDefinition('one')).toBe('{"name":"tides","hash":"one"}');
      expect(store.pruneDefinitions().removed).toBe(1);
      expect(there()).toEqual(['one', 'three', 'alone']);
    });

    test('what a run was bound to in an earlier epoch stays as long as the run', () => {
      const store = openOwner();
      store.commit([
        bound(start('a', 2), 'one', 'tides'),
        {
          run: 'a/loop:1/0',
          create: { ...(round('a/loop:1/0', 'a').create as RunRow), hash: 'one' },
          events: [event(1)],
        },
        moved('a', 3, 'two'),
        moved('a', 4, 'three'),
      ]);
      expect(store.pruneDefinitions().removed).toBe(0);
      store.commit([end('a', 5), bound(start('b'), 'four', 'tides')]);
      expect(store.pruneDefinitions().removed).toBe(0);
      store.prune(['a']);
      expect(store.pruneDefinitions().removed).toBe(3);
      expect(store.readDefinition('four')).not.toBeNull();
    });
  });
}
