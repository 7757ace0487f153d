/** A run's state as JSON and back: the machine's value and context, and what is under way. Whose program it is, the caller knows. */
import type { AnyMachineSnapshot } from 'xstate';
import type { ActiveEffect, ActiveTimer, Kernel, RunState } from '../src/core/advance.ts';
import { InvariantError } from '../src/core/errors.ts';
import { contextFromJson, contextToJson, type OuterRun, type RunContext } from './context.ts';
import { EffectInput, type EffectDescriptor } from './effect-input.ts';
import type { Program } from './program.ts';

interface PersistedState {
  readonly value: unknown;
  readonly status: string;
  readonly context: unknown;
  readonly effects: readonly (Omit<ActiveEffect, 'input'> & { readonly input: EffectDescriptor })[];
  readonly timers: readonly ActiveTimer[];
  readonly pause: RunState['pause'];
  readonly breakpoints?: RunState['breakpoints'];
  readonly functions?: RunState['functions'];
  readonly epoch?: number;
}

export function persistState(state: RunState): string {
  const { value, status, context } = state.snapshot as {
    readonly value: unknown;
    readonly status: string;
    readonly context: RunContext;
  };
  const persisted: PersistedState = {
    value,
    status,
    context: contextToJson(context),
    effects: [...state.effects.values()] as unknown as PersistedState['effects'],
    timers: [...state.timers.values()],
    pause: state.pause,
    ...(state.breakpoints.length === 0 ? {} : { breakpoints: state.breakpoints }),
    ...(Object.keys(state.functions).length === 0 ? {} : { functions: state.functions }),
    ...(state.epoch === 1 ? {} : { epoch: state.epoch }),
  };
  return JSON.stringify(persisted);
}

/** Throws {@link InvariantError} when the snapshot does not fit the machine. */
export function restoreState(
  kernel: Kernel,
  program: Program,
  text: string,
  seq: number,
  outer: OuterRun | null,
): RunState {
  const persisted = JSON.parse(text) as PersistedState;
  const context = contextFromJson(persisted.context, outer);
  const effects = new Map<string, ActiveEffect>();
  for (const { id, src, input, seq: begun, accepted } of persisted.effects) {
    const restored = new EffectInput(program, context, input.step, input.kind);
    if (restored.effect !== input.effect || restored.visit !== input.visit || restored.attempt !== input.attempt) {
      throw new InvariantError(`effect '${id}' of the checkpoint at event ${seq} does not fit its step`);
    }
    effects.set(id, { id, src, input: restored, seq: begun, ...(accepted === undefined ? {} : { accepted }) });
  }
  const timers = new Map(persisted.timers.map((timer) => [timer.name, timer]));
  const { value, status, pause, breakpoints = [], functions = {}, epoch = 1 } = persisted;
  const restored = restoreValue(kernel, { value, status, context, effects, timers, seq });
  return { ...restored, pause, breakpoints, functions, epoch };
}

export interface StateParts extends Pick<RunState, 'seq' | 'effects' | 'timers'> {
  /** XState's value of a state. */
  readonly value: unknown;
  /** XState's status. @default 'active' */
  readonly status?: string;
  readonly context: RunContext;
}

/** The state that is made of these parts; nobody has paused it. @throws InvariantError when the value does not fit the machine */
export function restoreValue(kernel: Kernel, parts: StateParts): RunState {
  const { value, status = 'active', context, effects, timers, seq } = parts;
  // XState takes any word, and a run of an unknown status would never move again.
  if (status !== 'active' && status !== 'done')
    throw new InvariantError(`the state at event ${seq} has status '${status}'`);
  const children: Record<string, unknown> = {};
  for (const { id, src, input } of effects.values()) {
    children[id] = {
      src,
      systemId: undefined,
      syncSnapshot: false,
      snapshot: { status: 'active', output: undefined, error: undefined, input },
    };
  }
  // XState walks the context it restores; ours holds nothing for it to find, and the way out to the outer run is long.
  const restored = kernel.machine.restoreSnapshot(
    { value, status, context: {}, children, historyValue: {} } as never,
    kernel.scope,
  ) as AnyMachineSnapshot;
  if (restored.status === 'error') throw new InvariantError(`the state at event ${seq} does not fit the machine`);
  return {
    snapshot: Object.assign(restored, { context }),
    seq,
    effects,
    timers,
    pause: null,
    breakpoints: [],
    functions: {},
    epoch: 1,
  };
}
