/** `retry`, `rerun`, `skip`, `complete`, `edit`: people's interventions in the course of a run. */
import { WorkflowError } from '../../core/errors.ts';
import type { CompleteFlags, ControlFlags, EditFlags, RerunFlags, RetryFlags } from '../flags.ts';
import { confirm, repeatLines } from '../confirm.ts';
import { readEdits, readInput } from '../input.ts';
import type { Io } from '../io.ts';
import { reasonOf } from '../reason.ts';
import { steer } from '../steer.ts';

export async function retry(io: Io, run: string, flags: RetryFlags): Promise<number> {
  if (flags.from !== undefined) return rerun(io, run, flags.from, flags);
  return steer(io, flags, {
    run,
    what: 'that it is to be retried',
    tell: (engine) => engine.retry(run, reasonOf(io, flags)),
  });
}

export async function rerun(io: Io, run: string, step: string, flags: RerunFlags): Promise<number> {
  return steer(io, flags, {
    run,
    what: `that it is to go back to step '${step}'`,
    tell: async (engine) => {
      const { steps, repeats } = engine.rerunPlan(run, step);
      await confirm(io, flags, [
        `Going back to step '${step}' visits anew: ${steps.join(', ')}`,
        ...repeatLines(repeats),
      ]);
      return engine.rerun(run, step, reasonOf(io, flags));
    },
  });
}

export async function skip(io: Io, run: string, step: string, flags: ControlFlags): Promise<number> {
  return steer(io, flags, {
    run,
    what: `that step '${step}' is to be skipped`,
    tell: (engine) => engine.skip(run, step, reasonOf(io, flags)),
  });
}

export async function complete(
  io: Io,
  run: string,
  step: string,
  values: readonly string[],
  flags: CompleteFlags,
): Promise<number> {
  const output = flags.input === undefined && values.length === 0 ? null : await readInput(io, flags.input, values);
  return steer(io, flags, {
    run,
    what: `the output of step '${step}'`,
    tell: (engine) => engine.complete(run, step, output, reasonOf(io, flags)),
  });
}

export async function edit(io: Io, run: string, flags: EditFlags): Promise<number> {
  const edits = readEdits(flags);
  if (Object.keys(edits).length === 0)
    throw new WorkflowError('REQUEST_INVALID', 'nothing to edit: expected --state or --output');
  return steer(io, flags, {
    run,
    what: 'what was edited',
    tell: (engine) => engine.edit(run, edits, reasonOf(io, flags)),
  });
}
