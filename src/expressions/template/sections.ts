/**
 * Templates with sections, rendered by mustache with a writer and a context of our own.
 *
 * S1. Names are read as own data properties; nothing found is ever called, and nothing of a prototype is found.
 * S2. A path of several names that begins with a root is read from the scope, whatever the items hold. Any other name is
 *     looked for in the items, innermost first, and then, when it is a root, in the scope. A name that only the items
 *     could have, and have not, is nothing.
 * S3. Text and rounds are counted while they are made, so that a small template cannot make a huge text.
 */
import mustache from 'mustache';
import { TemplateError } from '../../core/errors.ts';
import { plainValue } from '../../core/choice.ts';
import { describeLimit, type ExpressionLimits } from '../options.ts';
import { readOwn, readScope, type Scope } from '../path.ts';
import { substitute, textTooLong, type RenderOptions } from './substitute.ts';
import type { TagName } from './tags.ts';
import { uncached, type Token } from './tokens.ts';

export interface SectionedTemplate {
  readonly tokens: readonly Token[];
  readonly names: ReadonlyMap<string, TagName>;
  readonly limits: ExpressionLimits;
}

export function renderSections(template: SectionedTemplate, scope: Scope, options: RenderOptions): string {
  const context = new SectionContext(undefined, undefined, new Rendering(template, scope, options));
  return writer.renderTokens(template.tokens as unknown as string[][], context);
}

/** One rendering: where values come from, and how much has been made (S3). */
class Rendering {
  readonly names: ReadonlyMap<string, TagName>;
  readonly scope: Scope;
  readonly options: RenderOptions;
  readonly #limits: ExpressionLimits;
  #length = 0;
  #rounds = 0;

  constructor({ names, limits }: SectionedTemplate, scope: Scope, options: RenderOptions) {
    this.names = names;
    this.scope = scope;
    this.options = options;
    this.#limits = limits;
  }

  addText(length: number): void {
    this.#length += length;
    if (this.#length > this.#limits.maxTextLength) throw textTooLong(this.#limits);
  }

  addRound(): void {
    this.#rounds += 1;
    if (this.#rounds > this.#limits.maxSectionRounds) {
      throw new TemplateError(`the sections have too many rounds (${describeLimit(this.#limits, 'maxSectionRounds')})`);
    }
  }
}

/** What names mean at one place: the item of a section, and the places around it. The outermost has no item. */
class SectionContext extends mustache.Context {
  readonly rendering: Rendering;

  constructor(item: unknown, parent: SectionContext | undefined, rendering: Rendering) {
    super(item, parent);
    this.rendering = rendering;
  }

  override push(item: unknown): SectionContext {
    return new SectionContext(item, this, this.rendering);
  }

  override lookup(name: string): unknown {
    return plainValue(name === '.' ? this.view : this.#find(this.rendering.names.get(name) as TagName));
  }

  /** S2 */
  #find({ segments, path }: TagName): unknown {
    const isFromItems = path === null || segments.length === 1;
    const found = isFromItems ? readNearest(this, segments) : undefined;
    return found === undefined && path !== null ? readScope(this.rendering.scope, path) : found;
  }

  text(name: string): string {
    const { names, options } = this.rendering;
    const isLocal = name === '.' || names.get(name)?.path === null;
    const text = substitute(name, this.lookup(name), isLocal ? { ...options, missing: 'empty' } : options);
    this.rendering.addText(text.length);
    return text;
  }
}

/** Reads from the innermost item that has the first name. */
function readNearest(innermost: mustache.Context, segments: readonly string[]): unknown {
  const first = segments.slice(0, 1);
  for (let context: mustache.Context | undefined = innermost; context !== undefined; context = context.parent) {
    if (readOwn(context.view, first) !== undefined) return readOwn(context.view, segments);
  }
  return undefined;
}

class SectionWriter extends mustache.Writer {
  override renderTokens(tokens: string[][], context: SectionContext): string {
    context.rendering.addRound();
    for (const [kind, text = ''] of tokens) if (kind === 'text') context.rendering.addText(text.length);
    return super.renderTokens(tokens, context);
  }

  override escapedValue(token: string[], context: SectionContext): string {
    return context.text(token[1] as string);
  }

  override unescapedValue(token: string[], context: SectionContext): string {
    return context.text(token[1] as string);
  }
}

const writer = uncached(new SectionWriter());
