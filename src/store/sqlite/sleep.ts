/** Which runs sleep, as numbers in the column `checkpoints.asleep`, and what is read of them without their snapshots. */
import type { Asleep, Sleep } from '../../core/ports.ts';
import type { Connection, Query } from './connection.ts';

const onBelowBit = 1;
const onSignalBit = 2;

/** Null: awake. Never change what the bits mean without a migration. */
export function asleepFlags(asleep: Asleep | undefined): number | null {
  if (asleep === undefined) return null;
  return (asleep.onBelow ? onBelowBit : 0) | (asleep.onSignal ? onSignalBit : 0);
}

export function fromFlags(flags: number): Asleep {
  return { onBelow: (flags & onBelowBit) !== 0, onSignal: (flags & onSignalBit) !== 0 };
}

interface SleepRecord {
  readonly asleep: number;
  readonly at: number;
}

export class Sleepers {
  readonly #connection: Connection;
  readonly #sleep: Query<SleepRecord>;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#sleep = connection.query(
      `select c.asleep, h.at from runs r
       join checkpoints c on c.run = r.key
       join history h on h.run = r.key and h.seq = c.seq
       where r.id = ? and r.owner is not null and c.asleep is not null
         and c.seq = (select max(seq) from history where run = r.key)`,
    );
  }

  read(run: string): Sleep | null {
    return this.#connection.read(() => {
      const record = this.#sleep.get(run);
      return record === undefined ? null : { ...fromFlags(record.asleep), lastAt: record.at };
    });
  }
}
