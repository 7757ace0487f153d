/** Undoing the rounds of an items loop under plain XState, in memory. */
import { createActor } from 'xstate';
import { EffectResult } from '../src/core/effect.ts';
import { closedRun } from './cancel-open.ts';
import type { CompiledWorkflow } from './compiled-workflow.ts';
import type { RunContext } from './context.ts';
import { startEvent } from './machine-event.ts';
import { knownRounds, runRound, withActorsOf, type PlainActor, type PromiseArguments } from './plain-rounds.ts';

/** Gives `'complete'` or `'incomplete'`; of a child workflow, which is not ours to know, `'unknown'`. */
export async function undoRuns(
  { input, signal, self }: PromiseArguments,
  bodies: ReadonlyMap<number, CompiledWorkflow>,
): Promise<EffectResult> {
  const { info, context } = input;
  const body = info === null ? undefined : bodies.get(info.index);
  if (info?.step.type !== 'loop' || body === undefined) return new EffectResult('unknown');
  const { _parent: parent, clock } = self as PlainActor;
  const machine = withActorsOf(body.machine, parent?.logic);
  const known = knownRounds(input, parent);
  const waiting: { readonly id: string; readonly context: RunContext }[] = [];
  for (let index = 0; ; index++) {
    const id = `${context.undoing?.runs ?? ''}${index}`;
    const round = known.get(id)?.();
    if (round === undefined) break;
    if (closedRun(body.program, round).undo.length > 0) waiting.push({ id, context: round });
  }
  let outcome: 'complete' | 'incomplete' = 'complete';
  const work = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined && !signal.aborted; next = waiting.pop()) {
      const { outer } = next.context;
      if (outer === null) continue;
      const started = {
        type: startEvent,
        runId: `${next.id}/undo`,
        at: context.run.startedAt,
        outer: { ...outer, undone: { context: next.context, error: context.error } },
      } as const;
      const ended = await runRound(createActor(machine, { clock }), started, signal);
      if (ended.compensation !== 'complete') outcome = 'incomplete';
    }
  };
  await Promise.all(Array.from({ length: Math.min(info.step.concurrency, waiting.length) }, work));
  return new EffectResult(outcome);
}
