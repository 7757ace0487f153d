/**
 * What is said to runs: by people and programs here, by other processes through the inbox, by `emit` steps to all who listen.
 *
 * Invariants:
 *  M1. What was acknowledged is applied once: an entry of the inbox is removed by the commit that applies it, and not applied
 *      again while that commit is in line.
 *  M2. What is left for a run that nobody drives now waits for it.
 */
import { WorkflowError } from '../core/errors.ts';
import type { HistoryEvent } from '../core/event.ts';
import type { Clock, InboxEntry, Logger, Store } from '../core/ports.ts';
import { endedStatuses, type RunRow } from '../core/run.ts';
import { signalCommand } from './commands.ts';
import type { Control } from './control.ts';
import type { ControlCommand } from './control-commands.ts';
import type { RunDriver } from './driver.ts';
import { decodeCommand, encodeCommand, type Command } from './inbox-command.ts';
import type { LiveRuns } from './live-runs.ts';

export interface MessagesOptions {
  readonly store: Store;
  readonly live: LiveRuns;
  readonly control: Control;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of a payload, in characters of JSON. */
  readonly maxBytes: number;
}

const pageSize = 500;
/** How long who left an entry can read that it was refused. */
const refusedForMs = 3_600_000;

export class Messages {
  readonly #options: MessagesOptions;
  /** Entries of the inbox whose commit is in line. */
  readonly #applied = new Set<number>();
  #changeCount = -1;

  constructor(options: MessagesOptions) {
    this.#options = options;
  }

  /** Resolves when it is committed, or left for the process that drives the run. @throws WorkflowError CONFLICT */
  async tell(id: string, event: HistoryEvent): Promise<void> {
    const { live } = this.#options;
    const told = live.tell(id, (driver) => live.post(driver, event));
    if (told === null) this.#leave(id, event);
    else await told;
  }

  /** As {@link tell}. @throws as `Control.tell` */
  async control(id: string, command: ControlCommand): Promise<void> {
    const where = await this.#options.control.tell(id, command);
    if (where === 'elsewhere') this.#leave(id, { type: 'control', command });
  }

  /** Runs became ours: what was left for them before is there now. */
  adopted(): void {
    this.#changeCount = -1;
  }

  /** To all runs that wait for a signal of that name now. */
  async publish(name: string, payload: unknown): Promise<void> {
    const { live, maxBytes } = this.#options;
    const event: HistoryEvent = { ...signalCommand(name, payload, undefined, maxBytes), isBroadcast: true };
    const posted: Promise<unknown>[] = [];
    for (const row of this.#listeners()) {
      if (live.get(row.id) === undefined && row.waitingFor !== 'signal' && !this.#listensAsleep(row.id)) continue;
      const told = live.tell(row.id, (driver) => live.post(driver, event));
      if (told === null) this.#leave(row.id, event);
      // A run that is left, or does not wait for it, is no failure of the one that publishes.
      else posted.push(told.catch(() => undefined));
    }
    await Promise.all(posted);
  }

  #listensAsleep(run: string): boolean {
    return this.#options.store.readSleep(run)?.onSignal === true;
  }

  /** Unfinished runs; what of them waits for a signal only their machines know. */
  *#listeners(): Generator<RunRow> {
    const { store } = this.#options;
    const filter = { kind: ['run', 'child', 'round'], status: ['running', 'paused'], limit: pageSize } as const;
    let page = store.listRuns(filter);
    for (;;) {
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < pageSize) return;
      page = store.listRuns({ ...filter, after: last.id });
    }
  }

  #leave(id: string, event: Command): void {
    const { store, clock } = this.#options;
    store.post(id, encodeCommand(event), clock.now());
  }

  /** What other processes left for our runs. Cheap when nobody wrote, unless there are `newRuns` of ours. */
  look(newRuns = false): void {
    const { store } = this.#options;
    const count = store.changeCount();
    if (count === this.#changeCount && !newRuns) return;
    // Kept only when all is done: what fails or waits is looked at again.
    this.#changeCount = -1;
    const isDone = store.readInbox().map((entry) => this.#take(entry));
    if (isDone.every(Boolean)) this.#changeCount = count;
  }

  /** False: it waits. */
  #take({ id, run, data }: InboxEntry): boolean {
    if (this.#applied.has(id) || this.#options.live.isLeft(run)) return false;
    const row = this.#options.live.row(run);
    const event = decodeCommand(data);
    if (endedStatuses.has(row.status)) this.#refuse(id, run, `run '${run}' is ${row.status} already`);
    else if (event === null) this.#refuse(id, run, 'it is no command');
    else void this.#apply(run, event, id);
    return true;
  }

  async #apply(run: string, command: Command, id: number): Promise<void> {
    this.#applied.add(id);
    try {
      const refused = await this.#options.live.tell(run, (driver) => this.#post(driver, command, id));
      if (refused !== null) this.#refuse(id, run, refused);
    } catch (error) {
      this.#waits(run, error);
    } finally {
      this.#applied.delete(id);
    }
  }

  /** Why it was refused; null: it is committed. */
  async #post(driver: RunDriver, command: Command, id: number): Promise<string | null> {
    if (command.type === 'control') return this.#options.control.apply(driver, command.command, [id]);
    const applied = await driver.post(command, [id]);
    return 'refused' in applied ? applied.refused : null;
  }

  /** The run is left, or the entry could not be removed: it is looked at again. */
  #waits(run: string, error: unknown): void {
    this.#changeCount = -1;
    const why = error instanceof WorkflowError ? error.message : String(error);
    this.#options.logger.warn('what another process left for a run waits', { run, why });
  }

  /** Who left it reads why. */
  #refuse(id: number, run: string, why: string): void {
    const { logger, store, clock } = this.#options;
    logger.warn('a run did not take what another process left for it', { run, why });
    store.refuseInbox(id, why, clock.now() - refusedForMs);
  }
}
