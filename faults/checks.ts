/**
 * What must hold of the store after every death, and at the end: the invariants of the fault cases (I1 to I9), read from the
 * outside, as another process would.
 */
import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import type { StoredEvent } from '../src/core/ports.ts';
import type { RunRow } from '../src/core/run.ts';
import { createAgentRegistry } from '../src/agents/registry.ts';
import { Catalog } from '../src/engine/catalog.ts';
import { loadRun, replayRun } from '../src/engine/load.ts';
import { Values } from '../src/engine/values.ts';
import { openSqliteStore } from '../src/store/sqlite/open.ts';
import type { SqliteStore } from '../src/store/sqlite/store.ts';
import { persistState } from '../machines/persist.ts';
import type { Command, Commands } from './commands.ts';
import { answerTo, type Receiver } from './receiver.ts';
import { items, waitMs } from './workflow.ts';

interface Seen {
  readonly events: number;
  readonly digest: string;
  readonly hasEnded: boolean;
}

const pageSize = 500;

export class Checks {
  readonly broken: string[] = [];
  readonly #file: string;
  readonly #commands: Commands;
  readonly #receiver: Receiver;
  readonly #seen = new Map<string, Seen>();
  readonly #found = new Set<string>();

  constructor(file: string, commands: Commands, receiver: Receiver) {
    this.#file = file;
    this.#commands = commands;
    this.#receiver = receiver;
  }

