/**
 * What makes a commit acceptable, and the errors of those that are not: the same for every store. Owns no data; a store
 * asks with what it has.
 */
import { InvariantError, WorkflowError } from '../core/errors.ts';
import type { Commit, StoredTimer } from '../core/ports.ts';
import { endedStatuses, type RunStatus } from '../core/run.ts';
import { nextSeq } from './removed.ts';

export function isEnded(status: RunStatus): boolean {
  return endedStatuses.has(status);
}

/**
 * That a commit is consistent in itself.
 * @throws InvariantError it was put together wrongly: a bug of the caller.
 */
export function checkCommit(commit: Commit): void {
  const { events, run } = commit;
  let next = events[0]?.seq;
  for (const event of events) {
    if (event.seq !== next) throw new InvariantError(`The events of a commit to run '${run}' have a gap`);
    next = nextSeq(event);
  }
  for (const { from, to } of commit.removed ?? [])
    if (!(from > 1 && to > from)) throw new InvariantError(`A commit to run '${run}' removes events ${from} to ${to}`);
  if (commit.create !== undefined && commit.create.id !== run) {
    throw new InvariantError(`A commit to run '${run}' creates run '${commit.create.id}'`);
  }
  if (commit.timers !== undefined) checkTimers(run, commit.timers);
}

function checkTimers(run: string, timers: readonly StoredTimer[]): void {
  const names = new Set<string>();
  for (const timer of timers) {
    if (timer.run !== run) throw new InvariantError(`A commit to run '${run}' sets a timer of run '${timer.run}'`);
    if (names.has(timer.name))
      throw new InvariantError(`A commit to run '${run}' sets the timer '${timer.name}' twice`);
    names.add(timer.name);
  }
}

/**
 * That a commit goes on where the run's history ends (`next` is its next free seq); gives the next free seq after it.
 * @throws WorkflowError CONFLICT: somebody else wrote to the run, or the caller skipped events.
 */
export function checkNextSeq(commit: Commit, next: number): number {
  const first = commit.events[0]?.seq ?? next;
  if (first !== next) throw seqConflict(commit.run, first, next);
  const last = commit.events.at(-1);
  const after = last === undefined ? next : nextSeq(last);
  const checkpoint = commit.checkpoint?.seq;
  if (checkpoint !== undefined && (checkpoint < 1 || checkpoint >= after)) {
    throw new InvariantError(`A checkpoint of run '${commit.run}' claims event ${checkpoint} of ${after - 1}`);
  }
  return after;
}

/** `next` null: not known any more. */
export function seqConflict(run: string, seq: number, next: number | null): WorkflowError {
  const expected = next === null ? 'another event has taken its place' : `the next one is event ${next}`;
  return new WorkflowError('CONFLICT', `Event ${seq} of run '${run}' was refused: ${expected}; nothing was written`, {
    details: { run, seq, ...(next === null ? {} : { next }) },
  });
}

export function runExists(run: string): WorkflowError {
  return new WorkflowError('CONFLICT', `A run '${run}' exists already`, { details: { run } });
}

/** It is being removed; its id is free in a moment. */
export function runLeaving(run: string): WorkflowError {
  return new WorkflowError('CONFLICT', `Run '${run}' is being removed by retention; its id is free again in a moment`, {
    details: { run },
  });
}

export function runMissing(run: string): WorkflowError {
  return new WorkflowError('NOT_FOUND', `There is no run '${run}'`, { details: { run } });
}

export function ownedElsewhere(run: string): WorkflowError {
  return new WorkflowError('CONFLICT', `Run '${run}' belongs to another process; nothing was written`, {
    details: { run },
  });
}

export function ownershipLost(): WorkflowError {
  return new WorkflowError(
    'CONFLICT',
    'This process was taken for dead and its runs were adopted by another; nothing was written',
  );
}

export function notAcquired(): InvariantError {
  return new InvariantError('The store was used as an owner before acquire()');
}

export function storeClosed(): WorkflowError {
  return new WorkflowError('STORE_UNAVAILABLE', 'The store was closed', { retryable: false });
}
