/** `retry`, `rerun`, `skip`, `complete`, `edit`: people's interventions in the course of a run. */
import { WorkflowError } from '../../core/errors.ts';
import type { RebaseKind } from '../../core/run.ts';
import type { CompleteFlags, ControlFlags, EditFlags, RerunFlags, RetryFlags } from '../flags.ts';
import { confirm, repeatLines } from '../confirm.ts';
import { readEdits, readInput } from '../input.ts';
import type { Io } from '../io.ts';
import { reasonOf } from '../reason.ts';
import { steer, type Message } from '../steer.ts';

export async function retry(io: Io, run: string, flags: RetryFlags): Promise<number> {
  if (flags.from !== undefined) return rerun(io, run, flags.from, flags);
  return steer(io, flags, {
    run,
    ...rebase('that it is to be retried', 'retry'),
    tell: (engine) => engine.retry(run, reasonOf(io, flags)),
  });
}

export async function rerun(io: Io, run: string, step: string, flags: RerunFlags): Promise<number> {
  return steer(io, flags, {
    run,
    ...rebase(`that it is to go back to step '${step}'`, 'rerun', step),
    tell: async (engine) => {
      const { steps, repeats } = engine.rerunPlan(run, step);
      await confirm(io, flags, [
        `Going back to step '${step}' visits anew: ${steps.join(', ')}`,
        ...repeatLines(repeats),
      ]);
      await engine.rerun(run, step, reasonOf(io, flags));
    },
  });
}

export async function skip(io: Io, run: string, step: string, flags: ControlFlags): Promise<number> {
  return steer(io, flags, {
    run,
    ...rebase(`that step '${step}' is to be skipped`, 'skip', step),
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
    ...rebase(`the output of step '${step}'`, 'complete', step),
    tell: (engine) => engine.complete(run, step, output, reasonOf(io, flags)),
  });
}

export async function edit(io: Io, run: string, flags: EditFlags): Promise<number> {
  const edits = readEdits(flags);
  if (Object.keys(edits).length === 0)
    throw new WorkflowError('REQUEST_INVALID', 'nothing to edit: expected --state or --output');
  return steer(io, flags, {
    run,
    ...rebase('what was edited', 'edit'),
    tell: (engine) => engine.edit(run, edits, reasonOf(io, flags)),
  });
}

/** What an intervention is called, and how the history of another process's run shows that it was taken. */
function rebase(what: string, kind: RebaseKind, step?: string): Pick<Message, 'what' | 'verdict'> {
  return {
    what,
    verdict: (event) => {
      if (event.type !== 'run.rebased' || event.kind !== kind) return null;
      return step === undefined || event.steps?.includes(step) === true ? 'taken' : null;
    },
  };
}
