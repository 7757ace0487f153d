/**
 * When each move of a path happens, so that every timer on it fires when its time has come: no sooner and no later. Effects, people and
 * signals take as long as they like. Where the times that are written leave no room for the path (a wait of an hour inside a
 * step that times out after a minute) timers are made longer, and that is said.
 *
 * Times are the longest ways in a graph of "at least so much later"; a cycle that adds time is a contradiction.
 */
import type { GraphEdge } from './graph.ts';

export interface Schedule {
  /** Of each move, in milliseconds since the start. */
  readonly at: readonly number[];
  readonly longer: readonly LongerTimer[];
}

/** A timer that takes longer than is written, as the path needs it. */
export interface LongerTimer {
  /** `timeout:<step>`, `total:`, `maxWait:`, `backoff:`, `poll:`, `timeout:$run`. */
  readonly timer: string;
  readonly writtenMs: number;
  readonly ms: number;
}

/** From where it is set to where it fires, or is taken back. */
interface Lifetime {
  readonly name: string;
  readonly ms: number;
  /** Numbers of moves. */
  readonly from: number;
  readonly to: number;
  readonly fires: boolean;
  /** Among those that are set by the same move. */
  readonly order: number;
}

/** `to` is at least `ms` later than `from`. */
interface Constraint {
  readonly from: number;
  readonly to: number;
  readonly ms: number;
  /** By whose time it is so; null: by the order of the moves. */
  readonly timer: string | null;
  /** It would not be so if that timer took longer. */
  readonly isBound: boolean;
}

/** Contradictions that are mended before a path is given up. */
const maxMends = 100;

/** Null: its timers cannot fire in this order, however long they take. */
export function scheduleOf(moves: readonly GraphEdge[]): Schedule | null {
  const lifetimes = lifetimesOf(moves);
  const longer = new Map<string, number>();
  for (let mends = 0; mends < maxMends; mends++) {
    const constraints = constraintsOf(moves, lifetimes, longer);
    const found = solve(moves.length, constraints);
    if ('at' in found) return { at: found.at, longer: longerTimers(lifetimes, longer) };
    if (!mend(found.cycle, lifetimes, longer)) return null;
  }
  return null;
}

function lifetimesOf(moves: readonly GraphEdge[]): readonly Lifetime[] {
  const all: Lifetime[] = [];
  const open = new Map<string, Omit<Lifetime, 'to' | 'fires'> & { readonly rounds: readonly string[] }>();
  const end = (key: string, to: number, fires: boolean): void => {
    const timer = open.get(key);
    if (timer === undefined) return;
    open.delete(key);
    const { rounds: _rounds, ...rest } = timer;
    all.push({ ...rest, to, fires });
  };
  moves.forEach(({ kind, about, rounds: place, timers }, at) => {
    if (kind === 'timer') end(keyOf(place, about), at, true);
    for (const [order, change] of timers.entries()) {
      // A move in a round tells of the timers of that round.
      const rounds = change.rounds;
      if (change.type === 'dropped') {
        for (const [key, timer] of open)
          if (rounds.every((each, depth) => timer.rounds[depth] === each)) end(key, at, false);
        continue;
      }
      end(keyOf(rounds, change.name), at, false);
      if (change.type === 'set')
        open.set(keyOf(rounds, change.name), { name: change.name, ms: change.ms, from: at, order, rounds });
    }
  });
  for (const key of [...open.keys()]) end(key, moves.length - 1, false);
  return all;
}

function keyOf(rounds: readonly string[], name: string): string {
  return `${rounds.join('/')} ${name}`;
}

