/** SQLite's result codes as our errors. Owns the table; says what happened, in which file, and what to do. */
import { InvariantError, WorkflowError } from '../../core/errors.ts';
import { storeClosed } from '../commit-rules.ts';

/** Primary result codes that are met (https://sqlite.org/rescode.html). */
export const sqliteCode = {
  error: 1,
  perm: 3,
  busy: 5,
  locked: 6,
  nomem: 7,
  readonly: 8,
  ioerr: 10,
  corrupt: 11,
  full: 13,
  cantopen: 14,
  protocol: 15,
  toobig: 18,
  constraint: 19,
  notadb: 26,
} as const;

/** The primary result code of an error of `node:sqlite`; null when it is none. */
export function primaryCode(thrown: unknown): number | null {
  if (!(thrown instanceof Error) || !('errcode' in thrown) || typeof thrown.errcode !== 'number') return null;
  return thrown.errcode & 0xff;
}

/** Anything thrown while the store in `file` was used, as an error of ours. */
export function toStoreError(thrown: unknown, file: string): Error {
  if (thrown instanceof WorkflowError || thrown instanceof InvariantError) return thrown;
  const code = primaryCode(thrown);
  if (code !== null) return describe(code, thrown as Error, file);
  if (isClosed(thrown)) return storeClosed();
  return new InvariantError(`The store ${file} failed in an unforeseen way`, { cause: thrown });
}

function isClosed(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_INVALID_STATE';
}

function describe(code: number, cause: Error, file: string): Error {
  const options = { cause, details: { file, sqlite: code } };
  switch (code) {
    case sqliteCode.busy:
    case sqliteCode.locked:
    case sqliteCode.protocol:
      return new WorkflowError(
        'STORE_BUSY',
        `The store ${file} is busy: another process is writing to it; try again`,
        options,
      );
    case sqliteCode.full:
      return unavailable(
        `The store ${file} has no room: the disk is full or its size limit (maxBytes) is reached. Nothing was written; free some space`,
        options,
      );
    case sqliteCode.ioerr:
    case sqliteCode.nomem:
      return unavailable(
        `The store ${file} could not be read or written (${cause.message}); nothing was written`,
        options,
      );
    case sqliteCode.perm:
    case sqliteCode.readonly:
      return unavailable(
        `The store ${file} is read-only for this process: check its permissions and those of its directory`,
        { ...options, retryable: false },
      );
    case sqliteCode.cantopen:
      return unavailable(
        `The store ${file} could not be opened: check that the path is a file that this process may read and write`,
        { ...options, retryable: false },
      );
    case sqliteCode.corrupt:
      return damaged(file, cause.message, options);
    case sqliteCode.notadb:
      return notDatabase(file, options);
    case sqliteCode.toobig:
      return new WorkflowError(
        'LIMIT_EXCEEDED',
        `A value is too large for the store ${file}: at most 1,000,000,000 bytes`,
        options,
      );
    case sqliteCode.constraint:
      return new WorkflowError(
        'CONFLICT',
        `The store ${file} refused a row (${cause.message}); nothing was written`,
        options,
      );
    default:
      return new InvariantError(`The store ${file} failed: ${cause.message}`, { cause });
  }
}

interface Options {
  readonly cause?: unknown;
  readonly retryable?: boolean;
  readonly details: Readonly<Record<string, unknown>>;
}

function unavailable(message: string, options: Options): WorkflowError {
  return new WorkflowError('STORE_UNAVAILABLE', message, options);
}

export function notDatabase(file: string, options: Options = { details: { file } }): WorkflowError {
  return new WorkflowError(
    'STORE_INVALID',
    `${file} is not a database, so it is no workflow store. It was left as it is; give another path`,
    options,
  );
}

/** The file as a whole cannot be trusted. */
export function damaged(file: string, found: string, options: Options = { details: { file } }): WorkflowError {
  return new WorkflowError(
    'STORE_INVALID',
    `The store ${file} is corrupt (${found}). It was left as it is; restore it from a backup`,
    options,
  );
}
