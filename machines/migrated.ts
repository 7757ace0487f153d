/**
 * The state of a run as another definition of its workflow has it: steps by their new ids and numbers, what guards of the new one
 * read, timers and effects in their places. Says what hinders it; changes nothing.
 */
import type { AnyStateMachine, StateValue } from 'xstate';
import type { ActiveEffect, ActiveTimer, Kernel, RunState } from '../src/core/advance.ts';
import type { CompiledWorkflow } from './compiled-workflow.ts';
import type { RunContext, StepRecord } from './context.ts';
import { EffectInput } from './effect-input.ts';
import { activeNodes, placesOf, timersOf, type StateNode } from './opened.ts';
import { restoreValue } from './persist.ts';
import { stepInfo, type Program } from './program.ts';
import { keptOfValue } from './record.ts';
import { keepSignal } from './signal.ts';
import { StepTable } from './step-table.ts';

export interface Migration {
  readonly from: CompiledWorkflow;
  readonly to: CompiledWorkflow;
  readonly kernel: Kernel;
  /** New ids of steps by their old ones; the others keep theirs. */
  readonly renamed: Readonly<Record<string, string>>;
  /** The value that is stored: for what guards of the new definition read. */
  readonly load: (stored: NonNullable<StepRecord['output']>) => unknown;
  /** Of the run's state. */
  readonly transform: (state: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
}

export interface Migrated {
  readonly state: RunState;
  /** Why it cannot be so; empty: it can. */
  readonly problems: readonly string[];
}

type Place = { readonly seq: number; readonly at: number };

export function migrated(migration: Migration, state: RunState, place: Place): Migrated {
  return new Mover(migration, state, place).move();
}

const underWay: ReadonlySet<string> = new Set(['running', 'backoff']);

class Mover {
  readonly #migration: Migration;
  readonly #state: RunState;
  readonly #place: Place;
  readonly #problems: string[] = [];

  constructor(migration: Migration, state: RunState, place: Place) {
    this.#migration = migration;
    this.#state = state;
    this.#place = place;
  }

  get #to(): Program {
    return this.#migration.to.program;
  }

