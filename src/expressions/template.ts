/**
 * Templates: text with `{{path}}` tags, compiled once, rendered many times. Parsed by mustache; sections are rendered by
 * it too. Nothing is ever escaped, and what was put in is never rendered again.
 */
import { plainValue } from '../core/choice.ts';
import { describeLimit, resolveOptions, type ExpressionLimits, type ExpressionOptions } from './options.ts';
import { readScope, type Path, type Scope } from './path.ts';
import { ExpressionSyntaxError } from './syntax-error.ts';
import { isSkipped, readFallback, type Fallback } from './template/fallback.ts';
import { renderSections } from './template/sections.ts';
import { substitute, textTooLong, type RenderOptions } from './template/substitute.ts';
import { outlineTags } from './template/tags.ts';
import { parseTokens, type Token } from './template/tokens.ts';

export type { RenderOptions } from './template/substitute.ts';

export interface Template {
  readonly source: string;
  /**
   * `constant`: no tags, always the same text. `value`: exactly one tag, gives the value itself. `fallback`: the first
   * value that is there. `text`: gives text.
   */
  readonly kind: 'constant' | 'value' | 'fallback' | 'text';
  /** Every path read from the scope, once, also inside sections; names of sections' items are not listed. */
  readonly paths: readonly Path[];
  /**
   * The value; undefined when a whole value is missing. Throws `TemplateError` when a path is missing inside text, or
   * the text is too large.
   */
  render(scope: Scope, options?: RenderOptions): unknown;
}

/** Throws {@link ExpressionSyntaxError}. */
export function compileTemplate(source: string, options?: ExpressionOptions): Template {
  const resolved = resolveOptions(options);
  checkSource(source, resolved.limits);
  if (!hasTags(source)) return constant(source, source);
  const { names, paths, hasSections } = outlineTags(source, resolved);
  const tokens = parseTokens(source);
  if (hasSections) {
    const sectioned = { tokens, names, limits: resolved.limits };
    return { source, kind: 'text', paths, render: (scope, given = {}) => renderSections(sectioned, scope, given) };
  }
  const pathOf = (name: string) => names.get(name)?.path as Path;
  const [first] = tokens;
  if (paths.length === 0) return constant(source, withoutComments(tokens));
  if (tokens.length === 1 && first !== undefined) return wholeValue(source, pathOf(first[1]));
  const fallback = readFallback(tokens, pathOf);
  return fallback === null ? text(source, paths, tokens, pathOf, resolved.limits) : firstOf(source, paths, fallback);
}

/** Whether a text has tags at all, right or wrong. */
export function hasTags(source: string): boolean {
  return source.includes('{{');
}

function checkSource(source: string, limits: ExpressionLimits): void {
  if (typeof source !== 'string') {
    throw new ExpressionSyntaxError({
      code: 'TEMPLATE_SYNTAX',
      summary: 'this is not a template',
      source: '',
      offset: 0,
      expected: 'a string',
      received: source === null ? 'null' : typeof source,
    });
  }
  if (source.length <= limits.maxTemplateLength) return;
  throw new ExpressionSyntaxError({
    code: 'EXPRESSION_TOO_LARGE',
    summary: `the template is too long (${describeLimit(limits, 'maxTemplateLength')})`,
    source,
    offset: limits.maxTemplateLength,
    received: `${source.length.toLocaleString('en-US')} characters`,
  });
}

function constant(source: string, value: string): Template {
  return { source, kind: 'constant', paths: [], render: () => value };
}

function withoutComments(tokens: readonly Token[]): string {
  return tokens.map(([kind, content]) => (kind === 'text' ? content : '')).join('');
}

function wholeValue(source: string, path: Path): Template {
  return { source, kind: 'value', paths: [path], render: (scope) => plainValue(readScope(scope, path)) };
}

function firstOf(source: string, paths: readonly Path[], { first, alternatives }: Fallback): Template {
  return {
    source,
    kind: 'fallback',
    paths,
    render(scope) {
      let value = plainValue(readScope(scope, first));
      for (const { operator, operand } of alternatives) {
        if (!isSkipped(operator, value)) continue;
        value = typeof operand === 'function' ? operand() : plainValue(readScope(scope, operand));
      }
      return value;
    },
  };
}

function text(
  source: string,
  paths: readonly Path[],
  tokens: readonly Token[],
  pathOf: (name: string) => Path,
  limits: ExpressionLimits,
): Template {
  const parts = tokens
    .filter(([kind]) => kind !== '!')
    .map(([kind, content]) => (kind === 'text' ? content : pathOf(content)));
  return {
    source,
    kind: 'text',
    paths,
    render(scope, options = {}) {
      let rendered = '';
      for (const part of parts) {
        rendered += typeof part === 'string' ? part : substitute(part.source, readScope(scope, part), options);
        if (rendered.length > limits.maxTextLength) throw textTooLong(limits);
      }
      return rendered;
    },
  };
}
