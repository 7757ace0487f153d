/** Makes data of a value at a place, and data without one. */
import { isPlainObject } from '../core/json.ts';
import { composed } from './composed.ts';

export function put(data: unknown, segments: readonly string[], value: unknown): unknown {
  if (value === undefined && data === undefined) return undefined;
  const made = composed([
    ...(isPlainObject(data) ? Object.entries(data).map(([key, each]) => [[key], each] as const) : []),
    [segments, value],
  ]);
  return value === undefined && isPlainObject(data) ? without(data, segments) : made;
}

function without(data: Readonly<Record<string, unknown>>, [key = '', ...rest]: readonly string[]): unknown {
  if (rest.length === 0) return Object.fromEntries(Object.entries(data).filter(([each]) => each !== key));
  const inner = data[key];
  return isPlainObject(inner) ? { ...data, [key]: without(inner, rest) } : data;
}
