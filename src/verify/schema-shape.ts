/** What a JSON Schema says of one place in the data: which values it lets through, whether it must be there. */
import { isPlainObject } from '../core/json.ts';

type Schema = Readonly<Record<string, unknown>>;

/** What is known of a place. */
export type Place =
  /** Nothing is said of it. */
  | { readonly kind: 'open' }
  /** The schema has no such place. */
  | { readonly kind: 'absent'; readonly at: string; readonly known: readonly string[] }
  | { readonly kind: 'there'; readonly schema: Schema; readonly isRequired: boolean };

const open: Place = { kind: 'open' };

/** Follows `segments` into a schema. */
export function placeIn(schema: unknown, segments: readonly string[], root: unknown = schema): Place {
  let current: unknown = schema;
  let isRequired = true;
  for (const [depth, segment] of segments.entries()) {
    const here = resolved(current, root);
    if (here === null) return open;
    if (segment === 'length' && (allows(here, 'string') || allows(here, 'array')) && !hasProperty(here, 'length'))
      return { kind: 'there', schema: { type: 'integer', minimum: 0 }, isRequired };
    if (isPlainObject(here['properties']) && Object.hasOwn(here['properties'], segment)) {
      isRequired &&=
        Array.isArray(here['required']) && here['required'].includes(segment) && allowsOnly(here, 'object');
      current = here['properties'][segment];
      continue;
    }
    if (allows(here, 'array') && /^\d+$/.test(segment) && here['items'] !== undefined) {
      isRequired = false;
      current = here['items'];
      continue;
    }
    return isClosed(here, segment)
      ? { kind: 'absent', at: segments.slice(0, depth + 1).join('.'), known: propertiesOf(here) }
      : open;
  }
  const last = resolved(current, root);
  return last === null ? open : { kind: 'there', schema: last, isRequired };
}

