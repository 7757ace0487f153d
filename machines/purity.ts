/** What guards can read: what is kept in the run's state. All else is read by effects. */
import type { Path } from '../src/expressions/path.ts';
import { stepInfo, type Program } from './program.ts';

/** Whether guards can read the path without loading anything. */
export function isPure(program: Program, path: Path): boolean {
  const [root, name, field] = path.segments;
  if (root === 'state' || root === 'workflow') return true;
  if (root === 'vars') {
    const writers = program.vars.get(name ?? '');
    if (writers === undefined) return program.loop === null || isPure(program.loop.outer, path);
    return writers.every((index) => isPureOutput(program, index, path.segments.slice(2)));
  }
  if (root === 'steps') {
    const index = program.byId.get(name ?? '');
    if (index === undefined) return program.loop === null || isPure(program.loop.outer, path);
    return field !== 'output' || isPureOutput(program, index, path.segments.slice(3));
  }
  return (
    root === 'loop' && path.segments.at(-1) === 'index' && path.segments.slice(1, -1).every((each) => each === 'parent')
  );
}

export function isPureExpression(program: Program, { paths }: { readonly paths: readonly Path[] }): boolean {
  return paths.every((path) => isPure(program, path));
}

/** What is composed of outputs is kept by its parts: those of a group and of a parallel step are; rounds of a loop are not. */
function isPureOutput(program: Program, index: number, rest: readonly string[]): boolean {
  const { step } = stepInfo(program, index);
  const isPureStep = (id: string, below: readonly string[]): boolean => {
    const inner = program.byId.get(id);
    return inner === undefined || isPureOutput(program, inner, below);
  };
  if (step.onError.kind === 'recover' && !isPureStep(step.onError.step.id, rest)) return false;
  if (step.type === 'loop') return false;
  if (step.type === 'sequential') return step.steps.every((inner) => isPureStep(inner.id, rest));
  if (step.type !== 'parallel') return true;
  return rest[0] !== undefined && isPureStep(rest[0], rest.slice(1));
}
