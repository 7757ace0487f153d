/**
 * What must hold of the store after every death, and at the end: the invariants I1 to I9, read from the outside, as another
 * process would. Owns what is looked at continuously: histories, and what was acknowledged. The end is end-checks.ts.
 */
import type { HistoryEvent, Recorded } from '../src/core/event.ts';
import type { RunRow } from '../src/core/run.ts';
import type { Command, Commands } from './commands.ts';
import { checkEnd, checkReplay, type Fail } from './end-checks.ts';
import { courseOf } from './expected.ts';
import type { Receiver } from './receiver.ts';
import { digestOf, eventsOf, hasStore, lookAtStore, type StoreLook } from './store-look.ts';

interface Seen {
  readonly events: number;
  readonly digest: string;
  readonly hasEnded: boolean;
}

/** Runs that have not ended whose replay is held against their checkpoint at each look. */
const replaysPerLook = 3;

export class Checks {
  readonly broken: string[] = [];
  /** Events of all runs, at the last look; and those that say that something went on. */
  eventCount = 0;
  progress = 0;
  readonly #file: string;
  readonly #commands: Commands;
  readonly #receiver: Receiver;
  readonly #seen = new Map<string, Seen>();
  readonly #found = new Set<string>();
  /** How often a call had been made whose effect was settled then. */
  readonly #settled = new Map<string, number>();
  /** Those seen once: what was sent before the result came from elsewhere is counted by the next look. */
  readonly #settling = new Set<string>();
  /** How often the calls of a run that has ended were looked at. */
  readonly #closed = new Map<string, number>();
  #looks = 0;

  constructor(file: string, commands: Commands, receiver: Receiver) {
    this.#file = file;
    this.#commands = commands;
    this.#receiver = receiver;
  }

  /** Top-level runs that have not ended. */
  get open(): readonly string[] {
    return this.#runs(false);
  }

  get ended(): readonly string[] {
    return this.#runs(true);
  }

  /** Whether all runs have ended, those below others too. */
  get isOver(): boolean {
    return [...this.#seen.values()].every(({ hasEnded }) => hasEnded);
  }

  #runs(ended: boolean): readonly string[] {
    return [...this.#seen].flatMap(([id, { hasEnded }]) => (hasEnded !== ended || id.includes('/') ? [] : [id]));
  }

  /** After a death; `isOver`: nothing is under way any more. */
  look(isOver: boolean): void {
    // The first process died before it made the store, and acknowledged nothing.
    if (this.#seen.size === 0 && this.#commands.acked.size === 0 && !hasStore(this.#file)) return;
    this.#looks += 1;
    lookAtStore(this.#file, (found) => {
      for (const row of found.rows) this.#checkRun(found, row);
      this.eventCount = [...found.lengths.values()].reduce((sum, { events }) => sum + events, 0);
      this.progress = found.progress;
      this.#checkCallers(found);
      this.#checkSettled(found);
      this.#checkAcked(found, isOver);
      if (isOver) this.#checkEnd(found);
      else this.#checkSome(found);
    });
    this.broken.push(...this.#receiver.mistakes.splice(0));
  }

  readonly #fail: Fail = (invariant, what) => void this.broken.push(`${invariant}: ${what}`);

  /** I2, I7: the history is the one that was there, and goes on unless the run had ended. */
  #checkRun(found: StoreLook, row: RunRow): void {
    const before = this.#seen.get(row.id);
    const length = found.lengths.get(row.id) ?? { events: 0, seq: 0 };
    if (length.events !== length.seq)
      this.#fail('I2', `the history of ${row.id} has ${length.events} events, the newest is event ${length.seq}`);
    if (before?.hasEnded === true) {
      if (before.events !== length.events || row.endedAt === null)
        this.#fail(
          'I7',
          `${row.id} had ended after ${before.events} events, now it is ${row.status} after ${length.events}`,
        );
      return;
    }
    const events = eventsOf(found.store, row.id);
    if (before !== undefined && digestOf(events.slice(0, before.events)) !== before.digest)
      this.#fail('I2', `the history of ${row.id} is not what it was up to event ${before.events}`);
    if (events.length === 0) this.#fail('I2', `${row.id} has no events`);
    this.#checkOnce(row.id, events);
    this.#seen.set(row.id, { events: events.length, digest: digestOf(events), hasEnded: row.endedAt !== null });
  }