/** A schema of one form; null when it is a choice of several, or says nothing. */
function resolved(schema: unknown, root: unknown): Schema | null {
  if (!isPlainObject(schema)) return null;
  const reference = schema['$ref'];
  if (typeof reference === 'string') {
    if (!reference.startsWith('#/')) return null;
    const found = reference
      .slice(2)
      .split('/')
      .reduce<unknown>(
        (at, key) => (isPlainObject(at) ? at[key.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined),
        root,
      );
    return isPlainObject(found) && found['$ref'] === undefined ? found : null;
  }
  return ['allOf', 'anyOf', 'oneOf', 'if', 'not'].some((word) => schema[word] !== undefined) ? null : schema;
}

function hasProperty(schema: Schema, name: string): boolean {
  return isPlainObject(schema['properties']) && Object.hasOwn(schema['properties'], name);
}

function propertiesOf(schema: Schema): readonly string[] {
  return isPlainObject(schema['properties']) ? Object.keys(schema['properties']) : [];
}

/** Whether nothing can be at a name that the schema does not list: the author has listed what there is. */
function isClosed(schema: Schema, segment: string): boolean {
  if (typeof schema['type'] === 'string' && ['number', 'integer', 'boolean', 'null'].includes(schema['type']))
    return true;
  if (schema['type'] === 'string') return segment !== 'length';
  if (schema['type'] === 'array') return !/^\d+$/.test(segment) && segment !== 'length';
  if (schema['patternProperties'] !== undefined) return false;
  const more = schema['additionalProperties'];
  return isPlainObject(schema['properties']) && (more === undefined || more === false);
}

const typesOf = (schema: Schema): readonly unknown[] | null =>
  schema['type'] === undefined ? null : Array.isArray(schema['type']) ? schema['type'] : [schema['type']];

function allows(schema: Schema, type: string): boolean {
  return typesOf(schema)?.includes(type) ?? false;
}

function allowsOnly(schema: Schema, type: string): boolean {
  return typesOf(schema)?.every((each) => each === type) ?? false;
}

/** Whether the schema lets a value through, as far as its type, `enum`, `const` and bounds say. */
export function admits(schema: Schema, value: unknown): boolean {
  if (Array.isArray(schema['enum'])) return schema['enum'].includes(value);
  if ('const' in schema) return schema['const'] === value;
  const types = typesOf(schema);
  if (types !== null && !types.some((type) => isOfType(value, type))) return false;
  if (typeof value === 'number') return within(schema, value);
  if (typeof value === 'string') {
    const { minLength, maxLength, pattern, format } = schema;
    if (typeof minLength === 'number' && value.length < minLength) return false;
    if (typeof maxLength === 'number' && value.length > maxLength) return false;
    return pattern === undefined && format === undefined;
  }
  return true;
}

function within(schema: Schema, value: number): boolean {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (typeof minimum === 'number' && value < minimum) return false;
  if (typeof maximum === 'number' && value > maximum) return false;
  if (typeof exclusiveMinimum === 'number' && value <= exclusiveMinimum) return false;
  if (typeof exclusiveMaximum === 'number' && value >= exclusiveMaximum) return false;
  return typeof multipleOf !== 'number' || Math.abs(value / multipleOf - Math.round(value / multipleOf)) < 1e-9;
}

function isOfType(value: unknown, type: unknown): boolean {
  switch (type) {
    case 'string':
    case 'boolean':
      return typeof value === type;
    case 'number':
      return typeof value === 'number';
    case 'integer':
      return Number.isInteger(value);
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isPlainObject(value);
    default:
      return false;
  }
}

/** A value that the schema lets through, as small as can be; undefined when none was found. */
export function sampleOf(schema: unknown, root: unknown = schema, depth = 0): unknown {
  if (depth > 8 || !isPlainObject(schema)) return schema === false ? undefined : 'text';
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  if ('default' in schema) return schema['default'];
  if (Array.isArray(schema['examples']) && schema['examples'].length > 0) return schema['examples'][0];
  const one = [schema['anyOf'], schema['oneOf']].find((each) => Array.isArray(each)) as readonly unknown[] | undefined;
  if (one !== undefined) return sampleOf(one[0], root, depth + 1);
  if (Array.isArray(schema['allOf'])) {
    const parts = (schema['allOf'] as readonly unknown[]).map((each) => sampleOf(each, root, depth + 1));
    return parts.every(isPlainObject) ? Object.assign({}, ...parts) : parts[0];
  }
  if (typeof schema['$ref'] === 'string') {
    const target = resolved(schema, root);
    return target === null ? undefined : sampleOf(target, root, depth + 1);
  }
  return sampleOfType(schema, root, depth);
}

function sampleOfType(schema: Schema, root: unknown, depth: number): unknown {
  const [type] = typesOf(schema) ?? [isPlainObject(schema['properties']) ? 'object' : 'string'];
  switch (type) {
    case 'object': {
      const properties = isPlainObject(schema['properties']) ? schema['properties'] : {};
      const required = Array.isArray(schema['required']) ? schema['required'] : [];
      return Object.fromEntries(
        Object.entries(properties)
          .filter(([key]) => required.includes(key))
          .map(([key, inner]) => [key, sampleOf(inner, root, depth + 1)]),
      );
    }
    case 'array': {
      const least = typeof schema['minItems'] === 'number' ? schema['minItems'] : 0;
      return Array.from({ length: Math.min(least, 100) }, () => sampleOf(schema['items'], root, depth + 1));
    }
    case 'number':
    case 'integer':
      return [0, 1, schema['minimum'], schema['maximum'], schema['multipleOf'], 0.5].find(
        (each) => typeof each === 'number' && admits(schema, each),
      );
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return sampleText(schema);
  }
}

const formats: Readonly<Record<string, string>> = {
  email: 'kim@example.com',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  'date-time': '2030-01-01T00:00:00Z',
  date: '2030-01-01',
  time: '00:00:00Z',
  uuid: '6f9619ff-8b86-4d01-b42d-00c04fc964ff',
  ipv4: '192.0.2.1',
  hostname: 'example.com',
};

function sampleText(schema: Schema): string {
  if (typeof schema['format'] === 'string') return formats[schema['format']] ?? 'text';
  const least = typeof schema['minLength'] === 'number' ? schema['minLength'] : 1;
  const most = typeof schema['maxLength'] === 'number' ? schema['maxLength'] : Number.POSITIVE_INFINITY;
  return 'text'.padEnd(least, 'x').slice(0, Math.max(0, most));
}
