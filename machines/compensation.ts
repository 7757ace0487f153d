/**
 * Undoing what a run did, after a failure that nothing handled or a cancel: the newest first, one after another.
 *
 *   $compensating:  $undoing -> <compensation> | $undo-<step> -> $undoing -> ... -> $compensated
 *
 * A step with `compensate` is undone by that step, once per visit; what is made of other runs (an items loop, a child workflow) by
 * way of those (`$undo-<step>`): rounds are undone from the last to the first, a child undoes itself and is waited for. One that
 * fails for good does not keep the others from running.
 */
import { EffectInput, effectId } from './effect-input.ts';
import { cancelEvent } from './machine-event.ts';
import type { Named, NodeConfig, Transition } from './node-config.ts';
import { stepInfo, type Program, type Undoable } from './program.ts';
import { named, type StepMaker } from './step.ts';

const choosing = '#$undoing';

export function hasCompensation({ undoable }: Program): boolean {
  return undoable.size > 0;
}

/** A run that failed by itself and is cancelled meanwhile goes on undoing; the run that undoes a round ends at once. */
const cancelling: NonNullable<NodeConfig['on']> = {
  [cancelEvent]: [
    {
      guard: { type: 'isSecondCancel' },
      target: '#$cancelled',
      actions: [{ type: 'cancel' }, named('cancelOpen', { step: null })],
    },
    { actions: [{ type: 'askToCancel' }] },
  ],
};

/** Where a run goes that has failed or was cancelled, if it has done anything. */
export const toCompensating: Transition = {
  guard: { type: 'hasUndo' },
  target: '#$compensating',
  actions: [{ type: 'startCompensation' }, { type: 'tellRunCompensating' }],
};

/** @param onward what follows it */
export function compensatingNode(maker: StepMaker, onward: readonly Transition[]): NodeConfig {
  const { undoable } = maker.program;
  const nodes: Record<string, NodeConfig> = {};
  const choices: Transition[] = [];
  for (const [step, each] of undoable) {
    choices.push(...choicesOf(maker.program, step, each));
    if (each.by === 'runs') nodes[`$undo-${idOf(maker.program, step)}`] = runsNode(maker.program, step, each);
    if (each.compensation !== null) nodes[idOf(maker.program, each.compensation)] = stepOf(maker, each.compensation);
  }
  return {
    id: '$compensating',
    initial: '$undoing',
    on: {
      ...(maker.program.loop === null ? cancelling : {}),
      'run.aborted': [
        {
          target: '#$compensated',
          actions: [named('cancelOpen', { step: null }), { type: 'breakCompensation' }, { type: 'tellRunCompensated' }],
        },
      ],
    },
    states: {
      $undoing: {
        id: '$undoing',
        always: [
          ...choices,
          { target: '#$compensated', actions: [{ type: 'endCompensation' }, { type: 'tellRunCompensated' }] },
        ],
      },
      ...nodes,
      $compensated: { id: '$compensated', always: onward },
    },
  };
}

function choicesOf(program: Program, step: number, { by, compensation }: Undoable): readonly Transition[] {
  const actions = [named('undo', { step }), named('tellCompensating', { step })];
  const result: Transition[] = [];
  // A child that completed is undone by this run's own step; one that was ended undoes itself.
  if (compensation !== null) {
    const guard = by === 'step' ? named('isNextUndo', { step }) : named('isNextUndo', { step, effect: 'done' });
    result.push({ guard, target: `#${idOf(program, compensation)}`, actions });
  }
  if (by === 'runs') {
    const isLoop = stepInfo(program, step).step.type === 'loop';
    const guard = named('isNextUndo', isLoop ? { step } : { step, effect: 'unknown' });
    result.push({ guard, target: `#$undo-${idOf(program, step)}`, actions });
    // Nothing is declared that would undo a child that completed.
    if (!isLoop && compensation === null)
      result.push({ guard: named('isNextUndo', { step }), target: choosing, actions: [named('undo', { step })] });
  }
  return result;
}

function idOf(program: Program, step: number): string {
  return stepInfo(program, step).step.id;
}

const undone: readonly Named[] = [{ type: 'tellCompensated' }, { type: 'undone' }];
const notUndone: Transition = { target: choosing, actions: [{ type: 'notUndone' }] };

function stepOf(maker: StepMaker, compensation: number): NodeConfig {
  return maker.step(compensation, {
    // Also when its condition says that there is nothing to undo.
    onDone: [{ target: choosing, actions: undone }],
    failed: [notUndone],
  });
}

function runsNode(program: Program, step: number, { compensation }: Undoable): NodeConfig {
  const given = (outcome: string): Named => named('isGivenText', { text: outcome });
  const ownStep: readonly Transition[] =
    compensation === null
      ? []
      : [
          { guard: given('completed'), target: `#${idOf(program, compensation)}` },
          { guard: given('unknown'), target: `#${idOf(program, compensation)}` },
        ];
  return {
    id: `$undo-${idOf(program, step)}`,
    invoke: {
      id: effectId(program, step, 'undo'),
      src: 'undo',
      input: ({ context }) => new EffectInput(program, context, step, 'undo'),
      onDone: [{ ...notUndone, guard: given('incomplete') }, ...ownStep, { target: choosing, actions: undone }],
      onError: [notUndone],
    },
  };
}
