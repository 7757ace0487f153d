/** Where a workflow writes to its state. */
import type { Assign } from '../definition/definition.ts';
import type { Path } from '../expressions/path.ts';
import { stepInfo, type Program } from '../../machines/program.ts';
import { allPrograms } from './programs.ts';

export interface WrittenKey {
  readonly program: Program;
  /** Number of the step that writes. */
  readonly step: number;
  readonly assign: Assign;
}

/** Of a whole run, its loops' rounds included. */
export function assignsOf(program: Program): readonly WrittenKey[] {
  return allPrograms(program).flatMap((each) =>
    each.steps.flatMap(({ step, index }) => step.assign.map((assign) => ({ program: each, step: index, assign }))),
  );
}

export function pathsOf(assign: Assign): readonly Path[] {
  return assign.kind === 'expr' ? assign.condition.paths : assign.value.paths;
}

/** Ids of a step and of all that is around it, in the runs around it as well; innermost first. */
export function idsAround(program: Program, step: number): readonly string[] {
  const result: string[] = [];
  for (let at: number | null = step; at !== null; at = stepInfo(program, at).parent)
    result.push(stepInfo(program, at).step.id);
  const { loop } = program;
  return loop === null ? result : [...result, ...idsAround(loop.outer, loop.outer.byId.get(loop.step.id) ?? 0)];
}
