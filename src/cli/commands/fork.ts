/** `fork <runId> --at <seq|step>`: a new run that goes on from an event of another. */
import { confirm, repeatLines } from '../confirm.ts';
import { drive } from '../drive.ts';
import type { ForkFlags } from '../flags.ts';
import { readEdits, readInput } from '../input.ts';
import type { Io } from '../io.ts';
import { reasonOf } from '../reason.ts';
import { withRun } from '../steer.ts';

export async function fork(io: Io, id: string, flags: ForkFlags): Promise<number> {
  const edits = readEdits(flags);
  const input = flags.input === undefined ? {} : { input: await readInput(io, flags.input, []) };
  const at = /^\d+$/.test(flags.at) ? Number(flags.at) : flags.at;
  return withRun(io, id, flags, async ({ engine, store, project }) => {
    const { seq, repeats } = engine.forkPlan(id, at);
    await confirm(io, flags, [`A new run would go on after event ${seq} of run ${id}`, ...repeatLines(repeats)]);
    const runId = flags.runId === undefined ? {} : { runId: flags.runId };
    const run = await engine.fork(id, { at, ...edits, ...input, ...runId, ...reasonOf(io, flags) });
    return drive(io, { engine, store, run, project, flags, leavesWaiting: true });
  });
}
