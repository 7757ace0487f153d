/** Opens a store file: finds or creates it, refuses what is not ours, brings it up to date. */
import { hostname } from 'node:os';
import { WorkflowError } from '../../core/errors.ts';
import { Connection, type ConnectionSettings } from './connection.ts';
import { checkAccess, locateStore, makePrivate } from './files.ts';
import { checkReadable, inspect, type FileCheck } from './inspect.ts';
import { migrate } from './migrate.ts';
import type { OwnerInfo } from './ownership.ts';
import { SqliteStore } from './store.ts';

export interface SqliteStoreOptions {
  /**
   * `full`: what `commit` returned from survives a power failure (one fsync per batch). `normal`: it survives the end of the
   * process, and a power failure may take back the last batches, never a part of one.
   * @default 'full'
   */
  readonly durability?: 'full' | 'normal';
  /** For reading only: creates no store, migrates none, never becomes an owner. @default false */
  readonly readOnly?: boolean;
  /** What is looked at before the file is used. @default 'auto', with `readOnly` 'none' */
  readonly check?: FileCheck;
  /** The database may grow to so many bytes, then it counts as a full disk. @default as large as the disk */
  readonly maxBytes?: number;
  /** How long a call waits, blocking, for another process that is writing; 0 to 20. @default 20 */
  readonly busyTimeoutMs?: number;
  /** Shown to people: who owns the runs. @default this process, without a time */
  readonly owner?: Partial<OwnerInfo>;
}

const maxBusyTimeoutMs = 20;

/**
 * Opens the store in `file`; creates it when there is none, and its directory (its last level only), for the user alone
 * (modes 0600 and 0700, whatever the umask).
 *
 * @throws WorkflowError
 *  - NOT_FOUND: `readOnly`, and there is no store.
 *  - STORE_INVALID: the file is damaged, newer or not ours. It was not written to.
 *  - STORE_UNAVAILABLE: permissions, a missing directory, a full disk.
 *  - STORE_BUSY: an older release is using it, or another process held it for 2 seconds.
 *  - REQUEST_INVALID: an option is out of its range.
 */
export function openSqliteStore(file: string, options: SqliteStoreOptions = {}): SqliteStore {
  const readOnly = options.readOnly ?? false;
  const settings = checkSettings(options);
  const path = locateStore(file, !readOnly);
  checkAccess(path, readOnly);
  const found = inspect(path, options.check ?? (readOnly ? 'none' : 'auto'));
  if (readOnly) checkReadable(path, found);
  else if (found.kind === 'empty') makePrivate(path);

  const connection = new Connection(path, readOnly ? 'readOnly' : 'readWrite');
  try {
    if (!readOnly) {
      // For good, and before there is anything in the file: room that is freed can be given back to the disk.
      if (found.kind === 'empty') connection.read(() => connection.db.exec('pragma auto_vacuum = incremental'));
      connection.useLog();
      migrate(connection);
    }
    return connection.read(() => {
      connection.configure(settings);
      return new SqliteStore(connection, ownerInfo(options.owner));
    });
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** The defaults filled in. @throws WorkflowError REQUEST_INVALID */
export function checkSettings(options: SqliteStoreOptions): ConnectionSettings {
  const { durability = 'full', busyTimeoutMs = maxBusyTimeoutMs, maxBytes = null } = options;
  if (durability !== 'full' && durability !== 'normal') throw invalid(`durability takes 'full' or 'normal'`);
  if (!(busyTimeoutMs >= 0 && busyTimeoutMs <= maxBusyTimeoutMs))
    throw invalid(`busyTimeoutMs takes a number from 0 to ${maxBusyTimeoutMs}`);
  if (maxBytes !== null && !(maxBytes > 0)) throw invalid('maxBytes takes a positive number of bytes');
  return { durability, busyTimeoutMs, maxBytes };
}

function ownerInfo(given: Partial<OwnerInfo> = {}): OwnerInfo {
  return { pid: given.pid ?? process.pid, host: given.host ?? hostname(), startedAt: given.startedAt ?? null };
}

function invalid(message: string): WorkflowError {
  return new WorkflowError('REQUEST_INVALID', `The store was given a wrong option: ${message}`);
}
