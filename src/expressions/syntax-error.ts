/**
 * A mistake in the source of a template or condition, with its place. Thrown when a definition is compiled, never while
 * a run goes on.
 */
import { formatIssue, type Issue, type SourcePosition } from '../core/issue.ts';

export type ExpressionErrorCode =
  | 'CONDITION_SYNTAX'
  | 'TEMPLATE_SYNTAX'
  /** The path in a tag begins with an unknown name. */
  | 'TEMPLATE_ROOT'
  /** Data with templates holds something that is not plain JSON. */
  | 'TEMPLATE_DATA'
  | 'EXPRESSION_TOO_LARGE';

export interface SyntaxProblem {
  readonly code: ExpressionErrorCode;
  /** One sentence: what is wrong. */
  readonly summary: string;
  readonly source: string;
  /** Where in `source`, in UTF-16 units from 0. */
  readonly offset: number;
  readonly expected?: string;
  readonly received?: string;
  readonly hint?: string;
}

/** `message` is complete (with expected, hint and excerpt); `summary` is its first sentence. */
export class ExpressionSyntaxError extends Error {
  override readonly name = 'ExpressionSyntaxError';
  readonly code: ExpressionErrorCode;
  readonly summary: string;
  readonly position: SourcePosition;
  /** The source line with a caret under the place; two lines. Long lines are cut around the caret. */
  readonly excerpt: string;
  readonly #details: Pick<SyntaxProblem, 'expected' | 'received' | 'hint'>;

  constructor(problem: SyntaxProblem) {
    const { code, summary, source, offset, ...details } = problem;
    const position = positionAt(source, offset);
    const excerpt = excerptAt(source, offset);
    super(formatIssue({ code, path: '', message: summary, ...details, excerpt }));
    this.code = code;
    this.summary = summary;
    this.position = position;
    this.excerpt = excerpt;
    this.#details = details;
  }

  get expected(): string | undefined {
    return this.#details.expected;
  }

  get received(): string | undefined {
    return this.#details.received;
  }

  get hint(): string | undefined {
    return this.#details.hint;
  }

  /** The mistake as an entry of a definition's report; `path` is where the source stands, as `steps[0].condition`. */
  toIssue(path: string): Issue {
    const { code, summary, position, excerpt } = this;
    return { code, path, message: summary, ...this.#details, position, excerpt };
  }
}

/** Line and column (both from 1) of a place in a text. */
export function positionAt(source: string, offset: number): SourcePosition {
  const before = source.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  let line = 1;
  for (let at = before.indexOf('\n'); at !== -1; at = before.indexOf('\n', at + 1)) line += 1;
  return { offset, line, column: offset - lineStart + 1 };
}

/** Characters of a line that are shown on each side of the caret. */
const excerptReach = 60;

/** The line a place is in and, below it, a caret under the place. Control characters are shown as blanks. */
export function excerptAt(source: string, offset: number): string {
  const lineStart = source.lastIndexOf('\n', offset - 1) + 1;
  const newline = source.indexOf('\n', offset);
  const lineEnd = newline === -1 ? source.length : newline;
  const from = Math.max(lineStart, offset - excerptReach);
  const to = Math.min(lineEnd, offset + excerptReach);
  const before = (from > lineStart ? '…' : '') + visible(source.slice(from, offset));
  const after = visible(source.slice(offset, to)) + (to < lineEnd ? '…' : '');
  return `${(before + after).trimEnd()}\n${' '.repeat([...before].length)}^`;
}

function visible(text: string): string {
  return text.replace(/\p{C}/gu, ' ');
}
