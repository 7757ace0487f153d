/**
 * Values as histories and checkpoints hold them. An output is stored once, in the history row of the event that
 * brought it; everything that is composed of outputs (a parallel step's object, a loop's array, a run's output) is a tree
 * whose leaves are references. Owns the shape and the walk; loading the rows is the engine's part.
 */
import { isPlainObject } from './json.ts';

/** The output (of event 1: the input) in history row `seq` of a run; `run` is left out for the run itself; `path` descends into the value. */
export interface Ref {
  readonly run?: string;
  readonly seq: number;
  /** Another part of the row. @default its output */
  readonly part?: 'metadata';
  readonly path?: readonly (string | number)[];
}

/**
 * One letter each, as they are written many times: value, reference, object, array, output of a (child) run, outputs of the
 * rounds of a loop, output of a round that also wrote to the state or broke the loop off.
 */
export type StoredValue =
  | { readonly v: unknown }
  | { readonly r: Ref }
  | { readonly o: Readonly<Record<string, StoredValue>> }
  | { readonly a: readonly StoredValue[] }
  | { readonly c: { readonly run: string } }
  | { readonly w: { readonly output: StoredValue; readonly writes: readonly unknown[]; readonly isBreak?: true } }
  | {
      readonly n: {
        readonly prefix: string;
        readonly count: number;
        readonly without?: readonly number[] | undefined;
        readonly absent?: readonly number[] | undefined;
      };
    };

/** How a reference becomes its value. Synchronous: the embedded stores read synchronously. */
export interface ValueLoader {
  /** The value that event `ref.seq` recorded as its output; `run` is the run that a reference without one is relative to. */
  loadOutput(ref: Ref, run: string): unknown;
  /** The output of a finished child run (a round, a child workflow). */
  loadRunOutput(runId: string): unknown;
}

/** The whole value of a tree of the run `run`, references loaded. */
export function materialize(stored: StoredValue, loader: ValueLoader, run: string): unknown {
  if ('v' in stored) return stored.v;
  if ('r' in stored) return descend(loader.loadOutput(stored.r, run), stored.r.path);
  if ('c' in stored) return loader.loadRunOutput(stored.c.run);
  if ('a' in stored) return stored.a.map((item) => materialize(item, loader, run));
  if ('w' in stored) return materialize(stored.w.output, loader, run);
  if ('n' in stored) return materializeRounds(stored.n, loader);
  // JSON leaves undefined out of `{ v: undefined }`.
  if (!('o' in stored)) return undefined;
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(stored.o))
    defineOwn(result, key, materialize(stored.o[key] as StoredValue, loader, run));
  return result;
}

/** The same value for readers in another run: references without a run are to `run`. */
export function absoluteValue(stored: StoredValue, run: string): StoredValue {
  if ('r' in stored) return stored.r.run === undefined ? { r: { ...stored.r, run } } : stored;
  if ('a' in stored) return { a: stored.a.map((item) => absoluteValue(item, run)) };
  if ('w' in stored) return { w: { ...stored.w, output: absoluteValue(stored.w.output, run) } };
  if (!('o' in stored)) return stored;
  const parts: Record<string, StoredValue> = {};
  for (const key of Object.keys(stored.o)) defineOwn(parts, key, absoluteValue(stored.o[key] as StoredValue, run));
  return { o: parts };
}

/** Rounds 0..count-1 of a loop: `without` are left out of the array, `absent` are null in it. */
function materializeRounds(
  rounds: {
    readonly prefix: string;
    readonly count: number;
    readonly without?: readonly number[] | undefined;
    readonly absent?: readonly number[] | undefined;
  },
  loader: ValueLoader,
): unknown[] {
  const without = new Set(rounds.without);
  const absent = new Set(rounds.absent);
  const result: unknown[] = [];
  for (let index = 0; index < rounds.count; index++) {
    if (without.has(index)) continue;
    result.push(absent.has(index) ? null : loader.loadRunOutput(`${rounds.prefix}${index}`));
  }
  return result;
}

/** The value of a tree in which nothing is referenced; undefined for any other. */
export function inlineValue(stored: StoredValue): unknown {
  return isInline(stored) ? materialize(stored, unreachable, '') : undefined;
}

function isInline(stored: StoredValue): boolean {
  if ('a' in stored) return stored.a.every(isInline);
  if ('o' in stored) return Object.values(stored.o).every(isInline);
  return 'w' in stored ? isInline(stored.w.output) : 'v' in stored;
}

const unreachable: ValueLoader = {
  loadOutput: () => undefined,
  loadRunOutput: () => undefined,
};

function descend(value: unknown, path: readonly (string | number)[] | undefined): unknown {
  let current = value;
  for (const key of path ?? []) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Record<string | number, unknown>)[key];
  }
  return current;
}

function defineOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}

/** Texts shorter than this are stored again rather than referenced. */
const minimumTextLength = 256;

/**
 * A value as a tree of references: every part of it that *is* (by identity, for long texts by content) one of the loaded
 * values becomes a reference to where that value is stored.
 */
export function toStoredValue(value: unknown, known: ReadonlyMap<unknown, StoredValue>): StoredValue {
  if (known.size === 0) return { v: value };
  return reference(value, known) ?? { v: value };
}

function reference(value: unknown, known: ReadonlyMap<unknown, StoredValue>): StoredValue | null {
  if (typeof value === 'string') return value.length >= minimumTextLength ? (known.get(value) ?? null) : null;
  if (typeof value !== 'object' || value === null) return null;
  const found = known.get(value);
  if (found !== undefined) return found;
  if (Array.isArray(value)) {
    const items = value.map((item) => reference(item, known));
    if (items.every((item) => item === null)) return null;
    return { a: items.map((item, index) => item ?? { v: asMember(value[index]) ?? null }) };
  }
  if (!isPlainObject(value)) return null;
  const keys = Object.keys(value);
  const parts = keys.map((key) => reference(value[key], known));
  if (parts.every((part) => part === null)) return null;
  const o: Record<string, StoredValue> = {};
  keys.forEach((key, index) => {
    const part = parts[index] ?? { v: asMember(value[key]) };
    if (!('v' in part) || part.v !== undefined) defineOwn(o, key, part);
  });
  return { o };
}

/** As JSON has it: what is no data is left out of objects and null in arrays. */
function asMember(value: unknown): unknown {
  return typeof value === 'function' || typeof value === 'symbol' ? undefined : value;
}
