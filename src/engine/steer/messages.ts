/**
 * What is said to runs: by people and programs here, by other processes through the inbox, by `emit` steps to all who listen.
 *
 * Invariants:
 *  M1. What was acknowledged is applied once: an entry of the inbox is removed by the commit that applies it, and not applied
 *      again while that commit is in line.
 *  M2. What is left for a run that nobody drives now waits for it.
 */
import { WorkflowError } from '../../core/errors.ts';
import type { HistoryEvent } from '../../core/event.ts';
import type { Clock, Delivery, InboxEntry, Logger, Store } from '../../core/ports.ts';
import { endedStatuses, type RunRow } from '../../core/run.ts';
import { signalCommand } from './commands.ts';
import type { Control } from './control.ts';
import type { ControlCommand } from './control-commands.ts';
import type { RunDriver } from '../drive/driver.ts';
import { decodeCommand, encodeCommand, type Command } from './inbox-command.ts';
import type { LiveRuns } from '../runs/live-runs.ts';
import { refused } from '../runs/refused.ts';

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
/** How often, and for how long, it is asked what became of an entry. */
const askMs = 20;
const patienceMs = 5_000;

/**
 * Where a command arrived. `'here'`: it is committed, and this engine drives the run. `'elsewhere'`: it is committed by the process
 * that drives the run. `'waiting'`: it is stored for that process, which has not looked at it for 5 seconds, and will when it does.
 */
export type Delivered = 'here' | 'elsewhere' | 'waiting';

export class Messages {
  readonly #options: MessagesOptions;
  /** Entries of the inbox whose commit is in line. */
  readonly #applied = new Set<number>();
  #changeCount = -1;
  #isClosed = false;
  /** Ends the waits for what others make of what was left for them. */
  readonly #waiting = new Set<() => void>();

  constructor(options: MessagesOptions) {
    this.#options = options;
  }

  /** @throws WorkflowError CONFLICT when the run does not take it, here or where it is driven */
  async tell(id: string, event: HistoryEvent): Promise<Delivered> {
    const { live } = this.#options;
    const told = live.tell(id, (driver) => live.post(driver, event));
    if (told === null) return this.#deliver(id, event);
    await told;
    return 'here';
  }

  /** As {@link tell}. @throws as `Control.tell` */
  async control(id: string, command: ControlCommand): Promise<Delivered> {
    const where = await this.#options.control.tell(id, command);
    return where === 'done' ? 'here' : this.#deliver(id, { type: 'control', command });
  }

  /** Leaves it for the process that drives the run, and waits for what that makes of it. */
  async #deliver(id: string, command: Command): Promise<Delivered> {
    const { clock } = this.#options;
    const entry = this.#leave(id, command);
    const until = clock.now() + patienceMs;
    for (;;) {
      const fate = this.#fateOf(entry);
      if (fate === 'taken') return 'elsewhere';
      if (fate !== 'waiting') {
        this.#options.store.removeInbox([entry]);
        const { type } = command.type === 'control' ? { type: command.command.kind } : command;
        throw refused(id, type, fate.refused);
      }
      if (this.#isClosed || clock.now() >= until) return 'waiting';
      await this.#while(askMs);
    }
  }

  /** So long, or until it is closed. */
  #while(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#waiting.delete(end);
        resolve();
      };
      const cancel = this.#options.clock.schedule(end, ms);
      this.#waiting.add(end);
    });
  }

  /** A store that cannot be read now is asked again. */
  #fateOf(entry: number): Delivery {
    try {
      return this.#isClosed ? 'waiting' : this.#options.store.deliveryOf(entry);
    } catch (error) {
      if (error instanceof WorkflowError && error.retryable) return 'waiting';
      throw error;
    }
  }

  /** Nobody is waited for any more. */
  close(): void {
    this.#isClosed = true;
    for (const end of [...this.#waiting]) end();
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

  /** Gives the entry of the inbox. */
  #leave(id: string, event: Command): number {
    const { store, clock } = this.#options;
    return store.post(id, encodeCommand(event), clock.now());
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
    const isEnded = endedStatuses.has(row.status);
    if (event === null) this.#refuse(id, run, 'it is no command');
    else if (isEnded && event.type !== 'control') this.#refuse(id, run, `run '${run}' is ${row.status} already`);
    else void this.#apply(run, event, id, isEnded);
    return true;
  }

  async #apply(run: string, command: Command, id: number, isEnded: boolean): Promise<void> {
    this.#applied.add(id);
    try {
      const why =
        isEnded && command.type === 'control'
          ? await this.#options.control.applyToEnded(run, command.command, [id])
          : await this.#options.live.tell(run, (driver) => this.#post(driver, command, id));
      if (why !== null) this.#refuse(id, run, why);
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
