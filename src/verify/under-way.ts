/**
 * What a step that is under way will be made of: a group takes the output of its last step, a parallel step those of its branches. A
 * guard that reads the whole later on reads a part that is there now. Owns which parts; their values are read like any others.
 */
import type { RunContext } from '../../machines/context.ts';
import { namedSteps, stepInfo, type Program } from '../../machines/program.ts';
import { lastCompleted, recordOf } from '../../machines/record.ts';
import { groupSequence } from '../../machines/sequence.ts';
import type { Path } from '../expressions/path.ts';

/** Parts of the values at a path, of the steps of this program; none where the whole is there already. */
export function partsUnderWay(program: Program, context: RunContext, { segments }: Path): readonly Path[] {
  const [root, name = '', ...rest] = segments;
  if (root === 'vars')
    return (program.vars.get(name) ?? []).flatMap((index) => partsOf(program, context, index, ['output', ...rest]));
  const index = root === 'steps' ? program.byId.get(name) : undefined;
  return index === undefined ? [] : partsOf(program, context, index, rest);
}

function partsOf(program: Program, context: RunContext, index: number, rest: readonly string[]): readonly Path[] {
  const { step } = stepInfo(program, index);
  const [field, branch, ...below] = rest;
  if (recordOf(context, index).status !== 'running' || (field !== 'output' && field !== 'metadata')) return [];
  const parts: Path[] = [];
  const add = (part: number | undefined, inside: readonly string[]): void => {
    if (part === undefined) return;
    parts.push(pathTo(program, part, inside), ...partsOf(program, context, part, inside));
  };
  if (step.onError.kind === 'recover') add(program.byId.get(step.onError.step.id), rest);
  if (step.type === 'sequential') for (const part of lastOnes(program, context, index)) add(part, rest);
  if (step.type === 'parallel' && field === 'output' && branch !== undefined)
    add(program.byId.get(branch), [field, ...below]);
  return parts;
}

/** The steps of a group of which one gives its output: the last that completed, or one before it when a jump may void that. */
function lastOnes(program: Program, context: RunContext, group: number): readonly number[] {
  const { steps } = groupSequence(program, stepInfo(program, group));
  const ended = steps.filter((index) => recordOf(context, index).status === 'completed');
  const open = steps.filter((index) => recordOf(context, index).status === 'running');
  if (steps.some((index) => jumpsBack(program, index))) return [...ended, ...open];
  const last = lastCompleted(program, context, steps);
  return last === undefined ? open : [last, ...open];
}

function jumpsBack(program: Program, index: number): boolean {
  return namedSteps(stepInfo(program, index).step).some((id) => (program.byId.get(id) ?? index + 1) <= index);
}

function pathTo(program: Program, index: number, rest: readonly string[]): Path {
  const segments = ['steps', stepInfo(program, index).step.id, ...rest];
  return { source: segments.join('.'), segments };
}
