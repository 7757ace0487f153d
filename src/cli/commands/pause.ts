/** `pause <runId>`: closes a run to all but control, until it is resumed. */
import { WorkflowError } from '../../core/errors.ts';
import type { ControlFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import { reasonOf } from '../reason.ts';
import { say, withRun } from '../steer.ts';
import { tellStopped } from '../tell-result.ts';

export async function pause(io: Io, run: string, flags: ControlFlags): Promise<number> {
  return withRun(io, run, flags, async (opened) => {
    const { engine, project, row } = opened;
    if (row.status === 'paused') throw new WorkflowError('CONFLICT', `run '${run}' is paused already`);
    const left = await say(io, opened, {
      what: 'that it is to pause',
      tell: () => engine.pause(run, reasonOf(io, flags)),
    });
    if (left !== null) return left;
    const report = engine.report(run);
    await engine.close();
    return tellStopped({ io, report, flags, project }, 'pause');
  });
}
