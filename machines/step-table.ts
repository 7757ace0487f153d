/**
 * The records of a run's steps, by the step's number in its program. Immutable with sharing: a change copies one chunk and
 * the list of chunks, so that a run of 10,000 steps does not copy 10,000 records at each of them. Owns storage only; what
 * a record means is in `context.ts`.
 */
import type { StepRecord } from './step-record.ts';

const chunkBits = 6;
const chunkSize = 1 << chunkBits;

type Chunk = readonly (StepRecord | undefined)[];

export class StepTable {
  static readonly empty = new StepTable([]);
  readonly #chunks: readonly (Chunk | undefined)[];

  private constructor(chunks: readonly (Chunk | undefined)[]) {
    this.#chunks = chunks;
  }

  /** From what {@link toJSON} gave. */
  static from(entries: readonly (readonly [number, StepRecord])[]): StepTable {
    return entries.reduce((table, [index, record]) => table.set(index, record), StepTable.empty);
  }

  get(index: number): StepRecord | undefined {
    return this.#chunks[index >> chunkBits]?.[index & (chunkSize - 1)];
  }

  set(index: number, record: StepRecord): StepTable {
    const at = index >> chunkBits;
    const chunk = this.#chunks[at]?.slice() ?? [];
    chunk[index & (chunkSize - 1)] = record;
    const chunks = this.#chunks.slice();
    chunks[at] = chunk;
    return new StepTable(chunks);
  }

  /** In the order of the steps' numbers. */
  *entries(): Generator<readonly [number, StepRecord]> {
    for (let at = 0; at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at];
      if (chunk === undefined) continue;
      for (let offset = 0; offset < chunk.length; offset++) {
        const record = chunk[offset];
        if (record !== undefined) yield [(at << chunkBits) | offset, record];
      }
    }
  }

  toJSON(): readonly (readonly [number, StepRecord])[] {
    return [...this.entries()];
  }
}
