/** Schemas of data: zod (version 4) and JSON Schema, seen alike. */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormatsModule from 'ajv-formats';
import { z } from 'zod';
import { joinPath, type Issue } from '../core/issue.ts';
import { isPlainObject, type Json } from '../core/json.ts';
import { describe, quote } from './describe.ts';
import type { DataSchema } from './definition.ts';
import { deepFreeze } from './freeze.ts';
import { measureData } from './measure.ts';

export type DataSchemaResult = { readonly schema: DataSchema } | { readonly issues: readonly Issue[] };

/** A zod schema, or a JSON Schema as plain data. Paths of the issues are within the schema. */
export function toDataSchema(source: unknown): DataSchemaResult {
  if (isZodSchema(source)) return fromZod(source);
  if (looksLikeOldZod(source))
    return refuse('this zod schema is of another version', 'zod 4 is needed: import { z } from "zod" of version 4');
  if (typeof source === 'boolean' || isPlainObject(source)) return fromJsonSchema(source);
  return refuse(`a schema must be a zod schema or a JSON Schema, found ${describe(source)}`);
}

/** Of zod 4, whichever copy of it is installed. */
export function isZodSchema(source: unknown): source is z.core.$ZodType {
  return source instanceof z.core.$ZodType;
}

function refuse(message: string, hint?: string): DataSchemaResult {
  return { issues: [{ code: 'INVALID_SCHEMA', path: '', message, ...(hint === undefined ? {} : { hint }) }] };
}

function looksLikeOldZod(source: unknown): boolean {
  return typeof source === 'object' && source !== null && ('_def' in source || '_zod' in source) && 'parse' in source;
}

function fromZod(schema: z.core.$ZodType): DataSchemaResult {
  let json: Json;
  try {
    json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Json;
  } catch (error) {
    return refuse(`this zod schema has no JSON Schema: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parse: DataSchema['parse'] = (value) => {
    const result = z.safeParse(schema, value, { reportInput: false });
    return result.success
      ? { value: result.data }
      : { issues: result.error.issues.flatMap((issue) => zodIssues(issue, value)) };
  };
  return { schema: Object.freeze({ json: deepFreeze(structuredClone(json)), parse }) };
}

function zodIssues(issue: z.core.$ZodIssue, root: unknown): readonly Issue[] {
  const keys = issue.path.map((key) => (typeof key === 'symbol' ? key.toString() : key));
  const value = keys.reduce<unknown>(member, root);
  const path = keys.reduce<string>(joinPath, '');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      code: 'INVALID_DATA',
      path: joinPath(path, key),
      message: 'is not a known property',
    }));
  }
  const last = keys.at(-1);
  const isMissing = value === undefined && last !== undefined && issue.code !== 'custom';
  if (isMissing) return [{ code: 'INVALID_DATA', path, message: `${quote(String(last))} is required` }];
  return [
    {
      code: 'INVALID_DATA',
      path,
      message: issue.message,
      ...(value === undefined ? {} : { received: describe(value) }),
    },
  ];
}

function member(container: unknown, key: string | number): unknown {
  return typeof container === 'object' && container !== null && Object.hasOwn(container, key)
    ? (container as Readonly<Record<string | number, unknown>>)[key]
    : undefined;
}

// The package is CommonJS: under Node its function is the default export itself, for the compiler it is one level down.
const addFormats = addFormatsModule as unknown as (ajv: Ajv) => Ajv;

const options = { allErrors: true, strict: false, logger: false, addUsedSchema: false } as const;
const draft2020 = /^https?:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/;
const draft7 = /^https?:\/\/json-schema\.org\/draft-0[67]\/schema#?$/;

type Dialect = '2020' | '7';

/** Made when first needed: a compiler costs more than most schemas. */
const compilers = new Map<Dialect, Ajv>();

function compiler(dialect: Dialect): Ajv {
  const known = compilers.get(dialect);
  if (known !== undefined) return known;
  const made = addFormats(dialect === '2020' ? new Ajv2020(options) : new Ajv(options));
  compilers.set(dialect, made);
  return made;
}

function fromJsonSchema(json: unknown): DataSchemaResult {
  if (measureData(json) !== 'fits') return refuse('this schema is nested too deep or too large');
  const named: unknown = isPlainObject(json) ? json['$schema'] : undefined;
  const dialect =
    named === undefined || (typeof named === 'string' && draft2020.test(named))
      ? '2020'
      : typeof named === 'string' && draft7.test(named)
        ? '7'
        : null;
  if (dialect === null)
    return {
      issues: [
        {
          code: 'INVALID_SCHEMA',
          path: '$schema',
          message: `the JSON Schema dialect ${quote(String(named))} is not known`,
          hint: 'use draft 2020-12 or draft-07',
        },
      ],
    };
  try {
    const own = structuredClone(json) as Json & object;
    const ajv = compiler(dialect);
    const validate = ajv.compile(own);
    // The compiler keeps every schema it has seen, and two may have the same $id.
    if (typeof own === 'object') ajv.removeSchema(own);
    return {
      schema: Object.freeze({ json: deepFreeze(own), parse: (value: unknown) => validateWith(validate, value) }),
    };
  } catch (error) {
    return refuse(`this is not a valid JSON Schema: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function validateWith(validate: ValidateFunction, value: unknown): ReturnType<DataSchema['parse']> {
  if (validate(value)) return { value };
  const issues = (validate.errors ?? [])
    .filter((error) => error.keyword !== 'if')
    .map((error) => jsonSchemaIssue(error, value));
  return { issues };
}

function jsonSchemaIssue(error: ErrorObject, root: unknown): Issue {
  const keys = error.instancePath.split('/').slice(1).map(unescapePointer);
  const params = error.params as Readonly<Record<string, unknown>>;
  const extra =
    params['missingProperty'] ??
    params['additionalProperty'] ??
    params['unevaluatedProperty'] ??
    params['propertyName'];
  const value = keys.reduce<unknown>(member, root);
  const path = pathOf(keys, root);
  const base = { code: 'INVALID_DATA', message: messageOf(error, params) };
  if (typeof extra === 'string') return { ...base, path: joinPath(path, extra) };
  return { ...base, path, received: describe(value) };
}

function messageOf(error: ErrorObject, params: Readonly<Record<string, unknown>>): string {
  if (error.keyword === 'required') return `${quote(String(params['missingProperty']))} is required`;
  if (error.keyword === 'additionalProperties' || error.keyword === 'unevaluatedProperties')
    return 'is not a known property';
  if (error.keyword === 'enum' && Array.isArray(params['allowedValues']))
    return `must be one of ${params['allowedValues'].map(describe).join(', ')}`;
  if (error.keyword === 'const') return `must be ${describe(params['allowedValue'])}`;
  return error.message ?? `does not fit '${error.keyword}'`;
}

function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** A JSON pointer does not say whether a number is an index: the data does. */
function pathOf(keys: readonly string[], root: unknown): string {
  let path = '';
  let current = root;
  for (const key of keys) {
    path = joinPath(path, Array.isArray(current) ? Number(key) : key);
    current = member(current, key);
  }
  return path;
}
