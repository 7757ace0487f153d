/** Rows and commits for the tests of stores. */
import type { Commit, StoredEvent, StoredTimer } from '../../src/core/ports.ts';
import type { RunRow } from '../../src/core/run.ts';

export const epoch = 1_763_800_000_000;

export function row(id: string, changes: Partial<RunRow> = {}): RunRow {
  return {
    id,
    kind: 'run',
    workflow: 'tides',
    version: '1',
    hash: 'hash-of-tides',
    format: 1,
    status: 'running',
    waitingFor: null,
    parent: null,
    inputHash: 'hash-of-input',
    tags: [],
    createdAt: epoch,
    updatedAt: epoch,
    endedAt: null,
    output: null,
    error: null,
    ...changes,
  };
}

export function event(seq: number, data = `{"n":${seq}}`): StoredEvent {
  return { seq, at: epoch + seq, type: seq === 1 ? 'run.started' : 'effect.completed', data };
}

export function events(from: number, to: number): StoredEvent[] {
  return Array.from({ length: to - from + 1 }, (_, index) => event(from + index));
}

/** A new run with its first events. */
export function start(id: string, count = 1, changes: Partial<RunRow> = {}): Commit {
  return { run: id, create: row(id, changes), events: events(1, count) };
}

export function append(id: string, from: number, to = from): Commit {
  return { run: id, events: events(from, to) };
}

export function end(id: string, seq: number): Commit {
  return {
    run: id,
    events: [event(seq)],
    update: { status: 'completed', endedAt: epoch + seq, updatedAt: epoch + seq, output: { r: { seq } } },
  };
}

export function timer(run: string, name: string, dueAt = epoch + 1_000, setBy = 1): StoredTimer {
  return { run, name, dueAt, setBy };
}

export function seqs(list: readonly StoredEvent[]): number[] {
  return list.map((item) => item.seq);
}

/** A new run whose first event holds an input. */
export function withInput(commit: Commit, input: unknown): Commit {
  return {
    ...commit,
    events: [event(1, JSON.stringify({ workflow: 'tides', input: { v: input } })), ...commit.events.slice(1)],
  };
}
