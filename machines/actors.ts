/**
 * Actors for running a machine under plain XState, in memory: functions of the author, evaluations, handlers, and loops, whose
 * rounds are child machines. `agent` and `http` do I/O: they are provided by whoever runs the machine.
 */
import { fromPromise, type AnyActorLogic } from 'xstate';
import { WorkflowError } from '../src/core/errors.ts';
import { EffectResult } from '../src/core/effect.ts';
import { throughJson } from '../src/core/json.ts';
import type { EffectInput } from './effect-input.ts';
import { evaluateEffect, inlineLoader, type Surroundings } from './evaluate.ts';
import { runRounds } from './plain-rounds.ts';
import { undoRuns } from './plain-undo.ts';
import type { Program } from './program.ts';
import type { CompiledWorkflow } from './compiled-workflow.ts';

/** `provided` gives the machine as it was provided with actors, so that rounds have the same ones. */
export function createDefaultActors(
  program: Program,
  bodies: ReadonlyMap<number, CompiledWorkflow>,
): Record<string, AnyActorLogic> {
  const inMemory = fromPromise<EffectResult, EffectInput>(({ input, signal }) =>
    evaluateEffect(input, surroundings(signal)).then(asStored),
  );
  const actors: Record<string, AnyActorLogic> = {
    evaluate: inMemory,
    handlers: inMemory,
    transform: inMemory,
    loop: fromPromise<EffectResult, EffectInput>((args) => runRounds(args, bodies)),
    undo: fromPromise<EffectResult, EffectInput>((args) => undoRuns(args, bodies)),
    agent: missing('agent'),
    http: missing('http'),
    workflow: missing('workflow'),
    // There is nobody to publish to.
    emit: fromPromise<EffectResult, EffectInput>(() => Promise.resolve(new EffectResult(null))),
  };
  for (const { step } of program.steps) if (step.type === 'custom') actors[step.name] = inMemory;
  return actors;
}

function surroundings(signal: AbortSignal): Surroundings {
  return { signal, loader: inlineLoader };
}

/** What a store would keep of it, so that outputs are the same with the engine and without. */
function asStored(result: EffectResult): EffectResult {
  return new EffectResult(throughJson(result.output), result);
}

function missing(name: string): AnyActorLogic {
  return fromPromise(() =>
    Promise.reject(
      new WorkflowError(
        'EFFECT_UNKNOWN',
        `no '${name}' actor is provided: use machine.provide({ actors: { ${name}: fromPromise(...) } }) or createActors(...)`,
      ),
    ),
  );
}
