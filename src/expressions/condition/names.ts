/** Bare words of conditions: the constants, and what to say about words that are not known. */
import { didYouMean } from '../../core/nearest.ts';
import { functionNames } from './functions.ts';
import type { Token } from './tokens.ts';

export const constantNames: ReadonlyMap<string, boolean | null | undefined> = new Map<
  string,
  boolean | null | undefined
>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['undefined', undefined],
]);

const wordHints: ReadonlyMap<string, string> = new Map([
  ['and', 'write && for "and"'],
  ['or', 'write || for "or"'],
  ['not', 'write ! for "not"'],
  ['is', 'write == to compare'],
  ['if', 'write test ? value : other'],
  ['NaN', 'compare a value with itself: only NaN differs from itself'],
  ['Infinity', 'write a number, such as 1e308'],
  ...[
    'new',
    'typeof',
    'instanceof',
    'this',
    'function',
    'await',
    'delete',
    'void',
    'import',
    'let',
    'const',
    'var',
    'return',
  ].map((word) => [word, `'${word}' is not supported in conditions`] as const),
]);

const dottedName = /[\p{L}_$][\p{L}\p{M}\p{N}_$.-]*/uy;

/** What to do about a bare word. */
export function hintForName(source: string, token: Token, isFunction: boolean): string {
  if (isFunction) return `write ${token.text}(...)`;
  const known = wordHints.get(token.text);
  if (known !== undefined) return known;
  dottedName.lastIndex = token.start;
  const path = (dottedName.exec(source) as RegExpExecArray)[0];
  if (path.includes('.')) return `a value of the run is written as a tag: {{${path}}}`;
  const similar = didYouMean(token.text, [...constantNames.keys(), ...functionNames]);
  return similar ?? `a text needs quotes ("${token.text}"), a value of the run is written as a tag: {{steps.a.output}}`;
}
