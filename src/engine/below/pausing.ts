/**
 * A person's pause of a run holds what the run is made of as well: its rounds, and the child workflows that it waits for; detached
 * ones go on. They are held and released in the batch of the commit that holds and releases the run, so that no crash comes between.
 * Somebody's own pause of a child stays.
 */
import type { RunPaused, RunResumed } from '../../core/event.ts';
import type { Logger } from '../../core/ports.ts';
import { evaluateEffect } from '../../../machines/evaluate.ts';
import { EffectInput } from '../../../machines/effect-input.ts';
import type { RunDriver } from '../drive/driver.ts';
import { TrackingLoader, type Values } from '../dispatch/values.ts';

/** A run that begins or is brought back below another one stands as that one does. */
export function standAs(parent: RunDriver, driver: RunDriver | undefined): void {
  if (driver === undefined) return;
  const { pause } = parent.state;
  if (pause === null) release(driver, { type: 'run.resumed' });
  else hold(driver, pause);
}

/** It is held with the run above, unless somebody holds it already. */
export function hold(driver: RunDriver, { by, why }: Pick<RunPaused, 'by' | 'why'>): void {
  if (driver.state.pause !== null) return;
  const reason = { ...(by === undefined ? {} : { by }), ...(why === undefined ? {} : { why }) };
  driver.apply({ type: 'run.paused', ...reason, withParent: true });
}

/** It goes on with the run above, if it was held with it. */
export function release(driver: RunDriver, event: RunResumed): void {
  if (driver.state.pause?.withParent === true) driver.apply(event);
}

/** Calls `onWorkflowPause` or `onWorkflowResume` handlers, after the commit. What they throw is logged. */
export async function callPauseHandlers(
  driver: RunDriver,
  kind: 'pause' | 'resume',
  { values, logger }: { readonly values: Values; readonly logger: Logger },
): Promise<void> {
  const { program } = driver.compiled;
  if (program.loop !== null || program.definition.workflowHandlers[kind].length === 0) return;
  const onHandlerError = (error: unknown): void => {
    const message = error instanceof Error ? error.message : String(error);
    logger.error('a handler of the workflow threw; the run stays as it is', { run: driver.id, error: message });
  };
  try {
    const loader = new TrackingLoader(values, driver.id);
    const { signal } = new AbortController();
    await evaluateEffect(new EffectInput(program, driver.context, null, kind), { signal, loader, onHandlerError });
  } catch (error) {
    onHandlerError(error);
  }
}
