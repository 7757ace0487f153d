/** One effect on its way through the dispatcher: what it holds, what it waits for, whether it was aborted. */
import type { ActiveEffect } from '../../core/advance.ts';
import type { GivenValues } from '../../effects/cache-key.ts';
import type { RunDriver } from '../drive/driver.ts';
import type { Ask, Ticket, Waiting } from './limits/limiter.ts';
import type { CachedResult } from './step-cache.ts';
import type { Carrying } from '../drive/under-way.ts';
import { TrackingLoader, type Values } from './values.ts';

/** What it has to do with the cache of steps. */
export type CacheTurn =
  /** Its key is not known yet, or somebody else makes the value. */
  | { readonly kind: 'wait'; readonly leave: () => void }
  /** It makes the value. */
  | { readonly kind: 'make'; readonly key: string; readonly giveUp: () => void }
  | { readonly kind: 'hit'; readonly result: CachedResult };

export class CarriedEffect implements Carrying {
  readonly driver: RunDriver;
  readonly effect: ActiveEffect;
  readonly isLimited: boolean;
  readonly loader: TrackingLoader;
  /** What functions of the step gave already. */
  readonly given: GivenValues = new Map();
  isDone = false;
  /** When it was given to the dispatcher, and how long it waited then; milliseconds. */
  readonly givenAt: number;
  waitedMs = 0;
  asks: readonly Ask[] = [];
  ticket: Ticket | null = null;
  turn: CacheTurn | null = null;
  /** Why it cannot be carried out. */
  problem: { readonly error: unknown } | null = null;
  readonly #controller = new AbortController();

  constructor(driver: RunDriver, effect: ActiveEffect, values: Values, isLimited: boolean, givenAt: number) {
    this.driver = driver;
    this.effect = effect;
    this.isLimited = isLimited;
    this.givenAt = givenAt;
    this.loader = new TrackingLoader(values, driver.id);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get waiting(): Waiting | null {
    if (this.turn?.kind === 'wait') return { kind: 'cache', limit: this.effect.id, key: null, ahead: 0 };
    return this.ticket?.waiting ?? null;
  }

  abort(reason: Error): void {
    this.#controller.abort(reason);
    this.release();
  }

  /** Gives back what it holds, and leaves the lines it is in. Idempotent. */
  release(): void {
    const { turn } = this;
    this.turn = null;
    this.ticket?.release();
    if (turn?.kind === 'wait') turn.leave();
    if (turn?.kind === 'make') turn.giveUp();
  }
}
