/** Which runs an effect is made of: the rounds of a loop, a child workflow, what undoes rounds; and how they go with the run above. */
import type { ActiveEffect } from '../../core/advance.ts';
import type { Step } from '../../definition/definition.ts';
import { childRunId, type EffectInput } from '../../../machines/effect-input.ts';
import type { RunDriver } from '../drive/driver.ts';
import { isOfRuns } from '../dispatch/limits/asks.ts';

/** Whether an effect of the run above is still waiting for it. */
export function isWanted({ state }: RunDriver, below: string): boolean {
  return [...state.effects.values()].some((effect) => isOfRuns(effect) && isBelow(effect, below));
}

/** As {@link isWanted}, but not of a child that goes on by itself once it has begun. */
export function isWaitedFor({ state }: RunDriver, below: string): boolean {
  return [...state.effects.values()].some(
    (effect) => isOfRuns(effect) && isBelow(effect, below) && !isDetached((effect.input as EffectInput).info?.step),
  );
}

function isDetached(step: Step | undefined): boolean {
  return step?.type === 'workflow' && step.mode === 'detach';
}

/** Whether a run is one of those that the effect is made of. */
export function isBelow({ src, input }: ActiveEffect, run: string): boolean {
  const effect = input as EffectInput;
  const id = src === 'undo' ? effect.context.undoing?.runs?.replace(/\/$/, '') : childRunId(effect);
  return id !== undefined && (run === id || run.startsWith(`${id}/`));
}

export function isCancelledWithParent(step: Step | undefined): boolean {
  return step?.type === 'workflow' && step.mode === 'wait' && step.onParentClose === 'cancel';
}
