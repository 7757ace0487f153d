/**
 * The functions of conditions. They never throw on plain data and never change it.
 *
 * Text functions (`length lower upper trim startsWith endsWith string contains`) take the text of a value: null and
 * undefined are '', objects and arrays their JSON. Number functions take what JavaScript's `Number` makes of a
 * primitive; an object is NaN.
 */
import { plainValue } from '../../core/choice.ts';
import { toText } from '../text.ts';
import { isMember, toNumber } from './values.ts';

export interface ConditionFunction {
  readonly minArgs: number;
  readonly maxArgs: number;
  readonly call: (...args: readonly unknown[]) => unknown;
}

function unary(call: (value: unknown) => unknown): ConditionFunction {
  return { minArgs: 1, maxArgs: 1, call };
}

function binary(call: (a: unknown, b: unknown) => unknown): ConditionFunction {
  return { minArgs: 2, maxArgs: 2, call };
}

function variadic(call: (...args: readonly unknown[]) => unknown): ConditionFunction {
  return { minArgs: 1, maxArgs: Infinity, call };
}

/** Items of an array, keys of an object, characters (UTF-16 units) of anything else's text. */
function length(value: unknown): number {
  const plain = plainValue(value);
  if (Array.isArray(plain)) return plain.length;
  return typeof plain === 'object' && plain !== null ? Object.keys(plain).length : toText(plain).length;
}

/** undefined, null, '', an array without items, an object without keys. */
function isEmpty(value: unknown): boolean {
  const plain = plainValue(value);
  return typeof plain !== 'number' && typeof plain !== 'boolean' && length(plain) === 0;
}

/** A missing needle is found nowhere, so that a missing value cannot make a verdict true. */
function isMissing(value: unknown): boolean {
  const plain = plainValue(value);
  return plain === null || plain === undefined;
}

function startsWith(text: unknown, start: unknown): boolean {
  return !isMissing(start) && toText(text).startsWith(toText(start));
}

function endsWith(text: unknown, end: unknown): boolean {
  return !isMissing(end) && toText(text).endsWith(toText(end));
}

/** The arguments as numbers; of an array, its items. */
function numbersOf(args: readonly unknown[]): number[] {
  return args.flat().map(toNumber);
}

/** In alphabetical order, as errors list them. */
export const conditionFunctions: ReadonlyMap<string, ConditionFunction> = new Map<string, ConditionFunction>([
  ['ceil', unary((value) => Math.ceil(toNumber(value)))],
  ['contains', binary((whole, part) => isMember(part, whole))],
  ['endsWith', binary(endsWith)],
  ['floor', unary((value) => Math.floor(toNumber(value)))],
  ['isEmpty', unary(isEmpty)],
  ['length', unary(length)],
  ['lower', unary((value) => toText(value).toLowerCase())],
  ['max', variadic((...args) => numbersOf(args).reduce((a, b) => Math.max(a, b), -Infinity))],
  ['min', variadic((...args) => numbersOf(args).reduce((a, b) => Math.min(a, b), Infinity))],
  ['number', unary(toNumber)],
  ['round', unary((value) => Math.round(toNumber(value)))],
  ['startsWith', binary(startsWith)],
  ['string', unary(toText)],
  ['trim', unary((value) => toText(value).trim())],
  ['upper', unary((value) => toText(value).toUpperCase())],
]);

export const functionNames: readonly string[] = [...conditionFunctions.keys()];
