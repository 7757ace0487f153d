/** Writes to the workflow's state: `assign`, `context.set`, and what the rounds of an items loop wrote. */
import { InvariantError } from '../src/core/errors.ts';
import { isPlainObject } from '../src/core/json.ts';
import type { StateWrite } from '../src/core/event.ts';
import type { Assign } from '../src/definition/definition.ts';
import { Choice, plainValue } from '../src/core/choice.ts';
import { readOwn, type Scope } from '../src/expressions/path.ts';
import type { LoggedExpression, LoggedWrite, RunContext } from './context.ts';
import { stepInfo, type Program } from './program.ts';
import type { Update } from './record.ts';
import { createScope } from './scope.ts';
import { keptReader } from './stored-reader.ts';

type State = Readonly<Record<string, unknown>>;

function applyWrite(state: State, key: string, write: StateWrite): State {
  const current = Object.hasOwn(state, key) ? state[key] : undefined;
  return withKey(state, key, written(current, write));
}

function written(current: unknown, write: StateWrite): unknown {
  if ('set' in write) return write.set ?? null;
  if ('reads' in write) return current;
  if ('append' in write)
    return [
      ...(Array.isArray(current) ? (current as unknown[]) : current === undefined || current === null ? [] : [current]),
      write.append ?? null,
    ];
  return isPlainObject(current) ? { ...current, ...write.merge } : write.merge;
}

function withKey(state: State, key: string, value: unknown): State {
  if (key !== '__proto__') return { ...state, [key]: value };
  return Object.defineProperty({ ...state }, key, { value, enumerable: true, configurable: true, writable: true });
}

/**
 * Rendered writes of a step (from `assign` or handlers), then its `expr` assigns, which are pure given what was read for them.
 * A round logs them for the run around it. `expressions`: true for them alone, false for the others alone.
 */
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
  for (const [key, write] of only.expressions === true ? [] : Object.entries(writes ?? {})) {
    if ('reads' in write) continue;
    state = applyWrite(state, key, write);
    log.push({ key, write });
  }
  for (const assign of expressions) {
    const scope = withReads(createScope(program, { ...context, state }, index, keptReader), writes?.[assign.key]);
    if (context.outer !== null)
      log.push({
        key: assign.key,
        write: { expr: { body: [], step: index as number, at: assigns.indexOf(assign), ...ownValues(assign, scope) } },
      });
    state = withKey(state, assign.key, assign.condition.evaluate(scope) ?? null);
  }
  return context.outer === null ? { state } : { state, writes: [...context.writes, ...log] };
}

/** What an effect has read for an expression, before all else. */
function withReads(scope: Scope, write: StateWrite | undefined): Scope {
  if (write === undefined || !('reads' in write)) return scope;
  const { reads } = write;
  return (path) => (Object.hasOwn(reads, path.source) ? reads[path.source] : scope(path));
}

/** What an expression reads besides the state, by the source of the path; of routers' outputs also their other names. */
function ownValues(
  assign: Extract<Assign, { kind: 'expr' }>,
  scope: Scope,
): Pick<LoggedExpression, 'values' | 'aliases'> {
  const values: Record<string, unknown> = {};
  const aliases: Record<string, readonly string[]> = {};
  for (const path of assign.condition.paths) {
    if (path.segments[0] === 'state') continue;
    const value = scope(path);
    values[path.source] = plainValue(value);
    if (value instanceof Choice) aliases[path.source] = [...value.aliases];
  }
  return { values, ...(Object.keys(aliases).length === 0 ? {} : { aliases }) };
}

function readValue({ values, aliases = {} }: LoggedExpression, path: string): unknown {
  const value = Object.hasOwn(values, path) ? values[path] : undefined;
  return Object.hasOwn(aliases, path) ? new Choice(value as string | null, aliases[path]) : value;
}

/** Applies what the rounds of a loop wrote, in item order. */
export function applyRoundWrites(
  program: Program,
  context: RunContext,
  loop: number,
  rounds: readonly (readonly LoggedWrite[])[],
): Update {
  let { state } = context;
  const log: LoggedWrite[] = [];
  for (const { key, write } of rounds.flat()) {
    if ('expr' in write) {
      const assign = stepInfo(bodyAt(program, [loop, ...write.expr.body]), write.expr.step).step.assign[write.expr.at];
      if (assign?.kind !== 'expr')
        throw new InvariantError(`a round of step ${loop} wrote by an assign that is not there`);
      const before = state;
      const scope: Scope = (path) =>
        path.segments[0] === 'state' ? readOwn(before, path.segments, 1) : readValue(write.expr, path.source);
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
