/**
 * What is known of the runs that this process owns: integer key and next free seq, so that a commit needs no read. Bounded:
 * two generations, of which the older is dropped when the younger is full. Entries hold as long as the run is owned (no
 * other process writes to it); whoever ends or gives up a run forgets it here.
 */
export interface OwnedRun {
  readonly key: number;
  next: number;
}

export class RunCache {
  readonly #capacity: number;
  #young = new Map<string, OwnedRun>();
  #old = new Map<string, OwnedRun>();

  /** Holds between `capacity` and `2 * capacity` runs. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(id: string): OwnedRun | undefined {
    const young = this.#young.get(id);
    if (young !== undefined) return young;
    const old = this.#old.get(id);
    if (old !== undefined) this.set(id, old);
    return old;
  }

  set(id: string, run: OwnedRun): void {
    if (this.#young.size >= this.#capacity) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(id, run);
  }

  delete(id: string): void {
    this.#young.delete(id);
    this.#old.delete(id);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
