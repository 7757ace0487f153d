/** The end of an engine in an orderly way: what is under way may end within a time, nothing new begins. */
import type { Clock } from '../../core/ports.ts';
import type { LiveRuns } from './live-runs.ts';

/** How often it is looked whether all has ended. */
const lookMs = 20;

export class Drain {
  /** Resolves when nothing is under way any more, or the time is over. */
  readonly ended: Promise<void>;
  readonly #live: LiveRuns;
  readonly #clock: Clock;
  readonly #resolve: () => void;
  readonly #cancelLimit: () => void;
  #cancelLook: () => void = () => undefined;

  constructor(live: LiveRuns, clock: Clock, graceMs: number) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#resolve = resolve;
    this.#live = live;
    this.#clock = clock;
    live.drain();
    this.#cancelLimit =
      graceMs > 0 && Number.isFinite(graceMs) ? clock.schedule(() => this.end(), graceMs) : (): void => undefined;
    if (graceMs > 0) this.#look();
    else this.end();
  }

  /** The time is over. */
  end(): void {
    this.#cancelLimit();
    this.#cancelLook();
    this.#resolve();
  }

  #look(): void {
    if (!this.#live.isBusy) {
      this.end();
      return;
    }
    this.#cancelLook = this.#clock.schedule(() => this.#look(), lookMs);
  }
}
