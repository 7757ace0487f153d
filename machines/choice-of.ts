/** What a router chose, and by which names conditions may call it. */
import { Choice } from '../src/core/choice.ts';
import type { StepRecord } from './context.ts';
import { targetIds, type StepInfo } from './program.ts';

/** A handler may have put something else in its place. */
export function isChosen({ step }: StepInfo, { branch, output }: StepRecord): boolean {
  return branch !== undefined && output !== undefined && 'v' in output && output.v === chosenValue(step, branch);
}

const choices = new WeakMap<StepInfo, Map<string, Choice>>();

/** A router's output in conditions: equal to the chosen step's id, to the branch, and to every case key that leads to the same step. */
export function choiceOf(info: StepInfo, branch: string): Choice {
  let ofStep = choices.get(info);
  if (ofStep === undefined) choices.set(info, (ofStep = new Map<string, Choice>()));
  let choice = ofStep.get(branch);
  if (choice === undefined) ofStep.set(branch, (choice = makeChoice(info, branch)));
  return choice;
}

function makeChoice({ step }: StepInfo, branch: string): Choice {
  const value = chosenValue(step, branch);
  const aliases = new Set([branch, ...(value === null ? [] : [value]), ...targetIds(branchTarget(step, branch))]);
  if (step.type === 'switch' && branch === 'default') {
    for (const each of step.cases) if (targetIds(each.target).some((id) => aliases.has(id))) aliases.add(each.key);
  }
  return new Choice(value, aliases);
}

/** Where a branch of a router leads; null when nothing is written for it. */
function branchTarget(step: StepInfo['step'], branch: string): ReturnType<typeof targetOf> {
  return targetOf(step, branch);
}

function targetOf(step: StepInfo['step'], branch: string) {
  if (step.type === 'conditional') return branch === 'then' ? step.then : step.else;
  if (step.type === 'human')
    return step.onTimeout.kind === 'goto' ? { kind: 'steps' as const, ids: [step.onTimeout.target] } : null;
  if (step.type === 'switch')
    return (branch === 'default' ? null : step.cases.find((each) => each.key === branch)?.target) ?? step.default;
  return null;
}

/** The output of a router that took a branch: the (first) chosen step's id, `'end'`, `'break'`, `'continue'`, or null. */
export function chosenValue(step: StepInfo['step'], branch: string): string | null {
  const target = targetOf(step, branch);
  if (target === null) return null;
  return target.kind === 'steps' ? (target.ids[0] ?? null) : target.kind;
}
