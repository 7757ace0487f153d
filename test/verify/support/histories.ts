/** The history of a run that the engine made, as the engine's own machine tells it, with the histories of its loops' rounds. */
import { advance } from '../../../src/core/advance.ts';
import type { HistoryEvent, Recorded } from '../../../src/core/event.ts';
import type { LifecycleEvent } from '../../../src/core/lifecycle-event.ts';
import type { Store } from '../../../src/core/ports.ts';
import type { RunState } from '../../../src/core/run-state.ts';
import { decodeEvent } from '../../../src/engine/drive/codec.ts';
import { roundPrefix, type EffectInput } from '../../../machines/effect-input.ts';
import type { OuterRun, RunContext } from '../../../machines/context.ts';
import { kernelOf } from '../../../machines/kernel-of.ts';
import { compileWorkflow, type CompiledWorkflow } from '../../../machines/workflow.ts';
import type { WorkflowDefinition } from '../../../src/definition/index.ts';

/** A history event with what followed from it. */
export interface Told {
  readonly event: HistoryEvent;
  readonly lifecycle: readonly LifecycleEvent[];
  /** Of the result of a loop: the histories of its rounds that came to an end by themselves. */
  readonly rounds: readonly (readonly Told[])[];
  /** Of what ends a pause: what was held. */
  readonly held: readonly Told[];
  /** A pause holds it: nothing follows yet. */
  readonly isHeld: boolean;
  /** Names of the signals that were kept before it. */
  readonly kept: readonly string[];
  /** A signal that nobody took: it is kept, or passed over. */
  readonly isLeft: boolean;
}

export interface History {
  readonly told: readonly Told[];
  /** Transitions of the chart that were taken, by name. */
  readonly taken: ReadonlySet<string>;
}

export function historyOf(definition: WorkflowDefinition, store: Store, run: string): History {
  const taken = new Set<string>();
  return { told: toldOf(compileWorkflow(definition), { store, taken }, run, null), taken };
}

interface Reading {
  readonly store: Store;
  readonly taken: Set<string>;
}

function toldOf(
  compiled: CompiledWorkflow,
  { store, taken }: Reading,
  run: string,
  outer: OuterRun | null,
): readonly Told[] {
  const kernel = kernelOf(compiled);
  let now: string[] = [];
  const subscription = kernel.scope.system.inspect((event) => {
    for (const each of (event as { readonly _transitions?: readonly Taken[] })._transitions ?? [])
      now.push(nameOfTransition(each.source.id, each.eventType, each.target?.map(({ id }) => id) ?? []));
  });
  let state = kernel.initial;
  let held: Told[] = [];
  const all = store.readEvents(run, 1).map((stored) => {
    const recorded = decodeEvent(stored);
    now = [];
    const next = advance(kernel, state, recorded, { runId: run, ...(outer === null ? {} : { outer }) });
    if ('refused' in next) throw new Error(`event ${recorded.seq} of '${run}' is refused: ${next.refused}`);
    const before = state;
    state = next.state;
    const isHeld = before.pause !== null && state.pause !== null && before.pause.held.length < state.pause.held.length;
    const told: Told = {
      event: recorded.event,
      lifecycle: next.lifecycle,
      rounds: roundsOf(compiled, { store, taken }, before, recorded),
      held: state.pause === null ? held : [],
      isHeld,
      kept: contextOf(before).signals.map(({ name }) => name),
      isLeft: recorded.event.type === 'signal.received' && isLeft(before, state),
    };
    // That a signal is kept makes no difference before it is taken.
    if (!told.isHeld) for (const each of now) if (!each.endsWith(`on 'signal.received' to `)) taken.add(each);
    held = state.pause === null ? [] : isHeld ? [...held, told] : held;
    return told;
  });
  subscription.unsubscribe();
  return all;
}

function contextOf({ snapshot }: RunState): RunContext {
  return (snapshot as { readonly context: RunContext }).context;
}

function isLeft(before: RunState, after: RunState): boolean {
  return contextOf(before).steps === contextOf(after).steps;
}

function roundsOf(
  compiled: CompiledWorkflow,
  { store, taken }: Reading,
  state: RunState,
  { event }: Recorded,
): readonly (readonly Told[])[] {
  if (event.type !== 'effect.completed' && event.type !== 'effect.failed') return [];
  const effect = state.effects.get(event.effect);
  const input = effect?.input as EffectInput | undefined;
  const body = effect?.src === 'loop' ? compiled.bodies.get(input?.step ?? -1) : undefined;
  if (input === undefined || body === undefined) return [];
  const outer: OuterRun = { program: input.program, context: input.context, loop: input.step as number };
  const completed: (readonly Told[])[] = [];
  const failed: (readonly Told[])[] = [];
  for (let index = 0; store.readRun(`${roundPrefix(input)}${index}`) !== null; index++) {
    const own = new Set<string>();
    const round = toldOf(body, { store, taken: own }, `${roundPrefix(input)}${index}`, outer);
    if (endsWith(round, 'run.completed')) completed.push(round);
    else if (endsWith(round, 'run.failed')) failed.push(round);
    else continue;
    for (const each of own) taken.add(each);
  }
  // The first failure ends the loop; what others came to at that moment makes no difference.
  return event.type === 'effect.failed' ? [...completed, ...failed.slice(0, 1)] : inOrder(completed, failed);
}

function endsWith(round: readonly Told[], type: LifecycleEvent['type']): boolean {
  return round.at(-1)?.lifecycle.some((each) => each.type === type) === true;
}

function inOrder(...rounds: readonly (readonly (readonly Told[])[])[]): readonly (readonly Told[])[] {
  return rounds.flat().toSorted((a, b) => indexOf(a) - indexOf(b));
}

function indexOf([first]: readonly Told[]): number {
  return first?.event.type === 'run.started' ? (first.event.parent?.index ?? 0) : 0;
}

// Transitions of the chart.

interface Taken {
  readonly source: { readonly id: string };
  readonly target?: readonly { readonly id: string }[];
  readonly eventType: string;
}

export function nameOfTransition(source: string, event: string, targets: readonly string[]): string {
  return `${source} on '${event}' to ${targets.join()}`;
}
