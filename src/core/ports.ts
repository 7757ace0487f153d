/**
 * What the engine touches outside itself, passed in by argument so that tests and simulations can replace all of it. The
 * default ports are the only modules that read the clock, randomness, the environment or timers of the process.
 */
import type { HistoryEvent } from './event.ts';
import type { RunRow, RunStatus, WaitingFor } from './run.ts';

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once, at the earliest after `delayMs` (any length); gives a function that takes it back. */
  schedule(callback: () => void, delayMs: number): () => void;
}

export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A new UUID, version 7: ids that sort by time. */
  uuid(): string;
}

export interface Logger {
  debug(message: string, details?: Readonly<Record<string, unknown>>): void;
  info(message: string, details?: Readonly<Record<string, unknown>>): void;
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
  error(message: string, details?: Readonly<Record<string, unknown>>): void;
}

/** A history row as stored: the event's `data` is its JSON text without `type`. */
export interface StoredEvent {
  readonly seq: number;
  readonly at: number;
  readonly type: HistoryEvent['type'];
  readonly data: string;
}

export interface StoredCheckpoint {
  /** The last event that is contained in the snapshot. */
  readonly seq: number;
  /** JSON text. */
  readonly snapshot: string;
  /** The run was put to sleep at it. Counts as long as no event comes after it. */
  readonly asleep?: Asleep;
}

/**
 * A run that waits for the world is put to sleep: nothing of it is under way, and nothing of it is in memory. Its checkpoint says
 * all that it is, its timers are stored beside it.
 */
export interface Asleep {
  /** It waits for rounds or child runs of its own. */
  readonly onBelow: boolean;
  /** Some step of it takes signals. */
  readonly onSignal: boolean;
}

/** What there is to know of a run that sleeps, without loading it. */
export interface Sleep extends Asleep {
  /** Of its last event, in milliseconds since 1970. */
  readonly lastAt: number;
}

export interface StoredTimer {
  readonly run: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly dueAt: number;
  readonly setBy: number;
}

/** By their seqs, both included. */
export interface EventRange {
  readonly from: number;
  readonly to: number;
}

/** What runs are bound to, by the hash of its text. */
export interface StoredDefinition {
  readonly hash: string;
  readonly canonical: string;
}

/** Everything one run has to write, in order. All commits of a batch are written in one transaction. */
export interface Commit {
  readonly run: string;
  /** The row of a new run. */
  readonly create?: RunRow;
  /** What the run refers to from now on: stored in the same transaction, unless it is there. */
  readonly definitions?: readonly StoredDefinition[];
  /**
   * Gapless (of an `events.removed` up to where it reaches); the first is the run's next free seq, else the whole batch is refused (the
   * fence by seq).
   */
  readonly events: readonly StoredEvent[];
  readonly update?: RunUpdate;
  /** Replaces older checkpoints of the run. */
  readonly checkpoint?: StoredCheckpoint;
  /** All timers of a waiting or unloaded run; replaces those stored. `[]` removes them. */
  readonly timers?: readonly StoredTimer[];
  /** Events of before that nothing refers to any more: one `events.removed` takes the place of each stretch. */
  readonly removed?: readonly EventRange[];
  /** Inbox entries that these events came from: removed in the same transaction, so that each is applied once. */
  readonly consumed?: readonly number[];
}

export type RunUpdate = Partial<
  Pick<RunRow, 'status' | 'waitingFor' | 'endedAt' | 'output' | 'error' | 'hash' | 'version' | 'format'>
> & {
  readonly updatedAt: number;
};

/** Which runs, in which order. What is left out does not restrict; names that are not known are errors. */
export interface RunFilter {
  readonly workflow?: string;
  readonly status?: readonly RunStatus[];
  readonly version?: string;
  readonly tag?: string;
  readonly parent?: string;
  /** What unfinished runs wait for. */
  readonly waitingFor?: readonly WaitingFor[];
  /** @default ['run', 'child'] */
  readonly kind?: readonly RunRow['kind'][];
  /**
   * What the run's input says, by path: `{ customer: 42, 'order.region': 'eu' }`; all must fit. Compared as text (42 finds 42
   * and "42"); of an array one member has to fit. A dot within a key is written `\.`.
   */
  readonly input?: Readonly<Record<string, string | number | boolean | null>>;
  /** Milliseconds since 1970, exclusive, as all times here. */
  readonly createdAfter?: number;
  readonly createdBefore?: number;
  /** The status or what it waits for changed. */
  readonly updatedAfter?: number;
  readonly updatedBefore?: number;
  /** By when runs were created, or last changed. @default 'created' */
  readonly sort?: 'created' | 'updated';
  /** `'desc'`: newest first. @default 'desc' */
  readonly order?: 'asc' | 'desc';
  /** 1 to 1,000. @default 100 */
  readonly limit?: number;
  /**
   * The last run of the page before: its id. With `sort: 'updated'` its id and when it was updated, as the run may have moved
   * since.
   */
  readonly after?: string | { readonly id: string; readonly updatedAt: number };
}

export interface Pruned {
  /** Runs that are gone, with all rounds and children below them. */
  readonly removed: readonly string[];
  readonly kept: readonly { readonly run: string; readonly why: WhyKept }[];
  /** False: there was too much for one call; what is left is named again, and `[]` goes on with what was begun. */
  readonly isDone: boolean;
}

