/**
 * Whether an owner lives. Each owner holds an exclusive lock on a small file of its own for as long as its process lives;
 * the operating system takes it back when the process ends, however it ends, and keeps it while the process is stopped.
 * No clock is involved. The lock is SQLite's, as Node has none of its own.
 *
 * Invariants: L1 an owner's row is visible to others only while its lock file is there and held, or after its death. L2 a
 * lock that was free once is never held again: owner ids are not used twice. L3 asking takes a shared lock only, so that
 * several may ask at once and nobody who asks is taken for an owner.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { WorkflowError } from '../../core/errors.ts';
import { primaryCode, sqliteCode, toStoreError } from './errors.ts';
import { createPrivateDirectory, createPrivateFile, ownersDirectory } from './files.ts';
import { DatabaseSync } from './node-sqlite.ts';

export interface OwnerLock {
  /** Frees the lock and removes its file. */
  release(): void;
  /** Frees the lock as the end of the process would: the file stays. */
  abandon(): void;
}

function lockFile(file: string, owner: number): string {
  return path.join(ownersDirectory(file), `${owner}.lock`);
}

/** Takes the lock of a new owner of the store `file`. */
export function lockOwner(file: string, owner: number): OwnerLock {
  createPrivateDirectory(ownersDirectory(file));
  const name = lockFile(file, owner);
  createPrivateFile(name);
  const db = new DatabaseSync(name);
  try {
    // In memory: else the lock would have a journal file beside it.
    db.exec('pragma busy_timeout = 0; pragma journal_mode = memory; begin exclusive');
  } catch (error) {
    db.close();
    throw toStoreError(error, name);
  }
  return {
    abandon: () => db.close(),
    release: () => {
      db.close();
      fs.rmSync(name, { force: true });
    },
  };
}

/** A missing file is that of a dead owner: a store that was copied or restored comes without them. */
export function isOwnerAlive(file: string, owner: number): boolean {
  const name = lockFile(file, owner);
  if (!fs.existsSync(name)) return false;
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(name, { readOnly: true });
    db.exec('pragma busy_timeout = 0');
    db.prepare('pragma schema_version').get();
    return false;
  } catch (error) {
    const code = primaryCode(error);
    if (code === sqliteCode.busy) return true;
    if (code === sqliteCode.cantopen && !fs.existsSync(name)) return false;
    // Not to be taken for dead because of something else: two processes would drive its runs.
    throw new WorkflowError(
      'STORE_UNAVAILABLE',
      `The lock file ${name} cannot be read, so it is not known whether its owner lives`,
      { cause: error },
    );
  } finally {
    db?.close();
  }
}

/** Removes the lock file of an owner that is known to be dead. */
export function removeLock(file: string, owner: number): void {
  fs.rmSync(lockFile(file, owner), { force: true });
}

/**
 * Removes lock files that no row belongs to and nobody holds: left by processes that died at birth. To be called within a
 * write transaction only, where nobody else can be becoming an owner.
 */
export function sweepLocks(file: string, owners: ReadonlySet<number>): void {
  for (const name of fs.existsSync(ownersDirectory(file)) ? fs.readdirSync(ownersDirectory(file)) : []) {
    const owner = /^(\d+)\.lock$/.exec(name)?.[1];
    if (owner === undefined || owners.has(Number(owner)) || isOwnerAlive(file, Number(owner))) continue;
    removeLock(file, Number(owner));
  }
}
