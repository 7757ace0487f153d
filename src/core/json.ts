/** Plain JSON data: the only kind of value that is stored, compared and sent. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A plain object made by a literal or by `JSON.parse` (or without prototype); not an array, class instance, Map, Date, ... */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

/** Structural equality of JSON data; the order of keys does not matter. Own enumerable data properties only. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a !== a && b !== b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => deepEqual(item, b[index]));
  }
  const keysA = Object.keys(a);
  const objectA = a as Record<string, unknown>;
  const objectB = b as Record<string, unknown>;
  return (
    keysA.length === Object.keys(b).length &&
    keysA.every((key) => Object.hasOwn(objectB, key) && deepEqual(objectA[key], objectB[key]))
  );
}

/**
 * The value as it will be read from a store: what JSON keeps of it. `undefined` stays undefined.
 * Throws {@link TypeError} for what has no JSON (functions, cycles, BigInt).
 */
export function throughJson(value: unknown): unknown {
  if (value === undefined || value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError(`a ${typeof value} is not JSON data`);
  return JSON.parse(text) as unknown;
}

/** Freezes JSON data, all of it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const key of Object.keys(value)) deepFreeze((value as Record<string, unknown>)[key]);
  return value;
}
