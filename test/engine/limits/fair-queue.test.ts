import { expect, test } from 'vitest';
import { FairQueue } from '../../../src/engine/dispatch/limits/fair-queue.ts';

function served(queue: FairQueue<string>, count = Number.POSITIVE_INFINITY): string {
  const items: string[] = [];
  for (let place = queue.peek(); place !== null && items.length < count; place = queue.peek()) {
    queue.serve(place);
    items.push(place.item);
  }
  return items.join(' ');
}

function queueOf(...items: readonly string[]): FairQueue<string> {
  const queue = new FairQueue<string>();
  for (const item of items) queue.add(item[0] as string, item);
  return queue;
}

test('runs take turns, whatever each has in line; within a run it is first come first served', () => {
  expect(served(queueOf('a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2'))).toBe('a1 b1 c1 a2 b2 a3 a4');
});

test('a run that comes when another one has waited long is next, and goes on in turns with it', () => {
  const queue = queueOf(...Array.from({ length: 1_000 }, (_, index) => `a${index}`));
  expect(served(queue, 10)).toMatch(/^a0 .* a9$/);
  for (const item of ['b0', 'b1']) queue.add('b', item);
  expect(served(queue, 4)).toBe('a10 b0 a11 b1');
});

test('a run that left and comes again has no more and no fewer turns than others', () => {
  const queue = queueOf('a1', 'b1', 'b2', 'b3');
  expect(served(queue, 2)).toBe('a1 b1');
  queue.add('a', 'a2');
  queue.add('a', 'a3');
  expect(served(queue)).toBe('b2 a2 b3 a3');
});

test('who has had its turn elsewhere comes before all who wait', () => {
  const queue = queueOf('a1', 'b1');
  queue.add('c', 'c1', true);
  queue.add('d', 'd1', true);
  expect(served(queue)).toBe('c1 d1 a1 b1');
});

test('who leaves is passed over and not counted', () => {
  const queue = queueOf('b1');
  const places = Array.from({ length: 200 }, (_, index) => queue.add('a', `a${index}`));
  for (const place of places.slice(0, 199)) queue.remove(place);
  queue.remove(places[0] as (typeof places)[number]);
  expect(queue.size).toBe(2);
  expect(queue.ahead(places[199] as (typeof places)[number])).toBe(1);
  expect(served(queue)).toBe('b1 a199');
  expect(queue.peek()).toBeNull();
});
