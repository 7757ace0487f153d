import { expect, test } from 'vitest';
import { Background } from '../../src/engine/background.ts';
import { Committer } from '../../src/engine/committer.ts';
import { openMemoryStore } from '../../src/store/memory.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

test('what goes wrong when a run is told of an event concerns that run, and is not thrown where nobody catches', async () => {
  const store = openMemoryStore();
  const committer = new Committer({
    store,
    clock: new VirtualClock(),
    defer: () => undefined,
    onFailure: () => undefined,
  });
  const told: unknown[] = [];
  const background = new Background(committer, store, (run, error) => told.push([run, String(error)]));
  background.add({ run: 'run', events: [] }, () => {
    throw new Error('the store cannot be read');
  });
  await Promise.resolve();
  expect(told).toEqual([['run', 'Error: the store cannot be read']]);
});
