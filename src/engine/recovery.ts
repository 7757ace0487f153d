/** Which interrupted runs go on here. How a run is brought back is the affair of `live-runs.ts`. */
import { WorkflowError } from '../core/errors.ts';
import type { Logger, Store } from '../core/ports.ts';
import { endedStatuses } from '../core/run.ts';
import type { Catalog } from './catalog.ts';
import type { LiveRuns } from './live-runs.ts';

export interface RecoveryOptions {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly live: LiveRuns;
  readonly logger: Logger;
  readonly maxRuns: number;
}

export class Recovery {
  readonly #options: RecoveryOptions;
  /** Told of already: workflows and versions of interrupted runs that are not ours; that there are too many of them. */
  readonly #told = new Set<string>();

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** Gives the ids of the runs that were continued. Without `only`: of those that nobody drives, what is ours. */
  recover(only?: readonly string[]): readonly string[] {
    const { store, live } = this.#options;
    const wanted = this.#fitting(only ?? this.#interrupted());
    if (wanted.length === 0) return [];
    store.adopt(wanted);
    return wanted.filter((id) => {
      if (live.get(id) !== undefined || !store.isOwnedHere(id)) return false;
      const row = store.readRun(id);
      // Rounds are found by the run around them.
      if (row === null || row.kind === 'round' || endedStatuses.has(row.status)) return false;
      return this.#continue(id);
    });
  }

  /** @throws WorkflowError NOT_FOUND; CONFLICT when another process drives it; what hinders a stored run from going on */
  continueRun(id: string): void {
    const { live } = this.#options;
    const { status, kind, parent } = live.row(id);
    if (endedStatuses.has(status)) return;
    if (kind === 'round')
      throw new WorkflowError('CONFLICT', `run '${id}' is a round of run '${parent ?? ''}'; continue that one`);
    if (live.take(id) === null) throw new WorkflowError('CONFLICT', `run '${id}' is being run by another process`);
  }

  #continue(id: string): boolean {
    const { live, logger } = this.#options;
    try {
      live.resume(id);
      return true;
    } catch (error) {
      logger.error('a run could not be continued; it is left as it is', {
        run: id,
        error: error instanceof Error ? error.message : String(error),
      });
      return false;
    }
  }

  /** Runs that nobody drives, of our workflows. */
  #interrupted(): readonly string[] {
    const { store, catalog } = this.#options;
    const free = store.freeRuns();
    for (const { workflow, version } of free) {
      if (!catalog.knows({ workflow, version }))
        this.#tell('interrupted runs are left as they are: their workflow is not registered here', {
          workflow,
          version,
        });
    }
    return free.filter((run) => catalog.knows(run)).map(({ id }) => id);
  }

  /** The others stay free: for other processes, and for us when there is room. */
  #fitting(ids: readonly string[]): readonly string[] {
    const { live, maxRuns } = this.#options;
    const room = Math.max(0, maxRuns - live.size);
    if (ids.length <= room) return ids;
    this.#tell('not all interrupted runs are continued now: too many are in memory (option limits.maxRuns)', {
      maxRuns,
    });
    return ids.slice(0, room);
  }

  /** Once: it is looked for again and again. */
  #tell(message: string, details: Readonly<Record<string, unknown>>): void {
    const key = `${message} ${JSON.stringify(details)}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#options.logger.warn(message, details);
  }
}
