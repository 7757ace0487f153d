/** `{{a}} || {{b}} ?? "literal"`: a template that is a fallback and nothing else. */
import { readString } from '../literals.ts';
import type { Path } from '../path.ts';
import type { Token } from './tokens.ts';

/** `||` goes on after undefined, null, '', false, 0 and NaN; `??` after undefined and null. */
type FallbackOperator = '||' | '??';

/** A further operand: a path, or a literal (made anew each time, so that nobody can change it for others). */
export interface Alternative {
  readonly operator: FallbackOperator;
  readonly operand: Path | (() => unknown);
}

export interface Fallback {
  readonly first: Path;
  readonly alternatives: readonly Alternative[];
}

const operatorPattern = /^\s*(\|\||\?\?)\s*$/;
const leadingOperator = /^\s*(\|\||\?\?)/;

/** The fallback that a template is, or null when it is ordinary text. */
export function readFallback(tokens: readonly Token[], pathOf: (name: string) => Path): Fallback | null {
  const [first, ...rest] = withoutOuterBlanks(tokens);
  if (first === undefined || !isTag(first) || rest.length === 0) return null;
  const alternatives: Alternative[] = [];
  for (let index = 0; index < rest.length; index += 2) {
    const next = rest[index + 1];
    const alternative =
      next === undefined ? readLiteral(rest[index] as Token) : readTag(rest[index] as Token, next, pathOf);
    if (alternative === null) return null;
    alternatives.push(alternative);
  }
  return { first: pathOf(first[1]), alternatives };
}

/** Whether a value makes a fallback go on. */
export function isSkipped(operator: FallbackOperator, value: unknown): boolean {
  return operator === '||' ? !value : value === undefined || value === null;
}

function isTag(token: Token): boolean {
  return token[0] === 'name' || token[0] === '&';
}

function withoutOuterBlanks(tokens: readonly Token[]): readonly Token[] {
  const isBlank = (token: Token) => token[0] === 'text' && token[1].trim() === '';
  const from = isBlank(tokens[0] as Token) ? 1 : 0;
  return tokens.slice(from, isBlank(tokens.at(-1) as Token) ? -1 : undefined);
}

function readTag(between: Token, tag: Token, pathOf: (name: string) => Path): Alternative | null {
  const operator = between[0] === 'text' ? operatorPattern.exec(between[1])?.[1] : undefined;
  return operator === undefined || !isTag(tag)
    ? null
    : { operator: operator as FallbackOperator, operand: pathOf(tag[1]) };
}

function readLiteral([kind, text]: Token): Alternative | null {
  const match = kind === 'text' ? leadingOperator.exec(text) : null;
  if (match === null) return null;
  const operand = parseLiteral(text.slice(match[0].length).trim());
  return operand === null ? null : { operator: match[1] as FallbackOperator, operand };
}

/** A text in single or double quotes, as JavaScript writes it, or JSON. */
function parseLiteral(text: string): (() => unknown) | null {
  if (text.startsWith('"') || text.startsWith("'")) {
    const literal = readString(text, 0);
    return 'value' in literal && literal.end === text.length ? () => literal.value : null;
  }
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  return () => JSON.parse(text) as unknown;
}
