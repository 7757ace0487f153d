/**
 * Whether a run is at rest, and how it falls asleep from there. Owns the turn from one to the other; whether nothing happens to the run
 * is the driver's to say, when it is put to sleep that of `sleeper.ts`.
 */
import type { Commit } from '../../core/ports.ts';

export interface RestPorts {
  /** Whether nothing happens to it until the world says something, and nobody watches. */
  isQuiet(): boolean;
  /** It has come to rest. */
  onRest(): void;
  /** Something happens to it after it came to rest. */
  onStir(): void;
  /** What is to be written so that it can be brought back; null: all of it is. */
  asleep(): Commit | null;
  /** `then`: after the commit. */
  commit(commit: Commit, then: () => void): void;
  /** Nothing of it is needed here any more. */
  drop(): void;
}

export class Rest {
  readonly #ports: RestPorts;
  /** Whether {@link RestPorts.onRest} was told. */
  #isResting = false;

  constructor(ports: RestPorts) {
    this.#ports = ports;
  }

  /** Tells when it has come to rest. */
  settle(): void {
    if (this.#isResting || !this.#ports.isQuiet()) return;
    this.#isResting = true;
    this.#ports.onRest();
  }

  stir(): void {
    if (!this.#isResting) return;
    this.#isResting = false;
    this.#ports.onStir();
  }

  /** Writes what is needed to bring it back, and drops it then, unless something happens in the meantime. */
  sleep(): void {
    if (!this.#ports.isQuiet()) {
      this.#isResting = false;
      return;
    }
    const commit = this.#ports.asleep();
    if (commit === null) {
      this.#ports.drop();
      return;
    }
    this.#ports.commit(commit, () => {
      if (this.#isResting && this.#ports.isQuiet()) this.#ports.drop();
      else {
        this.#isResting = false;
        this.settle();
      }
    });
  }
}