  move(): Migrated {
    const { machine } = this.#migration.to;
    const { value, context } = this.#state.snapshot as { readonly value: StateValue; readonly context: RunContext };
    if ((this.#state.pause?.held.length ?? 0) > 0)
      this.#problems.push('it is paused, and holds what arrived meanwhile: resume it first');
    const next = this.#context(context);
    const at = this.#value(value);
    this.#checkPlace(machine.root, at, []);
    if (this.#problems.length > 0) return { state: this.#state, problems: this.#problems };
    const active = activeNodes(machine, at);
    const effects = this.#effects(next, active);
    const timers = this.#timers(machine, next, active);
    if (this.#problems.length > 0) return { state: this.#state, problems: this.#problems };
    const parts = { value: at, context: next, effects, timers, seq: this.#state.seq };
    return {
      state: {
        ...restoreValue(this.#migration.kernel, parts),
        pause: this.#state.pause,
        breakpoints: this.#breakpoints(),
      },
      problems: [],
    };
  }

  #breakpoints(): RunState['breakpoints'] {
    return this.#state.breakpoints
      .map(({ step, when }) => ({ step: this.#idOf(step), when }))
      .filter(({ step }) => this.#to.byId.has(step));
  }

  /** The new id of a step of the old definition. */
  #idOf(id: string): string {
    const { renamed } = this.#migration;
    return Object.hasOwn(renamed, id) ? (renamed[id] as string) : id;
  }

  /** The number of a step in the new definition, by its old one. */
  #indexOf(index: number): number | undefined {
    return this.#to.byId.get(this.#idOf(stepInfo(this.#migration.from.program, index).step.id));
  }

  // What the run knows.

  /** What is to be undone should the run fail. */
  #undo(context: RunContext): RunContext['undo'] {
    if (context.compensation !== null) this.#problems.push('it undoes what it did');
    return context.undo.flatMap((entry) => {
      const step = this.#indexOf(entry.step);
      if (step === undefined || !this.#to.undoable.has(step)) {
        const { id } = stepInfo(this.#migration.from.program, entry.step).step;
        this.#problems.push(`step '${id}' would have to be undone should it fail, and cannot be any more`);
        return [];
      }
      if (entry.seen === undefined) return [{ ...entry, step }];
      const steps = entry.seen.steps.flatMap(([index, record]) => {
        const next = this.#indexOf(index);
        return next === undefined ? [] : [[next, this.#record(next, record)] as const];
      });
      return [{ ...entry, step, seen: { steps, vars: this.#vars(entry.seen.vars) } }];
    });
  }

  #vars(vars: RunContext['vars']): RunContext['vars'] {
    const moved = Object.entries(vars).flatMap(([name, index]) => {
      const next = this.#indexOf(index);
      return next === undefined ? [] : [[name, next] as const];
    });
    return Object.fromEntries(moved);
  }

  #context(context: RunContext): RunContext {
    const { kernel, transform, load } = this.#migration;
    const state = transform({
      ...this.#to.definition.state,
      ...context.state,
    });
    const last = context.last === null ? undefined : this.#indexOf(context.last);
    return {
      ...context,
      steps: this.#steps(context),
      state,
      vars: this.#vars(context.vars),
      undo: this.#undo(context),
      last: last ?? null,
      inputKept: kernel.keepInput(load(context.input)) ?? {},
      signals: context.signals.map(({ name, output }) => {
        const payload = load(output);
        return keepSignal(this.#to, name, payload, output, kernel.keepSignal(name, payload));
      }),
    };
  }

  #steps(context: RunContext): StepTable {
    const moved: (readonly [number, StepRecord])[] = [];
    for (const [index, record] of context.steps.entries()) {
      const { step } = stepInfo(this.#migration.from.program, index);
      const next = this.#indexOf(index);
      if (next === undefined) {
        if (underWay.has(record.status))
          this.#problems.push(`step '${step.id}' is ${record.status}, and there is no such step any more`);
        continue;
      }
      const { type } = stepInfo(this.#to, next).step;
      if (underWay.has(record.status) && type !== step.type)
        this.#problems.push(`step '${step.id}' is ${record.status} as ${step.type}, and is ${type} now`);
      moved.push([next, this.#record(next, record)]);
    }
    return StepTable.from(moved);
  }

  #record(index: number, { kept: _kept, chosenBy, ...record }: StepRecord): StepRecord {
    const router = chosenBy === undefined ? undefined : (this.#indexOf(chosenBy) ?? index);
    const { kept: paths } = stepInfo(this.#to, index);
    const { load } = this.#migration;
    const { output, metadata } = record;
    const kept =
      output === undefined || paths.size === 0
        ? {}
        : {
            kept: keptOfValue(paths, {
              output: load(output),
              ...(metadata === undefined ? {} : { metadata: load(metadata) }),
            }),
          };
    return { ...record, ...kept, ...(router === undefined ? {} : { chosenBy: router }) };
  }

  // Where the run is.

  #value(value: StateValue): StateValue {
    if (typeof value === 'string') return this.#key(value);
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [this.#key(key), inner === undefined ? inner : this.#value(inner)]),
    );
  }

  /** States of our own begin with `$`; a branch that queues has one around it. */
  #key(key: string): string {
    const { byId } = this.#migration.from.program;
    if (byId.has(key)) return this.#idOf(key);
    return key.startsWith('$') && byId.has(key.slice(1)) ? `$${this.#idOf(key.slice(1))}` : key;
  }

  #checkPlace(node: StateNode, value: StateValue, path: readonly string[]): void {
    const missing = (key: string): void => {
      this.#problems.push(`it is at '${[...path, key].join('.')}', and there is no such place any more`);
    };
    if (typeof value === 'string') {
      if (!(value in node.states)) missing(value);
      return;
    }
    for (const [key, inner] of Object.entries(value)) {
      const child = node.states[key] as StateNode | undefined;
      if (child === undefined) missing(key);
      else if (inner !== undefined) this.#checkPlace(child, inner, [...path, key]);
    }
    if (node.type !== 'parallel') return;
    for (const key of Object.keys(node.states))
      if (!(key in value)) this.#problems.push(`branch '${key}' is new in a parallel step that is under way`);
  }

  // What is under way.

  #effects(context: RunContext, active: ReadonlyMap<string, StateNode>): ReadonlyMap<string, ActiveEffect> {
    const places = placesOf(active.values());
    const moved = new Map<string, ActiveEffect>();
    for (const [id, effect] of this.#state.effects) {
      const { step, kind } = effect.input as EffectInput;
      const next = step === null ? null : this.#indexOf(step);
      if (effect.src === 'loop') this.#problems.push(`the rounds of loop '${id}' are under way`);
      else if (next === undefined || !places.effects.has(id))
        this.#problems.push(`'${id}' is at work, and has another place now: wait until it is done`);
      else moved.set(id, { ...effect, input: new EffectInput(this.#to, context, next, kind) });
    }
    return moved;
  }

  /** Those that were set keep their time; what is new counts from here. */
  #timers(
    machine: AnyStateMachine,
    context: RunContext,
    active: ReadonlyMap<string, StateNode>,
  ): ReadonlyMap<string, ActiveTimer> {
    const before = new Map([...this.#state.timers.values()].map((timer) => [this.#timerName(timer.name), timer]));
    const moved = new Map<string, ActiveTimer>();
    for (const node of active.values()) {
      for (const timer of timersOf(machine, node, context, this.#place)) {
        const old = before.get(timer.name);
        moved.set(timer.name, old === undefined ? timer : { ...timer, dueAt: old.dueAt, setBy: old.setBy });
      }
    }
    for (const [name, timer] of before) if (name.startsWith('heartbeat:')) moved.set(name, timer);
    return moved;
  }

  #timerName(name: string): string {
    const split = name.indexOf(':') + 1;
    return `${name.slice(0, split)}${this.#idOf(name.slice(split))}`;
  }
}
