/**
 * The files of a store: the database itself, `-wal` and `-shm` beside it (made by SQLite with the mode of the database) and
 * the directory of the owners' lock files. All are for the user alone: histories hold prompts and answers.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { WorkflowError } from '../../core/errors.ts';

const fileMode = 0o600;
const directoryMode = 0o700;

/** The lock files of a store's owners are in here. */
export function ownersDirectory(file: string): string {
  return `${file}-owners`;
}

/**
 * The one path of a store file, symbolic links followed: all processes must find the same lock files.
 * @throws WorkflowError NOT_FOUND (`create` false and there is no file), STORE_UNAVAILABLE.
 */
export function locateStore(file: string, create: boolean): string {
  if (file === '' || file.startsWith(':')) {
    throw new WorkflowError(
      'REQUEST_INVALID',
      `'${file}' is no path of a store file; a store in memory is opened with openMemoryStore()`,
    );
  }
  const wanted = path.resolve(file);
  return guard(wanted, () => {
    if (!fs.existsSync(wanted)) {
      if (!create)
        throw new WorkflowError('NOT_FOUND', `There is no store ${wanted}; it is created by the first run`, {
          details: { file: wanted },
        });
      createDirectory(path.dirname(wanted));
      createFile(wanted);
    }
    return fs.realpathSync(wanted);
  });
}

/**
 * That it is a file, and one that may be written to (asked for explicitly: as root every file may).
 * @throws WorkflowError STORE_UNAVAILABLE
 */
export function checkAccess(file: string, readOnly: boolean): void {
  guard(file, () => {
    const stats = fs.statSync(file);
    if (!stats.isFile()) throw unavailable(`${file} is no file, so it cannot be a store; give another path`);
    if (readOnly) return;
    if ((stats.mode & 0o222) === 0) {
      throw unavailable(
        `The store ${file} is read-only (mode ${(stats.mode & 0o777).toString(8).padStart(4, '0')}); give it back its permissions, or open it for reading only`,
      );
    }
    fs.accessSync(file, fs.constants.R_OK | fs.constants.W_OK);
    fs.accessSync(path.dirname(file), fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
  });
}

/** Bytes; 0 when there is no such file. */
export function sizeOf(file: string): number {
  return fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Changes when the file is written to. */
export function stampOf(file: string): string {
  const stats = fs.statSync(file, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? 'none' : `${stats.size}:${stats.mtimeNs}`;
}

export function makePrivate(file: string): void {
  guard(file, () => fs.chmodSync(file, fileMode));
}

export function createPrivateDirectory(directory: string): void {
  guard(directory, () => {
    if (!fs.existsSync(directory)) createDirectory(directory);
  });
}

export function createPrivateFile(file: string): void {
  guard(file, () => createFile(file));
}

/** Only the last level: a mistyped path or a disk that is not mounted must not become a new, empty store. */
function createDirectory(directory: string): void {
  if (fs.existsSync(directory)) return;
  const parent = path.dirname(directory);
  if (!fs.existsSync(parent))
    throw unavailable(`The directory ${parent} does not exist; create it, or give another path for the store`);
  try {
    fs.mkdirSync(directory, directoryMode);
    fs.chmodSync(directory, directoryMode);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  }
}

/**
 * Empty; one that exists is left alone. It is not even opened: closing it would free the locks that another connection of
 * this process holds on it (POSIX).
 */
function createFile(file: string): void {
  try {
    fs.closeSync(fs.openSync(file, 'wx', fileMode));
    fs.chmodSync(file, fileMode);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function guard<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof WorkflowError) throw error;
    const why =
      isCode(error, 'EACCES') || isCode(error, 'EPERM')
        ? 'permission denied'
        : error instanceof Error
          ? error.message
          : String(error);
    throw new WorkflowError('STORE_UNAVAILABLE', `The store ${file} cannot be used: ${why}`, {
      cause: error,
      retryable: false,
      details: { file },
    });
  }
}

function unavailable(message: string): WorkflowError {
  return new WorkflowError('STORE_UNAVAILABLE', message, { retryable: false });
}
