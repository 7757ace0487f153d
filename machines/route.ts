/** The routers: `conditional` and `switch`. They decide at once by guards, or by a function or a loaded value as an effect. */
import type { SwitchStep } from '../src/definition/definition.ts';
import { workInvoke } from './effect.ts';
import type { Named, Transition } from './node-config.ts';
import { targetIds, type Program, type StepInfo } from './program.ts';
import { isJumpBack } from './record.ts';
import { isPure } from './purity.ts';
import { conditionGuard, isGuard, named, type Body, type Endings } from './step.ts';

export const conditionalBody: Body = ({ program }, info, endings) => {
  const { step } = info;
  if (step.type !== 'conditional') throw new TypeError(step.type);
  if (isGuard(program, step.decide)) {
    const guard = conditionGuard(step.decide.condition.source, info.index, 'decide');
    return { always: [take(program, info, endings, 'then', guard), take(program, info, endings, 'else')] };
  }
  const onDone = [take(program, info, endings, 'then', { type: 'isTrue' }), take(program, info, endings, 'else')];
  return { invoke: workInvoke(program, info, 'evaluate', onDone, endings.attemptFailure('event')) };
};

export const switchBody: Body = ({ program }, info, endings) => {
  const { step } = info;
  if (step.type !== 'switch') throw new TypeError(step.type);
  const isDirect = step.value.kind === 'template' && step.value.template.paths.every((path) => isPure(program, path));
  const transitions = cases(
    step,
    (key) => take(program, info, endings, key, named(`case ${key}`, { step: info.index, key, isDirect })),
    take(program, info, endings, 'default'),
  );
  if (isDirect) return { always: transitions };
  return { invoke: workInvoke(program, info, 'evaluate', transitions, endings.attemptFailure('event')) };
};

function cases(
  step: SwitchStep,
  transition: (key: string) => Transition,
  otherwise: Transition,
): readonly Transition[] {
  return [...step.cases.map((each) => transition(each.key)), otherwise];
}

/** Takes a branch: the router's output is what it chose, and later siblings it names are chosen. */
function take(program: Program, info: StepInfo, endings: Endings, branch: string, guard?: Named): Transition {
  const { step } = info;
  const target =
    step.type === 'conditional'
      ? branch === 'then'
        ? step.then
        : step.else
      : step.type === 'switch'
        ? branch === 'default'
          ? step.default
          : (step.cases.find((each) => each.key === branch)?.target ?? null)
        : null;
  const later = targetIds(target).filter((id) => !isJumpBack(program, info.index, id));
  const actions = [...(later.length === 0 ? [] : [named('choose', { step: info.index, ids: later })])];
  return endings.success(`branch:${branch}`, { ...(guard === undefined ? {} : { guard }), actions });
}
