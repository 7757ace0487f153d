/** Reads of runs: every history row, checkpoint, timer and definition is checked against its checksum before it is given out. */
import { WorkflowError } from '../../core/errors.ts';
import type { RunFilter, StoredCheckpoint, StoredEvent, StoredTimer } from '../../core/ports.ts';
import type { RunRow } from '../../core/run.ts';
import { nextSeq } from '../removed.ts';
import { checkpointSum, checksumError, eventSum, textSum, timerSum } from './checksum.ts';
import type { Connection, Query } from './connection.ts';
import { RunList } from './run-list.ts';
import { runColumns, toRunRow, type RunRecord } from './run-rows.ts';
import { pruned } from './schema.ts';
import { fromFlags } from './sleep.ts';

interface EventRecord {
  readonly run: number;
  readonly seq: number;
  readonly at: number;
  readonly type: StoredEvent['type'];
  readonly data: string;
  readonly sum: number;
}

interface CheckpointRecord {
  readonly run: number;
  readonly seq: number;
  readonly snapshot: string;
  readonly asleep: number | null;
  readonly sum: number;
}

interface TimerRecord {
  readonly run: number;
  readonly name: string;
  readonly due_at: number;
  readonly set_by: number;
  readonly sum: number;
}

const keyOfRun = '(select key from runs where id = ?)';

export class Reader {
  readonly #connection: Connection;
  readonly #runs: RunList;
  readonly #run: Query<RunRecord>;
  readonly #events: Query<EventRecord>;
  readonly #event: Query<EventRecord>;
  readonly #eventBefore: Query<EventRecord>;
  readonly #lastSeq: Query<{ readonly seq: number }>;
  readonly #checkpoint: Query<CheckpointRecord>;
  readonly #timers: Query<TimerRecord>;
  readonly #definition: Query<{ readonly canonical: string; readonly sum: number }>;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#runs = new RunList(connection);
    this.#run = connection.query(`select ${runColumns} from runs where id = ? and kind <> '${pruned}'`);
    this.#events = connection.query(
      `select run, seq, at, type, data, sum from history where run = ${keyOfRun} and seq >= ? order by seq limit ?`,
    );
    this.#event = connection.query(
      `select run, seq, at, type, data, sum from history where run = ${keyOfRun} and seq = ?`,
    );
    this.#eventBefore = connection.query(
      `select run, seq, at, type, data, sum from history where run = ${keyOfRun} and seq < ? order by seq desc limit 1`,
    );
    this.#lastSeq = connection.query(`select coalesce(max(seq), 0) as seq from history where run = ${keyOfRun}`);
    this.#checkpoint = connection.query(
      `select run, seq, snapshot, asleep, sum from checkpoints where run = ${keyOfRun}`,
    );
    this.#timers = connection.query(
      `select run, name, due_at, set_by, sum from timers where run = ${keyOfRun} order by due_at, set_by, name`,
    );
    this.#definition = connection.query('select canonical, sum from definitions where hash = ?');
  }

  readRun(id: string): RunRow | null {
    return this.#connection.read(() => {
      const record = this.#run.get(id);
      return record === undefined ? null : toRunRow(record);
    });
  }

  listRuns(filter: RunFilter): readonly RunRow[] {
    return this.#connection.read(() => this.#runs.list(filter));
  }

  readEvents(run: string, fromSeq: number, limit: number | undefined): readonly StoredEvent[] {
    return this.#connection.read(() => {
      const from = Math.max(1, fromSeq);
      // -1: no limit.
      const records = this.#events.all(run, from, limit ?? -1);
      let next = records[0] === undefined || records[0].seq === from ? from : this.#behindRemoved(run, from);
      return records.map((record) => {
        if (record.seq !== next) throw missingEvent(run, next);
        const event = toEvent(run, record);
        next = nextSeq(event);
        return event;
      });
    });
  }

  /** Where the history goes on when an event is among those that were removed; else where it is. */
  #behindRemoved(run: string, seq: number): number {
    const before = this.#eventBefore.get(run, seq);
    return before === undefined ? seq : Math.max(seq, nextSeq(toEvent(run, before)));
  }

  readEvent(run: string, seq: number): StoredEvent | null {
    return this.#connection.read(() => {
      const record = this.#event.get(run, seq);
      return record === undefined ? null : toEvent(run, record);
    });
  }

  lastSeq(run: string): number {
    return this.#connection.read(() => this.#lastSeq.get(run)?.seq ?? 0);
  }

  readCheckpoint(run: string): StoredCheckpoint | null {
    return this.#connection.read(() => {
      const record = this.#checkpoint.get(run);
      if (record === undefined) return null;
      const { seq, snapshot, asleep } = record;
      if (checkpointSum(record.run, seq, snapshot, asleep) !== record.sum) {
        throw checksumError(`The checkpoint of run '${run}' at event ${seq}`, { run, seq });
      }
      return { seq, snapshot, ...(asleep === null ? {} : { asleep: fromFlags(asleep) }) };
    });
  }

  readTimers(run: string): readonly StoredTimer[] {
    return this.#connection.read(() =>
      this.#timers.all(run).map(({ run: key, name, due_at: dueAt, set_by: setBy, sum }) => {
        if (timerSum(key, name, dueAt, setBy) !== sum)
          throw checksumError(`The timer '${name}' of run '${run}'`, { run, timer: name });
        return { run, name, dueAt, setBy };
      }),
    );
  }

  readDefinition(hash: string): string | null {
    return this.#connection.read(() => {
      const record = this.#definition.get(hash);
      if (record === undefined) return null;
      if (textSum(record.canonical) !== record.sum) throw checksumError(`The definition ${hash}`, { hash });
      return record.canonical;
    });
  }
}

function toEvent(run: string, record: EventRecord): StoredEvent {
  const { seq, at, type, data } = record;
  if (eventSum(record.run, seq, at, type, data) !== record.sum)
    throw checksumError(`Event ${seq} of run '${run}'`, { run, seq });
  return { seq, at, type, data };
}

function missingEvent(run: string, seq: number): WorkflowError {
  return new WorkflowError(
    'STORE_INVALID',
    `Event ${seq} of run '${run}' is missing from its history; the run is not used. Restore it from a backup`,
    {
      details: { run, seq },
    },
  );
}
