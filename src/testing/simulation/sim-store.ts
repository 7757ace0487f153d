/**
 * The store of one simulated process: in memory, shared with the others; it may be full, and the process may die before or after
 * anything is written. Tells the journal of what was written. Owns faults of writing only.
 */
import { WorkflowError } from '../../core/errors.ts';
import type { CacheClaim, Commit } from '../../core/ports.ts';
import { type MemoryDatabase, MemoryStore } from '../../store/memory.ts';
import type { Journal } from './journal.ts';
import type { Timeline } from './timeline.ts';

export interface Fate {
  readonly name: string;
  readonly isAlive: boolean;
  /** Says where the process is; it may die there. True: it just did. */
  mayDie(where: string): boolean;
  /** Whether the disk is full now. */
  readonly isFull: boolean;
  /** Whether this write to the cache of steps fails. */
  readonly failsToCache: boolean;
}

export interface SimStoreOptions {
  readonly database: MemoryDatabase;
  readonly fate: Fate;
  readonly journal: Journal;
  readonly timeline: Timeline;
  readonly say: (line: string) => void;
}

export class SimStore extends MemoryStore {
  readonly #database: MemoryDatabase;
  readonly #fate: Fate;
  readonly #journal: Journal;
  readonly #timeline: Timeline;
  readonly #say: (line: string) => void;

  constructor({ database, fate, journal, timeline, say }: SimStoreOptions) {
    super(database);
    this.#database = database;
    this.#fate = fate;
    this.#journal = journal;
    this.#timeline = timeline;
    this.#say = say;
  }

  override commit(batch: readonly Commit[]): void {
    this.#write('commit', () => {
      const others = batch.filter(({ run, create }) => create === undefined && this.isOwnedElsewhere(run));
      super.commit(batch);
      this.#journal.committed(batch);
      for (const { run } of batch) this.#timeline.owns(run, this.#fate);
      for (const { run } of others)
        this.#journal.violate('I11', `run '${run}' was written to by a process that does not own it`);
      this.#say(`${this.#fate.name} wrote ${batch.map(textOf).join(' ')}`);
    });
  }

  override adopt(only?: readonly string[]): readonly string[] {
    let adopted: readonly string[] = [];
    this.#write('adopt', () => {
      const others = [...this.#database.runs.keys()].filter((run) => this.isOwnedElsewhere(run));
      adopted = super.adopt(only);
      for (const run of others)
        if (this.isOwnedHere(run)) this.#journal.violate('I11', `run '${run}' was taken from a process that lives`);
      for (const run of adopted) this.#timeline.owns(run, this.#fate);
      if (adopted.length > 0) this.#say(`${this.#fate.name} adopted ${adopted.join(' ')}`);
    });
    return adopted;
  }

  override post(run: string, data: string, at: number): number {
    let id = 0;
    this.#write('post', () => {
      id = super.post(run, data, at);
      const left = JSON.parse(data) as { readonly by?: string; readonly command?: { readonly by?: string } };
      const by = left.by ?? left.command?.by;
      const command = this.#journal.commands.find((each) => each.by === by);
      if (command !== undefined) command.left = { entry: id, data };
    });
    return id;
  }

  override claimCached(key: string, now: number): CacheClaim {
    let claim: CacheClaim = 'busy';
    this.#cache(() => {
      claim = super.claimCached(key, now);
    });
    return claim;
  }

  override putCached(key: string, value: string, expiresAt: number): void {
    this.#cache(() => {
      super.putCached(key, value, expiresAt);
      this.#journal.cached.set(key, expiresAt);
    });
  }

  override releaseCached(key: string): void {
    this.#cache(() => {
      super.releaseCached(key);
    });
  }

  override pruneCached(now: number, limit: number): number {
    let pruned = 0;
    this.#cache(() => {
      pruned = super.pruneCached(now, limit);
    });
    return pruned;
  }

  override removeInbox(ids: readonly number[]): void {
    this.#write('inbox', () => {
      this.#drop(ids);
      super.removeInbox(ids);
    });
  }

  override refuseInbox(entry: number, why: string, before: number): void {
    this.#write('inbox', () => {
      this.#drop([entry]);
      super.refuseInbox(entry, why, before);
    });
  }

  #drop(ids: readonly number[]): void {
    for (const id of ids) {
      const run = this.#database.inbox.get(id)?.run;
      if (run !== undefined) this.#journal.dropped.set(id, this.#journal.lengthOf(run));
    }
  }

  #cache(write: () => void): void {
    this.#write('cache', () => {
      if (this.#fate.failsToCache) throw new WorkflowError('STORE_UNAVAILABLE', 'an I/O error');
      write();
    });
  }

  /** A process that dies while it writes never hears of it. */
  #write(what: string, write: () => void): void {
    if (this.#fate.mayDie(`before ${what}`)) throw died();
    if (this.#fate.isFull) throw new WorkflowError('STORE_UNAVAILABLE', 'the disk is full');
    write();
    if (this.#fate.mayDie(`after ${what}`)) throw died();
  }
}

function died(): WorkflowError {
  return new WorkflowError('STORE_UNAVAILABLE', 'the process died', { retryable: false });
}

function textOf({ run, events, checkpoint, timers }: Commit): string {
  const more = `${checkpoint === undefined ? '' : '+checkpoint'}${timers === undefined ? '' : '+timers'}`;
  return `${run}#${events.map(({ seq, type }) => `${seq}:${type}`).join(',')}${more}`;
}
