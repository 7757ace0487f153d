/**
 * The store next to the least that SQLite can do: rows per second for batches of one-event commits, and the same bytes as
 * plain inserts, one statement per row and one transaction per batch, taken in turn within the same seconds.
 *
 *   node bench/store.ts [rounds] [directory]
 *
 * `raw`: one table of one text. `floor`: by run and seq, so that it can be read again. `events`: the store, events only.
 * `runs`: the store, with creating and ending the runs. The runs of a batch are all different, as when so many are in
 * flight; each has ten events, then another takes its place.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Commit, StoredEvent } from '../src/core/ports.ts';
import type { RunRow } from '../src/core/run.ts';
import { openSqliteStore } from '../src/store/sqlite/open.ts';

const rounds = Number(process.argv[2] ?? 5);
const parent = process.argv[3] ?? tmpdir();
const eventsPerRun = 10;
const now = 1_763_800_000_000;
const data = JSON.stringify({ effect: 'fetch', visit: 1, attempt: 1, output: { v: { i: 7, text: 'x'.repeat(130) } } });

/** Rows of one measurement: enough for a steady state, small enough for a slow disk. */
const rowsOf = (width: number): number => (width === 1 ? 2_000 : width * 600);

/** One batch; what it needs is made before the clock starts. */
type OneBatch = () => void;

/** The least: one table, one column of text. */
function raw(db: DatabaseSync, width: number): OneBatch {
  db.exec('create table raw (id integer primary key, data text)');
  const insert = db.prepare('insert into raw (data) values (?)');
  return inTransaction(db, () => {
    for (let index = 0; index < width; index++) insert.run(data);
  });
}

/** The least that can be read again by run and seq: what any engine has to write. */
function floor(db: DatabaseSync, width: number): OneBatch {
  db.exec('create table step (run integer, seq integer, data text, primary key (run, seq)) without rowid');
  const insert = db.prepare('insert into step values (?, ?, ?)');
  const slots = makeSlots(width, (index) => index);
  let next = width;
  return inTransaction(db, () => {
    for (const slot of slots) {
      insert.run(slot.run, ++slot.seq, data);
      if (slot.seq === eventsPerRun) Object.assign(slot, { run: next++, seq: 0 });
    }
  });
}

function inTransaction(db: DatabaseSync, work: () => void): OneBatch {
  const [begin, commit] = [db.prepare('begin immediate'), db.prepare('commit')];
  return () => {
    begin.run();
    work();
    commit.run();
  };
}

function sqlite(file: string, width: number, prepare: (db: DatabaseSync, width: number) => OneBatch): number {
  const db = new DatabaseSync(file);
  db.exec('pragma journal_mode = wal; pragma synchronous = full');
  const perSecond = measure(width, prepare(db, width));
  db.close();
  return perSecond;
}

interface Slot<Id> {
  run: Id;
  seq: number;
}

/** Runs in flight, each at another place of its life. */
function makeSlots<Id>(width: number, id: (index: number) => Id): Slot<Id>[] {
  return Array.from({ length: width }, (_, index) => ({ run: id(index), seq: index % eventsPerRun }));
}

function event(seq: number): StoredEvent {
  return { seq, at: now + seq, type: seq === 1 ? 'run.started' : 'effect.completed', data };
}

function newRun(id: string): RunRow {
  const hash = 'b'.repeat(64);
  return {
    id,
    kind: 'run',
    workflow: 'research-and-summarize',
    version: '1',
    hash,
    format: 1,
    status: 'running',
    waitingFor: null,
    parent: null,
    inputHash: hash,
    tags: [],
    createdAt: now,
    updatedAt: now,
    endedAt: null,
    output: null,
    error: null,
  };
}

const runId = (index: number): string => `0198a7c2-1111-7000-8000-${String(index).padStart(12, '0')}`;

/** With `whole`, runs are created and ended as well; else they are there already and stay. */
function store(file: string, width: number, whole: boolean): number {
  const opened = openSqliteStore(file, { check: 'none' });
  opened.acquire();
  const slots = makeSlots(width, runId);
  const count = whole ? width : width + (rowsOf(width) * 1.3) / eventsPerRun;
  opened.commit(
    Array.from({ length: count }, (_, index) => {
      const seq = slots[index]?.seq ?? 0;
      return {
        run: runId(index),
        create: newRun(runId(index)),
        events: Array.from({ length: seq }, (__, before) => event(before + 1)),
      };
    }),
  );
  let next = width;
  const perSecond = measure(width, () => {
    const batch = slots.map((slot): Commit => {
      const { run } = slot;
      const seq = ++slot.seq;
      const events = [event(seq)];
      if (seq === eventsPerRun) Object.assign(slot, { run: runId(next++), seq: 0 });
      if (!whole) return { run, events };
      if (seq === 1 && Number(run.slice(-12)) >= width) return { run, create: newRun(run), events };
      if (seq < eventsPerRun) return { run, events };
      return { run, events, update: { status: 'completed', endedAt: now, updatedAt: now, output: { r: { seq } } } };
    });
    opened.commit(batch);
  });
  opened.close();
  return perSecond;
}

function measure(width: number, oneBatch: () => void): number {
  const batches = rowsOf(width) / width;
  for (let index = 0; index < batches / 5; index++) oneBatch();
  const started = performance.now();
  for (let index = 0; index < batches; index++) oneBatch();
  return (batches * width) / ((performance.now() - started) / 1_000);
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
const inThousands = (value: number): string => `${(value / 1_000).toFixed(1)} k`.padStart(8);
const next = (value: number, of: number): string => `${inThousands(value)} ${(value / of).toFixed(2)}`;

const folder = mkdtempSync(join(parent, 'bench-store-'));
try {
  console.log(
    `rows/s at synchronous=FULL, ${Buffer.byteLength(data)} bytes each, median of ${rounds}, Node ${process.versions.node}`,
  );
  console.log('batch |      raw |    floor |   events  / raw  / floor |     runs  / raw  / floor');
  for (const width of [1, 10, 50, 100]) {
    const measured: Record<'raw' | 'floor' | 'events' | 'runs', number[]> = {
      raw: [],
      floor: [],
      events: [],
      runs: [],
    };
    for (let round = 0; round < rounds; round++) {
      const file = (name: string): string => join(folder, `${name}-${width}-${round}.db`);
      measured.raw.push(sqlite(file('raw'), width, raw));
      measured.events.push(store(file('events'), width, false));
      measured.floor.push(sqlite(file('floor'), width, floor));
      measured.runs.push(store(file('runs'), width, true));
    }
    const [a, b, c, d] = [median(measured.raw), median(measured.floor), median(measured.events), median(measured.runs)];
    const against = (value: number): string => `${next(value, a)}   ${(value / b).toFixed(2)}`;
    console.log(
      `${String(width).padStart(5)} | ${inThousands(a)} | ${inThousands(b)} | ${against(c)}    | ${against(d)}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
