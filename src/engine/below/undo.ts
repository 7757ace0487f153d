/**
 * Undoing what a run is made of: the rounds of an items loop, each by a run of its own (`<round>/undo`) that goes through the
 * round's compensations; a child workflow, which undoes itself when it is cancelled and is waited for.
 */
import type { ActiveEffect } from '../../core/advance.ts';
import { EffectResult } from '../../core/effect.ts';
import { InvariantError, type ErrorData } from '../../core/errors.ts';
import type { RunRow } from '../../core/run.ts';
import type { OuterRun, RunContext } from '../../../machines/context.ts';
import type { EffectInput } from '../../../machines/effect-input.ts';
import { closedRun } from '../../../machines/cancel-open.ts';
import type { CompiledWorkflow } from '../../../machines/workflow.ts';
import type { RunDriver } from '../drive/driver.ts';
import type { LoopPart } from './rounds.ts';

export interface UndoStart extends LoopPart {
  readonly round: string;
  readonly error: ErrorData;
}

export interface UndoPorts {
  /** As it is now; null when there is no such run. */
  row(id: string): RunRow | null;
  /** Resolves when the run has ended; one that was interrupted before it was cancelled is cancelled now. */
  cancelled(id: string, signal: AbortSignal): Promise<void>;
  /** How an ended round ended. */
  round(id: string): { readonly context: RunContext; readonly outer: OuterRun };
  /** Starts the run that undoes a round, goes on with it, or gives how it ended. */
  run(start: UndoStart, signal: AbortSignal): Promise<'completed' | 'failed' | 'cancelled'>;
}

/** What `undo` effects give. Of a child: `completed` means that it was done after all; `undone` that it has undone itself. */
type Undone = 'complete' | 'incomplete' | 'completed' | 'undone';

export async function undoRuns(
  ports: UndoPorts,
  driver: RunDriver,
  effect: ActiveEffect,
  signal: AbortSignal,
): Promise<EffectResult> {
  const { info, context } = effect.input as EffectInput;
  const runs = context.undoing?.runs;
  if (info === null || runs === undefined) throw new InvariantError(`effect '${effect.id}' has nothing to undo`);
  const compiled = driver.compiled.bodies.get(info.index);
  const undone =
    info.step.type === 'loop' && compiled !== undefined
      ? await undoRounds(ports, driver, effect, compiled, signal)
      : await awaitChild(ports, runs, signal);
  return new EffectResult(undone satisfies Undone);
}

async function awaitChild(ports: UndoPorts, id: string, signal: AbortSignal): Promise<Undone> {
  // It was never begun.
  if (ports.row(id) === null) return 'undone';
  await ports.cancelled(id, signal);
  const row = ports.row(id);
  if (row?.status === 'completed') return 'completed';
  return row?.error?.details?.['compensation'] === 'incomplete' ? 'incomplete' : 'undone';
}

/** From the last to the first; as many at a time as were carried out at a time. */
async function undoRounds(
  ports: UndoPorts,
  driver: RunDriver,
  effect: ActiveEffect,
  compiled: CompiledWorkflow,
  signal: AbortSignal,
): Promise<Undone> {
  const { info, context, visit } = effect.input as EffectInput;
  const prefix = context.undoing?.runs ?? '';
  if (info?.step.type !== 'loop' || context.error === null) throw new InvariantError(`'${effect.id}' undoes no loop`);
  const { id: step, concurrency } = info.step;
  const { error } = context;
  // Rounds begin in order.
  let left = 0;
  while (ports.row(`${prefix}${left}`) !== null) left += 1;
  let undone: Undone = 'complete';
  const work = async (): Promise<void> => {
    while (left > 0 && !signal.aborted) {
      left -= 1;
      const round = `${prefix}${left}`;
      await ports.cancelled(round, signal);
      if (signal.aborted) break;
      const ended = ports.round(round);
      if (closedRun(compiled.program, ended.context).undo.length === 0) continue;
      const outer: OuterRun = { ...ended.outer, undone: { context: ended.context, error } };
      const start = {
        id: `${round}/undo`,
        compiled,
        outer,
        parent: driver,
        step,
        visit,
        seq: effect.seq,
        round,
        error,
      };
      if ((await ports.run(start, signal)) !== 'completed') undone = 'incomplete';
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, left) }, work));
  return undone;
}
