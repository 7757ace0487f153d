/**
 * The operators of conditions on values. On primitives they are JavaScript's own. Where they depart from it:
 *
 * V1. Objects and arrays compare by value in `=== !== == !=`, and are equal to no primitive.
 * V2. Objects and arrays are never turned into primitives: as numbers they are NaN, so no `<` or `>` with one holds; in
 *     a sum they are their JSON text.
 * V3. `in` is membership: in a list or array an item that is `===`, in a text a part of it.
 * V4. A {@link Choice} equals each of its aliases, compared as text; elsewhere it is its value.
 */
import { Choice, plainValue } from '../../core/choice.ts';
import { deepEqual } from '../../core/json.ts';
import { toText } from '../text.ts';

function isData(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

export function truthy(value: unknown): boolean {
  return Boolean(plainValue(value));
}

export function strictEqual(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') {
    if (a instanceof Choice) return isCalled(a, b) || a.value === b;
    return b instanceof Choice ? isCalled(b, a) || b.value === a : a === b;
  }
  return dataEqual(a, b);
}

export function looseEqual(a: unknown, b: unknown): boolean {
  /* oxlint-disable eqeqeq -- `==` of the language is JavaScript's own */
  if (typeof a === 'object' && typeof b === 'object') return dataEqual(a, b);
  if (a instanceof Choice) return isCalled(a, b) || a.value == b;
  if (b instanceof Choice) return isCalled(b, a) || b.value == a;
  return isData(a) || isData(b) ? false : a == b;
  /* oxlint-enable eqeqeq */
}

/** Equality of two that are objects, arrays, choices or null (V1). */
function dataEqual(a: object | null, b: object | null): boolean {
  if (a instanceof Choice)
    return b instanceof Choice ? isCalled(a, b.value) || isCalled(b, a.value) || a.value === b.value : a.value === b;
  if (b instanceof Choice) return b.value === a;
  return deepEqual(a, b);
}

/** Whether a primitive names the choice (V4). */
function isCalled(choice: Choice, name: unknown): boolean {
  return name !== null && name !== undefined && !isData(name) && choice.aliases.has(String(name));
}

/** JavaScript's `Number`, but NaN of objects and arrays (V2). */
export function toNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  const plain = plainValue(value);
  return isData(plain) ? NaN : Number(plain);
}

export function add(a: unknown, b: unknown): unknown {
  return (operandOf(a) as string) + (operandOf(b) as string);
}

/** What takes part in a sum: primitives as they are, so that `+` does what JavaScript's does; objects as text (V2). */
function operandOf(value: unknown): unknown {
  if (typeof value !== 'object') return value;
  const plain = plainValue(value);
  return isData(plain) ? toText(plain) : plain;
}

export function subtract(a: unknown, b: unknown): number {
  return toNumber(a) - toNumber(b);
}

export function multiply(a: unknown, b: unknown): number {
  return toNumber(a) * toNumber(b);
}

export function divide(a: unknown, b: unknown): number {
  return toNumber(a) / toNumber(b);
}

export function remainder(a: unknown, b: unknown): number {
  return toNumber(a) % toNumber(b);
}

export function negate(value: unknown): number {
  return -toNumber(value);
}

/** What takes part in `< <= > >=`: a primitive as it is, so that two texts compare as texts; an object is NaN (V2). */
function comparable(value: unknown): number {
  const plain = plainValue(value);
  return (isData(plain) ? NaN : plain) as number;
}

export function less(a: unknown, b: unknown): boolean {
  return comparable(a) < comparable(b);
}

export function lessOrEqual(a: unknown, b: unknown): boolean {
  return comparable(a) <= comparable(b);
}

export function greater(a: unknown, b: unknown): boolean {
  return comparable(a) > comparable(b);
}

export function greaterOrEqual(a: unknown, b: unknown): boolean {
  return comparable(a) >= comparable(b);
}

/** Membership in an array or a text (V3). What is missing, and an object, is in no text. */
export function isMember(value: unknown, whole: unknown): boolean {
  if (Array.isArray(whole)) return whole.some((item) => strictEqual(value, item));
  const part = plainValue(value);
  if (part === null || part === undefined || isData(part)) return false;
  if (whole instanceof Choice) return [...whole.aliases].some((alias) => alias.includes(String(part)));
  return whole !== null && whole !== undefined && !isData(whole) && String(whole).includes(String(part));
}

/** Membership in a written list. */
export function isAmong(value: unknown, ...items: readonly unknown[]): boolean {
  return items.some((item) => strictEqual(value, item));
}

/** Membership in `(item)`: in the item, when it is an array; otherwise equality. */
export function isOnly(value: unknown, item: unknown): boolean {
  return Array.isArray(item) ? isMember(value, item) : strictEqual(value, item);
}

/** A written list as a value; a choice in it is its value. */
export function list(...items: readonly unknown[]): unknown[] {
  return items.map(plainValue);
}
