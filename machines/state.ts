/** Writes to the workflow's state: `assign`, `context.set`, and what the rounds of an items loop wrote. */
import { InvariantError } from '../src/core/errors.ts';
import { isPlainObject } from '../src/core/json.ts';
import type { StateWrite } from '../src/core/event.ts';
import type { Assign } from '../src/definition/definition.ts';
import type { Scope } from '../src/expressions/path.ts';
import type { LoggedWrite, RunContext } from './context.ts';
import { stepInfo, type Program } from './program.ts';
import type { Update } from './record.ts';
import { createScope, keptReader } from './scope.ts';

type State = Readonly<Record<string, unknown>>;

export function applyWrite(state: State, key: string, write: StateWrite): State {
  const current = Object.hasOwn(state, key) ? state[key] : undefined;
  return withKey(state, key, written(current, write));
}

function written(current: unknown, write: StateWrite): unknown {
  if ('set' in write) return write.set ?? null;
  if ('append' in write) return [...(Array.isArray(current) ? (current as unknown[]) : current === undefined || current === null ? [] : [current]), write.append ?? null];
  return isPlainObject(current) ? { ...current, ...write.merge } : write.merge;
}

function withKey(state: State, key: string, value: unknown): State {
  if (key !== '__proto__') return { ...state, [key]: value };
  return Object.defineProperty({ ...state }, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Rendered writes of a step (from `assign` or handlers), then its `expr` assigns, which are pure. A round logs them for the run around it. */
export function writeState(
  program: Program,
  context: RunContext,
  index: number | null,
  writes: Readonly<Record<string, StateWrite>> | undefined,
  only: { readonly expressions?: boolean } = {},
): Update {
  const assigns = index === null || only.expressions === false ? [] : stepInfo(program, index).step.assign;
  const expressions = assigns.filter((each) => each.kind === 'expr');
  if (writes === undefined && expressions.length === 0) return {};
  let { state } = context;
  const log: LoggedWrite[] = [];
  for (const key of Object.keys(writes ?? {})) {
    const write = (writes as Record<string, StateWrite>)[key] as StateWrite;
    state = applyWrite(state, key, write);
    log.push({ key, write });
  }
  for (const assign of expressions) {
    const scope = createScope(program, { ...context, state }, index, keptReader);
    const values = context.outer === null ? null : ownValues(assign, scope);
    state = withKey(state, assign.key, assign.condition.evaluate(scope) ?? null);
    if (values !== null) log.push({ key: assign.key, write: { expr: { body: [], step: index as number, at: assigns.indexOf(assign), values } } });
  }
  return context.outer === null ? { state } : { state, writes: [...context.writes, ...log] };
}

/** What an expression reads besides the state, by the source of the path. */
function ownValues(assign: Extract<Assign, { kind: 'expr' }>, scope: Scope): Readonly<Record<string, unknown>> {
  return Object.fromEntries(assign.condition.paths.filter((path) => path.segments[0] !== 'state').map((path) => [path.source, plain(scope(path))]));
}

/** Routers' outputs as plain values. */
function plain(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'aliases' in value && 'value' in value ? value.value : value;
}

/** Applies what the rounds of a loop wrote, in item order. */
export function applyRoundWrites(program: Program, context: RunContext, loop: number, rounds: readonly (readonly LoggedWrite[])[]): Update {
  let { state } = context;
  const log: LoggedWrite[] = [];
  for (const { key, write } of rounds.flat()) {
    if ('expr' in write) {
      const assign = stepInfo(bodyAt(program, [loop, ...write.expr.body]), write.expr.step).step.assign[write.expr.at];
      if (assign?.kind !== 'expr') throw new InvariantError(`a round of step ${loop} wrote by an assign that is not there`);
      const before = state;
      const scope: Scope = (path) => (path.segments[0] === 'state' ? readState(before, path.segments) : write.expr.values[path.source]);
      state = withKey(state, key, assign.condition.evaluate(scope) ?? null);
      log.push({ key, write: { expr: { ...write.expr, body: [loop, ...write.expr.body] } } });
    } else {
      state = applyWrite(state, key, write);
      log.push({ key, write });
    }
  }
  return context.outer === null ? { state } : { state, writes: [...context.writes, ...log] };
}

function bodyAt(program: Program, loops: readonly number[]): Program {
  return loops.reduce((current, loop) => {
    const body = current.bodies.get(loop);
    if (body === undefined) throw new InvariantError(`step ${loop} is not an items loop`);
    return body;
  }, program);
}

function readState(state: State, segments: readonly string[]): unknown {
  let value: unknown = state;
  for (const key of segments.slice(1)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
