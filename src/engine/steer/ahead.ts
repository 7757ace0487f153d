/** What the steps that are still to come read: of a run that was moved to another definition, whether it will be there. */
import { expressionsOf } from '../../definition/types/index.ts';
import type { RunState } from '../../core/advance.ts';
import type { RunContext } from '../../../machines/context.ts';
import { stepInfo, type Program } from '../../../machines/program.ts';
import { recordOf } from '../../../machines/record.ts';
import { ancestorsOf } from '../../../machines/renew.ts';

/** Texts on what a step ahead reads that can never come to be; empty: none does. */
export function missingAhead(program: Program, state: RunState): readonly string[] {
  const { context } = state.snapshot as { readonly context: RunContext };
  const passed = passedBy(program, context);
  if (passed.size === 0) return [];
  const problems: string[] = [];
  for (const { step, index } of program.steps) {
    if (isOver(context, index) || passed.has(index)) continue;
    for (const { compiled } of expressionsOf(step)) {
      for (const { segments, source } of compiled.paths) {
        const read = segments[0] === 'steps' ? program.byId.get(segments[1] ?? '') : undefined;
        if (read === undefined || !passed.has(read)) continue;
        const { id } = stepInfo(program, read).step;
        problems.push(
          `step '${step.id}' will read '${source}', and step '${id}' comes before where the run is: it will not run`,
        );
      }
    }
  }
  return [...new Set(problems)];
}

function isOver(context: RunContext, index: number): boolean {
  const { status } = recordOf(context, index);
  return status !== 'pending' && status !== 'running' && status !== 'backoff';
}

/** Steps that have not run, and whose place the run has left behind. */
function passedBy(program: Program, context: RunContext): ReadonlySet<number> {
  const passed = new Set<number>();
  const sequences = new Set(program.steps.flatMap(({ sequence }) => (sequence === null ? [] : [sequence])));
  for (const { steps } of sequences) {
    const at = steps.findLastIndex(
      (index) => recordOf(context, index).visit > 0 && recordOf(context, index).status !== 'pending',
    );
    for (const index of steps.slice(0, Math.max(0, at))) if (recordOf(context, index).visit === 0) passed.add(index);
  }
  for (const { index } of program.steps)
    if (ancestorsOf(program, index).some((around) => passed.has(around))) passed.add(index);
  return passed;
}
