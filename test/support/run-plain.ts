/** Runs a workflow under XState's own `createActor`: no engine, no store. Agents and HTTP are mocks, time is virtual. */
import { createActor, fromPromise } from 'xstate';
import type { EffectResult } from '../../src/core/effect.ts';
import type { LifecycleEvent } from '../../src/core/lifecycle-event.ts';
import type { EffectCall } from '../../src/effects/call.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { toMachine } from '../../src/engine/to-machine.ts';
import type { RunContext } from '../../machines/context.ts';
import type { EffectInput } from '../../machines/effect-input.ts';
import { inlineLoader } from '../../machines/evaluate.ts';
import { compileWorkflow } from '../../machines/workflow.ts';
import { Mocks, type MockTable } from './mocks.ts';
import type { RunOutcome } from './outcome.ts';
import { driveUntil, VirtualClock } from './virtual-clock.ts';

export interface PlainOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Called once the run has begun and come to rest; `send` gives the machine an event. */
  readonly meanwhile?: (clock: VirtualClock, send: (event: { readonly type: string }) => void) => Promise<void>;
}

export async function runPlain(
  workflow: WorkflowDefinition,
  input: unknown = {},
  table: MockTable = {},
  options: PlainOptions = {},
): Promise<RunOutcome> {
  const clock = new VirtualClock();
  const mocks = new Mocks(table, clock);
  const services = { env: options.env ?? {} } as unknown as EffectCall['services'];
  const work = fromPromise<EffectResult, EffectInput>(({ input: effect, signal }) =>
    mocks.handle({ input: effect, signal, services, loader: inlineLoader, stream: () => undefined }),
  );
  const machine = toMachine(workflow).provide({ actors: { agent: work, http: work } });
  const actor = createActor(machine, { input, clock });
  const events: LifecycleEvent[] = [];
  actor.on('*', (event) => {
    clock.touch();
    events.push(event as LifecycleEvent);
  });
  const wrong: unknown[] = [];
  actor.subscribe({ error: (error) => wrong.push(error) });
  actor.start();
  await clock.settle();
  await options.meanwhile?.(clock, (event) => {
    actor.send(event);
  });
  const hasEnded = (): boolean => actor.getSnapshot().status !== 'active';
  await driveUntil(clock, hasEnded, () => JSON.stringify(actor.getSnapshot().value));
  if (wrong.length > 0) throw wrong[0];
  const snapshot = actor.getSnapshot();
  const context = snapshot.context as RunContext;
  const { program } = compileWorkflow(workflow);
  return {
    status: String(snapshot.value).slice(1),
    output: snapshot.output,
    error: context.error,
    events,
    mocks,
    elapsedMs: clock.elapsedMs,
    program,
    context,
  };
}
