/**
 * What of a run is written: its row, its events, its checkpoints. Owns what the next commit holds, and the row as it is once
 * that commit is told of; when and where it is written is the committer's.
 */
import { statusOf, type ActiveEffect, type ActiveTimer, type RunState } from '../../core/advance.ts';
import type { Recorded, RunRebased } from '../../core/event.ts';
import type { Asleep, Commit, EventRange, RunUpdate, StoredDefinition } from '../../core/ports.ts';
import { endedStatuses, type RunRow, type RunStatus, type WaitingFor } from '../../core/run.ts';
import type { RunContext } from '../../../machines/context.ts';
import { persistState } from '../../../machines/persist.ts';
import { encodeEvent } from './codec.ts';
import type { Removal } from './early-events.ts';
import { isOfRuns } from '../dispatch/limits/asks.ts';
import { attemptOf } from './under-way.ts';

/** Fewer events than this are replayed rather than covered by a checkpoint. */
const minCheckpointEvents = 100;
/** Bytes of a checkpoint that are worth replaying one event. */
const checkpointBytesPerEvent = 200;
/** Early events that are removed at once; a millisecond or two. */
const removedPerCommit = 500;

export interface RecordOptions {
  readonly row: RunRow;
  /** Whether the row is still to be stored: with the first commit. */
  readonly isNew: boolean;
  /** Events after the newest checkpoint. */
  readonly eventsSinceCheckpoint: number;
  /** Whether it was put to sleep at its newest checkpoint: its timers are stored beside it then. @default false */
  readonly wasAsleep?: boolean;
}

/** A commit, and what the run's row is when it has been made. */
export interface RecordedCommit {
  readonly commit: Commit;
  readonly row: RunRow;
}

export class RunRecord {
  #row: RunRow;
  #isNew: boolean;
  #sinceCheckpoint: number;
  #checkpointBytes = 0;
  /** Whether the store holds it as asleep, so that nothing need be written to put it to sleep again. */
  #isAsleep: boolean;
  /** Whether timers may be stored, from when it slept. */
  #hasTimers: boolean;

  /** Early events that are still to be removed, some with each commit. */
  #early: EventRange[] = [];
  /** Up to where they were removed. */
  #removedTo = 0;

  constructor({ row, isNew, eventsSinceCheckpoint, wasAsleep = false }: RecordOptions) {
    this.#row = row;
    this.#isNew = isNew;
    this.#sinceCheckpoint = eventsSinceCheckpoint;
    this.#isAsleep = wasAsleep && eventsSinceCheckpoint === 0;
    this.#hasTimers = wasAsleep;
  }

