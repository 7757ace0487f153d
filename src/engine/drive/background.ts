/**
 * `durability: 'async'`: what follows from an event does not wait for its commit. Runs get ahead of the store, so that what they
 * wrote is read here until it is there. Owns what is not written yet; the order of writing is the committer's.
 *
 * Invariants:
 *  B1. A read sees every event that was added, written or not.
 *  B2. `committed` is called in the order of `add`.
 *  B3. Runs are ahead of the store by a bounded number of commits; beyond it they wait for theirs.
 *  B4. Two kinds wait for their commit: interventions, as they may take hold of ended runs, which another process may do in the same
 *      moment; and falling asleep, as what is below a sleeping run is looked for in the store when it wakes.
 */
import type { Commit, Store, StoredCheckpoint, StoredEvent } from '../../core/ports.ts';
import type { RunRow } from '../../core/run.ts';
import type { Committer } from './committer.ts';

/** What is read of runs. */
export type RunReads = Pick<Store, 'readRun' | 'readEvents' | 'readEvent' | 'readCheckpoint'>;

/** Commits that are not written yet, at most, before runs wait. */
const maxAhead = 1_000;

interface Unwritten {
  /** As of the newest commit that changed it. */
  row: RunRow | null;
  checkpoint: StoredCheckpoint | null;
  /** In order, without a gap. */
  readonly events: StoredEvent[];
  commits: number;
}

export class Background implements RunReads {
  readonly #committer: Committer;
  readonly #store: RunReads;
  readonly #onError: (run: string, error: unknown) => void;
  readonly #unwritten = new Map<string, Unwritten>();
  /** From the limit, or what waits for its commit (B4), on until all is written: so nobody is told before those who came earlier (B2). */
  #isBehind = false;

  /** @param onError what goes wrong with a run when it is told: it is left, and nobody else is harmed */
  constructor(committer: Committer, store: RunReads, onError: (run: string, error: unknown) => void) {
    this.#committer = committer;
    this.#store = store;
    this.#onError = onError;
  }

  add(commit: Commit, committed: () => void): void {
    this.#note(commit);
    const { size } = this.#committer;
    this.#isBehind = isToBeWritten(commit) || size >= maxAhead || (this.#isBehind && size > 0);
    const waits = this.#isBehind;
    let isTold = false;
    const tell = (): void => {
      if (isTold) return;
      isTold = true;
      committed();
    };
    this.#committer.add(commit, () => {
      this.#written(commit);
      // Who is told a moment later would still let begin what is over by now.
      tell();
    });
    if (waits) return;
    queueMicrotask(() => {
      try {
        tell();
      } catch (error) {
        this.#onError(commit.run, error);
      }
    });
  }

  /** What is in line of a run that is left will not be written. */
  forget(run: string): void {
    this.#unwritten.delete(run);
  }

  readRun(id: string): RunRow | null {
    return this.#unwritten.get(id)?.row ?? this.#store.readRun(id);
  }

  readEvents(run: string, fromSeq: number, limit: number = Number.POSITIVE_INFINITY): readonly StoredEvent[] {
    const stored = this.#store.readEvents(run, fromSeq, Number.isFinite(limit) ? limit : undefined);
    const unwritten = this.#unwritten.get(run)?.events;
    if (unwritten === undefined || stored.length >= limit) return stored;
    const next = Math.max(fromSeq, (stored.at(-1)?.seq ?? 0) + 1);
    return [...stored, ...unwritten.filter(({ seq }) => seq >= next).slice(0, limit - stored.length)];
  }

  readEvent(run: string, seq: number): StoredEvent | null {
    const unwritten = this.#unwritten.get(run)?.events.find((event) => event.seq === seq);
    return unwritten ?? this.#store.readEvent(run, seq);
  }

  readCheckpoint(run: string): StoredCheckpoint | null {
    return this.#unwritten.get(run)?.checkpoint ?? this.#store.readCheckpoint(run);
  }

  #note({ run, create, update, events, checkpoint }: Commit): void {
    const unwritten = this.#unwritten.get(run) ?? { row: null, checkpoint: null, events: [], commits: 0 };
    this.#unwritten.set(run, unwritten);
    unwritten.commits += 1;
    unwritten.events.push(...events);
    if (checkpoint !== undefined) unwritten.checkpoint = checkpoint;
    const row = create ?? unwritten.row ?? (update === undefined ? null : this.#store.readRun(run));
    unwritten.row = row === null || update === undefined ? row : { ...row, ...update };
  }

  #written({ run, events }: Commit): void {
    const unwritten = this.#unwritten.get(run);
    if (unwritten === undefined) return;
    unwritten.events.splice(0, events.length);
    unwritten.commits -= 1;
    if (unwritten.commits === 0) this.#unwritten.delete(run);
  }
}

function isToBeWritten({ events, checkpoint }: Commit): boolean {
  return checkpoint?.asleep !== undefined || events.some(({ type }) => type === 'run.rebased');
}
