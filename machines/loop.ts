/**
 * Loops. `while`/`until`: the body is a state that is visited again. `items`: one effect, whose rounds are runs of their own
 * (in the engine: child runs; under plain XState: child actors).
 */
import { EffectInput, effectId } from './effect-input.ts';
import { workInvoke } from './effect.ts';
import type { NodeConfig, Transition } from './node-config.ts';
import { groupSequence, sequenceNode } from './sequence.ts';
import { conditionGuard, isGuard, named, type Body } from './step.ts';

export const loopBody: Body = (maker, info, endings) => {
  const { step } = info;
  if (step.type !== 'loop') throw new TypeError(step.type);
  return step.mode === 'items' ? itemsBody(maker, info, endings) : conditionBody(maker, info, endings);
};

/** Items that a function gives are recorded before the first round, as the rounds refer to them by position. */
const itemsBody: Body = ({ program }, info, endings) => {
  const { step, index } = info;
  const rounds = workInvoke(program, info, 'loop', [endings.success('rounds')], endings.attemptFailure('event'));
  if (step.type !== 'loop' || step.items?.kind !== 'function')
    return { entry: [named('freezeState', { step: index })], invoke: rounds };
  return {
    entry: [named('freezeState', { step: index })],
    initial: '$items',
    states: {
      $items: {
        invoke: {
          id: effectId(program, index, 'decide'),
          src: 'evaluate',
          input: ({ context }) => new EffectInput(program, context, index, 'decide'),
          onDone: [{ target: '$rounds', actions: [named('hold', { step: index })] }],
          onError: endings.attemptFailure('event'),
        },
      },
      $rounds: { invoke: rounds },
    },
  };
};

const conditionBody: Body = (maker, info, endings) => {
  const { step, index } = info;
  const { program } = maker;
  if (step.type !== 'loop' || step.decide === null) throw new TypeError(step.type);
  const loop = `#${step.id}.$running`;
  const round: Transition = { target: `${loop}.$round`, actions: [named('nextRound', { step: index })] };
  const over = endings.success('collected');
  const limit = endings.failure('loopLimit', { guard: named('isAtLimit', { step: index }) });
  const ended: Transition = { target: `${loop}.$ended`, actions: [named('endRound', { step: index })] };
  const body = sequenceNode(maker, groupSequence(program, info), {
    done: ended,
    failed: (child) => endings.attemptFailure('child', child),
    end: { target: '#$ending' },
    break: { ...over, actions: [named('endRound', { step: index }), ...(over.actions ?? [])] },
    continue: ended,
  });
  return {
    initial: step.mode === 'while' ? '$checking' : '$first',
    states: {
      ...(step.mode === 'while' ? {} : { $first: { always: [round] } }),
      $checking: checking(),
      $round: body,
      $ended: { always: [{ target: `${loop}.$checking` }] },
    },
  };

  /** Goes on while the condition is true (`while`), or until it is (`until`). */
  function checking(): NodeConfig {
    if (step.type !== 'loop' || step.decide === null) throw new TypeError(step.type);
    const again: readonly Transition[] = [limit, round];
    if (isGuard(program, step.decide)) {
      const guard = conditionGuard(step.decide.condition.source, index, 'decide');
      if (step.mode === 'until') return { always: [{ ...over, guard }, ...again] };
      return {
        always: [{ ...limit, guard: named('isTrue and at limit', { guard, step: index }) }, { ...round, guard }, over],
      };
    }
    const guard = { type: 'isTrue' };
    const onDone =
      step.mode === 'until'
        ? [{ ...over, guard }, ...again]
        : [{ ...limit, guard: named('isTrue and at limit', { guard, step: index }) }, { ...round, guard }, over];
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
};
