/** A step with all steps inside it. */
import type { Program } from './program.ts';

/** All numbers of a step and the steps inside it (of the same run). Numbers are given from the outside in. */
export function subtree(program: Pick<Program, 'steps'>, index: number): readonly number[] {
  const result = [index];
  for (let next = index + 1; next < program.steps.length && isInside(program, next, index); next++) result.push(next);
  return result;
}

function isInside({ steps }: Pick<Program, 'steps'>, index: number, ancestor: number): boolean {
  for (let parent = steps[index]?.parent ?? null; parent !== null; parent = steps[parent]?.parent ?? null) {
    if (parent === ancestor) return true;
  }
  return false;
}
