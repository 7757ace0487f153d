/**
 * Paths: what stands in a tag (`steps.fetch-research.output.len`), and reading data along them. Whether a step exists
 * is for the definition's checks.
 *
 * P1. Reading reaches own data properties only: nothing of a prototype, no function and no getter is ever seen or
 *     called. So every name may be asked for: `constructor` and `__proto__` are found only where data really holds them.
 */
import { Choice } from '../core/choice.ts';
import { defaultRoots } from './options.ts';
import { didYouMean } from '../core/nearest.ts';
import { ExpressionSyntaxError, type ExpressionErrorCode } from './syntax-error.ts';

export interface Path {
  /** As written: `steps.fetch-research.output.len`. */
  readonly source: string;
  /** `['steps', 'fetch-research', 'output', 'len']`; the first is the root. */
  readonly segments: readonly string[];
}

/** Gives the value at a path (already walked to its end); undefined when missing. May return a {@link Choice}. */
export type Scope = (path: Path) => unknown;

export interface ParsePathOptions {
  /** All names a path may begin with; null: any. @default defaultRoots */
  readonly roots?: readonly string[] | null;
  /** The text the path stands in, for errors. @default the path itself, at 0 */
  readonly within?: { readonly source: string; readonly offset: number };
  /** Code of an error about the path's form; an unknown root is always `TEMPLATE_ROOT`. @default 'TEMPLATE_SYNTAX' */
  readonly code?: ExpressionErrorCode;
}

const segmentPattern = /^[\p{L}\p{M}\p{N}_$-]+$/u;
const rootPattern = /^[\p{L}_$]/u;

/** Throws {@link ExpressionSyntaxError} when it is not a path or begins with an unknown root. */
export function parsePath(source: string, options: ParsePathOptions = {}): Path {
  const { source: text, offset } = options.within ?? { source, offset: 0 };
  const code = options.code ?? 'TEMPLATE_SYNTAX';
  const roots = options.roots === undefined ? defaultRoots : options.roots;
  if (source === '') {
    throw new ExpressionSyntaxError({
      code,
      summary: 'this tag is empty',
      source: text,
      offset,
      expected: 'a path such as workflow.input.topic',
    });
  }
  const segments = source.split('.');
  const [root = ''] = segments;
  if (!segments.every((segment) => segmentPattern.test(segment)) || !rootPattern.test(root)) {
    throw new ExpressionSyntaxError({
      code,
      summary: `'${shorten(source)}' is not a valid name or path`,
      source: text,
      offset,
      expected: 'names joined by dots, such as steps.fetch.output.items.0.title',
      hint: hintFor(source),
    });
  }
  if (roots !== null && !roots.includes(root)) {
    throw new ExpressionSyntaxError({
      code: 'TEMPLATE_ROOT',
      summary: `unknown root '${root}'`,
      source: text,
      offset,
      expected: `one of ${roots.join(', ')}`,
      hint:
        didYouMean(root, roots) ?? 'the input of the run is workflow.input, the output of a step is steps.<id>.output',
    });
  }
  return { source, segments };
}

function hintFor(source: string): string {
  if (/\|\||\?\?/.test(source)) return 'give each path a tag of its own: {{a}} || {{b}}';
  if (source.includes('[')) return 'write an index or a key as a name: items.0.title';
  if (source.includes('|')) return 'filters are not supported: compute the value in a transform step';
  if (/[=<>!&?+*/()'"]/.test(source)) return 'a tag only names a value: compute in a condition or in a transform step';
  return 'a tag only names a value';
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/**
 * Reads data along `segments`, from `segments[from]` on: own data properties (P1), array indexes, `length` of texts and
 * arrays. Undefined when missing. A {@link Choice} on the way counts as its value; at the end it is given as it is.
 */
export function readOwn(value: unknown, segments: readonly string[], from = 0): unknown {
  let current = value;
  for (let index = from; index < segments.length; index += 1) {
    current = readMember(current, segments[index] as string);
    if (current === undefined) return undefined;
  }
  return typeof current === 'function' ? undefined : current;
}

function readMember(container: unknown, key: string): unknown {
  if (typeof container === 'object' && container !== null) {
    if (container instanceof Choice) return readMember(container.value, key);
    const found = Object.getOwnPropertyDescriptor(container, key)?.value as unknown;
    return typeof found === 'function' ? undefined : found;
  }
  return typeof container === 'string' && key === 'length' ? container.length : undefined;
}

/** What a scope gives for a path; code is no data, whatever the scope gives. */
export function readScope(scope: Scope, path: Path): unknown {
  const value = scope(path);
  return typeof value === 'function' || typeof value === 'symbol' ? undefined : value;
}

/** A scope over one object that holds the roots. */
export function dataScope(roots: Readonly<Record<string, unknown>>): Scope {
  return (path) => readOwn(roots, path.segments);
}
