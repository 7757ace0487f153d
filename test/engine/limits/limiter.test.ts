import { expect, test } from 'vitest';
import { Limiter, type Ask, type Ticket } from '../../../src/engine/dispatch/limits/limiter.ts';
import { TimerQueue } from '../../../src/engine/drive/timer-queue.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

function ask(name: string, limit: number | null, rate: Ask['rate'] = null): Ask {
  return { id: name, kind: rate === null ? 'concurrency' : 'rateLimit', name, key: null, limit, rate };
}

class Lab {
  readonly clock = new VirtualClock();
  readonly limiter = new Limiter(new TimerQueue(this.clock));
  /** In the order in which they began: `a` at once, `a@50` after 50 ms. */
  readonly begun: string[] = [];

  ask(name: string, ...asks: readonly Ask[]): Ticket {
    const begin = (): void =>
      void this.begun.push(this.clock.elapsedMs === 0 ? name : `${name}@${this.clock.elapsedMs}`);
    const ticket = this.limiter.request(name[0] as string, asks, begin);
    if (!ticket.isWaiting) begin();
    return ticket;
  }
}

test('at most so many have a place at a time; an end lets the next one begin', () => {
  const lab = new Lab();
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => lab.ask(name, ask('x', 2))) as [
    Ticket,
    Ticket,
    Ticket,
    Ticket,
  ];
  expect(lab.begun).toEqual(['a', 'b']);
  expect(c.waiting).toEqual({ kind: 'concurrency', limit: 'x', key: null, ahead: 0 });
  expect(d.waiting?.ahead).toBe(1);
  a.release();
  a.release();
  expect(lab.begun).toEqual(['a', 'b', 'c']);
  expect([c.waiting, d.waiting?.ahead]).toEqual([null, 0]);
  b.release();
  expect(lab.begun).toEqual(['a', 'b', 'c', 'd']);
});

test('who leaves the line is not begun, and lets those behind go on', () => {
  const lab = new Lab();
  lab.ask('a', ask('x', 1));
  // It asks for more room than the one behind it.
  const [b] = [lab.ask('b', ask('x', 1)), lab.ask('c', ask('x', 2))];
  expect(lab.begun).toEqual(['a']);
  b.release();
  expect(lab.begun).toEqual(['a', 'c']);
});

test('nobody holds a place while it waits for another, and one that had its turn is next', () => {
  const lab = new Lab();
  const a = lab.ask('a', ask('x', 1));
  const b = lab.ask('b', ask('y', 1));
  const both = lab.ask('c', ask('x', 1), ask('y', 1));
  lab.ask('d', ask('y', 1));
  a.release();
  // `c` waits for y now, and does not keep x.
  expect(both.waiting?.limit).toBe('y');
  const e = lab.ask('e', ask('x', 1));
  expect(lab.begun).toEqual(['a', 'b', 'e']);
  e.release();
  b.release();
  expect(lab.begun).toEqual(['a', 'b', 'e', 'c']);
  both.release();
  expect(lab.begun.at(-1)).toBe('d');
});

test('at most so many begin in any stretch of time', async () => {
  const lab = new Lab();
  const rate = { limit: 2, perMs: 100 };
  for (const name of ['a', 'b', 'c', 'd', 'e']) lab.ask(name, ask('x', null, rate));
  await lab.clock.advance(250);
  expect(lab.begun).toEqual(['a', 'b', 'c@100', 'd@100', 'e@200']);
  expect(lab.clock.pending).toBe(0);
  lab.ask('f', ask('x', null, rate));
  lab.ask('g', ask('x', null, rate));
  await lab.clock.advance(100);
  expect(lab.begun.slice(5)).toEqual(['f@250', 'g@300']);
});

test('no window of a rate ever holds more, whenever its starts come', async () => {
  const lab = new Lab();
  const starts: number[] = [];
  for (let index = 0; index < 300; index += 1) {
    const ticket = lab.limiter.request('r', [ask('x', null, { limit: 7, perMs: 1_000 })], () =>
      starts.push(lab.clock.elapsedMs),
    );
    if (!ticket.isWaiting) starts.push(lab.clock.elapsedMs);
    await lab.clock.advance((index * 37) % 211);
  }
  await lab.clock.advance(100_000);
  expect(starts.length).toBeGreaterThan(100);
  for (const [index, at] of starts.entries())
    expect((starts[index + 7] ?? Infinity) - at).toBeGreaterThanOrEqual(1_000);
});

test('a limit that is held back lets nobody begin before its time', async () => {
  const lab = new Lab();
  lab.ask('a', ask('x', 5));
  lab.limiter.hold('x', 100);
  lab.limiter.hold('x', 50);
  expect(lab.limiter.isHeld('x')).toBe(true);
  lab.ask('b', ask('x', 5));
  lab.ask('c', ask('y', 5));
  await lab.clock.advance(99);
  expect(lab.begun).toEqual(['a', 'c']);
  await lab.clock.advance(1);
  expect(lab.begun).toEqual(['a', 'c', 'b@100']);
  expect(lab.limiter.isHeld('x')).toBe(false);
});

test('a clock that is set back keeps nobody waiting for it', async () => {
  const lab = new Lab();
  lab.ask('a', ask('x', null, { limit: 1, perMs: 100 }));
  lab.clock.jump(-86_400_000);
  lab.ask('b', ask('x', null, { limit: 1, perMs: 100 }));
  await lab.clock.advance(100);
  expect(lab.begun).toHaveLength(2);
});

test('what is under way already counts, although there is no room', () => {
  const lab = new Lab();
  const a = lab.ask('a', ask('x', 1));
  const forced = lab.limiter.request('b', [ask('x', 1)], () => undefined, true);
  expect(forced.isWaiting).toBe(false);
  lab.ask('c', ask('x', 1));
  a.release();
  expect(lab.begun).toEqual(['a']);
  forced.release();
  expect(lab.begun).toEqual(['a', 'c']);
});

test('ten thousand that end as they begin are begun one after the other', () => {
  const lab = new Lab();
  const first = lab.ask('a', ask('x', 1));
  let begun = 0;
  for (let index = 0; index < 10_000; index += 1) {
    const ticket: Ticket = lab.limiter.request('b', [ask('x', 1)], () => {
      begun += 1;
      ticket.release();
    });
  }
  first.release();
  expect(begun).toBe(10_000);
});

test('limits that nobody uses are forgotten', async () => {
  const lab = new Lab();
  const keep = lab.ask('k', ask('kept', 1));
  for (let index = 0; index < 5_000; index += 1) {
    lab.limiter.request('r', [ask(`key ${index}`, 1, { limit: 1, perMs: 10 })], () => undefined).release();
    if (index % 100 === 0) await lab.clock.advance(20);
  }
  expect(lab.limiter.size).toBeLessThan(1_200);
  lab.ask('z', ask('kept', 1));
  keep.release();
  expect(lab.begun).toHaveLength(2);
});
