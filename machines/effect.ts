/** Steps whose work is one effect: `agent`, `http`, `transform`, custom types. */
import { EffectInput, effectId } from './effect-input.ts';
import type { Invoke, Transition } from './node-config.ts';
import type { Program, StepInfo } from './program.ts';
import type { Body } from './step.ts';

export const effectBody: Body = ({ program }, info, endings) => {
  const src = info.step.type === 'custom' ? info.step.name : info.step.type;
  return { invoke: workInvoke(program, info, src, [endings.success('answer')], endings.attemptFailure('event')) };
};

/** The work of a step as an invoked actor; its id is the step's. */
export function workInvoke(
  program: Program,
  info: StepInfo,
  src: string,
  onDone: readonly Transition[],
  onError: readonly Transition[],
): Invoke {
  const { index } = info;
  return {
    id: effectId(program, index, 'work'),
    src,
    input: ({ context }) => new EffectInput(program, context, index, 'work'),
    onDone,
    onError,
  };
}
