/**
 * What people do to a run, as the state that it goes on from: steps begin anew, go on, are done or passed over by hand; the run's
 * state and outputs are edited. Pure; what is allowed, and what of it is recorded, is the engine's affair.
 */
import type { AnyStateMachine, StateValue } from 'xstate';
import { createKernel, type ActiveTimer, type Advanced, type Kernel, type RunState } from '../src/core/advance.ts';
import { heartbeatOf } from '../src/core/accept.ts';
import { InvariantError } from '../src/core/errors.ts';
import type { Recorded } from '../src/core/event.ts';
import { transition } from '../src/core/transition.ts';
import type { CompiledWorkflow } from './compiled-workflow.ts';
import type { RunContext, StepRecord } from './context.ts';
import { createControlMachine, heldState, type ControlEvent, type RunPlace } from './control.ts';
import type { EffectInput } from './effect-input.ts';
import type { Answer } from './machine-event.ts';
import { activeNodes, asRun, placesOf, timersOf, withHeld, type StateNode } from './opened.ts';
import { restoreValue } from './persist.ts';
import { stepInfo, type Program } from './program.ts';
import { recordOf } from './record.ts';
import { anew, doneByHand, passedByHand, reopened, sameAttempt } from './renew.ts';

export interface Intervention {
  /** The run's context as it is to be, but for the steps that the fields below name. */
  readonly context: RunContext;
  /** Steps that begin anew. */
  readonly enter?: readonly number[];
  /** Steps made of other runs, that go on with them. */
  readonly again?: readonly number[];
  readonly complete?: { readonly step: number; readonly answer: Answer };
  readonly skip?: number;
  /** The run as a whole begins anew at this place, and no step does. */
  readonly place?: RunPlace;
  /** Steps whose effects and timers are over, besides those named above. */
  readonly over?: (step: number) => boolean;
}

const kernels = new WeakMap<CompiledWorkflow, Kernel>();

function controlKernel(compiled: CompiledWorkflow): Kernel {
  let kernel = kernels.get(compiled);
  if (kernel === undefined) {
    const unused = (): never => {
      throw new InvariantError('people do not answer for effects');
    };
    kernels.set(
      compiled,
      (kernel = createKernel(createControlMachine(compiled), {
        keep: unused,
        keepInput: unused,
        keepSignal: unused,
        restore: unused,
      })),
    );
  }
  return kernel;
}

/** The state that the run goes on from, and what followed. A person's pause stays as it is. */
export function intervene(
  compiled: CompiledWorkflow,
  state: RunState,
  intervention: Intervention,
  recorded: Recorded,
): Advanced {
  const kernel = controlKernel(compiled);
  const prepared = prepare(compiled, kernel, state, intervention, recorded);
  const event: ControlEvent = {
    type: '$control',
    enter: intervention.enter ?? [],
    again: intervention.again ?? [],
    ...(intervention.complete === undefined
      ? {}
      : { complete: intervention.complete.step, answer: intervention.complete.answer }),
    ...(intervention.skip === undefined ? {} : { skip: intervention.skip }),
    ...(intervention.place === undefined ? {} : { state: intervention.place }),
  };
  const advanced = transition(kernel, prepared, { ...event }, recorded) ?? { ...quiet, state: prepared };
  const { pause, breakpoints, functions } = state;
  return {
    ...advanced,
    state: { ...settledState(advanced.state, intervention), pause, breakpoints, functions },
  };
}

const quiet: Omit<Advanced, 'state'> = { started: [], stopped: [], set: [], cancelled: [], lifecycle: [] };

/** Rounds go on with the items, and the state, that they began with. */
function settledState(state: RunState, { context, again = [] }: Intervention): RunState {
  const { snapshot } = state;
  const { context: reached, value } = snapshot as { readonly context: RunContext; readonly value: StateValue };
  const steps = again.reduce((table, index) => {
    const { held, frozenState } = recordOf(context, index);
    const beside = { ...(held === undefined ? {} : { held }), ...(frozenState === undefined ? {} : { frozenState }) };
    return table.set(index, { ...recordOf(reached, index), ...beside });
  }, reached.steps);
  const settled = { ...snapshot, value: asRun(value), context: { ...reached, steps } };
  return { ...state, snapshot: settled };
}

/** The state in which the control machine takes the intervention. */
function prepare(
  { program }: CompiledWorkflow,
  { machine, ...kernel }: Kernel,
  state: RunState,
  intervention: Intervention,
  recorded: Recorded,
): RunState {
  const before = (state.snapshot as { readonly value: StateValue }).value;
  const active = activeNodes(machine, before);
  const held = heldSteps(program, active, intervention);
  const context = preparedContext(program, intervention, held);
  const ids = held.map((step) => stepInfo(program, step).step.id);
  const isWhole = intervention.place !== undefined;
  const value = isWhole
    ? heldState
    : ids.reduce<StateValue>((current, id) => withHeld(machine, program, context, current, id), before);
  const isOver = (step: number | null | undefined): boolean =>
    typeof step === 'number' && (held.includes(step) || intervention.over?.(step) === true);
  const now = activeNodes(machine, value);
  const places = placesOf(now.values());
  const effects = [...state.effects].filter(
    ([id, { input }]) => places.effects.has(id) && !isOver((input as EffectInput).step),
  );
  const kept = new Map(effects);
  const timers = [...state.timers].filter(([name]) => {
    const accepted = heartbeatOf(name);
    if (accepted !== null) return kept.has(accepted);
    return places.timers.has(name) && !isOver(program.byId.get(name.slice(name.indexOf(':') + 1)));
  });
  const opened = openedTimers(machine, now, active, ids, context, recorded);
  return restoreValue(
    { machine, ...kernel },
    { value, context, effects: kept, timers: new Map([...opened, ...timers]), seq: state.seq },
  );
}

/** The steps that have to be put into their place first. */
function heldSteps(
  program: Program,
  active: ReadonlyMap<string, unknown>,
  { enter = [], again = [], complete, skip }: Intervention,
): readonly number[] {
  const ending = [complete?.step, skip].filter((step) => step !== undefined);
  return [...enter, ...again, ...ending.filter((step) => !active.has(stepInfo(program, step).step.id))];
}

function preparedContext(program: Program, intervention: Intervention, held: readonly number[]): RunContext {
  const { enter = [], again = [], complete, skip } = intervention;
  let { context } = intervention;
  for (const step of held) context = { ...context, steps: reopened(program, context, step) };
  const change = (step: number | undefined, to: (record: StepRecord) => StepRecord): void => {
    if (step !== undefined) context = { ...context, steps: context.steps.set(step, to(recordOf(context, step))) };
  };
  for (const step of enter) change(step, anew);
  for (const step of again) change(step, sameAttempt);
  change(complete?.step, doneByHand);
  change(skip, passedByHand);
  return context;
}

/** What surrounds the steps, and was not under way, has its time from here on; so have the steps themselves. */
function openedTimers(
  machine: AnyStateMachine,
  active: ReadonlyMap<string, StateNode>,
  before: ReadonlyMap<string, unknown>,
  held: readonly string[],
  context: RunContext,
  place: Pick<Recorded, 'seq' | 'at'>,
): readonly (readonly [string, ActiveTimer])[] {
  return [...active]
    .filter(([id]) => !before.has(id) || held.includes(id))
    .flatMap(([, node]) => timersOf(machine, node, context, place))
    .map((timer) => [timer.name, timer] as const);
}
