/**
 * The words of a condition. A text that is no word becomes a `fault` token, which ends the list: the parser reports it
 * when it gets there, so that the first mistake in reading order is the one that is reported.
 */
import { readNumber, readString, type Literal, type LiteralFault } from '../literals.ts';

export interface Token {
  readonly kind: 'literal' | 'tag' | 'name' | 'operator' | 'end' | 'fault';
  /** As written; of a tag, the path within. For a fault, what is wrong. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Of a literal. */
  readonly value?: string | number;
  /** Of a fault: what to do. */
  readonly hint?: string;
}

const operators = ['===', '!==', '==', '!=', '<=', '>=', '&&', '||', ...Array.from('<>!+-*/%?:()[],')];

/** What people write that is not supported; longer ones first. The hint may be empty. */
const unsupported: readonly (readonly [text: string, hint: string])[] = [
  ['~=', 'regular expressions are not supported; use contains, startsWith or endsWith'],
  ['=~', 'regular expressions are not supported; use contains, startsWith or endsWith'],
  ['=>', 'functions cannot be written in a condition'],
  ['??', 'use || (it also skips empty values), or {{x}} == null ? y : {{x}}'],
  ['?.', 'a path stops at what is missing by itself: {{steps.a.output.b}}'],
  ['**', 'powers are not supported'],
  ['++', 'write + +'],
  ['--', 'write - -'],
  ['<<', 'bit operators are not supported'],
  ['>>', 'bit operators are not supported'],
  ['=', 'use == or === to compare'],
  ['&', 'use && for "and"'],
  ['|', 'use || for "or"'],
  ['^', 'bit operators are not supported'],
  ['~', 'bit operators are not supported'],
  [';', 'a condition is one expression'],
  ['`', 'use single or double quotes'],
  ['{', 'a value of the run is written in two braces: {{steps.a.output}}'],
  ['}', 'a tag ends with two braces: {{steps.a.output}}'],
];

const namePattern = /[\p{L}_$][\p{L}\p{M}\p{N}_$]*/uy;
const blankPattern = /\s*/y;

export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = skipBlanks(source, 0);
  while (at < source.length) {
    const token = readToken(source, at, tokens.at(-1));
    tokens.push(token);
    if (token.kind === 'fault') return tokens;
    at = skipBlanks(source, token.end);
  }
  tokens.push({ kind: 'end', text: '', start: at, end: at });
  return tokens;
}

function skipBlanks(source: string, at: number): number {
  blankPattern.lastIndex = at;
  blankPattern.exec(source);
  return blankPattern.lastIndex;
}

function readToken(source: string, at: number, previous: Token | undefined): Token {
  const char = source[at] as string;
  if (source.startsWith('{{', at)) return readTag(source, at);
  if (char === '"' || char === "'") return literalToken(source, at, readString(source, at));
  if (/\d/.test(char) || (char === '.' && /\d/.test(source[at + 1] ?? ''))) {
    return literalToken(source, at, readNumber(source, at));
  }
  namePattern.lastIndex = at;
  const name = namePattern.exec(source)?.[0];
  if (name !== undefined) return { kind: 'name', text: name, start: at, end: at + name.length };
  return readOperator(source, at, previous);
}

function literalToken(source: string, start: number, literal: Literal | LiteralFault): Token {
  if ('fault' in literal) return { kind: 'fault', text: literal.fault, start: literal.at, end: source.length };
  const text = source.slice(start, literal.end);
  if (/\{\{[^{}]*\}\}/.test(text)) {
    const hint = 'a tag within quotes is plain text here; write the tag without quotes';
    return { kind: 'fault', text: 'unexpected tag in a string', start, end: literal.end, hint };
  }
  return { kind: 'literal', text, start, end: literal.end, value: literal.value };
}

/** `{{ path }}`, also `{{{path}}}` and `{{&path}}`: nothing is ever escaped. */
function readTag(source: string, start: number): Token {
  const triple = source.startsWith('{{{', start);
  const close = triple ? '}}}' : '}}';
  const closeAt = source.indexOf(close, start);
  if (closeAt === -1) return { kind: 'fault', text: `unclosed tag: '${close}' is missing`, start, end: source.length };
  const inner = source.slice(start + close.length, closeAt).trim();
  const text = !triple && inner.startsWith('&') ? inner.slice(1).trimStart() : inner;
  if (/^[#^/>!=]/.test(text)) {
    const hint = 'a tag in a condition only names a value';
    return { kind: 'fault', text: `unexpected '{{${text.charAt(0)}' in a condition`, start, end: closeAt, hint };
  }
  return { kind: 'tag', text, start, end: closeAt + close.length };
}

function readOperator(source: string, at: number, previous: Token | undefined): Token {
  const operator = operators.find((text) => source.startsWith(text, at));
  const wrong = unsupported.find(([text]) => source.startsWith(text, at));
  if (wrong !== undefined && wrong[0].length >= (operator?.length ?? 0) && !isTernaryBeforeNumber(source, at)) {
    const [text, hint] = wrong;
    return { kind: 'fault', text: `unexpected '${text}'`, start: at, end: at + text.length, hint };
  }
  if (operator !== undefined) return { kind: 'operator', text: operator, start: at, end: at + operator.length };
  const char = String.fromCodePoint(source.codePointAt(at) as number);
  const fault: Token = { kind: 'fault', text: `unexpected '${char}'`, start: at, end: at + char.length };
  if (char !== '.') return fault;
  const hint =
    previous?.kind === 'tag'
      ? 'write the whole path within the tag: {{steps.a.output.length}}'
      : 'a value of the run is written as a tag: {{steps.a.output}}';
  return { ...fault, hint };
}

/** `a ?.5 : 1` is a ternary, as in JavaScript. */
function isTernaryBeforeNumber(source: string, at: number): boolean {
  return source.startsWith('?.', at) && /\d/.test(source[at + 2] ?? '');
}
