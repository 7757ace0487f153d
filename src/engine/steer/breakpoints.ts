/** Breakpoints as people name them. */
import type { Breakpoint } from '../../core/event.ts';
import { WorkflowError } from '../../core/errors.ts';
import type { WorkflowDefinition } from '../../definition/index.ts';
import type { Program } from '../../../machines/program.ts';
import { compileWorkflow } from '../../../machines/workflow.ts';
import { stepOf } from './find-step.ts';
import type { BreakpointOption } from '../runs/start.ts';

/** @throws WorkflowError NOT_FOUND, CONFLICT (a step of a loop's rounds), REQUEST_INVALID */
export function checkBreakpoint(program: Program, { step, when = 'before' }: BreakpointOption): Breakpoint {
  stepOf(program, step);
  if (when === 'before' || when === 'after') return { step, when };
  throw new WorkflowError('REQUEST_INVALID', `a breakpoint is 'before' or 'after' a step, not '${String(when)}'`);
}

/** Each once. @throws as {@link checkBreakpoint} */
export function checkBreakpoints(
  definition: WorkflowDefinition,
  options: readonly BreakpointOption[],
): readonly Breakpoint[] {
  const { program } = compileWorkflow(definition);
  const checked = options.map((option) => checkBreakpoint(program, option));
  return [...new Map(checked.map((each) => [`${each.when} ${each.step}`, each])).values()];
}
