/**
 * The scheduler of a simulation: all that may happen stands in one list, and the seed chooses what happens next. Owns time, chance
 * and order; what happens is whoever added it. No timer and no randomness of the process is used anywhere.
 */
import { SeededRandom } from '../seeded-random.ts';
import { nextTurn } from '../turn.ts';
import { defaultStart } from '../virtual-clock.ts';
import { Trace } from './trace.ts';

/** Something that may happen from `at` on (milliseconds of real time since 1970). */
export interface Happening {
  readonly what: string;
  /** Whose it is: it does not happen any more when its owner is dead. Null: the world's own. */
  readonly owner: { readonly isAlive: boolean } | null;
  readonly at: number;
  run(): void;
}

export class World {
  readonly random: SeededRandom;
  readonly trace = new Trace();
  /** Told when time passes: whether nothing could have happened now. */
  onPass: (from: number, to: number, isIdle: boolean) => void = () => undefined;
  #now = defaultStart;
  #happenings: Happening[] = [];

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  /** Real time, in milliseconds since 1970: it never jumps. */
  get now(): number {
    return this.#now;
  }

  get pending(): readonly Happening[] {
    return this.#happenings;
  }

  below(n: number): number {
    return Math.floor(this.random.next() * n);
  }

  chance(share: number): boolean {
    return this.random.next() < share;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** Gives the function that takes it back. */
  add(happening: Happening): () => void {
    this.#happenings.push(happening);
    return () => {
      const index = this.#happenings.indexOf(happening);
      if (index >= 0) this.#happenings.splice(index, 1);
    };
  }

  /** What is left of the dead never happens. */
  bury(): void {
    this.#happenings = this.#happenings.filter(({ owner }) => owner === null || owner.isAlive);
  }

  /**
   * Lets one thing happen: one of those that can now, or time passes up to the next. False when nothing is left to happen.
   * @param haste how likely time passes although something could happen now
   */
  async step(haste = 0): Promise<boolean> {
    await nextTurn();
    const ready = this.#happenings.filter(({ at }) => at <= this.#now);
    if (ready.length > 0 && !this.chance(haste)) {
      const chosen = this.pick(ready);
      this.#happenings.splice(this.#happenings.indexOf(chosen), 1);
      this.trace.say(`+${this.#now - defaultStart} ${chosen.what}`);
      chosen.run();
      return true;
    }
    const next = this.#happenings.reduce((first, { at }) => (at > this.#now && at < first ? at : first), Infinity);
    if (next === Infinity) return ready.length > 0;
    this.onPass(this.#now, next, ready.length === 0);
    this.#now = next;
    return true;
  }
}
