/** Who does something to a run, and why, from the flags. */
import type { Reason } from '../engine/steer/commands.ts';
import type { ReasonFlags } from './flags.ts';
import type { Io } from './io.ts';

/** Without `--by` it is the user who calls. */
export function reasonOf(io: Io, { by = io.user() ?? undefined, why }: ReasonFlags): Reason {
  return { ...(by === undefined ? {} : { by }), ...(why === undefined ? {} : { why }) };
}
