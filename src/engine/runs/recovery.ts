/**
 * Which interrupted runs go on here, and when: those of processes that died, and those that were left by an error. Many are brought
 * back in portions, so that the engine answers meanwhile; those that sleep are not loaded at all. How a run is brought back is the
 * affair of `live-runs.ts`.
 */
import { WorkflowError } from '../../core/errors.ts';
import type { Clock, Logger, Sleep, Store } from '../../core/ports.ts';
import { endedStatuses } from '../../core/run.ts';
import type { Catalog } from './catalog.ts';
import type { LiveRuns } from './live-runs.ts';
import type { RunsBelow } from '../below/runs-below.ts';

export interface RecoveryOptions {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly live: LiveRuns;
  readonly below: RunsBelow;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly maxRuns: number;
  /** Calls back at the end of the turn of the event loop. */
  readonly defer: (work: () => void) => void;
  /** Told after some runs were brought back, or adopted. */
  readonly onRecovered: () => void;
}

/** Runs loaded, and runs looked at, in one turn of the event loop. */
const maxLoads = 20;
const maxLooks = 500;
/** While there is no room for more runs. */
const waitMs = 500;
/** Between tries to go on with a run that was left; one that went on for so long begins anew with the first. */
const firstRetryMs = 1_000;
const maxRetryMs = 60_000;
const calmMs = 10 * 60_000;

export class Recovery {
  readonly #options: RecoveryOptions;
  /** Told of already: workflows and versions of interrupted runs that are not ours; that there are too many of them. */
  readonly #told = new Set<string>();
  /** Runs of ours that are still to be brought back, from `#next` on; oldest first. */
  #queue: string[] = [];
  #next = 0;
  #isScheduled = false;
  /** Runs that were left for a reason that passes: how often, and when last. */
  readonly #left = new Map<string, { readonly tries: number; readonly at: number }>();
  #isClosed = false;
  /** Whether runs came to us: what was left for them waits, also for those that sleep on. */
  #hasNew = false;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** Runs that are still to be brought back. */
  get pending(): number {
    return this.#queue.length - this.#next;
  }

  /**
   * Gives the ids of the runs that are continued, without rounds of loops: the first at once, the others soon. Without `only`: of
   * those that nobody drives, what is ours.
   */
  recover(only?: readonly string[]): readonly string[] {
    const { store, live } = this.#options;
    live.forgetOthers();
    const wanted = only ?? this.#interrupted();
    if (wanted.length === 0) return [];
    const adopted = store.adopt(wanted);
    const isNew = new Set(adopted);
    // Those that were left here are tried again.
    const left = wanted.filter((id) => !isNew.has(id) && live.get(id) === undefined && store.isOwnedHere(id));
    this.#add([...adopted, ...left]);
    this.#work();
    return wanted.filter((id) => isNew.has(id)).concat(left);
  }

  /** Brings runs back that were adopted for one of them, soon. */
  later(ids: readonly string[]): void {
    this.#add(ids);
    this.#schedule();
  }

  /** @throws WorkflowError NOT_FOUND; CONFLICT when another process drives it; what hinders a stored run from going on */
  continueRun(id: string): void {
    const { live } = this.#options;
    const { status, kind, parent } = live.row(id);
    if (endedStatuses.has(status)) return;
    if (kind === 'round')
      throw new WorkflowError('CONFLICT', `run '${id}' is a round of run '${parent ?? ''}'; continue that one`);
    if (!live.take(id)) throw new WorkflowError('CONFLICT', `run '${id}' is being run by another process`);
  }

