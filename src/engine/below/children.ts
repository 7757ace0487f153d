/** Child workflows: a step that is a run of its own, with its own id, history and definition. */
import type { ActiveEffect } from '../../core/advance.ts';
import { EffectResult } from '../../core/effect.ts';
import { failedWhere, InvariantError, StoredError, WorkflowError, type ErrorData } from '../../core/errors.ts';
import type { ParentLink } from '../../core/event.ts';
import type { WorkflowDefinition } from '../../definition/index.ts';
import { childRunId, type EffectInput } from '../../../machines/effect-input.ts';
import { StoredOutput } from '../dispatch/results.ts';
import type { RunDriver } from '../drive/driver.ts';
import { renderValue } from '../dispatch/render.ts';
import { checkInput, type InputLimits } from '../runs/start.ts';
import type { TrackingLoader } from '../dispatch/values.ts';

export interface ChildStart {
  readonly id: string;
  readonly definition: WorkflowDefinition;
  /** Checked. */
  readonly input: unknown;
  readonly parent: ParentLink;
}

export type ChildOutcome =
  | { readonly status: 'started' }
  | { readonly status: 'completed' }
  | { readonly status: 'failed' | 'cancelled'; readonly error: ErrorData };

export interface ChildPorts {
  find(name: string, version: string | null): WorkflowDefinition;
  /** Starts the child, goes on with it, or gives how it ended. With `isCancelled` it is cancelled when the signal is. */
  run(start: ChildStart, mode: 'wait' | 'detach', signal: AbortSignal, isCancelled: boolean): Promise<ChildOutcome>;
  readonly limits: InputLimits;
}

/** The child's id says whose it is, so that it is found again after a crash. */
export async function runChild(
  ports: ChildPorts,
  driver: RunDriver,
  effect: ActiveEffect,
  signal: AbortSignal,
  loader: TrackingLoader,
): Promise<EffectResult> {
  const effectInput = effect.input as EffectInput;
  const step = effectInput.info?.step;
  if (step?.type !== 'workflow') throw new InvariantError(`effect '${effect.id}' is not a child workflow`);
  const definition = ports.find(step.workflow, step.version);
  const id = childRunId(effectInput);
  const input = checkInput(
    definition,
    step.input === null ? {} : await renderValue(effectInput, step.input, signal, loader),
    ports.limits,
  );
  const parent: ParentLink = { run: driver.id, step: step.id, visit: effectInput.visit, seq: effect.seq };
  const outcome = await ports.run(
    { id, definition, input, parent },
    step.mode,
    signal,
    step.onParentClose === 'cancel',
  );
  const metadata = { runId: id, workflow: definition.name, version: definition.version };
  switch (outcome.status) {
    case 'started':
      return new EffectResult(id, { metadata });
    case 'completed':
      return new EffectResult(new StoredOutput({ c: { run: id } }), { metadata });
    default:
      throw new WorkflowError(
        'STEP_FAILED',
        `child run '${id}' of workflow '${definition.name}' ${outcome.status === 'cancelled' ? 'was cancelled' : failedWhere(outcome.error)}`,
        {
          // Only where the author says so: another attempt is another child.
          retryable: step.retry !== null && outcome.status === 'failed',
          details: { ...metadata, code: outcome.error.code },
          cause: new StoredError(outcome.error),
        },
      );
  }
}
