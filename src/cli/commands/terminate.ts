/** `terminate <runId>`: ends a run as cancelled at once; its `onFailure` steps are not run. */
import type { ControlFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import { reasonOf } from '../reason.ts';
import { steer } from '../steer.ts';

export async function terminate(io: Io, run: string, flags: ControlFlags): Promise<number> {
  return steer(io, flags, {
    run,
    what: 'that it is to be terminated',
    isCancelWanted: true,
    tell: (engine) => engine.terminate(run, reasonOf(io, flags)),
  });
}
