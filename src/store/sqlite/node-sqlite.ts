/** The database that Node.js has built in, asked for so that an older Node.js, which has none, can say what is wrong. */
import type * as Sqlite from 'node:sqlite';

export type DatabaseSync = Sqlite.DatabaseSync;
export const { DatabaseSync } = load();

function load(): typeof Sqlite {
  // A static import would end such a process before any of our code runs; and some do not know how to look, either.
  const found = process.getBuiltinModule?.('node:sqlite') as typeof Sqlite | undefined;
  if (found !== undefined) return found;
  throw new Error(
    `dank-workflow needs Node.js 22.13 or newer, which has a database built in; this is ${process.versions.node} (${process.execPath})`,
  );
}
