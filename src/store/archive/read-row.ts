/** The row of a run from a line of an archive: whoever wrote it, only what we would have written ourselves is taken. */
import type { ErrorData } from '../../core/errors.ts';
import { isPlainObject } from '../../core/json.ts';
import type { RunRow } from '../../core/run.ts';
import type { StoredValue } from '../../core/stored-value.ts';
import { isEnded } from '../commit-rules.ts';
import { runKinds, runStatuses, waitings } from '../run-filter.ts';

type Reject = (what: string) => Error;

/** @param isForReading runs that have not ended are taken as well @throws what `reject` makes */
export function readRow(value: unknown, reject: Reject, isForReading: boolean = false): RunRow {
  if (!isPlainObject(value)) throw reject('it holds no row of a run');
  const known = new Set<string>(Object.keys(example));
  const unknown = Object.keys(value).find((name) => !known.has(name));
  if (unknown !== undefined) throw reject(`the row of a run has no '${unknown}'`);
  const row = new Fields(value, reject);
  const status = row.word('status', runStatuses);
  const hasEnded = isEnded(status);
  if (!hasEnded && !isForReading)
    throw reject(`run '${row.text('id')}' has not ended (${status}); only runs that have ended are imported`);
  return {
    id: row.text('id'),
    kind: row.word('kind', runKinds),
    workflow: row.text('workflow'),
    version: row.text('version'),
    hash: row.text('hash'),
    format: row.number('format'),
    status,
    waitingFor: hasEnded ? row.none('waitingFor') : row.orNull('waitingFor', () => row.word('waitingFor', waitings)),
    parent: row.orNull('parent', () => row.text('parent')),
    inputHash: row.text('inputHash'),
    tags: row.texts('tags'),
    createdAt: row.number('createdAt'),
    updatedAt: row.number('updatedAt'),
    endedAt: hasEnded ? row.number('endedAt') : null,
    output: row.orNull('output', () => row.object('output') as unknown as StoredValue),
    error: row.orNull('error', () => row.object('error') as unknown as ErrorData),
  };
}

/** Names all columns. */
const example: Readonly<Record<keyof RunRow, true>> = {
  id: true,
  kind: true,
  workflow: true,
  version: true,
  hash: true,
  format: true,
  status: true,
  waitingFor: true,
  parent: true,
  inputHash: true,
  tags: true,
  createdAt: true,
  updatedAt: true,
  endedAt: true,
  output: true,
  error: true,
};

class Fields {
  readonly #row: Readonly<Record<string, unknown>>;
  readonly #reject: Reject;

  constructor(row: Readonly<Record<string, unknown>>, reject: Reject) {
    this.#row = row;
    this.#reject = reject;
  }

  text(name: keyof RunRow): string {
    const value = this.#row[name];
    if (typeof value !== 'string') throw this.#wrong(name, 'a text');
    return value;
  }

  texts(name: keyof RunRow): readonly string[] {
    const value = this.#row[name];
    const list: readonly unknown[] = Array.isArray(value) ? value : [0];
    if (!list.every((each) => typeof each === 'string')) throw this.#wrong(name, 'a list of texts');
    return list;
  }

  number(name: keyof RunRow): number {
    const value = this.#row[name];
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw this.#wrong(name, 'a whole number');
    return value;
  }

  object(name: keyof RunRow): Readonly<Record<string, unknown>> {
    const value = this.#row[name];
    if (!isPlainObject(value)) throw this.#wrong(name, 'an object');
    return value;
  }

  none(name: keyof RunRow): null {
    if (this.#row[name] !== null) throw this.#wrong(name, 'null');
    return null;
  }

  orNull<T>(name: keyof RunRow, read: () => T): T | null {
    return this.#row[name] === null ? null : read();
  }

  word<T extends string>(name: keyof RunRow, known: readonly T[]): T {
    const found = known.find((each) => each === this.#row[name]);
    if (found === undefined) throw this.#wrong(name, `one of ${known.join(', ')}`);
    return found;
  }

  #wrong(name: keyof RunRow, expected: string): Error {
    return this.#reject(`the row's '${name}' is not ${expected}`);
  }
}
