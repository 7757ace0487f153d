/**
 * Outputs of steps that later runs take over. Of those who want one that is not there, one makes it; the others wait for it,
 * and when it fails, the next of them makes it. Owns who waits; what is there, and which process makes it, the store says.
 *
 * Invariants:
 *  K1. One effect at a time makes a value: of this process by `#making`, of all by the claim in the store.
 *  K2. Whoever waits is woken once, and looks again.
 *  K3. A claim of this process is passed on or given up, whatever becomes of the effect that made it.
 */
import { WorkflowError } from '../../core/errors.ts';
import type { CacheClaim, Clock, Logger, Store } from '../../core/ports.ts';
import type { TimerQueue } from '../drive/timer-queue.ts';

export interface StepCacheOptions {
  readonly store: Pick<Store, 'claimCached' | 'putCached' | 'releaseCached' | 'pruneCached'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly timers: Pick<TimerQueue, 'add'>;
  readonly logger: Logger;
}

/** What is kept of an answer. Without `output`: it gave nothing. */
export interface CachedResult {
  readonly output?: unknown;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export type Found =
  | { readonly kind: 'hit'; readonly result: CachedResult }
  /** Whoever asked makes it: {@link StepCache.put} or {@link StepCache.giveUp} has to follow. */
  | { readonly kind: 'make' }
  /** `wake` is called when it may be there. */
  | { readonly kind: 'wait'; readonly leave: () => void };

interface Waiter {
  readonly wake: () => void;
  /** Where it waits now. */
  line: Set<Waiter>;
}

/** How soon it is seen that another process has made a value, or has died. */
const lookAgainMs = 100;
const firstRetryMs = 20;
const maxTries = 8;
const pruneEveryMs = 60_000;
const pruneLimit = 500;

export class StepCache {
  readonly #options: StepCacheOptions;
  /** By the key of a value that an effect of this process makes. */
  readonly #making = new Map<string, Set<Waiter>>();
  #prunedAt = 0;

  constructor(options: StepCacheOptions) {
    this.#options = options;
  }

  /** Outputs that effects of this process make now. */
  get making(): number {
    return this.#making.size;
  }

  look(key: string, wake: () => void): Found {
    const others = this.#making.get(key);
    if (others !== undefined) return wait(others, wake);
    const claim = this.#claim(key);
    if (claim === 'busy') return { kind: 'wait', leave: this.#options.timers.add(lookAgainMs, wake) };
    if (claim !== 'claimed') return { kind: 'hit', result: JSON.parse(claim.value) as CachedResult };
    this.#making.set(key, new Set());
    return { kind: 'make' };
  }

  /** A store that is busy, or full, for a moment is looked at again; what else is wrong with it, the run's commits tell. */
  #claim(key: string): CacheClaim {
    const { store, clock, logger } = this.#options;
    try {
      return store.claimCached(key, clock.now());
    } catch (error) {
      if (!(error instanceof WorkflowError)) throw error;
      if (!error.retryable) logger.error('the cache of steps could not be read', { error: error.message });
      return error.retryable ? 'busy' : 'claimed';
    }
  }

  put(key: string, result: CachedResult, ttlMs: number): void {
    const { store, clock } = this.#options;
    const value = JSON.stringify(result);
    const write = (): void => {
      store.putCached(key, value, clock.now() + ttlMs);
    };
    this.#write(write, (isWritten) => {
      if (!isWritten) {
        this.giveUp(key);
        return;
      }
      const waiters = this.#making.get(key) ?? [];
      this.#making.delete(key);
      for (const { wake } of waiters) wake();
      this.#pruneIfDue();
    });
  }

  giveUp(key: string): void {
    const waiters = this.#making.get(key);
    if (waiters === undefined) return;
    this.#making.delete(key);
    const [next, ...others] = waiters;
    if (next === undefined) {
      const { store } = this.#options;
      this.#write(
        () => {
          // Somebody may have begun to make it meanwhile.
          if (!this.#making.has(key)) store.releaseCached(key);
        },
        () => undefined,
      );
      return;
    }
    // Our claim stays: the next one finds it.
    next.wake();
    const making = this.#making.get(key);
    for (const waiter of others) {
      if (making === undefined) waiter.wake();
      else join(making, waiter);
    }
  }

  /** At most a few times: what cannot be kept is made again. */
  #write(write: () => void, done: (isWritten: boolean) => void, tries = 1): void {
    const { timers, logger } = this.#options;
    try {
      write();
    } catch (error) {
      if (!(error instanceof WorkflowError)) throw error;
      if (error.retryable && tries < maxTries) {
        timers.add(firstRetryMs * 2 ** (tries - 1), () => {
          this.#write(write, done, tries + 1);
        });
        return;
      }
      logger.warn('the cache of steps could not be written', { error: error.message });
      done(false);
      return;
    }
    done(true);
  }

  /** With what is put: a cache that nobody fills does not grow. */
  #pruneIfDue(): void {
    const { store, clock } = this.#options;
    const now = clock.now();
    if (Math.abs(now - this.#prunedAt) < pruneEveryMs) return;
    this.#prunedAt = now;
    this.#write(
      () => {
        store.pruneCached(now, pruneLimit);
      },
      () => undefined,
    );
  }
}

function wait(line: Set<Waiter>, wake: () => void): Found {
  const waiter: Waiter = { wake, line };
  join(line, waiter);
  return { kind: 'wait', leave: () => waiter.line.delete(waiter) };
}

function join(line: Set<Waiter>, waiter: Waiter): void {
  waiter.line = line;
  line.add(waiter);
}
