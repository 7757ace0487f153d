/** What is made of an error of an effect: a failure of the step, or that the run is left, as it is no failure of the step's. */
import type { ActiveEffect } from '../../core/advance.ts';
import { InvariantError, WorkflowError } from '../../core/errors.ts';
import type { EffectInput } from '../../../machines/effect-input.ts';
import type { RunDriver } from '../drive/driver.ts';
import { isOfRuns } from './limits/asks.ts';
import { RunLeft } from '../drive/run-outcome.ts';
import type { TrackingLoader } from './values.ts';

/**
 * What is no failure of the step's work but ours, or wants what is not there, ends no run: it can go on when that is mended.
 * Says whether it was so.
 */
export function leavesRun(effect: ActiveEffect, error: unknown, loader: TrackingLoader, driver: RunDriver): boolean {
  if (error instanceof RunLeft) driver.leave(error.why, error.isClosing);
  else if (error instanceof InvariantError || loader.problem !== null) driver.leave(loader.problem ?? error);
  else if (error instanceof WorkflowError && isMissing(effect, error)) driver.leave(error);
  else if (error instanceof WorkflowError && isOfRuns(effect) && error.code.startsWith('STORE_')) driver.leave(error);
  else return false;
  return true;
}

/** Code or an agent that this process does not have: what is started here was checked, this run was begun elsewhere. */
function isMissing({ src }: ActiveEffect, { code }: WorkflowError): boolean {
  return code === 'FUNCTION_MISSING' || (src === 'agent' && code === 'DEFINITION_INVALID');
}

/** What the author's handlers throw is told apart from what the work throws. */
export function codeFor(input: EffectInput): 'HANDLER_FAILED' | 'STEP_FAILED' {
  return input.kind === 'start' || input.kind === 'complete' || input.kind === 'error'
    ? 'HANDLER_FAILED'
    : 'STEP_FAILED';
}
