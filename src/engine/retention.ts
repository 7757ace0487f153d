/**
 * Retention: which runs are old enough to be removed, and when it is looked for them, and for what has expired in the cache of steps.
 * Owns the choice; what is removed with a run, and what keeps it, is the store's. Works in small steps, between which runs go on.
 */
import { parseDuration, type DurationInput } from '../core/duration.ts';
import { WorkflowError } from '../core/errors.ts';
import type { Clock, Logger, PrunedDefinitions, Store } from '../core/ports.ts';
import type { RunRow } from '../core/run.ts';

/** How long runs are kept after their end: milliseconds, or `'30d'`, `'12h'`. What is left out is kept for ever. */
export interface RetentionOptions {
  readonly completed?: DurationInput;
  readonly failed?: DurationInput;
  readonly cancelled?: DurationInput;
  /** Of each workflow, so many runs that have ended are kept in any case: those that began last. @default 0 */
  readonly keepLast?: number;
}

type EndedStatus = 'completed' | 'failed' | 'cancelled';
const statuses: readonly EndedStatus[] = ['completed', 'failed', 'cancelled'];

/** Checked. */
export interface RetentionPolicy {
  readonly ages: readonly { readonly status: EndedStatus; readonly ageMs: number }[];
  readonly keepLast: number;
}

const maxKeepLast = 100_000;

/** @throws WorkflowError REQUEST_INVALID */
export function checkRetention(options: RetentionOptions): RetentionPolicy {
  const unknown = Object.keys(options).find((name) => name !== 'keepLast' && !statuses.some((each) => each === name));
  if (unknown !== undefined) throw invalid(`there is no '${unknown}'; there are ${statuses.join(', ')} and keepLast`);
  const ages = statuses.flatMap((status) => {
    const given = options[status];
    if (given === undefined) return [];
    const parsed = parseDuration(given, 'zero');
    if ('problem' in parsed) throw invalid(`${status} ${parsed.problem}`);
    return [{ status, ageMs: parsed.ms }];
  });
  if (ages.length === 0)
    throw invalid(
      `nothing would be removed: give ${statuses.join(', ')} or several of them a time, as { completed: '30d' }`,
    );
  const { keepLast = 0 } = options;
  if (!Number.isInteger(keepLast) || keepLast < 0 || keepLast > maxKeepLast)
    throw invalid(`keepLast takes a whole number from 0 to ${maxKeepLast}`);
  return { ages, keepLast };
}

function invalid(message: string): WorkflowError {
  return new WorkflowError('REQUEST_INVALID', `The engine's option retention: ${message}`);
}

export interface RetentionPorts {
  readonly store: Pick<Store, 'listRuns' | 'prune' | 'pruneDefinitions' | 'pruneCached'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
}

/** Gives a function that stops it. */
export function startRetention(
  parts: RetentionPorts & {
    readonly retention: RetentionPolicy | null;
    readonly sweep: (step: () => void) => () => void;
  },
): () => void {
  if (parts.retention === null) return () => undefined;
  const retention = new Retention(parts.retention, parts);
  return parts.sweep(() => {
    retention.step();
  });
}

/** A start is not the time for it. */
const firstDelayMs = 10_000;
const restMs = 5 * 60_000;
const pageSize = 50;
const keptPageSize = 1_000;
const cachePageSize = 200;

class Retention {
  readonly #policy: RetentionPolicy;
  readonly #ports: RetentionPorts;
  #sweep: Generator<void, number> | null = null;
  #nextAt: number;

  constructor(policy: RetentionPolicy, ports: RetentionPorts) {
    this.#policy = policy;
    this.#ports = ports;
    this.#nextAt = ports.clock.now() + firstDelayMs;
  }

