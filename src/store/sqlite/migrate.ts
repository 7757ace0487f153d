/**
 * Brings a store file to the newest schema, or a new file to its first. All steps that are due run in one transaction: a
 * process that is killed leaves the old schema or the new one, never half of it.
 */
import { WorkflowError } from '../../core/errors.ts';
import type { Connection } from './connection.ts';
import { checkVersion, refuseForeign } from './inspect.ts';
import { isOwnerAlive } from './lock.ts';
import type { Migration } from './migrations/migration.ts';
import { applicationId, migrations } from './schema.ts';

/** `known` is replaced in tests only. */
export function migrate(connection: Connection, known: readonly Migration[] = migrations): void {
  const { db } = connection;
  if (currentVersion(connection) === known.length) return;
  connection.write(() => {
    // Read again: another process may have been faster.
    const version = currentVersion(connection);
    if (version === known.length) return;
    if (version > known.length) checkVersion(connection.file, version);
    if (version > 0) refuseWhileInUse(connection, version);
    for (const { steps } of known.slice(version)) {
      for (const step of steps) {
        if (typeof step === 'string') db.exec(step);
        else step(db);
      }
    }
    db.exec(`pragma application_id = ${applicationId}; pragma user_version = ${known.length}`);
  });
  // So that the mark is in the file itself, where the next look finds it without the log.
  connection.read(() => db.exec('pragma wal_checkpoint(truncate)'));
}

/** 0: no store yet. */
function currentVersion(connection: Connection): number {
  return connection.read(() => {
    refuseForeign(connection);
    return connection.pragma('application_id') === applicationId ? connection.pragma('user_version') : 0;
  });
}

function refuseWhileInUse(connection: Connection, version: number): void {
  const owners = connection.query<{ readonly id: number; readonly pid: number }>('select id, pid from owners').all();
  const living = owners.find((owner) => isOwnerAlive(connection.file, owner.id));
  if (living === undefined) return;
  throw new WorkflowError(
    'STORE_BUSY',
    `The store ${connection.file} has schema version ${version} and is in use by an older release (process ${living.pid}); stop it, then it is upgraded`,
    { retryable: false, details: { file: connection.file, version, pid: living.pid } },
  );
}
