/**
 * Lets effects begin within limits: by number at a time and by number in a stretch of time, each limit for all runs of an
 * engine. Owns who begins next; what begins is the dispatcher's.
 *
 * Invariants:
 *  L1. An effect begins when all limits it asks for have room, and takes its place in all of them at once: it holds none while it
 *      waits for another, so that effects cannot block each other.
 *  L2. It waits at one limit at a time. Nobody who comes later overtakes those who wait there; one that has had its turn, and
 *      finds no room at another limit, is the next one there.
 *  L3. Waiting costs nothing: an end wakes the next one, or one timer per limit does.
 */
import { Bucket, type Ask, type Time } from './bucket.ts';
import type { Place } from './fair-queue.ts';

export type { Ask } from './bucket.ts';

export interface LimiterPorts extends Time {
  /** Calls back after so many milliseconds; gives a function that takes it back. */
  add(delayMs: number, fire: () => void): () => void;
}

/** What an effect waits for before it begins. */
export interface Waiting {
  readonly kind: Ask['kind'] | 'cache';
  /** Its name; of kind `cache` the id of the step whose output somebody else makes. */
  readonly limit: string;
  readonly key: string | null;
  /** How many begin before it, as it stands. */
  readonly ahead: number;
}

/** Idle limits are looked for when there are more than so many, and twice as many as after the last look. */
const sweepAbove = 1_000;

export class Limiter {
  readonly #ports: LimiterPorts;
  readonly #buckets = new Map<string, Bucket<Ticket>>();
  /** Limits that may have room again. */
  readonly #due = new Set<Bucket<Ticket>>();
  #isServing = false;
  #sweepAt = sweepAbove;

  constructor(ports: LimiterPorts) {
    this.#ports = ports;
  }

  /** Limits that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Places that are taken, and effects that wait for one. */
  get used(): number {
    let used = 0;
    for (const { running, queue } of this.#buckets.values()) used += running + queue.size;
    return used;
  }

  /**
   * Begins at once (the ticket is not waiting, `begin` is not called), or calls `begin` later.
   *
   * `run`: whose turns it shares. `isForced`: it is under way already, and counts although there may be no room.
   */
  request(run: string, asks: readonly Ask[], begin: () => void, isForced = false): Ticket {
    const ticket = new Ticket(this, run, this.#claims(asks), begin);
    const blocked = isForced ? null : this.#blocked(ticket, true);
    if (blocked === null) this.#take(ticket);
    else this.#wait(ticket, blocked, false);
    return ticket;
  }

  /** Nobody begins at this limit before so many milliseconds have passed. */
  hold(id: string, ms: number): void {
    const bucket = this.#bucket(id);
    bucket.heldUntil = Math.max(bucket.heldUntil, this.#ports.now() + ms);
  }

  isHeld(id: string): boolean {
    const bucket = this.#buckets.get(id);
    return bucket !== undefined && bucket.heldUntil > this.#ports.now();
  }

  /** @internal its place is free; or it does not wait any more. */
  release(ticket: Ticket): void {
    const { place } = ticket;
    if (place === null) for (const { bucket } of ticket.claims) bucket.running -= 1;
    else ticket.waitsAt?.bucket.queue.remove(place);
    for (const { bucket } of ticket.claims) if (bucket.queue.size > 0) this.#due.add(bucket);
    if (this.#due.size > 0) this.#serveDue();
  }

  #claims(asks: readonly Ask[]): readonly Claim[] {
    return asks.map((ask) => ({ ask, bucket: this.#bucket(ask.id) }));
  }

  #bucket(id: string): Bucket<Ticket> {
    let bucket = this.#buckets.get(id);
    if (bucket === undefined) {
      if (this.#buckets.size >= this.#sweepAt) this.#sweep();
      bucket = new Bucket(id);
      this.#buckets.set(id, bucket);
    }
    return bucket;
  }

  /** Every value of a key is a limit of its own: those that nobody uses are forgotten. */
  #sweep(): void {
    const now = this.#ports.now();
    for (const [id, bucket] of this.#buckets) if (bucket.isIdle(now)) this.#buckets.delete(id);
    this.#sweepAt = Math.max(sweepAbove, this.#buckets.size * 2);
  }

  /** The first limit without room. `isNew`: those who wait there come first. */
  #blocked({ claims }: Ticket, isNew: boolean): Claim | null {
    const hasNoRoom = ({ ask, bucket }: Claim): boolean =>
      (isNew && bucket.queue.size > 0) || bucket.waitMs(ask, this.#ports) > 0;
    return claims.find(hasNoRoom) ?? null;
  }

  #take(ticket: Ticket): void {
    for (const { ask, bucket } of ticket.claims) bucket.take(ask, this.#ports);
  }

  #wait(ticket: Ticket, claim: Claim, hadTurn: boolean): void {
    ticket.waitsAt = claim;
    ticket.place = claim.bucket.queue.add(ticket.run, ticket, hadTurn);
    this.#setAlarm(claim);
  }

  #setAlarm({ ask, bucket }: Claim): void {
    const now = this.#ports.now();
    const waitMs = bucket.waitMs(ask, this.#ports);
    if (waitMs === Number.POSITIVE_INFINITY || (bucket.alarm !== null && bucket.alarm.at <= now + waitMs)) return;
    bucket.alarm?.cancel();
    const cancel = this.#ports.add(waitMs, () => {
      bucket.alarm = null;
      this.#due.add(bucket);
      this.#serveDue();
    });
    bucket.alarm = { at: now + waitMs, cancel };
  }

  /** What begins may end at once: its limits are then served in turn, not within each other. */
  #serveDue(): void {
    if (this.#isServing) return;
    this.#isServing = true;
    try {
      for (const bucket of this.#due) {
        this.#due.delete(bucket);
        this.#serve(bucket);
      }
    } finally {
      this.#isServing = false;
    }
  }

  #serve(bucket: Bucket<Ticket>): void {
    for (let place = bucket.queue.peek(); place !== null; place = bucket.queue.peek()) {
      const ticket = place.item;
      const blocked = this.#blocked(ticket, false);
      if (blocked?.bucket === bucket) {
        this.#setAlarm(blocked);
        return;
      }
      bucket.queue.serve(place);
      if (blocked !== null) {
        this.#wait(ticket, blocked, true);
        continue;
      }
      this.#take(ticket);
      ticket.place = null;
      ticket.waitsAt = null;
      ticket.begin();
    }
  }
}

interface Claim {
  readonly ask: Ask;
  readonly bucket: Bucket<Ticket>;
}

/** One effect's place in its limits, or in the queue of one of them. */
export class Ticket {
  readonly run: string;
  readonly begin: () => void;
  /** @internal */
  readonly claims: readonly Claim[];
  /** @internal */
  waitsAt: Claim | null = null;
  /** @internal */
  place: Place<Ticket> | null = null;
  readonly #limiter: Limiter;
  #isReleased = false;

  constructor(limiter: Limiter, run: string, claims: readonly Claim[], begin: () => void) {
    this.#limiter = limiter;
    this.run = run;
    this.claims = claims;
    this.begin = begin;
  }

  get isWaiting(): boolean {
    return this.place !== null && !this.#isReleased;
  }

  /** Null: it has begun. */
  get waiting(): Waiting | null {
    const { waitsAt, place } = this;
    if (waitsAt === null || place === null || this.#isReleased) return null;
    const { kind, name, key } = waitsAt.ask;
    return { kind, limit: name, key, ahead: waitsAt.bucket.queue.ahead(place) };
  }

  /** Idempotent. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#limiter.release(this);
  }
}
