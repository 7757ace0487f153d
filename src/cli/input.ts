/** The input of a run from the command line: `--input` (JSON, `@file`, `-`) and `key=value`s on top of it. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { WorkflowError } from '../core/errors.ts';
import { isPlainObject } from '../core/json.ts';
import { describe } from '../definition/describe.ts';
import { findJsonMistake } from '../definition/text/json-place.ts';
import type { Edits } from '../engine/steer/control-commands.ts';
import { excerptAt, positionAt } from '../expressions/syntax-error.ts';
import type { EditsFlags } from './flags.ts';

export interface InputSource {
  readonly cwd: string;
  readonly readStdin: () => Promise<string>;
}

/** @throws WorkflowError REQUEST_INVALID */
export async function readInput(
  source: InputSource,
  given: string | undefined,
  pairs: readonly string[],
): Promise<unknown> {
  const base = given === undefined ? {} : await readGiven(source, given);
  if (pairs.length === 0) return base;
  if (!isPlainObject(base))
    throw usage(`key=values such as ${pairs[0] ?? ''} go into an object, and --input is ${describe(base)}`);
  const input = structuredClone(base);
  for (const pair of pairs) setPair(input, pair);
  return input;
}

/** `--state` and `--output` of commands that edit. @throws WorkflowError REQUEST_INVALID */
export function readEdits({ state, output = [] }: EditsFlags): Edits {
  const parsed = state === undefined ? undefined : parse(state, '--state');
  if (parsed !== undefined && !isPlainObject(parsed)) throw usage('--state: expected a JSON object');
  const outputs = output.map((text) => {
    const split = text.indexOf('=');
    if (split < 1) throw usage(`--output ${text}: expected step=JSON`);
    return [text.slice(0, split), parse(text.slice(split + 1), `--output ${text.slice(0, split)}`)] as const;
  });
  return {
    ...(parsed === undefined ? {} : { state: parsed }),
    ...(outputs.length === 0 ? {} : { outputs: Object.fromEntries(outputs) }),
  };
}

async function readGiven(source: InputSource, given: string): Promise<unknown> {
  if (given === '-') return parse(await source.readStdin(), 'the input from stdin');
  if (given.startsWith('@')) {
    const file = resolve(source.cwd, given.slice(1));
    return parse(await readText(file), file);
  }
  return parse(given, '--input');
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : null;
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : String(code);
    throw usage(`the input file ${file} cannot be read: ${why}`);
  }
}

function parse(text: string, what: string): unknown {
  const json = text.replace(/^\ufeff/, '');
  if (json.trim() === '') throw usage(`${what} is empty: expected JSON`);
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).replace(
      /, (\.{3})?".*is not valid JSON$|\s+in JSON at position.*$/s,
      '',
    );
    const offset = findJsonMistake(json);
    const { line, column } = positionAt(json, offset);
    const hint =
      what === '--input' ? `; quote it for the shell: --input '{"topic": "tides"}', or use @file or key=value` : '';
    const excerpt = excerptAt(json, offset).replaceAll('\n', '\n    ');
    throw usage(`${what} is not JSON: ${reason} at line ${line}, column ${column}${hint}\n    ${excerpt}`);
  }
}

/** `a.b=1` sets `b` of the object `a`. Own properties only: no key leads to a prototype. */
function setPair(input: Record<string, unknown>, pair: string): void {
  const split = pair.indexOf('=');
  const keys = pair.slice(0, split).split('.');
  if (split < 1 || keys.includes('')) throw usage(`'${pair}' is no key=value`);
  const last = keys.pop() ?? '';
  let target = input;
  for (const key of keys) {
    if (!Object.hasOwn(target, key)) define(target, key, {});
    const inner: unknown = target[key];
    if (!isPlainObject(inner)) throw usage(`'${pair}' sets something inside '${key}', which is no object`);
    target = inner;
  }
  define(target, last, parseValue(pair.slice(split + 1)));
}

function define(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/** JSON when it is JSON, else the text itself; so is a whole number with more digits than a number can hold. */
export function parseValue(text: string): unknown {
  if (/^-?\d+$/.test(text) && !Number.isSafeInteger(Number(text))) return text;
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'number' && !Number.isFinite(value) ? text : value;
  } catch {
    return text;
  }
}

function usage(message: string): WorkflowError {
  return new WorkflowError('REQUEST_INVALID', message);
}
