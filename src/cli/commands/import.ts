/** `import`: runs from an archive, into the project's store. */
import { createReadStream, existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { WorkflowError } from '../../core/errors.ts';
import { importRuns } from '../../store/archive/import.ts';
import { openSqliteStore } from '../../store/sqlite/open.ts';
import { exitCodes } from '../exit-code.ts';
import { storeFile } from '../find-run.ts';
import type { ImportFlags } from '../flags.ts';
import type { Io } from '../io.ts';

export async function importCommand(io: Io, file: string, flags: ImportFlags): Promise<number> {
  const lines = file === '-' ? await stdinLines(io) : () => linesOf(resolve(io.cwd, file));
  if (file !== '-' && !existsSync(resolve(io.cwd, file)))
    throw new WorkflowError('NOT_FOUND', `there is no file ${resolve(io.cwd, file)}`);
  const store = openSqliteStore(await storeFile(io, flags));
  try {
    store.acquire();
    const { imported, skipped } = await importRuns(store, lines, { skipExisting: flags.skipExisting === true });
    if (flags.json === true) io.out(`${JSON.stringify({ imported, skipped }, null, 2)}\n`);
    else {
      io.out(`imported ${imported.length} run${imported.length === 1 ? '' : 's'}\n`);
      if (skipped.length > 0) io.err(`skipped ${skipped.length} that are in the store already\n`);
    }
    return exitCodes.ok;
  } finally {
    store.close();
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  for await (const line of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity })) yield line;
}

async function stdinLines(io: Io): Promise<() => AsyncIterable<string>> {
  const text = await io.readStdin();
  const lines = text.replace(/\n$/, '').split('\n');
  return async function* read() {
    yield* await Promise.resolve(lines);
  };
}
