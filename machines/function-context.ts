/** The context that functions of the author are called with. Values are read from the run when they are asked for. */
import { Choice } from '../src/core/choice.ts';
import { WorkflowError } from '../src/core/errors.ts';
import { deepFreeze, throughJson } from '../src/core/json.ts';
import type { StateWrite } from '../src/core/event.ts';
import type * as Shapes from '../src/definition/step-context.ts';
import { LoopView, StepView, WorkflowView, type Read } from './context-views.ts';
import type { EffectInput } from './effect-input.ts';
import { addLazyFields, lazyFields } from './lazy-fields.ts';
import { lazyRecord } from './lazy-record.ts';
import { loopLevel } from './loop-level.ts';
import type { Program } from './program.ts';
import { recordOf } from './record.ts';
import { createScope } from './scope.ts';
import { inspected, present, reachedSteps } from './shown-context.ts';
import type { StoredReader } from './stored-reader.ts';

export interface FunctionContextOptions {
  readonly reader: StoredReader;
  readonly signal: AbortSignal;
  /** The resolved input of the step; made when it is first read. */
  readonly input?: () => unknown;
  /** Which loops it stands in; see `loopLevel`. @default 0 */
  readonly depth?: number;
  /** Where `context.set` writes to; without it `set` throws. */
  readonly writes?: Map<string, StateWrite>;
}

export function createFunctionContext(effect: EffectInput, options: FunctionContextOptions): Shapes.StepContext {
  return new StepContext(effect, options);
}

class StepContext implements Shapes.StepContext {
  declare readonly input: unknown;
  declare readonly workflow: WorkflowView;
  declare readonly steps: Shapes.StepContext['steps'];
  declare readonly vars: Readonly<Record<string, unknown>>;
  declare readonly state: Readonly<Record<string, unknown>>;
  declare readonly loop: LoopView | null;
  declare readonly stepId: string | null;
  declare readonly attempt: number;
  declare readonly signal: AbortSignal;
  declare readonly set: Shapes.StepContext['set'];
  readonly #makeInput: (() => unknown) | undefined;
  #input: { readonly value: unknown } | null = null;

  static readonly #lazy = lazyFields<StepContext>({
    input() {
      return (this.#input ??= { value: this.#makeInput?.() }).value;
    },
  });

  constructor(effect: EffectInput, { reader, signal, input, depth = 0, writes }: FunctionContextOptions) {
    const { program, context, step, info } = effect;
    const scope = createScope(program, context, step, reader);
    // What the run holds is shared by all who read it.
    const read: Read = (...segments) => deepFreeze(plain(scope({ source: segments.join('.'), segments })));
    const level = loopLevel(program, context, step, depth);
    this.#makeInput = input;
    addLazyFields(this, StepContext.#lazy);
    this.workflow = new WorkflowView(read, program);
    this.steps = lazyRecord(visibleSteps(program), (id) => new StepView(read, id), reachedSteps);
    this.vars = lazyRecord(visibleVars(program), (name) => read('vars', name), present);
    this.state = deepFreeze(context.state);
    this.loop = level === null ? null : new LoopView(level, reader);
    this.stepId = info?.step.id ?? null;
    this.attempt = step === null ? effect.attempt : Math.max(1, recordOf(context, step).attempt);
    this.signal = signal;
    this.set = (key, value) => {
      if (writes === undefined)
        throw new WorkflowError('REQUEST_INVALID', 'context.set() works in handlers only; use `assign` in a step');
      writes.set(key, { set: throughJson(value) ?? null });
    };
  }

  [inspected](): unknown {
    const { signal: _signal, set: _set, ...values } = this;
    return present(values);
  }
}

function plain(value: unknown): unknown {
  return value instanceof Choice ? value.value : value;
}

type NamesOf = (program: Program) => ReadonlySet<string>;

/** Own steps and those of the runs around a round. */
const visibleSteps: NamesOf = oncePerProgram((program) => [
  ...(program.loop === null ? [] : visibleSteps(program.loop.outer)),
  ...program.byId.keys(),
]);

const visibleVars: NamesOf = oncePerProgram((program) => [
  ...(program.loop === null ? [] : visibleVars(program.loop.outer)),
  ...program.vars.keys(),
]);

function oncePerProgram(find: (program: Program) => readonly string[]): NamesOf {
  const found = new WeakMap<Program, ReadonlySet<string>>();
  return (program) => {
    let names = found.get(program);
    if (names === undefined) {
      names = new Set(find(program));
      found.set(program, names);
    }
    return names;
  };
}