  /** I1, I3: each command is applied once; one result of an attempt, one answer to a task, one firing of a timer. */
  #checkOnce(run: string, events: readonly Recorded[]): void {
    const seen = new Set<string>();
    for (const { seq, event } of events) {
      const by = commandOf(event);
      if (by !== null) this.#found.add(by);
      for (const key of [by === null ? null : `command ${by}`, onceKey(event)]) {
        if (key !== null && seen.has(key)) this.#fail('I3', `event ${seq} of ${run}: ${key} for the second time`);
        if (key !== null) seen.add(key);
      }
    }
  }

  /** I4: nothing is called for by a run that is not stored. */
  #checkCallers({ store }: StoreLook): void {
    for (const key of this.#receiver.calls.keys()) {
      const run = /^(.*):[^:]+:\d+$/.exec(key)?.[1] ?? '';
      if (!this.#seen.has(run) && store.readRun(run) === null)
        this.#fail('I4', `${key} was called for, and there is no such run`);
    }
  }

  /** I4: what has its result, or was accepted by the other side, is not called for again. */
  #checkSettled({ store, rows }: StoreLook): void {
    for (const [key, calls] of this.#settled) {
      const now = this.#receiver.calls.get(key)?.calls ?? 0;
      if (now > calls) this.#fail('I4', `${key} was called for again after its result was recorded`);
    }
    for (const { id, kind, endedAt } of rows) {
      const closed = this.#closed.get(id) ?? 0;
      if (kind !== 'run' || closed > 1) continue;
      if (endedAt !== null) this.#closed.set(id, closed + 1);
      for (const { key, run, effect, visit } of courseOf(id).calls) {
        const received = this.#receiver.calls.get(key);
        if (received === undefined || this.#settled.has(key) || store.readRun(run) === null) continue;
        const results = eventsOf(store, run).filter(({ event }) => isSettled(event, effect, visit));
        const isAccepted = results.some(({ event }) => event.type === 'effect.accepted');
        if (isAccepted || this.#settling.has(key)) this.#settled.set(key, received.calls);
        else if (results.length > 0) this.#settling.add(key);
      }
    }
  }

  /** I1: what was acknowledged is in a history, or waits in the inbox for its run. */
  #checkAcked(found: StoreLook, isOver: boolean): void {
    for (const [id, command] of this.#commands.acked) {
      if (this.#isFound(found, command)) this.#commands.acked.delete(id);
      else if (isOver || !this.#mayWait(found, command))
        this.#fail('I1', `${command.do} of ${command.run} (${id}) was acknowledged, and is lost`);
    }
  }

  #isFound({ store, refused }: StoreLook, { do: what, run, id }: Command): boolean {
    if (what === 'close' || what === 'measure') return true;
    if (what === 'start') return store.readRun(run) !== null;
    // Left for the process that drives the run, which says why it does not take it.
    return this.#found.has(id) || refused.some((data) => data.includes(`"${id}"`));
  }

  #mayWait({ store, inbox }: StoreLook, { run, id }: Command): boolean {
    return store.readRun(run) !== null && inbox.some((data) => data.includes(`"${id}"`));
  }

  /** I5: of some runs that are under way; all are looked at in the end. */
  #checkSome({ loading, rows }: StoreLook): void {
    const open = rows.filter(({ endedAt }) => endedAt === null);
    for (let count = 0; count < Math.min(replaysPerLook, open.length); count += 1) {
      const row = open[(this.#looks * replaysPerLook + count) % open.length] as RunRow;
      checkReplay(loading, row, this.#fail);
    }
  }

  #checkEnd(found: StoreLook): void {
    for (const row of found.rows) checkEnd(found, row, this.#receiver, this.#fail);
    // I9
    if (found.inbox.length > 0) this.#fail('I9', `the inbox is not empty: ${String(found.inbox[0])}`);
  }
}

/** The id of the command that it came by; null: of none. */
function commandOf(event: HistoryEvent): string | null {
  if ('by' in event && event.by !== undefined) return event.by;
  if (event.type !== 'effect.completed') return null;
  const { v } = event.output as { readonly v?: { readonly by?: string } | null };
  return v?.by ?? null;
}

function onceKey(event: HistoryEvent): string | null {
  switch (event.type) {
    case 'effect.completed':
      return `the completion of ${event.effect}, visit ${event.visit}`;
    case 'effect.failed':
    case 'effect.accepted':
      return `${event.type} of ${event.effect}, visit ${event.visit}, attempt ${event.attempt}`;
    case 'timer.fired':
      return `timer ${event.timer} set by ${event.setBy}`;
    case 'task.answered':
      return `the answer to ${event.step}, visit ${event.visit}`;
    case 'run.started':
      return 'its start';
    default:
      return null;
  }
}

function isSettled(event: HistoryEvent, effect: string, visit: number): boolean {
  if (event.type !== 'effect.completed' && event.type !== 'effect.accepted') return false;
  return event.effect === effect && event.visit === visit;
}
