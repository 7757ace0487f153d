/** Functions of the author's code, as the definition holds them. */
import { createHash } from 'node:crypto';
import type { UserFunction } from './definition.ts';

export type AnyFunction = (...parameters: never[]) => unknown;

export function isFunction(value: unknown): value is AnyFunction {
  return typeof value === 'function';
}

/**
 * @param place where it stands in the definition: `steps.transform-data.transform`
 * @param written what the author wrote, where `call` only wraps it
 */
export function userFunction(
  place: string,
  call: AnyFunction | null,
  written: AnyFunction | null = call,
): UserFunction {
  const fingerprint = written === null ? null : sha256(Function.prototype.toString.call(written));
  return Object.freeze({ kind: 'function', place, call, fingerprint });
}

/** Hexadecimal. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** How the canonical form names a function. */
export const functionKey = '$function';

/** The place in `{ "$function": place }`, or null for all other values. */
export function placeholderPlace(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, functionKey)) return null;
  const place: unknown = (value as Readonly<Record<string, unknown>>)[functionKey];
  return Object.keys(value).length === 1 && typeof place === 'string' ? place : null;
}
