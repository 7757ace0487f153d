/**
 * A queue that is fair to runs: round robin over the runs that have something in it, first come first served within a run. A run
 * with a thousand entries does not keep one with a single entry waiting.
 *
 * Each entry gets the number of the round in which it will have its turn: one more than the run's last one, or than the round
 * that is being served. That is all the order there is: leaving costs nothing, and a run that has nothing here is forgotten.
 */
import { Heap } from '../../drive/heap.ts';

export interface Place<Item> {
  readonly run: string;
  readonly item: Item;
  readonly round: number;
  /** Of arrival. */
  readonly order: number;
  isGone: boolean;
}

interface Line {
  /** Round of its newest entry. */
  last: number;
  count: number;
}

export class FairQueue<Item> {
  /** Entries that left stay until they come up. */
  readonly #heap = new Heap<Place<Item>>(isBefore);
  readonly #lines = new Map<string, Line>();
  #size = 0;
  #order = 0;
  /** Being served. */
  #round = 0;

  get size(): number {
    return this.#size;
  }

  /** `isNext`: it had its turn elsewhere already, and has it here before all who did not. */
  add(run: string, item: Item, isNext = false): Place<Item> {
    const line = this.#lines.get(run) ?? { last: 0, count: 0 };
    const round = isNext ? this.#round : Math.max(this.#round, line.last) + 1;
    if (!isNext) line.last = round;
    line.count += 1;
    this.#lines.set(run, line);
    const place: Place<Item> = { run, item, round, order: this.#order++, isGone: false };
    this.#size += 1;
    this.#heap.push(place);
    return place;
  }

  /** Null: nobody waits. */
  peek(): Place<Item> | null {
    for (let first = this.#heap.peek(); first !== undefined; first = this.#heap.peek()) {
      if (!first.isGone) return first;
      this.#heap.pop();
    }
    return null;
  }

  /** Takes out the first one: its turn has come. */
  serve(place: Place<Item>): void {
    this.#round = Math.max(this.#round, place.round);
    this.remove(place);
  }

  /** Idempotent. */
  remove(place: Place<Item>): void {
    if (place.isGone) return;
    place.isGone = true;
    this.#size -= 1;
    const line = this.#lines.get(place.run);
    if (line !== undefined && --line.count === 0) this.#lines.delete(place.run);
    if (this.#heap.size > 64 && this.#heap.size > this.#size * 2) this.#heap.keep((each) => !each.isGone);
  }

  /** How many have their turn before it. */
  ahead(place: Place<Item>): number {
    return this.#heap.items.reduce((count, other) => count + (!other.isGone && isBefore(other, place) ? 1 : 0), 0);
  }
}

function isBefore(a: Place<unknown>, b: Place<unknown>): boolean {
  return a.round < b.round || (a.round === b.round && a.order < b.order);
}