  /** Top-level runs that have not ended. */
  get open(): readonly string[] {
    return [...this.#seen].flatMap(([id, { hasEnded }]) => (hasEnded || id.includes('/') ? [] : [id]));
  }

  /** After a death; `isOver`: nothing is under way any more. */
  look(isOver: boolean): void {
    const store = openSqliteStore(this.#file, { readOnly: true, check: 'full' });
    try {
      for (const row of allRows(store)) {
        if (this.#seen.get(row.id)?.hasEnded !== true) this.#checkRun(store, row);
        if (isOver) this.#checkEnd(store, row);
      }
      this.#checkAcked(store, isOver);
      if (isOver && inboxOf(this.#file).length > 0) this.#fail('I9', 'the inbox is not empty');
    } finally {
      store.close();
    }
    this.broken.push(...this.#receiver.mistakes.splice(0));
  }

  #fail(invariant: string, what: string): void {
    this.broken.push(`${invariant}: ${what}`);
  }

  /** I2, I3, I7, I8: the history is the one that was there, and goes on; reading it finds gaps and damage. */
  #checkRun(store: SqliteStore, row: RunRow): void {
    const events = store.readEvents(row.id, 1);
    const before = this.#seen.get(row.id);
    if (before !== undefined && digestOf(events.slice(0, before.events)) !== before.digest)
      this.#fail('I2', `the history of ${row.id} is not what it was up to event ${before.events}`);
    if (events.length === 0) this.#fail('I2', `${row.id} has no events`);
    const completed = new Set<string>();
    const told = new Set<string>();
    for (const { type, data, at, seq } of events) {
      const body = JSON.parse(data) as Readonly<Record<string, unknown>>;
      if (typeof body['by'] === 'string') {
        if (told.has(body['by'])) this.#fail('I1', `${body['by']} was applied twice to ${row.id}`);
        told.add(body['by']);
        this.#found.add(body['by']);
      }
      if (type === 'effect.completed') {
        const what = `${String(body['effect'])}:${String(body['visit'])}`;
        if (completed.has(what)) this.#fail('I3', `${what} of ${row.id} was completed twice`);
        completed.add(what);
      }
      if (type === 'timer.fired' && body['timer'] === 'wait:pause') {
        const setAt = events[Number(body['setBy']) - 1]?.at ?? 0;
        if (at - setAt < waitMs)
          this.#fail('I8', `timer of event ${seq} of ${row.id} fired ${waitMs - (at - setAt)} ms early`);
      }
    }
    this.#seen.set(row.id, { events: events.length, digest: digestOf(events), hasEnded: row.endedAt !== null });
  }

  /** I1: what was acknowledged is in a history, or waits in the inbox for its run. */
  #checkAcked(store: SqliteStore, isOver: boolean): void {
    for (const [id, command] of this.#commands.acked) {
      if (this.#isFound(store, command)) this.#commands.acked.delete(id);
      else if (isOver || !this.#mayWait(store, command))
        this.#fail('I1', `${command.do} of ${command.run} (${id}) was acknowledged, and is lost`);
    }
  }

  #isFound(store: SqliteStore, { do: what, run, id }: Command): boolean {
    if (what === 'close') return true;
    return what === 'start' ? store.readRun(run) !== null : this.#found.has(id);
  }

  #mayWait(store: SqliteStore, { run, id }: Command): boolean {
    return store.readRun(run)?.endedAt === null && inboxOf(this.#file).some((data) => data.includes(`"${id}"`));
  }

  /** I4, I5, I6, I9: every run has ended as it should, by the calls it should have made; replay gives what is stored. */
  #checkEnd(store: SqliteStore, row: RunRow): void {
    const loading = { store, catalog: new Catalog([], createAgentRegistry(), store) };
    const loaded = loadRun(loading, row.id);
    const replayed = [...replayRun(loading, row.id)].at(-1)?.advanced.state;
    if (replayed === undefined || persistState(replayed) !== persistState(loaded.state))
      this.#fail('I5', `replay of ${row.id} gives another state than its checkpoint and the events after it`);
    if (row.endedAt === null)
      this.#fail('I6', `${row.id} has not ended (${row.status}, waits for ${String(row.waitingFor)})`);
    if (row.kind !== 'run') return;
    if (row.status === 'failed') this.#fail('I6', `${row.id} failed: ${row.error?.message ?? ''}`);
    const keys = keysOf(row.id);
    const expected = allOf(keys);
    for (const key of this.#receiver.calls.keys()) {
      if (key.startsWith(`${row.id}:`) || key.startsWith(`${row.id}/`)) {
        if (!expected.includes(key)) this.#fail('I4', `a call of ${row.id} under a key of its own: ${key}`);
      }
    }
    if (row.status !== 'completed') return;
    for (const key of expected)
      if ((this.#receiver.calls.get(key)?.answers ?? 0) === 0)
        this.#fail('I4', `${row.id} completed without the call ${key}`);
    const output = new Values(store).loadRunOutput(row.id);
    if (!isDeepStrictEqual(output, expectedOutput(keys))) this.#fail('I3', `${row.id} gave ${JSON.stringify(output)}`);
  }
}

interface Keys {
  readonly first: string;
  readonly left: string;
  readonly right: string;
  readonly rounds: readonly string[];
  readonly sub: string;
  readonly last: string;
}

function keysOf(run: string): Keys {
  return {
    first: `${run}:first:1`,
    left: `${run}:left:1`,
    right: `${run}:right:1`,
    rounds: items.map((_, index) => `${run}/rounds:1/${index}:each:1`),
    sub: `${run}/sub:1:inner:1`,
    last: `${run}:last:1`,
  };
}

function allOf({ first, left, right, rounds, sub, last }: Keys): readonly string[] {
  return [first, left, right, ...rounds, sub, last];
}

function expectedOutput({ first, left, right, rounds, sub, last }: Keys): unknown {
  return {
    first: answerTo(first),
    both: { left: answerTo(left), right: answerTo(right) },
    rounds: rounds.map(answerTo),
    sub: answerTo(sub),
    last: answerTo(last),
  };
}

function* allRows(store: SqliteStore): Generator<RunRow> {
  let after: string | undefined;
  for (;;) {
    const page = store.listRuns({
      kind: ['run', 'child', 'round'],
      order: 'asc',
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
    });
    yield* page;
    after = page.at(-1)?.id;
    if (page.length < pageSize) return;
  }
}

/** What waits in the inbox, as text. */
function inboxOf(file: string): readonly string[] {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return db
      .prepare('select data from inbox')
      .all()
      .map(({ data }) => String(data));
  } finally {
    db.close();
  }
}

function digestOf(events: readonly StoredEvent[]): string {
  const hash = createHash('sha256');
  for (const { seq, at, type, data } of events) hash.update(`${seq} ${at} ${type} ${data}\n`);
  return hash.digest('hex');
}
