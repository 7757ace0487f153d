/**
 * The canonical form of a definition: what is data in it, as RFC 8785 text; functions by their places, schemas as JSON
 * Schema. Equal for all three ways to write a workflow; the order of keys does not matter. Its SHA-256 is the hash.
 *
 * C1. Reading the canonical form gives the same definition (functions without code) and the same hash.
 */
import canonicalize from 'canonicalize';
import { InvariantError } from '../core/errors.ts';
import { joinPath } from '../core/issue.ts';
import { isPlainObject, type Json } from '../core/json.ts';

/** Raised when the same text would mean something else. */
export const canonicalFormat = 1;

export interface JsonOptions {
  /** By path: what stands for functions, schemas and references. */
  readonly replacements: ReadonlyMap<string, Json>;
  /** Told of every value that no JSON can hold. */
  readonly onOther: (path: string, value: unknown) => void;
}

/** The author's data as JSON. */
export function toJson(value: unknown, path: string, options: JsonOptions): Json {
  const replacement = options.replacements.get(path);
  if (replacement !== undefined) return replacement;
  if (Array.isArray(value))
    return Array.from(value, (item: unknown, index) => toJson(item, joinPath(path, index), options));
  if (!isPlainObject(value)) return scalar(value, path, options);
  const result: Record<string, Json> = {};
  for (const key of Object.keys(value)) {
    const json = toJson(value[key], joinPath(path, key), options);
    Object.defineProperty(result, key, { value: json, enumerable: true, configurable: true, writable: true });
  }
  return result;
}

function scalar(value: unknown, path: string, { onOther }: JsonOptions): Json {
  if (value === null || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)))
    return value;
  if (typeof value === 'string' && value.isWellFormed()) return value;
  onOther(path, value);
  return null;
}

export function canonicalText(json: Json): string {
  const text = canonicalize(json);
  if (typeof text !== 'string') throw new InvariantError('a definition has no canonical form');
  return text;
}
