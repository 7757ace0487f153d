import { expect, test } from 'vitest';
import { Background } from '../../src/engine/drive/background.ts';
import { Committer } from '../../src/engine/drive/committer.ts';
import type { Commit } from '../../src/core/ports.ts';
import { openMemoryStore } from '../../src/store/memory.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A background over a store that takes everything, and who was told of what. */
function startBackground() {
  const told: string[] = [];
  const committer = new Committer({
    store: { commit: () => undefined },
    clock: new VirtualClock(),
    defer: () => undefined,
    onFailure: (error) => told.push(String(error)),
  });
  const background = new Background(committer, openMemoryStore(), (run, error) =>
    told.push(`${run}: ${String(error)}`),
  );
  const add = (run: string, commit: Partial<Commit> = {}): void => {
    background.add({ run, events: [], ...commit }, () => told.push(run));
  };
  return { background, committer, told, add };
}

test('what goes wrong when a run is told of an event concerns that run, and is not thrown where nobody catches', async () => {
  const { background, told } = startBackground();
  background.add({ run: 'run', events: [] }, () => {
    throw new Error('the store cannot be read');
  });
  await Promise.resolve();
  expect(told).toEqual(['run: Error: the store cannot be read']);
});

test.each<readonly [string, Partial<Commit>]>([
  ['an intervention', { events: [{ seq: 1, at: 0, type: 'run.rebased', data: '{}' }] }],
  ['falling asleep', { checkpoint: { seq: 1, snapshot: '{}', asleep: { onBelow: false, onSignal: false } } }],
])('%s, and all that comes after it, waits for its commit; what came before does not', async (_what, commit) => {
  const { committer, told, add } = startBackground();
  add('before');
  add('this', commit);
  add('after');
  await Promise.resolve();
  expect(told).toEqual(['before']);
  committer.flush();
  expect(told).toEqual(['before', 'this', 'after']);
});

test('who is written before it was told is told with that, and once', async () => {
  const { committer, told, add } = startBackground();
  add('one');
  add('two');
  committer.flush();
  expect(told).toEqual(['one', 'two']);
  await Promise.resolve();
  expect(told).toEqual(['one', 'two']);
});
