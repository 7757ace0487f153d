/**
 * What time passed for: the stretches in which nobody could do anything but wait, and which process had which run meanwhile. Judges
 * nothing; who is late, lets time pass that is here.
 */
import type { World } from './world.ts';

interface Stretch {
  readonly from: number;
  readonly to: number;
}

interface Ownership {
  readonly owner: { readonly isAlive: boolean };
  readonly from: number;
  to: number;
}

export class Timeline {
  readonly #world: World;
  readonly #idle: Stretch[] = [];
  readonly #owned = new Map<string, Ownership[]>();

  /** `isHindered`: a full disk keeps everybody from going on. */
  constructor(world: World, isHindered: () => boolean) {
    this.#world = world;
    world.onPass = (from, to, isIdle) => {
      if (isIdle && !isHindered()) this.#idle.push({ from, to });
    };
  }

  /** From now on, until it dies or another has it. */
  owns(run: string, owner: Ownership['owner']): void {
    const all = this.#owned.get(run);
    const last = all?.at(-1);
    if (last?.owner === owner) return;
    const { now: from } = this.#world;
    if (last !== undefined) last.to = Math.min(last.to, from);
    const ownership = { owner, from, to: Number.POSITIVE_INFINITY };
    if (all === undefined) this.#owned.set(run, [ownership]);
    else all.push(ownership);
  }

  died(owner: Ownership['owner']): void {
    for (const all of this.#owned.values()) {
      const last = all.at(-1);
      if (last?.owner === owner) last.to = Math.min(last.to, this.#world.now);
    }
  }

  /** Milliseconds between two times in which a living process had the run, and all were waiting. */
  waited(run: string, from: number, to: number): number {
    let sum = 0;
    for (const owned of this.#owned.get(run) ?? []) {
      const [first, last] = [Math.max(from, owned.from), Math.min(to, owned.to)];
      if (first >= last) continue;
      for (const idle of this.#idle) sum += Math.max(0, Math.min(last, idle.to) - Math.max(first, idle.from));
    }
    return sum;
  }
}
