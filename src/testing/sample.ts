/** Values that fit a JSON Schema, drawn at random: what an agent or a person may say. Tried against the schema, so that it is right. */
import { isPlainObject, type Json } from '../core/json.ts';
import type { DataSchema } from '../definition/definition.ts';

/** Where values are drawn from. */
export interface Draw {
  /** A whole number from 0 on, below `n`. */
  below(n: number): number;
}

type Schema = Readonly<Record<string, unknown>>;

const tries = 50;
const maxDepth = 6;

/** Null when none was found: patterns and rules of its own are not made up. */
export function sampleOf(schema: DataSchema, draw: Draw): { readonly value: unknown } | null {
  for (let attempt = 0; attempt < tries; attempt++) {
    const value = drawn(schema.json, schema.json, draw, 0);
    if (!('issues' in schema.parse(value))) return { value };
  }
  return null;
}

function drawn(schema: Json, root: Json, draw: Draw, depth: number): unknown {
  if (!isPlainObject(schema)) return anything(draw);
  const resolved = resolve(schema, root);
  const given = listOf(resolved['examples']) ?? listOf(resolved['enum']);
  if (given !== null) return pick(given, draw);
  for (const key of ['const', 'default']) if (Object.hasOwn(resolved, key)) return resolved[key];
  const choices = listOf(resolved['anyOf']) ?? listOf(resolved['oneOf']);
  if (choices !== null) return drawn(pick(choices, draw) as Json, root, draw, depth);
  const all = listOf(resolved['allOf']);
  if (all !== null) return Object.assign({}, ...all.map((each) => drawn(each as Json, root, draw, depth))) as unknown;
  return ofType(resolved, root, draw, depth);
}

function resolve(schema: Schema, root: Json): Schema {
  const ref = schema['$ref'];
  if (typeof ref !== 'string' || !ref.startsWith('#/')) return schema;
  let found: unknown = root;
  for (const key of ref.slice(2).split('/')) found = isPlainObject(found) ? found[key] : undefined;
  return isPlainObject(found) ? found : {};
}

function ofType(schema: Schema, root: Json, draw: Draw, depth: number): unknown {
  const types = listOf(schema['type']) ?? [
    schema['type'] ?? (isPlainObject(schema['properties']) ? 'object' : undefined),
  ];
  switch (pick(types, draw)) {
    case 'object':
      return object(schema, root, draw, depth);
    case 'array': {
      const least = numberOf(schema['minItems']) ?? 0;
      const length = Math.min(numberOf(schema['maxItems']) ?? least + 3, least + draw.below(4));
      return Array.from({ length }, () => drawn((schema['items'] ?? {}) as Json, root, draw, depth + 1));
    }
    case 'string':
      return text(schema, draw);
    case 'integer':
      return number(schema, draw, true);
    case 'number':
      return number(schema, draw, false);
    case 'boolean':
      return draw.below(2) === 0;
    case 'null':
      return null;
    default:
      return anything(draw);
  }
}

function object(schema: Schema, root: Json, draw: Draw, depth: number): unknown {
  const properties = isPlainObject(schema['properties']) ? schema['properties'] : {};
  const required = new Set(listOf(schema['required']) ?? []);
  const wanted = Object.keys(properties).filter((key) => required.has(key) || (depth < maxDepth && draw.below(4) > 0));
  return Object.fromEntries(wanted.map((key) => [key, drawn(properties[key] as Json, root, draw, depth + 1)]));
}

const formats: Readonly<Record<string, string>> = {
  date: '2026-01-31',
  'date-time': '2026-01-31T12:00:00Z',
  email: 'kim@example.com',
  uri: 'https://example.com/page',
  url: 'https://example.com/page',
  uuid: '01900000-0000-4000-8000-000000000001',
};

function text(schema: Schema, draw: Draw): string {
  const format = schema['format'];
  if (typeof format === 'string' && formats[format] !== undefined) return formats[format];
  const least = numberOf(schema['minLength']) ?? 1;
  const most = numberOf(schema['maxLength']) ?? Math.max(least, 40);
  const words = pick(['good', 'text', 'a longer text of several words', 'yes'], draw) as string;
  return words.repeat(Math.ceil(least / words.length) || 1).slice(0, Math.max(least, Math.min(most, 40)));
}

function number(schema: Schema, draw: Draw, isWhole: boolean): number {
  const above = numberOf(schema['exclusiveMinimum']);
  const below = numberOf(schema['exclusiveMaximum']);
  const least = numberOf(schema['minimum']) ?? (above === null ? 0 : above + (isWhole ? 1 : 0.01));
  const most = numberOf(schema['maximum']) ?? (below === null ? least + 10 : below - (isWhole ? 1 : 0.01));
  const step = numberOf(schema['multipleOf']) ?? (isWhole ? 1 : Math.max((most - least) / 20, 0.001));
  const value = Math.ceil(least / step) * step + draw.below(Math.floor((most - least) / step) + 1) * step;
  return Math.min(most, isWhole ? Math.round(value) : Number(value.toFixed(6)));
}

function anything(draw: Draw): unknown {
  return pick(['good', 'text', 1, 0, true, { text: 'good', score: 3 }, ['a', 'b']], draw);
}

function pick(choices: readonly unknown[], draw: Draw): unknown {
  return choices[draw.below(choices.length)];
}

function listOf(value: unknown): readonly unknown[] | null {
  return Array.isArray(value) && value.length > 0 ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
