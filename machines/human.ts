/** A pause for a person: an answer addressed to this visit, or what the step says for when none comes in time. */
import type { Transition } from './node-config.ts';
import { answerEvent } from './machine-event.ts';
import { isJumpBack } from './record.ts';
import { named, type Body, type Endings, type StepMaker } from './step.ts';
import type { StepInfo } from './program.ts';

export const humanBody: Body = (maker, info, endings) => {
  const { step, index } = info;
  const node = {
    tags: ['human'] as const,
    entry: [named('tellTask', { step: index })],
    on: { [answerEvent]: [endings.success('received', { guard: named('isTask', { step: index }) })] },
  };
  const late = step.timeoutMs === null ? null : unanswered(maker, info, endings);
  return late === null ? node : { ...node, after: { [`timeout:${step.id}`]: [late] } };
};

/** What follows when nobody answers in time; null: the step fails, as any step does that takes too long. */
function unanswered({ program }: StepMaker, { step, index }: StepInfo, endings: Endings): Transition | null {
  if (step.type !== 'human') throw new TypeError(step.type);
  switch (step.onTimeout.kind) {
    case 'fail':
      return null;
    case 'approve':
    case 'reject':
      return endings.success(step.onTimeout.kind);
    case 'goto': {
      const { target } = step.onTimeout;
      const actions = isJumpBack(program, index, target) ? [] : [named('choose', { step: index, ids: [target] })];
      return endings.success('branch:timeout', { actions });
    }
  }
}
