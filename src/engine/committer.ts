/**
 * Group commit: what all runs have to write in one turn of the event loop goes to the store as one batch, so that one fsync
 * serves them all. Owns the order and the retries; what is written is the runs' own.
 *
 * Invariants:
 *  C1. Batches are written in the order of `add`, and `committed` is called in that order, only after its batch was written.
 *  C2. A batch that could not be written (busy, full disk) stays first in line and is tried again; nothing overtakes it.
 *  C3. After a failure that another try cannot mend, nothing is written any more: `fail` is told, once.
 */
import { WorkflowError } from '../core/errors.ts';
import type { Clock, Commit, Store } from '../core/ports.ts';

export interface CommitterOptions {
  readonly store: Pick<Store, 'commit'>;
  readonly clock: Clock;
  /** Commits of one batch at most. @default 1_000 */
  readonly maxBatch?: number;
  /** Told when the store does not take a batch now, and (null) when it does again. */
  readonly onStall?: (error: WorkflowError | null) => void;
  /** Told of the failure that ends it. */
  readonly onFailure: (error: unknown) => void;
  /** Schedules a flush at the end of the turn. @default setImmediate */
  readonly defer?: (flush: () => void) => void;
}

interface Entry {
  readonly commit: Commit;
  readonly committed: () => void;
}

const firstRetryMs = 2;
const lastRetryMs = 500;

export class Committer {
  readonly #options: CommitterOptions;
  readonly #defer: (flush: () => void) => void;
  readonly #maxBatch: number;
  #waiting: Entry[] = [];
  #isScheduled = false;
  #retryMs = 0;
  #hasFailed = false;
  #idle: (() => void)[] = [];

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#maxBatch = options.maxBatch ?? 1_000;
    this.#defer = options.defer ?? ((flush) => void setImmediate(flush));
  }

  /** Commits in line. */
  get size(): number {
    return this.#waiting.length;
  }

  add(commit: Commit, committed: () => void): void {
    if (this.#hasFailed) return;
    this.#waiting.push({ commit, committed });
    this.#schedule();
  }

  /** Resolves when nothing is in line any more. */
  drained(): Promise<void> {
    if (this.#waiting.length === 0 || this.#hasFailed) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#defer(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#hasFailed || this.#waiting.length === 0) return;
    const batch = this.#waiting.length > this.#maxBatch ? this.#waiting.slice(0, this.#maxBatch) : this.#waiting;
    try {
      this.#options.store.commit(batch.map((entry) => entry.commit));
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#waiting = batch === this.#waiting ? [] : this.#waiting.slice(batch.length);
    if (this.#retryMs > 0) {
      this.#retryMs = 0;
      this.#options.onStall?.(null);
    }
    for (const entry of batch) entry.committed();
    if (this.#waiting.length > 0) this.#schedule();
    else this.#settle();
  }

  #failed(error: unknown): void {
    if (error instanceof WorkflowError && error.retryable) {
      if (this.#retryMs === 0) this.#options.onStall?.(error);
      this.#retryMs = Math.min(lastRetryMs, Math.max(firstRetryMs, this.#retryMs * 2));
      this.#isScheduled = true;
      this.#options.clock.schedule(() => {
        this.#isScheduled = false;
        this.#flush();
      }, this.#retryMs);
      return;
    }
    this.#hasFailed = true;
    this.#waiting = [];
    this.#settle();
    this.#options.onFailure(error);
  }

  #settle(): void {
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}