  /**
   * A run of ours was left. For a reason that passes (the store could not be read) it is tried again, at longer and longer intervals;
   * a bug, or code that is not there, stays as it is until somebody mends it.
   */
  left(id: string, why: Error): void {
    if (!(why instanceof WorkflowError && why.retryable) || this.#isClosed) return;
    const { clock, logger } = this.#options;
    const tries = this.#triesOf(id);
    const delayMs = Math.min(maxRetryMs, firstRetryMs * 2 ** tries);
    logger.warn('a run that was left is tried again', { run: id, inMs: delayMs });
    clock.schedule(() => {
      this.#tryAgain(id);
    }, delayMs);
  }

  /** How often it was tried again lately. Those that went on since are forgotten; the oldest come first. */
  #triesOf(id: string): number {
    const now = this.#options.clock.now();
    for (const [each, { at }] of this.#left) {
      if (now - at <= calmMs) break;
      this.#left.delete(each);
    }
    const tries = (this.#left.get(id)?.tries ?? -1) + 1;
    this.#left.delete(id);
    this.#left.set(id, { tries, at: now });
    return tries;
  }

  #tryAgain(id: string): void {
    const { live, store, onRecovered } = this.#options;
    if (this.#isClosed || !live.isLeft(id)) return;
    try {
      if (!store.isOwnedHere(id)) return;
    } catch (error) {
      this.left(id, error as Error);
      return;
    }
    if (live.wake(id) !== null) onRecovered();
  }

  /** No more are brought back. */
  close(): void {
    this.#isClosed = true;
    this.#left.clear();
    this.#clear();
  }

  #clear(): void {
    this.#queue = [];
    this.#next = 0;
  }

  #add(ids: readonly string[]): void {
    this.#hasNew ||= ids.length > 0;
    for (const id of ids) this.#queue.push(id);
  }

  #schedule(delayMs = 0): void {
    if (this.#isScheduled || this.pending === 0) return;
    this.#isScheduled = true;
    const work = (): void => {
      this.#isScheduled = false;
      this.#work();
    };
    if (delayMs === 0) this.#options.defer(work);
    else this.#options.clock.schedule(work, delayMs);
  }

  /** One portion. */
  #work(): void {
    const { live, maxRuns, onRecovered } = this.#options;
    let loads = 0;
    for (let looks = 0; looks < maxLooks && loads < maxLoads && this.pending > 0; looks++) {
      if (live.size >= maxRuns) {
        this.#tell('not all interrupted runs are continued now: too many are in memory (option limits.maxRuns)', {
          maxRuns,
        });
        this.#schedule(waitMs);
        return;
      }
      if (this.#bringBack(this.#queue[this.#next++] as string)) loads += 1;
    }
    if (this.pending === 0) this.#clear();
    if (loads > 0 || this.#hasNew) {
      this.#hasNew = false;
      onRecovered();
    }
    this.#schedule();
  }

  /** Whether it was loaded. */
  #bringBack(id: string): boolean {
    const { store, live, below } = this.#options;
    try {
      const row = live.get(id) === undefined && store.isOwnedHere(id) ? store.readRun(id) : null;
      if (row === null || below.cancelOrphan(row)) return false;
      const sleep = store.readSleep(id);
      if (sleep !== null && this.#sleepsOn(id, sleep)) return false;
      // A round that does not sleep is found by the run around it, unless that one does.
      if (sleep === null && row.kind === 'round' && store.readSleep(row.parent ?? '') === null) return false;
    } catch (error) {
      live.failed(id, error as Error);
      return false;
    }
    return live.wake(id) !== null;
  }

  /** Whether nothing has happened that wakes it. */
  #sleepsOn(id: string, sleep: Sleep): boolean {
    const { store, live, clock } = this.#options;
    // Time does not run backwards within a run, whatever the clock does.
    const now = Math.max(sleep.lastAt, clock.now());
    const dueAt = store.readTimers(id)[0]?.dueAt ?? null;
    if (dueAt !== null && dueAt <= now) return false;
    if (sleep.onBelow && this.#hasEndedBelow(id)) return false;
    live.keepAsleep(id, now, dueAt, sleep.onBelow);
    return true;
  }

  /** One that ended when nobody was there to wake the run above. */
  #hasEndedBelow(parent: string): boolean {
    const filter = { parent, kind: ['round', 'child'], status: [...endedStatuses], limit: 1 } as const;
    return this.#options.store.listRuns(filter).length > 0;
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

  /** Once: it is looked for again and again. */
  #tell(message: string, details: Readonly<Record<string, unknown>>): void {
    const key = `${message} ${JSON.stringify(details)}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#options.logger.warn(message, details);
  }
}
