/** `export`: runs as JSON Lines, with all that is below them. */
import { resolve } from 'node:path';
import { WorkflowError } from '../../core/errors.ts';
import { exportRuns } from '../../store/archive/export.ts';
import { allRuns } from '../all-runs.ts';
import { exitCodes } from '../exit-code.ts';
import { readFilter } from '../filter-flags.ts';
import { findStore, unknownRunId } from '../find-run.ts';
import type { ExportFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import { writeNewFile } from '../new-file.ts';

export async function exportCommand(io: Io, ids: readonly string[], flags: ExportFlags): Promise<number> {
  const filter = readFilter(io, flags);
  if (ids.length > 0 && Object.keys(filter).length > 0)
    throw new WorkflowError('REQUEST_INVALID', 'give ids of runs or filters, not both');
  const store = await findStore(io, flags, (found) => {
    const missing = ids.find((id) => found.readRun(id) === null);
    if (missing !== undefined) throw unknownRunId(found, missing);
    return found;
  });
  try {
    const runs = ids.length > 0 ? ids : [...allRuns(store, { ...filter, kind: ['run'] })].map(({ id }) => id);
    const lines = exportRuns(store, runs);
    const count = `${runs.length} run${runs.length === 1 ? '' : 's'}`;
    if (flags.output === undefined) {
      for (const line of lines) io.out(`${line}\n`);
      return exitCodes.ok;
    }
    const file = resolve(io.cwd, flags.output);
    writeNewFile(file, lines);
    if (flags.json === true) io.out(`${JSON.stringify({ runs, file })}\n`);
    else io.err(`exported ${count} to ${file}\n`);
    return exitCodes.ok;
  } finally {
    store.close();
  }
}
