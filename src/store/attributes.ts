/**
 * Attributes of a run: what its input says, as texts like `order.region=eu` that runs are found by. A scalar is compared as
 * text (42 finds 42 and "42"); an array has each of its members under its own path. Owns the form of the texts, which are
 * stored: never change it without a migration.
 */
import { createHash } from 'node:crypto';
import { isPlainObject } from '../core/json.ts';

/** What an attribute can be compared with. */
export type AttributeValue = string | number | boolean | null;

/** Longer texts are kept as their hash. */
const maxAttributeLength = 200;
/** What is further inside has no attribute. */
const maxDepth = 32;

/** @param path keys joined by dots; a dot within a key is written `\.` */
export function attributeText(path: readonly string[], value: AttributeValue): string {
  const name = path.map((key) => key.replaceAll(/[\\.=#]/g, String.raw`\$&`)).join('.');
  const text = `${name}=${String(value)}`;
  // No other text begins with '#': in keys it is escaped.
  return text.length <= maxAttributeLength ? text : `#=${createHash('sha256').update(text).digest('base64url')}`;
}

/** The keys of a path as people write it; null when one is empty. */
export function parseAttributePath(text: string): readonly string[] | null {
  const keys = [''];
  for (const [part] of text.matchAll(/\\[\\.]|./gsu)) {
    if (part === '.') keys.push('');
    else keys[keys.length - 1] += part.length === 2 && part.startsWith('\\') ? part.slice(1) : part;
  }
  return keys.includes('') ? null : keys;
}

/** What the first event of a run (its `data`) says of its input; null when there are more than `max`, or it is not readable. */
export function attributesOf(data: string, max: number): ReadonlySet<string> | null {
  const found = new Set<string>();
  try {
    const { input } = JSON.parse(data) as { readonly input?: { readonly v?: unknown } };
    if (isPlainObject(input?.v)) collect(input.v, [], found, max);
    return found;
  } catch (error) {
    if (error instanceof TooMany || error instanceof SyntaxError) return null;
    throw error;
  }
}

class TooMany extends Error {}

function collect(value: unknown, path: readonly string[], found: Set<string>, max: number): void {
  if (Array.isArray(value)) {
    for (const item of value) if (!Array.isArray(item)) collect(item, path, found, max);
  } else if (isPlainObject(value)) {
    if (path.length === maxDepth) return;
    for (const key of Object.keys(value)) collect(value[key], [...path, key], found, max);
  } else {
    if (path.length > 0) found.add(attributeText(path, value as AttributeValue));
    if (found.size > max) throw new TooMany();
  }
}