  /** A few milliseconds of work, or none. To be called again and again. */
  step(): void {
    const now = this.#ports.clock.now();
    // A clock that was set back does not make us wait for it.
    if (this.#sweep === null && now < this.#nextAt && now >= this.#nextAt - restMs) return;
    try {
      this.#sweep ??= this.#run(now);
      const { done, value } = this.#sweep.next();
      if (done === true) this.#rest(value);
    } catch (error) {
      this.#rest(0);
      this.#ports.logger.warn('old runs could not be removed now; it is tried again later', {
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }

  #rest(removed: number): void {
    this.#sweep = null;
    this.#nextAt = this.#ports.clock.now() + restMs;
    if (removed > 0) this.#ports.logger.info('old runs were removed', { runs: removed });
  }

  /** Gives how many runs were removed. */
  *#run(now: number): Generator<void, number> {
    yield* this.#expired(now);
    const newest = new Map<string, number>();
    let removed = yield* this.#prune([]);
    for (const { status, ageMs } of this.#policy.ages) {
      const before = now - ageMs;
      // The last run that was kept: what comes before it is done with.
      let after: string | undefined;
      for (;;) {
        const page = this.#candidates(status, before, after);
        const old = page.filter((row) => row.createdAt < this.#keptFrom(row.workflow, newest));
        const gone = new Set<string>();
        removed += yield* this.#prune(
          old.map(({ id }) => id),
          gone,
        );
        after = page.findLast(({ id }) => !gone.has(id))?.id ?? after;
        if (page.length < pageSize) break;
        yield;
      }
    }
    yield* this.#unused();
    return removed;
  }

  /** Definitions that no run refers to any more. */
  *#unused(): Generator<void> {
    let removed = 0;
    for (let after: number | null = 0; after !== null;) {
      const pruned: PrunedDefinitions = this.#ports.store.pruneDefinitions(after);
      removed += pruned.removed;
      after = pruned.next;
      if (after !== null) yield;
    }
    if (removed > 0)
      this.#ports.logger.info('definitions that no run refers to were removed', { definitions: removed });
  }

  /** Cached outputs of steps that nobody takes over any more, also where no step is cached now. */
  *#expired(now: number): Generator<void> {
    while (this.#ports.store.pruneCached(now, cachePageSize) >= cachePageSize) yield;
  }

  #candidates(status: EndedStatus, before: number, after: string | undefined): readonly RunRow[] {
    return this.#ports.store.listRuns({
      kind: ['run'],
      status: [status],
      createdBefore: before,
      updatedBefore: before,
      order: 'asc',
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
    });
  }

  *#prune(runs: readonly string[], gone = new Set<string>()): Generator<void, number> {
    let left = runs;
    for (;;) {
      const { removed, kept, isDone } = this.#ports.store.prune(left);
      for (const run of removed) gone.add(run);
      if (isDone) return gone.size;
      const dealtWith = new Set([...removed, ...kept.map(({ run }) => run)]);
      left = left.filter((run) => !dealtWith.has(run));
      yield;
    }
  }

  /** When the oldest of the runs began that are kept of a workflow in any case. */
  #keptFrom(workflow: string, known: Map<string, number>): number {
    const { keepLast } = this.#policy;
    if (keepLast === 0) return Number.POSITIVE_INFINITY;
    const found = known.get(workflow) ?? this.#findKept(workflow, keepLast);
    known.set(workflow, found);
    return found;
  }

  #findKept(workflow: string, keepLast: number): number {
    let last: RunRow | undefined;
    for (let left = keepLast; left > 0; left -= keptPageSize) {
      const limit = Math.min(left, keptPageSize);
      const after = last === undefined ? {} : { after: last.id };
      const page = this.#ports.store.listRuns({ workflow, kind: ['run'], status: statuses, limit, ...after });
      last = page.at(-1) ?? last;
      // Fewer than are to be kept.
      if (page.length < limit) return Number.NEGATIVE_INFINITY;
    }
    return last?.createdAt ?? Number.NEGATIVE_INFINITY;
  }
}
