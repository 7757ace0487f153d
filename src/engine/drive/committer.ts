/**
 * Group commit: what all runs have to write in one turn of the event loop goes to the store as one batch, so that one fsync
 * serves them all. Owns the order and the retries; what is written is the runs' own.
 *
 * Invariants:
 *  C1. Batches are written in the order of `add`, and `committed` is called in that order, only after its batch was written.
 *  C2. A batch that could not be written (busy, full disk) stays first in line and is tried again; nothing overtakes it.
 *  C3. A run whose commit the store refuses (another process has it) loses its place in line, all of it; the others go on.
 *  C4. After any other failure that another try cannot mend, nothing is written any more: `onFailure` is told, once.
 *  C5. What a `committed` throws concerns nobody else: it is told to `onError`, and the next one is called.
 */
import { WorkflowError } from '../../core/errors.ts';
import type { Clock, Commit, Store } from '../../core/ports.ts';

export interface CommitterOptions {
  readonly store: Pick<Store, 'commit'>;
  readonly clock: Clock;
  /** Commits of one batch at most. @default 1_000 */
  readonly maxBatch?: number;
  /** Told when the store does not take a batch now, and (null) when it does again. Not of one that is busy for a moment. */
  readonly onStall?: (error: WorkflowError | null) => void;
  /** Told of a run whose commits the store refuses. @default that is the failure which ends it */
  readonly onRefused?: (run: string, error: WorkflowError) => void;
  /** Told of the failure that ends it. */
  readonly onFailure: (error: unknown) => void;
  /** Told of what a `committed` threw. @default `onFailure` is */
  readonly onError?: (run: string, error: unknown) => void;
  /** Schedules a flush at the end of the turn. */
  readonly defer: (flush: () => void) => void;
}

interface Entry {
  readonly commit: Commit;
  readonly committed: () => void;
}

const firstRetryMs = 2;
const lastRetryMs = 500;
/** Another process writes to the store: that this takes longer than that is worth telling. */
const busyPatienceMs = 1_000;

export class Committer {
  readonly #options: CommitterOptions;
  readonly #defer: (flush: () => void) => void;
  readonly #maxBatch: number;
  #waiting: Entry[] = [];
  #isScheduled = false;
  /** Of a store that does not take commits now; 0 otherwise. */
  #retryMs = 0;
  /** Since when another process is writing. */
  #busySince: number | null = null;
  #isStallTold = false;
  #hasFailed = false;
  #isFlushing = false;
  #idle: (() => void)[] = [];

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#maxBatch = options.maxBatch ?? 1_000;
    this.#defer = options.defer;
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

  /** Writes what is in line now, unless the store does not take it. */
  flush(): void {
    while (this.#waiting.length > 0 && this.#flushBatch());
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#defer(() => {
      this.#isScheduled = false;
      this.#flushBatch();
    });
  }

  /** False when nothing could be written. */
  #flushBatch(): boolean {
    if (this.#hasFailed || this.#isFlushing || this.#waiting.length === 0) return false;
    const batch = this.#waiting.slice(0, this.#maxBatch);
    // A `committed` may come back to us: the batch is written and told of as one.
    this.#isFlushing = true;
    const failure = this.#write(batch);
    if (failure === null) {
      this.#waiting.splice(0, batch.length);
      this.#recovered();
      for (const entry of batch) this.#tell(entry);
    }
    this.#isFlushing = false;
    if (failure !== null) return this.#failed(failure.error);
    this.#settle();
    return true;
  }

  #write(batch: readonly Entry[]): { readonly error: unknown } | null {
    try {
      this.#options.store.commit(batch.map((entry) => entry.commit));
      return null;
    } catch (error) {
      return { error };
    }
  }

  #tell({ commit, committed }: Entry): void {
    try {
      committed();
    } catch (error) {
      if (this.#options.onError === undefined) this.#options.onFailure(error);
      else this.#options.onError(commit.run, error);
    }
  }

  #recovered(): void {
    if (this.#retryMs === 0) return;
    this.#retryMs = 0;
    this.#busySince = null;
    if (!this.#isStallTold) return;
    this.#isStallTold = false;
    this.#options.onStall?.(null);
  }

  /** Whether what is left in line can be written now. */
  #failed(error: unknown): boolean {
    if (error instanceof WorkflowError && error.retryable) {
      this.#stall(error);
      return false;
    }
    const run = this.#options.onRefused === undefined ? null : refusedRun(error);
    if (run !== null && this.#waiting.some((entry) => entry.commit.run === run)) {
      this.#waiting = this.#waiting.filter((entry) => entry.commit.run !== run);
      this.#options.onRefused?.(run, error as WorkflowError);
      this.#settle();
      return true;
    }
    this.#hasFailed = true;
    this.#waiting = [];
    this.#settle();
    this.#options.onFailure(error);
    return false;
  }

  #stall(error: WorkflowError): void {
    if (!this.#isStallTold && this.#isWorthTelling(error)) {
      this.#isStallTold = true;
      this.#options.onStall?.(error);
    }
    this.#retryMs = Math.min(lastRetryMs, Math.max(firstRetryMs, this.#retryMs * 2));
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.clock.schedule(() => {
      this.#isScheduled = false;
      this.#flushBatch();
    }, this.#retryMs);
  }

  #isWorthTelling({ code }: WorkflowError): boolean {
    if (code !== 'STORE_BUSY') return true;
    const now = this.#options.clock.now();
    this.#busySince ??= now;
    return now - this.#busySince >= busyPatienceMs;
  }

  #settle(): void {
    if (this.#waiting.length > 0) {
      this.#schedule();
      return;
    }
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}

/** The one run that a conflict is about; null when it concerns them all. */
function refusedRun(error: unknown): string | null {
  if (!(error instanceof WorkflowError) || (error.code !== 'CONFLICT' && error.code !== 'NOT_FOUND')) return null;
  const run = error.details?.['run'];
  return typeof run === 'string' ? run : null;
}
