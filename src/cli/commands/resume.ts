/** `resume <runId>`: goes on with a run that nobody drives any more, and shows it to its end. */
import { WorkflowError } from '../../core/errors.ts';
import { drive, readTimeout } from '../drive.ts';
import type { DriveFlags } from '../flags.ts';
import { unknownRun } from '../find-run.ts';
import type { Io } from '../io.ts';
import { openEngine, openProject, openStore } from '../open-project.ts';
import { inWholeLines, showMode } from '../view/show-events.ts';

export async function resume(io: Io, id: string, flags: DriveFlags): Promise<number> {
  if (flags.timeout !== undefined) readTimeout(flags.timeout);
  const project = await openProject(io, flags);
  const store = openStore(io, project, flags, true);
  const engine = await openEngine(project, store, flags);
  try {
    const row = store.readRun(id);
    if (row === null) throw unknownRun(store, id);
    if (row.endedAt !== null && flags.quiet !== true) io.err(`the run is ${row.status} already; this is how it went\n`);
    return await inWholeLines(io, showMode(io, flags), () => {
      engine.continueRun(id);
      return drive(io, { engine, store, run: engine.run(id), project, flags });
    });
  } catch (error) {
    if (error instanceof WorkflowError && error.code === 'CONFLICT' && store.isOwnedElsewhere(id)) {
      throw new WorkflowError('CONFLICT', `${error.message}; look at it with: ${io.name} logs ${id} --follow`, {
        cause: error,
      });
    }
    throw error;
  } finally {
    await engine.close();
  }
}
