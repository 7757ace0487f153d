/** The rounds of items loops under plain XState, in memory: each is an actor of its own. */
import { createActor, toPromise, type AnyActor, type AnyActorLogic, type AnyStateMachine } from 'xstate';
import { EffectResult } from '../src/core/effect.ts';
import { failedWhere, StoredError, WorkflowError } from '../src/core/errors.ts';
import { inlineValue } from '../src/core/stored-value.ts';
import type { CompiledWorkflow } from './compiled-workflow.ts';
import type { LoggedWrite, OuterRun, RunContext } from './context.ts';
import { roundPrefix, type EffectInput } from './effect-input.ts';
import { inlineLoader } from './evaluate.ts';
import { resolveItems } from './items.ts';
import { startEvent, type StartEvent } from './machine-event.ts';

export interface PromiseArguments {
  readonly input: EffectInput;
  readonly signal: AbortSignal;
  readonly self: unknown;
}

/** What an actor knows of its surroundings. */
export type PlainActor = AnyActor & { readonly _parent?: AnyActor & { readonly logic?: unknown } };

const roundsOf = new WeakMap<AnyActor, NonNullable<OuterRun['rounds']>>();

/** The rounds of a run and of its rounds, however deep, by their ids: there is no store to find them in when they are undone. */
export function knownRounds({ context }: EffectInput, parent: AnyActor | undefined): NonNullable<OuterRun['rounds']> {
  if (context.outer?.rounds !== undefined) return context.outer.rounds;
  let known = parent === undefined ? undefined : roundsOf.get(parent);
  if (known === undefined) {
    known = new Map();
    if (parent !== undefined) roundsOf.set(parent, known);
  }
  return known;
}

export async function runRounds(
  { input, signal, self }: PromiseArguments,
  bodies: ReadonlyMap<number, CompiledWorkflow>,
): Promise<EffectResult> {
  const { info } = input;
  const body = info === null ? undefined : bodies.get(info.index);
  if (info?.step.type !== 'loop' || body === undefined) throw new TypeError('not an items loop');
  const { step } = info;
  const items = resolveItems(input, inlineLoader);
  const { _parent: parent, clock } = self as PlainActor;
  const machine = withActorsOf(body.machine, parent?.logic);
  const known = body.program.undoable.size === 0 ? null : knownRounds(input, parent);
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
      const started = startOf(input, index, items[index], known);
      known?.set(started.runId as string, () => (actor.getSnapshot() as { readonly context: RunContext }).context);
      const context = await runRound(actor, started, rounds.signal);
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
export function withActorsOf(machine: AnyStateMachine, parent: unknown): AnyStateMachine {
  const actors = (parent as AnyStateMachine | undefined)?.implementations?.actors as
    | Record<string, AnyActorLogic>
    | undefined;
  if (actors === undefined) return machine;
  // These are made of the bodies of one program.
  const { loop: _loop, undo: _undo, ...shared } = actors;
  return machine.provide({ actors: shared } as never);
}

function startOf(
  input: EffectInput,
  index: number,
  item: unknown,
  known: NonNullable<OuterRun['rounds']> | null,
): StartEvent {
  const { context, program, step } = input;
  return {
    type: startEvent,
    runId: `${roundPrefix(input)}${index}`,
    at: context.run.startedAt,
    round: { index, item: { v: item } },
    outer: { program, context, loop: step as number, ...(known === null ? {} : { rounds: known }) },
  };
}

export async function runRound(actor: AnyActor, started: StartEvent, signal: AbortSignal): Promise<RunContext> {
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