export interface PrunedDefinitions {
  readonly removed: number;
  /** Where the next call goes on; null: all were looked at. */
  readonly next: number | null;
}

/** Why a run is not removed: it, or a child, has not ended; it goes with its parent; another run was forked from it. */
export type WhyKept = 'unfinished' | 'child' | 'forked' | 'unknown';

export type FreeRun = Pick<RunRow, 'id' | 'workflow' | 'version'>;

/** Of an entry of the inbox: an event of the run now, not looked at yet, or refused. */
export type Delivery = 'taken' | 'waiting' | { readonly refused: string };

/** An event for a run that another process owns (or nobody yet). */
export interface InboxEntry {
  readonly id: number;
  readonly run: string;
  /** JSON text of a command. */
  readonly data: string;
  readonly at: number;
}

/**
 * What there is of a cached value: the value (JSON text); `'claimed'`: nothing, and whoever asked has to make it, or give it up;
 * `'busy'`: another living owner makes it.
 */
export type CacheClaim = { readonly value: string } | 'claimed' | 'busy';

/**
 * Persistence. Reads are synchronous (embedded databases read in microseconds, and user code reads `ctx.steps.x.output` as a
 * plain property); `commit` is synchronous too and returns when the batch is as durable as the store was opened for. All
 * throw {@link WorkflowError}: STORE_BUSY and STORE_UNAVAILABLE (full disk, I/O) are worth another try, STORE_INVALID is not.
 *
 * Invariants: S1 a batch is written whole or not at all. S2 history is append-only and gapless per run. S3 what `commit`
 * returned from is read by every later read, also of other processes. S4 only the owner of a run writes to it. S5 a row
 * that was changed behind our back is refused (checksum), never used.
 */
export interface Store {
  commit(batch: readonly Commit[]): void;

  readRun(id: string): RunRow | null;
  /** @throws WorkflowError REQUEST_INVALID; NOT_FOUND: the run in `after` */
  listRuns(filter: RunFilter): readonly RunRow[];
  /** Of the run's epoch from `fromSeq` on, in order; at most `limit` (default: all). */
  readEvents(run: string, fromSeq: number, limit?: number): readonly StoredEvent[];
  readEvent(run: string, seq: number): StoredEvent | null;
  /** 0 when the run has no event. */
  lastSeq(run: string): number;
  readCheckpoint(run: string): StoredCheckpoint | null;
  readTimers(run: string): readonly StoredTimer[];
  /** Null: the run does not sleep, has ended, or does not exist. */
  readSleep(run: string): Sleep | null;

  readDefinition(hash: string): string | null;

  /**
   * Becomes an owner: from now on this store object may commit. A process's ownership ends with the process (a lock that
   * the operating system takes back), never by a clock.
   */
  acquire(): void;
  /**
   * Takes over the unfinished runs of owners that are dead, and those nobody owns; gives their ids, oldest first.
   * With `only`, just those runs and the rounds and children below them (ids that begin with `<id>/`).
   */
  adopt(only?: readonly string[]): readonly string[];
  /** Unfinished runs that no living process owns: what {@link adopt} would take, but for rounds that go with the run around them (it has not ended). */
  freeRuns(): readonly FreeRun[];
  /** Whether another living process owns the run. */
  isOwnedElsewhere(run: string): boolean;
  /** Whether the run is unfinished and ours. */
  isOwnedHere(run: string): boolean;

  /** Leaves an event for the owner of a run; gives the entry's id. Needs no ownership. */
  post(run: string, data: string, at: number): number;
  /** Entries for runs owned here, and for runs that have ended (somebody has to say no), oldest first; without those refused. */
  readInbox(): readonly InboxEntry[];
  removeInbox(ids: readonly number[]): void;
  /** Says no to an entry. Who left it reads why ({@link deliveryOf}) and removes it; the refused that were left before `before` go. */
  refuseInbox(entry: number, why: string, before: number): void;
  /** What became of an entry. */
  deliveryOf(entry: number): Delivery;
  /**
   * Removes top-level runs that have ended, each with all that is below it, and gives the room back to the disk. Bounded: a
   * call takes a few milliseconds. Needs no ownership.
   */
  prune(runs: readonly string[]): Pruned;
  /**
   * Removes definitions that no run refers to, in any epoch of its history; the newest of each workflow stays. Bounded: a call looks
   * at some of them. Needs no ownership.
   * @param after where the call before came to. @default 0: from the first on
   */
  pruneDefinitions(after?: number): PrunedDefinitions;
  /** Reads a cached value that has not expired at `now`, or claims the work on it for this owner. A claim ends with its owner. */
  claimCached(key: string, now: number): CacheClaim;
  /** Keeps a value, in the place of the claim or an earlier value. */
  putCached(key: string, value: string, expiresAt: number): void;
  /** Gives a claim of ours up. */
  releaseCached(key: string): void;
  /** Removes what has expired at `now`, at most `limit` values, and claims of owners that are gone; says how many. */
  pruneCached(now: number, limit: number): number;
  /** A text that is the same for all processes on the store: of those that are given the first one stays. Needs no ownership. */
  setting(name: string, initial: string): string;
  /** A number that changes when another process has written. */
  changeCount(): number;

  /** Releases the ownership; unfinished runs are then free to be adopted. Idempotent. */
  close(): void;
}