function constraintsOf(
  moves: readonly GraphEdge[],
  lifetimes: readonly Lifetime[],
  longer: ReadonlyMap<string, number>,
): readonly Constraint[] {
  const firing = new Map(lifetimes.filter(({ fires }) => fires).map((each) => [each.to, each]));
  const inOrder = moves.slice(1).flatMap(({ isUrgent }, index): Constraint[] => {
    const [from, to] = [index, index + 1];
    const later: Constraint = { from, to, ms: gap(firing, from, to), timer: null, isBound: false };
    return isUrgent ? [later, { ...later, from: to, to: from, ms: 0 }] : [later];
  });
  return [
    ...inOrder,
    ...lifetimes.flatMap(({ name, ms: written, from, to, fires }): Constraint[] => {
      const ms = longer.get(name) ?? written;
      const bound: Constraint = { from: to, to: from, ms: fires ? -ms : 1 - ms, timer: name, isBound: true };
      return fires ? [{ from, to, ms, timer: name, isBound: false }, bound] : from === to ? [] : [bound];
    }),
  ];
}

/** What is due in one moment fires together, in the order in which it was set: anything else has to lie before. */
function gap(firing: ReadonlyMap<number, Lifetime>, before: number, after: number): number {
  const next = firing.get(after);
  if (next === undefined || next.from === before) return 0;
  const last = firing.get(before);
  const isInOrder =
    last !== undefined && (last.from < next.from || (last.from === next.from && last.order < next.order));
  return isInOrder ? 0 : 1;
}

function solve(
  count: number,
  constraints: readonly Constraint[],
): { readonly at: readonly number[] } | { readonly cycle: readonly Constraint[] } {
  const at = Array.from({ length: count }, () => 0);
  const by: (Constraint | null)[] = Array.from({ length: count }, () => null);
  let last: number | null = null;
  for (let round = 0; round <= count; round++) {
    last = null;
    for (const each of constraints) {
      const earliest = (at[each.from] as number) + each.ms;
      if (earliest <= (at[each.to] as number)) continue;
      at[each.to] = earliest;
      by[each.to] = each;
      last = each.to;
    }
    if (last === null) return { at };
  }
  return { cycle: cycleAt(by, last ?? 0, count) };
}

function cycleAt(by: readonly (Constraint | null)[], start: number, count: number): readonly Constraint[] {
  let node = start;
  for (let steps = 0; steps < count; steps++) node = by[node]?.from ?? node;
  const cycle: Constraint[] = [];
  let at = node;
  do {
    const constraint = by[at];
    if (constraint === null || constraint === undefined) break;
    cycle.push(constraint);
    at = constraint.from;
  } while (at !== node);
  return cycle;
}

/** Makes a timer longer that is in the way; false when none can be. */
function mend(cycle: readonly Constraint[], lifetimes: readonly Lifetime[], longer: Map<string, number>): boolean {
  const excess = cycle.reduce((sum, { ms }) => sum + ms, 0);
  const least = new Set(cycle.filter(({ isBound }) => !isBound).map(({ timer }) => timer));
  const names = cycle.flatMap(({ timer, isBound }) =>
    isBound && timer !== null && !least.has(timer) && !isOfData(timer) ? [timer] : [],
  );
  // A limit is rather made longer than what is measured by it.
  const name = names.find((each) => /^(?:timeout|total|maxWait):/.test(each)) ?? names[0];
  if (name === undefined || excess <= 0) return false;
  longer.set(name, (longer.get(name) ?? writtenMs(lifetimes, name)) + excess);
  return true;
}

function longerTimers(lifetimes: readonly Lifetime[], longer: ReadonlyMap<string, number>): readonly LongerTimer[] {
  return [...longer].map(([timer, ms]) => ({ timer, writtenMs: writtenMs(lifetimes, timer), ms }));
}

/** Backoffs grow: the longest. */
function writtenMs(lifetimes: readonly Lifetime[], timer: string): number {
  return Math.max(...lifetimes.filter(({ name }) => name === timer).map(({ ms }) => ms));
}

/** How long a wait takes is the path's data, or written in its step. */
function isOfData(timer: string): boolean {
  return timer.startsWith('wait:');
}
