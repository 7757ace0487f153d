/** `cancel <runId>`: ends a run as cancelled; what it does at a failure (`onFailure`) is done. */
import type { ControlFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import { reasonOf } from '../reason.ts';
import { steer } from '../steer.ts';

export async function cancel(io: Io, run: string, flags: ControlFlags): Promise<number> {
  return steer(io, flags, {
    run,
    what: 'that it is to be cancelled',
    isCancelWanted: true,
    tell: (engine) => engine.cancel(run, reasonOf(io, flags)),
  });
}
