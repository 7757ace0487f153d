/** What must hold of a run when all is over: how it ended, by which calls, what was undone, and that its history says so. */
import { isDeepStrictEqual } from 'node:util';
import { statusOf, type RunState } from '../src/core/advance.ts';
import type { Recorded } from '../src/core/event.ts';
import { compensationOf, endedStatuses, type RunRow } from '../src/core/run.ts';
import { loadRun, replayRun, type Loading } from '../src/engine/runs/load.ts';
import { Values } from '../src/engine/dispatch/values.ts';
import { persistState } from '../machines/persist.ts';
import { courseOf, type Course, type Effect } from './expected.ts';
import type { Receiver } from './receiver.ts';
import { eventsOf, type StoreLook } from './store-look.ts';

/** Told of what is broken. */
export type Fail = (invariant: string, what: string) => void;

/** I5, I7, I8: replay gives what is stored; nothing leads out of an end; no timer is early, and time does not run backwards. */
export function checkReplay(loading: Loading, row: RunRow, fail: Fail): void {
  let state: RunState | null = null;
  let lastAt = 0;
  try {
    for (const { recorded, advanced } of replayRun(loading, row.id)) {
      checkEvent(row.id, recorded, state, fail);
      if (recorded.at < lastAt) fail('I8', `event ${recorded.seq} of ${row.id}: time runs backwards`);
      lastAt = recorded.at;
      state = advanced.state;
    }
    checkStored(loading, row.id, state, fail);
  } catch (error) {
    fail('I5', `the history of ${row.id} does not replay: ${String(error)}`);
  }
}

/** I5. What a living process has added since is not compared. */
function checkStored({ store, catalog }: Loading, run: string, replayed: RunState | null, fail: Fail): void {
  const { row, state } = loadRun({ store, catalog }, run);
  const hasMoved = store.readEvents(run, (replayed?.seq ?? 0) + 1, 1).length > 0;
  if (hasMoved) return;
  if (replayed === null || persistState(replayed) !== persistState(state))
    fail('I5', `replay of ${run} gives another state than its checkpoint and the events after it`);
  else if (statusOf(replayed) !== row.status)
    fail('I5', `${run} is ${row.status}, and by its history ${statusOf(replayed)}`);
}

/** @param state before it; null: there was none */
function checkEvent(run: string, { seq, at, event }: Recorded, state: RunState | null, fail: Fail): void {
  if (state === null) return;
  if (endedStatuses.has(statusOf(state)) && event.type !== 'run.rebased')
    fail('I7', `event ${seq} of ${run} (${event.type}) comes after its end`);
  if (event.type !== 'timer.fired') return;
  const timer = state.timers.get(event.timer);
  if (timer?.setBy !== event.setBy) fail('I3', `event ${seq} of ${run}: timer ${event.timer} fired, which was not set`);
  else if (at < timer.dueAt)
    fail('I8', `event ${seq} of ${run}: timer ${event.timer} fired ${timer.dueAt - at} ms early`);
}

export function checkEnd(found: StoreLook, row: RunRow, receiver: Receiver, fail: Fail): void {
  checkReplay(found.loading, row, fail);
  if (row.endedAt === null) fail('I6', `${row.id} has not ended (${row.status}, waits for ${String(row.waitingFor)})`);
  else if (row.kind === 'run') new EndedRun(found, row, receiver, fail).check();
}

class EndedRun {
  readonly #found: StoreLook;
  readonly #row: RunRow;
  readonly #receiver: Receiver;
  readonly #fail: Fail;
  readonly #course: Course;
  readonly #cancels: number;

  constructor(found: StoreLook, row: RunRow, receiver: Receiver, fail: Fail) {
    this.#found = found;
    this.#row = row;
    this.#receiver = receiver;
    this.#fail = fail;
    this.#course = courseOf(row.id);
    this.#cancels = eventsOf(found.store, row.id).filter(({ event }) => event.type === 'run.cancelled').length;
  }

  check(): void {
    const { id, status, error } = this.#row;
    const { calls, undoes, onFailure, status: expected } = this.#course;
    this.#checkKeys([...calls.map(({ key }) => key), ...undoes, ...onFailure]);
    if (status !== expected && !(status === 'cancelled' && this.#cancels > 0)) {
      this.#fail('I6', `${id} ended as ${status}, not as ${expected}: ${error?.message ?? ''}`);
      return;
    }
    if (status === 'completed') this.#checkCompleted();
    else if (this.#cancels === 0) this.#checkFailed();
    else if (this.#cancels === 1) this.#checkCancelled();
  }

  /** I4: no call under a key of its own. */
  #checkKeys(expected: readonly string[]): void {
    const { id } = this.#row;
    for (const key of this.#receiver.calls.keys()) {
      const isOurs = key.startsWith(`${id}:`) || key.startsWith(`${id}/`);
      if (isOurs && !expected.includes(key)) this.#fail('I4', `a call of ${id} under a key of its own: ${key}`);
    }
  }

  #checkCompleted(): void {
    const { id } = this.#row;
    const { calls, undoes, outputLike } = this.#course;
    this.#checkAnswered(calls.map(({ key }) => key));
    for (const key of undoes)
      if (this.#receiver.calls.has(key)) this.#fail('I4', `${id} completed, and yet ${key} was called`);
    const output = new Values(this.#found.store).loadRunOutput(id);
    if (!isDeepStrictEqual(output, outputLike(output))) this.#fail('I3', `${id} gave ${JSON.stringify(output)}`);
  }

  /** Everything was done, then undone, each thing once by the receiver's count, in order. */
  #checkFailed(): void {
    const { id, error } = this.#row;
    const { calls, undoOrder, onFailure } = this.#course;
    if (compensationOf(error) !== 'complete') this.#fail('I6', `${id} is not undone: ${JSON.stringify(error)}`);
    this.#checkAnswered([...calls.map(({ key }) => key), ...undoOrder.flat(), ...onFailure]);
    const places = undoOrder.map((keys) => keys.map((key) => this.#receiver.calls.get(key)?.place ?? 0));
    for (const [index, group] of places.entries()) {
      const before = places[index - 1] ?? [];
      if (Math.min(...group) < Math.max(...before))
        this.#fail('I3', `${id} was not undone in order: ${JSON.stringify(undoOrder[index])} before what came later`);
    }
  }

  /** What was done is undone, unless the failure came first and the cancel cut its undoing short. */
  #checkCancelled(): void {
    const { id, error, status } = this.#row;
    const outcome = compensationOf(error);
    if (status === 'cancelled' && outcome === 'incomplete' && this.#course.status === 'completed')
      this.#fail('I6', `${id} is not undone: ${JSON.stringify(error)}`);
    if (outcome === 'incomplete') return;
    this.#checkAnswered(this.#course.undoable.filter((done) => this.#isDone(done)).map(({ undo }) => undo));
  }

  #isDone({ run, effect, visit }: Effect): boolean {
    const { store } = this.#found;
    if (store.readRun(run) === null) return false;
    return eventsOf(store, run).some(
      ({ event }) => event.type === 'effect.completed' && event.effect === effect && event.visit === visit,
    );
  }

  /** I4: the effect was carried out. */
  #checkAnswered(keys: readonly string[]): void {
    for (const key of keys) {
      if ((this.#receiver.calls.get(key)?.answers ?? 0) === 0)
        this.#fail('I4', `${this.#row.id} is ${this.#row.status} without the call ${key}`);
    }
  }
}
