/** The context that functions of the author are called with. Values are read from the run when they are asked for. */
import { Choice } from '../src/core/choice.ts';
import { WorkflowError } from '../src/core/errors.ts';
import { deepFreeze, throughJson } from '../src/core/json.ts';
import type { StateWrite } from '../src/core/event.ts';
import type { LoopView, StepContext, StepView, WorkflowView } from '../src/definition/step-context.ts';
import type { Path } from '../src/expressions/path.ts';
import type { EffectInput } from './effect-input.ts';
import type { Program } from './program.ts';
import { recordOf } from './record.ts';
import { loopLevel, type LoopLevel } from './loop-level.ts';
import { createScope } from './scope.ts';
import { present, reachedSteps, shownAs } from './shown-context.ts';
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

export function createFunctionContext(effect: EffectInput, options: FunctionContextOptions): StepContext {
  const { program, context, step, info } = effect;
  const scope = createScope(program, context, step, options.reader);
  // What the run holds is shared by all who read it.
  const read = (...segments: string[]): unknown =>
    deepFreeze(plain(scope({ source: segments.join('.'), segments } satisfies Path)));
  const level = loopLevel(program, context, step, options.depth ?? 0);
  const input = once(options.input ?? (() => undefined));
  const made: StepContext = {
    get input() {
      return input();
    },
    workflow: workflowView(read, program),
    steps: lazyRecord(visibleSteps(program), (id) => stepView(read, id), reachedSteps),
    vars: lazyRecord(visibleVars(program), (name) => read('vars', name), present),
    state: deepFreeze(context.state),
    loop: level === null ? null : loopView(level, options.reader),
    stepId: info?.step.id ?? null,
    attempt: step === null ? effect.attempt : Math.max(1, recordOf(context, step).attempt),
    signal: options.signal,
    set(key, value) {
      if (options.writes === undefined)
        throw new WorkflowError('REQUEST_INVALID', 'context.set() works in handlers only; use `assign` in a step');
      options.writes.set(key, { set: throughJson(value) ?? null });
    },
  };
  return shownAs(made, () => {
    const { workflow, steps, vars, state, loop, stepId, attempt } = made;
    return present({ input: made.input, workflow, steps, vars, state, loop, stepId, attempt });
  });
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}

function plain(value: unknown): unknown {
  return value instanceof Choice ? value.value : value;
}

type Read = (...segments: string[]) => unknown;

function workflowView(read: Read, program: Program): WorkflowView {
  const view: WorkflowView = {
    get input() {
      return read('workflow', 'input');
    },
    name: program.definition.name,
    version: program.definition.version,
    runId: read('workflow', 'runId') as string,
    startedAt: read('workflow', 'startedAt') as string,
    error: (read('workflow', 'error') ?? null) as WorkflowView['error'],
  };
  return shownAs(view, () => present(view));
}

function stepView(read: Read, id: string): StepView {
  const view: StepView = {
    get output() {
      return read('steps', id, 'output');
    },
    get status() {
      return (read('steps', id, 'status') ?? 'pending') as StepView['status'];
    },
    get error() {
      return (read('steps', id, 'error') ?? null) as StepView['error'];
    },
    get branch() {
      return (read('steps', id, 'branch') ?? null) as StepView['branch'];
    },
    get attempts() {
      return (read('steps', id, 'attempts') ?? 0) as number;
    },
    get metadata() {
      return (read('steps', id, 'metadata') ?? {}) as StepView['metadata'];
    },
  };
  return shownAs(view, () => present(view));
}

function loopView(level: LoopLevel, reader: StoredReader): LoopView {
  const view: LoopView = {
    get item() {
      return deepFreeze(level.item(reader, []));
    },
    index: level.index,
    get parent() {
      const parent = level.parent();
      return parent === null ? null : loopView(parent, reader);
    },
  };
  return shownAs(view, () => ({
    item: view.item,
    index: view.index,
    ...(view.parent === null ? {} : { parent: view.parent }),
  }));
}

const stepIds = new WeakMap<Program, ReadonlySet<string>>();

/** Own steps and those of the runs around a round. */
function visibleSteps(program: Program): ReadonlySet<string> {
  let ids = stepIds.get(program);
  if (ids === undefined) {
    ids = new Set([...(program.loop === null ? [] : visibleSteps(program.loop.outer)), ...program.byId.keys()]);
    stepIds.set(program, ids);
  }
  return ids;
}

function visibleVars(program: Program): ReadonlySet<string> {
  return program.loop === null
    ? new Set(program.vars.keys())
    : new Set([...visibleVars(program.loop.outer), ...program.vars.keys()]);
}

type LazyRecord<T> = Readonly<Record<string, T>>;

/** An object with the given keys whose values are made when they are read. */
function lazyRecord<T>(
  keys: ReadonlySet<string>,
  make: (key: string) => T,
  shown: (all: LazyRecord<T>) => unknown,
): LazyRecord<T> {
  // `console.log(context)` looks at the proxy's target.
  const target = shownAs(Object.create(null) as Record<string, T>, () =>
    shown(Object.fromEntries([...keys].map((key) => [key, make(key)]))),
  );
  return new Proxy(target, {
    get: (_target, key) => (typeof key === 'string' && keys.has(key) ? make(key) : undefined),
    has: (_target, key) => typeof key === 'string' && keys.has(key),
    ownKeys: () => [...keys],
    getOwnPropertyDescriptor: (_target, key) =>
      typeof key === 'string' && keys.has(key)
        ? { value: make(key), enumerable: true, configurable: true, writable: false }
        : undefined,
    set: () => false,
    deleteProperty: () => false,
  });
}