  /** What the event that led to `state` has to write. Throws before anything is changed when it is not JSON. */
  commitOf(recorded: Recorded, state: RunState): RecordedCommit {
    const run = this.#row.id;
    const events = [encodeEvent(recorded)];
    const removed = this.#nextEarly();
    const status = statusOf(state);
    const waitingFor = waitsFor(state);
    const { event } = recorded;
    const timers = this.#awake();
    if (event.type === 'run.rebased') {
      const now = { status, waitingFor, updatedAt: recorded.at };
      return this.#rebased(event, { run, events, ...removed, ...timers }, now, state);
    }
    const beside = { ...this.#checkpointIfDue(state, status), ...timers, ...removed };
    if (status === this.#row.status && waitingFor === this.#row.waitingFor && !this.#isNew) {
      return { commit: { run, events, ...beside }, row: this.#row };
    }
    const update: RunUpdate = { status, waitingFor, updatedAt: recorded.at, ...ending(state, status, recorded.at) };
    this.#row = { ...this.#row, ...update };
    const isNew = this.#isNew;
    this.#isNew = false;
    const change = isNew ? { create: this.#row } : { update };
    return { commit: { run, ...change, events, ...beside }, row: this.#row };
  }

  /** From now on, some with each commit: what is removed at once takes its time. */
  remove({ ranges, goneTo }: Removal): void {
    this.#early = [...ranges];
    this.#removedTo = goneTo;
  }

  /** What stands for a part of a range is removed with the next part, so that one stays for all of it. */
  #nextEarly(): Pick<Commit, 'removed'> {
    const [range] = this.#early;
    if (range === undefined) return {};
    const { from } = range;
    const to = Math.min(range.to, Math.max(this.#removedTo, from - 1) + removedPerCommit);
    this.#removedTo = Math.max(this.#removedTo, to);
    if (to === range.to) this.#early.shift();
    return { removed: [{ from, to }] };
  }

  /** The state is in the event: it is as good as a checkpoint. */
  #rebased(
    { version, hash, format, snapshot }: RunRebased,
    commit: Commit,
    now: Pick<RunUpdate, 'updatedAt'> & { readonly status: RunStatus; readonly waitingFor: WaitingFor | null },
    state: RunState,
  ): RecordedCommit {
    this.#sinceCheckpoint = 0;
    this.#checkpointBytes = snapshot.length;
    const fresh = { endedAt: null, output: null, error: null };
    const update = { ...now, version, hash, format, ...fresh, ...ending(state, now.status, now.updatedAt) };
    this.#row = { ...this.#row, ...update };
    const change = this.#isNew ? { create: this.#row } : { update };
    this.#isNew = false;
    return { commit: { ...commit, ...change }, row: this.#row };
  }

  /** What puts it to sleep: all that it is. Null when that is stored already. */
  sleepOf(state: RunState): Commit | null {
    if (this.#isAsleep) return null;
    const run = this.#row.id;
    const snapshot = persistState(state);
    const timers = timersAhead(state).map(({ name, dueAt, setBy }) => ({ run, name, dueAt, setBy }));
    const stored = timers.length > 0 || this.#hasTimers ? { timers } : {};
    this.#sinceCheckpoint = 0;
    this.#checkpointBytes = snapshot.length;
    this.#isAsleep = true;
    this.#hasTimers = timers.length > 0;
    return { run, events: [], checkpoint: { seq: state.seq, snapshot, asleep: asleepOf(state) }, ...stored };
  }

  /** From the next event on the stored timers are those of a state that is past. */
  #awake(): Pick<Commit, 'timers'> {
    this.#isAsleep = false;
    if (!this.#hasTimers) return {};
    this.#hasTimers = false;
    return { timers: [] };
  }

  #checkpointIfDue(state: RunState, status: RunStatus): Pick<Commit, 'checkpoint'> {
    this.#sinceCheckpoint += 1;
    const due = Math.max(minCheckpointEvents, this.#checkpointBytes / checkpointBytesPerEvent);
    if (endedStatuses.has(status) || this.#sinceCheckpoint <= due) return {};
    const snapshot = persistState(state);
    this.#sinceCheckpoint = 0;
    this.#checkpointBytes = snapshot.length;
    return { checkpoint: { seq: state.seq, snapshot } };
  }
}

/** With the definition that the run is bound to from this commit on, if it is a new one; rounds are bound as the run around them. */
export function withDefinition(commit: Commit, { hash, canonical }: StoredDefinition): Commit {
  const isBound = commit.create === undefined ? commit.update?.hash !== undefined : commit.create.kind !== 'round';
  return isBound ? { ...commit, definitions: [{ hash, canonical }] } : commit;
}

function ending(state: RunState, status: RunStatus, at: number): Pick<RunUpdate, 'endedAt' | 'output' | 'error'> {
  if (!endedStatuses.has(status)) return {};
  const { context } = state.snapshot as { readonly context: RunContext };
  const { output, error, writes, isBreak } = context;
  if (status !== 'completed') return { endedAt: at, error: error ?? null };
  const stored = output ?? { v: null };
  if (writes.length === 0 && !isBreak) return { endedAt: at, output: stored };
  // What a round wrote to the state is applied by the run around it, also after a crash.
  return { endedAt: at, output: { w: { output: stored, writes, ...(isBreak ? { isBreak } : {}) } } };
}

/**
 * Of a run at rest, those that are still to fire. What fired in a person's pause is held, and set as long as the pause lasts; the
 * time of an attempt that the pause keeps from beginning stands still.
 */
export function timersAhead({ timers, effects, pause }: RunState): readonly ActiveTimer[] {
  if (pause === null) return [...timers.values()];
  const fired = pause.held.flatMap(({ event }) => (event.type === 'timer.fired' ? [event] : []));
  return [...timers.values()].filter((timer) => {
    const attempt = attemptOf(timer, effects);
    if (attempt !== undefined && !isOfRuns(attempt)) return false;
    return !fired.some((event) => event.timer === timer.name && event.setBy === timer.setBy);
  });
}

/** What a run in that state waits for, when it is put to sleep. */
export function asleepOf({ effects, snapshot }: RunState): Asleep {
  const { tags } = snapshot as { readonly tags: ReadonlySet<string> };
  return { onBelow: [...effects.values()].some(isOfRuns), onSignal: tags.has('signal') };
}

function isChild({ src }: ActiveEffect): boolean {
  return src === 'workflow';
}

function waitsFor(state: RunState): WaitingFor | null {
  if (state.snapshot.status !== 'active') return null;
  const { tags } = state.snapshot as { readonly tags: ReadonlySet<string> };
  // What a person has to do comes first: it is what others look for.
  if (tags.has('human')) return 'human';
  if (state.effects.size > 0) return [...state.effects.values()].every(isChild) ? 'child' : 'effect';
  if (tags.has('signal')) return 'signal';
  return state.timers.size > 0 ? 'timer' : null;
}
