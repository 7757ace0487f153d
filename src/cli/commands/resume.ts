/** `resume <runId>`: ends a person's pause, and goes on with a run that nobody drives any more, and shows it to its end. */
import { WorkflowError } from '../../core/errors.ts';
import { drive } from '../drive.ts';
import type { ControlFlags } from '../flags.ts';
import { hint } from '../hint.ts';
import type { Io } from '../io.ts';
import { reasonOf } from '../reason.ts';
import { say, withRun, type Opened } from '../steer.ts';
import { howItStands } from './run.ts';

export async function resume(io: Io, id: string, flags: ControlFlags): Promise<number> {
  return withRun(io, id, flags, async (opened) => {
    const { engine, store, project, row } = opened;
    if (row.endedAt !== null && flags.quiet !== true) io.err(`${howItStands(row)}\n`);
    const left = row.status === 'paused' ? await endPause(io, opened, flags) : null;
    if (left !== null) return left;
    try {
      engine.continueRun(id);
    } catch (error) {
      throw isDrivenElsewhere(error, opened) ? lookInstead(io, opened, error) : error;
    }
    return drive(io, { engine, store, run: engine.run(id), project, flags });
  });
}

function endPause(io: Io, opened: Opened, flags: ControlFlags): Promise<number | null> {
  return say(io, opened, {
    what: 'that it is to go on',
    tell: (engine) => engine.resume(opened.row.id, reasonOf(io, flags)),
  });
}

function isDrivenElsewhere(error: unknown, { store, row }: Opened): error is WorkflowError {
  return error instanceof WorkflowError && error.code === 'CONFLICT' && store.isOwnedElsewhere(row.id);
}

function lookInstead(io: Io, { flags, project, row }: Opened, cause: WorkflowError): WorkflowError {
  const look = hint(io, `logs ${row.id} --follow`, flags, project);
  return new WorkflowError('CONFLICT', `${cause.message}; look at it with: ${look}`, { cause });
}
