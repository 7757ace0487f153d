/**
 * What the effects of one simulated process use while they are carried out (I15): places in limits, and outputs that others take
 * from the cache. Judged as each begins.
 */
import { cacheKey } from '../../effects/cache-key.ts';
import type { EffectCall } from '../../effects/index.ts';
import type { Journal } from './journal.ts';
import type { World } from './world.ts';

export interface UsageOptions {
  readonly world: World;
  readonly journal: Journal;
  readonly host: { readonly name: string; readonly isAlive: boolean };
}

interface Making {
  readonly host: UsageOptions['host'];
  readonly what: string;
  /** What was given up has given its places back. */
  readonly signal: AbortSignal;
}

/** Who makes which output now, of all processes of a simulation. */
export type MakingNow = Map<string, Set<Making>>;

export class Usage {
  readonly #options: UsageOptions;
  readonly #making: MakingNow;
  readonly #running = new Map<string, Set<AbortSignal>>();
  readonly #begins = new Map<string, number[]>();

  constructor(options: UsageOptions, making: MakingNow) {
    this.#options = options;
    this.#making = making;
  }

  /** Gives the function that is called when it is over, or aborted. */
  begin(call: EffectCall): () => void {
    const { info, context, attempt } = call.input;
    if (info === null) return () => undefined;
    const what = `${context.run.id}:${info.step.id} (attempt ${attempt})`;
    const { concurrencyLimit, rateLimit, cache } = info.step;
    const ends: (() => void)[] = [];
    // Limits by key are of as many buckets; which, only the engine knows.
    if (concurrencyLimit !== null && concurrencyLimit.key === null)
      ends.push(this.#takePlace(concurrencyLimit.name, concurrencyLimit.limit, call.signal, what));
    if (rateLimit !== null && rateLimit.key === null)
      this.#begin(rateLimit.name, rateLimit.limit, rateLimit.perMs, what);
    if (cache !== null) ends.push(this.#make(call, what));
    let isOver = false;
    return () => {
      if (!isOver) for (const end of ends) end();
      isOver = true;
    };
  }

  #takePlace(name: string, limit: number, signal: AbortSignal, what: string): () => void {
    const places = this.#running.get(name) ?? new Set();
    this.#running.set(name, places.add(signal));
    const running = [...places].filter(({ aborted }) => !aborted).length;
    if (running > limit)
      this.#options.journal.violate('I15', `${what} is one of ${running} at once within limit '${name}' of ${limit}`);
    return () => places.delete(signal);
  }

  #begin(name: string, limit: number, perMs: number, what: string): void {
    const { world, journal } = this.#options;
    const begins = [...(this.#begins.get(name) ?? []), world.now].filter((at) => at > world.now - perMs);
    this.#begins.set(name, begins);
    if (begins.length > limit && !journal.hasJumped)
      journal.violate('I15', `${what} is one of ${begins.length} within ${perMs} ms, at rate '${name}' of ${limit}`);
  }

  #make(call: EffectCall, what: string): () => void {
    const { journal, host, world } = this.#options;
    const key = cacheKey(call, new Map(call.given));
    if (typeof key !== 'string') return () => undefined;
    if ((journal.cached.get(key) ?? 0) > world.now && !journal.hasJumped)
      journal.violate('I15', `${what} makes an output that is in the cache`);
    const making = this.#making.get(key) ?? new Set();
    this.#making.set(key, making);
    for (const other of making)
      if (other.host.isAlive && !other.signal.aborted)
        journal.violate('I15', `${what} makes an output that ${other.what} makes already`);
    const own = { host, what, signal: call.signal };
    making.add(own);
    return () => making.delete(own);
  }
}
