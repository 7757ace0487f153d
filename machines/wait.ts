/** Waiting: for a time, until a moment, or while a condition holds (looking again, with a poll step before each look). */
import { EffectInput, effectId } from './effect-input.ts';
import { states, type NodeConfig, type Transition } from './node-config.ts';
import { conditionGuard, isGuard, named, type Body, type Endings, type StepMaker } from './step.ts';
import type { StepInfo } from './program.ts';

export const waitBody: Body = (maker, info, endings) => {
  const { step } = info;
  if (step.type !== 'wait') throw new TypeError(step.type);
  const body = step.while === null ? pause(maker, info, endings) : conditional(maker, info, endings);
  if (step.maxWaitMs === null) return body;
  const goesOn = step.onTimeout === 'continue';
  const expired: Transition = goesOn
    ? endings.success('null', { actions: [named('cancelOpen', { step: info.index })] })
    : endings.failure('maxWait');
  return { ...body, after: { [`maxWait:${step.id}`]: [expired] } };
};

/** A fixed pause has its length in the machine; any other is computed by an effect when the step begins. */
function pause(maker: StepMaker, info: StepInfo, endings: Endings): NodeConfig {
  const { step, index } = info;
  if (step.type !== 'wait') throw new TypeError(step.type);
  const waiting: NodeConfig = {
    entry: [named('waitMore', { step: index })],
    after: {
      [`wait:${step.id}`]: [
        { guard: named('hasMoreToWait', { step: index }), target: `#${step.id}.$running.$waiting`, reenter: true },
        endings.success('null'),
      ],
    },
  };
  if (typeof step.duration === 'number') return { initial: '$waiting', states: { $waiting: waiting } };
  return {
    initial: '$evaluating',
    states: {
      $evaluating: decide(
        maker,
        info,
        [{ target: `#${step.id}.$running.$waiting`, actions: [named('holdDelay', { step: index })] }],
        endings,
      ),
      $waiting: waiting,
    },
  };
}

function conditional(maker: StepMaker, info: StepInfo, endings: Endings): NodeConfig {
  const { step, index } = info;
  if (step.type !== 'wait' || step.while === null) throw new TypeError(step.type);
  const { program } = maker;
  const inside = (state: string): string => `#${step.id}.$running.${state}`;
  const look = inside(step.poll === null ? '$looking' : '$polling');
  const again: Record<string, readonly Transition[]> = { [`poll:${step.id}`]: [{ target: look }] };
  const over = endings.success('null');
  const poll = step.poll === null ? undefined : program.byId.get(step.poll.id);
  const isDirect = isGuard(program, step.while);
  const looking: NodeConfig = isDirect
    ? {
        always: [
          { guard: conditionGuard(step.while.condition.source, index, 'decide'), target: inside('$waiting') },
          over,
        ],
      }
    : decide(maker, info, [{ guard: { type: 'isTrue' }, target: inside('$waiting') }, over], endings);
  return {
    initial: step.poll === null ? '$looking' : '$polling',
    states: states({
      $polling:
        poll === undefined
          ? null
          : {
              initial: step.poll?.id as string,
              states: {
                [step.poll?.id as string]: maker.step(poll, {
                  onDone: [{ target: inside('$looking') }],
                  failed: endings.attemptFailure('child', poll),
                }),
              },
            },
      $looking: looking,
      $waiting: {
        entry: [named('looked', { step: index })],
        after: again,
        // A change elsewhere in the run may end the wait before the next look.
        ...(isDirect
          ? {
              always: [
                {
                  ...over,
                  guard: named('isNotTrue', { guard: conditionGuard(step.while.condition.source, index, 'decide') }),
                },
              ],
            }
          : {}),
      },
    }),
  };
}

function decide({ program }: StepMaker, info: StepInfo, onDone: readonly Transition[], endings: Endings): NodeConfig {
  const { index } = info;
  return {
    invoke: {
      id: effectId(program, index, 'decide'),
      src: 'evaluate',
      input: ({ context }) => new EffectInput(program, context, index, 'decide'),
      onDone,
      onError: [endings.failure('event')],
    },
  };
}
