/** State values of machines: with a step's place in them, where it was not, and the timers that this sets. Pure. */
import type { AnyStateMachine, StateValue } from 'xstate';
import type { ActiveTimer } from '../src/core/advance.ts';
import type { RunContext } from './context.ts';
import { heldState, passedState } from './control.ts';
import type { Program } from './program.ts';
import { recordOf } from './record.ts';

export type StateNode = AnyStateMachine['root'];

/** The value in which a step stands ready; what surrounds it is under way, branches beside it stay as they are. */
export function withHeld(
  machine: AnyStateMachine,
  program: Program,
  context: RunContext,
  value: StateValue,
  id: string,
): StateValue {
  const { path } = machine.getStateNodeById(id);
  return placed(machine.root, program, context, value, [...path, heldState]);
}

/** The last entry of the path is an atomic state. */
function placed(
  node: StateNode,
  program: Program,
  context: RunContext,
  value: StateValue | undefined,
  [key = '', ...rest]: readonly string[],
): StateValue {
  const inner = (name: string): StateValue | undefined => (typeof value === 'object' ? value[name] : undefined);
  if (rest.length === 0) return key;
  const child = node.states[key] as StateNode;
  const at = placed(child, program, context, inner(key), rest);
  if (node.type !== 'parallel') return { [key]: at };
  const regions = Object.keys(node.states).map((name) => [
    name,
    name === key ? at : (inner(name) ?? ended(node.states[name] as StateNode, program, context)),
  ]);
  return Object.fromEntries(regions) as StateValue;
}

/** Of a branch that is over: its final state. */
function ended(region: StateNode, program: Program, context: RunContext): StateValue {
  const index = program.byId.get(String((region.meta as { readonly step?: string } | undefined)?.step));
  if (index === undefined) return '$ended';
  const { status } = recordOf(context, index);
  if (status === 'skipped') return '$skipped' in region.states ? '$skipped' : '$completed';
  return status === 'completed' ? '$completed' : '$failed';
}

/** States by path that are active in a value. */
export function activeNodes(machine: AnyStateMachine, value: StateValue): ReadonlyMap<string, StateNode> {
  const active = new Map<string, StateNode>();
  const walk = (node: StateNode, inner: StateValue): void => {
    active.set(node.id, node);
    if (typeof inner === 'string') {
      const leaf = node.states[inner] as StateNode | undefined;
      if (leaf !== undefined) active.set(leaf.id, leaf);
      return;
    }
    for (const [key, each] of Object.entries(inner)) {
      const child = node.states[key] as StateNode | undefined;
      if (child !== undefined && each !== undefined) walk(child, each);
    }
  };
  walk(machine.root, value);
  return active;
}

/** The effects and timers, by id and name, that some of the states have. */
export function placesOf(nodes: Iterable<StateNode>): {
  readonly effects: ReadonlySet<string>;
  readonly timers: ReadonlySet<string>;
} {
  const effects = new Set<string>();
  const timers = new Set<string>();
  for (const node of nodes) {
    for (const { id } of node.invoke) effects.add(id);
    for (const { delay } of node.after) timers.add(String(delay));
  }
  return { effects, timers };
}

/** The timers that a state sets as it is entered. */
export function timersOf(
  machine: AnyStateMachine,
  node: StateNode,
  context: RunContext,
  { seq, at }: { readonly seq: number; readonly at: number },
): readonly ActiveTimer[] {
  const { delays } = machine.implementations as unknown as {
    readonly delays: Readonly<Record<string, number | ((args: { readonly context: RunContext }) => number)>>;
  };
  return node.after.flatMap(({ delay, eventType }) => {
    const given = delays[String(delay)];
    if (given === undefined) return [];
    const ms = typeof given === 'number' ? given : given({ context });
    return [{ name: String(delay), type: String(eventType), dueAt: at + ms, setBy: seq }];
  });
}

/** As the run's own machine names its states: it has none for a step that was passed over where no step of its kind can be. */
export function asRun(value: StateValue): StateValue {
  if (typeof value === 'string') return value === passedState ? '$completed' : value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, inner === undefined ? inner : asRun(inner)]),
  );
}
