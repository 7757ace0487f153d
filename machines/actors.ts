/**
 * Actors for running a machine under plain XState, in memory: functions of the author, evaluations, handlers, and loops, whose
 * rounds are child machines. `agent` and `http` do I/O: they are provided by whoever runs the machine.
 */
import { createActor, fromPromise, toPromise, type AnyActor, type AnyActorLogic, type AnyStateMachine } from 'xstate';
import { failedWhere, StoredError, WorkflowError } from '../src/core/errors.ts';
import { EffectResult } from '../src/core/effect.ts';
import { throughJson } from '../src/core/json.ts';
import { inlineValue } from '../src/core/stored-value.ts';
import type { LoggedWrite, RunContext } from './context.ts';
import { roundPrefix, type EffectInput } from './effect-input.ts';
import { evaluateEffect, inlineLoader, type Surroundings } from './evaluate.ts';
import { resolveItems } from './items.ts';
import { startEvent, type StartEvent } from './machine-event.ts';
import type { Program } from './program.ts';
import type { CompiledWorkflow } from './compiled-workflow.ts';

interface PromiseArguments {
  readonly input: EffectInput;
  readonly signal: AbortSignal;
  readonly self: unknown;
}

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

async function runRounds(
  { input, signal, self }: PromiseArguments,
  bodies: ReadonlyMap<number, CompiledWorkflow>,
): Promise<EffectResult> {
  const { info } = input;
  const body = info === null ? undefined : bodies.get(info.index);
  if (info?.step.type !== 'loop' || body === undefined) throw new TypeError('not an items loop');
  const { step } = info;
  const items = resolveItems(input, inlineLoader);
  const { _parent: parent, clock } = self as AnyActor & { readonly _parent?: { readonly logic?: unknown } };
  const machine = withActorsOf(body.machine, parent?.logic);
  const outputs: unknown[] = Array.from({ length: items.length });
  const writes: (readonly LoggedWrite[])[] = Array.from({ length: items.length }, () => []);
  const without = new Set<number>();
  const errors: Record<string, unknown> = {};
  // One round's failure ends the others, as does the end of the loop.
  const rounds = new AbortController();
  const stop = (): void => {
    rounds.abort();
  };
  signal.addEventListener('abort', stop, { once: true });
  let next = 0;
  // A round that ends by 'break' lets no further round begin.
  let isBroken = false;
  const work = async (): Promise<void> => {
    while (next < items.length && !isBroken && !rounds.signal.aborted) {
      const index = next++;
      const actor = createActor(machine, { clock });
      const context = await runRound(actor, startOf(input, index, items[index]), rounds.signal);
      if (context.error === null) {
        outputs[index] = context.output === null ? null : inlineValue(context.output);
        writes[index] = context.writes;
        isBroken ||= context.isBreak;
      } else if (step.onItemError === 'fail') {
        throw new WorkflowError('STEPS_FAILED', `round ${index} of loop '${step.id}' ${failedWhere(context.error)}`, {
          retryable: false,
          details: { index, cause: context.error.code },
          cause: new StoredError(context.error),
        });
      } else {
        if (step.onItemError === 'skip') without.add(index);
        outputs[index] = null;
        errors[String(index)] = context.error;
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(step.concurrency, items.length) }, work));
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
  const metadata = { rounds: next, ...(Object.keys(errors).length === 0 ? {} : { errors }) };
  return new EffectResult(
    outputs.slice(0, next).filter((_output, index) => !without.has(index)),
    { metadata, roundWrites: writes },
  );
}

/** The rounds' machine with the actors that its parent was provided with. */
function withActorsOf(machine: AnyStateMachine, parent: unknown): AnyStateMachine {
  const actors = (parent as AnyStateMachine | undefined)?.implementations?.actors as
    | Record<string, AnyActorLogic>
    | undefined;
  if (actors === undefined) return machine;
  const { loop: _loop, ...shared } = actors;
  return machine.provide({ actors: shared } as never);
}

function startOf(input: EffectInput, index: number, item: unknown): StartEvent {
  const { context, program, step } = input;
  return {
    type: startEvent,
    runId: `${roundPrefix(input)}${index}`,
    at: context.run.startedAt,
    round: { index, item: { v: item } },
    outer: { program, context, loop: step as number },
  };
}

async function runRound(actor: AnyActor, started: StartEvent, signal: AbortSignal): Promise<RunContext> {
  const stop = (): void => {
    actor.stop();
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    actor.start();
    const ended = toPromise(actor);
    actor.send(started);
    await ended;
    return (actor.getSnapshot() as { readonly context: RunContext }).context;
  } finally {
    signal.removeEventListener('abort', stop);
    actor.stop();
  }
}
