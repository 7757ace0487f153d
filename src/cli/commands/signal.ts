/** `signal <runId> <name>`: sends a signal to a run, which keeps it until a step takes it. */
import type { SignalFlags } from '../flags.ts';
import { readInput } from '../input.ts';
import type { Io } from '../io.ts';
import { reasonOf } from '../reason.ts';
import { steer } from '../steer.ts';

export async function signal(
  io: Io,
  run: string,
  name: string,
  values: readonly string[],
  flags: SignalFlags,
): Promise<number> {
  const payload =
    flags.input === undefined && values.length === 0 ? undefined : await readInput(io, flags.input, values);
  const by = reasonOf(io, flags);
  return steer(io, flags, {
    run,
    what: `the signal '${name}'`,
    tell: (engine) => engine.signal(run, name, payload, by),
  });
}
