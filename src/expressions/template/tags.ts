/**
 * Looks through the tags of a template before mustache parses it: refuses what is not allowed (partials, other
 * delimiters), checks names and sections, and gives every mistake its place. What passes here, mustache parses without
 * an error and in linear time. Rendering is done elsewhere.
 */
import { describeLimit, type ResolvedOptions } from '../options.ts';
import { parsePath, type Path } from '../path.ts';
import { ExpressionSyntaxError, type SyntaxProblem } from '../syntax-error.ts';

/** A name as sections read it; outside of sections every name is rooted. */
export interface TagName {
  readonly segments: readonly string[];
  /** The path in the scope; null when the name is known within sections only. */
  readonly path: Path | null;
}

export interface Outline {
  /** By the text in the tag; `.` (the item itself) is not listed. */
  readonly names: ReadonlyMap<string, TagName>;
  /** Every rooted path, once, in order of appearance. */
  readonly paths: readonly Path[];
  readonly hasSections: boolean;
}

type Sigil = '' | '#' | '^' | '/' | '{' | '&' | '!';

interface Tag {
  readonly sigil: Sigil;
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** Throws {@link ExpressionSyntaxError}. */
export function outlineTags(source: string, options: ResolvedOptions): Outline {
  const outliner = new Outliner(source, options);
  for (let at = source.indexOf('{{'); at !== -1;) {
    const tag = outliner.read(at);
    outliner.add(tag);
    at = source.indexOf('{{', tag.end);
  }
  return outliner.finish();
}

class Outliner {
  readonly #source: string;
  readonly #options: ResolvedOptions;
  readonly #names = new Map<string, TagName>();
  readonly #open: Tag[] = [];
  #hasSections = false;

  constructor(source: string, options: ResolvedOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** The tag whose braces begin at `start`. */
  read(start: number): Tag {
    const sigilAt = this.#skipBlanks(start + 2);
    const found = this.#source[sigilAt] ?? '';
    if (found === '>') {
      this.#fail(
        start,
        'partials are not supported',
        'write the text in the template itself, or compute it in a transform step',
      );
    }
    if (found === '=') this.#fail(start, 'other delimiters than {{ and }} are not supported');
    const sigil = (found !== '' && '#^/{&!'.includes(found) ? found : '') as Sigil;
    const nameAt = this.#skipBlanks(sigilAt + sigil.length);
    const close = sigil === '{' ? '}}}' : '}}';
    const closeAt = this.#source.indexOf(close, nameAt);
    if (closeAt === -1) this.#fail(start, `unclosed tag: '${close}' is missing`);
    const tag = { sigil, name: this.#source.slice(nameAt, closeAt).trimEnd(), start, end: closeAt + close.length };
    const { limits } = this.#options;
    if (tag.end - start > limits.maxTagLength) {
      this.#fail(
        start,
        `this tag is too long (${describeLimit(limits, 'maxTagLength')})`,
        undefined,
        'EXPRESSION_TOO_LARGE',
      );
    }
    return tag;
  }

  add(tag: Tag): void {
    switch (tag.sigil) {
      case '!':
        return;
      case '/':
        return this.#close(tag);
      case '#':
      case '^':
        this.#addName(tag);
        return this.#openSection(tag);
      default:
        this.#addName(tag);
    }
  }

  finish(): Outline {
    const unclosed = this.#open.at(-1);
    if (unclosed !== undefined) {
      this.#fail(unclosed.start, `section '${unclosed.name}' is not closed`, `end it with {{/${unclosed.name}}}`);
    }
    const paths = [...this.#names.values()].map(({ path }) => path).filter((path) => path !== null);
    return { names: this.#names, paths, hasSections: this.#hasSections };
  }

  #addName({ name, start }: Tag): void {
    const isInside = this.#open.length > 0;
    if (name === '.') {
      if (!isInside)
        this.#fail(start, "'.' is not a valid name outside of a section", 'it is the item of the section around it');
      return;
    }
    const known = this.#names.get(name);
    if (known !== undefined && (isInside || known.path !== null)) return;
    const { roots } = this.#options;
    const path = parsePath(name, { roots: isInside ? null : roots, within: { source: this.#source, offset: start } });
    this.#names.set(name, { segments: path.segments, path: roots.includes(path.segments[0] as string) ? path : null });
  }

  #openSection(tag: Tag): void {
    this.#hasSections = true;
    this.#open.push(tag);
    const { limits } = this.#options;
    if (this.#open.length > limits.maxSectionDepth) {
      const summary = `sections are nested too deep (${describeLimit(limits, 'maxSectionDepth')})`;
      this.#fail(tag.start, summary, undefined, 'EXPRESSION_TOO_LARGE');
    }
  }

  #close(tag: Tag): void {
    const open = this.#open.pop();
    if (open === undefined) this.#fail(tag.start, `section '${tag.name}' is closed here, but it is not open`);
    if (open.name === tag.name) return;
    this.#fail(
      tag.start,
      `section '${open.name}' is not closed before '${tag.name}' is`,
      `write {{/${open.name}}} first`,
    );
  }

  #skipBlanks(at: number): number {
    const blanks = /\s*/y;
    blanks.lastIndex = at;
    blanks.exec(this.#source);
    return blanks.lastIndex;
  }

  #fail(offset: number, summary: string, hint?: string, code: SyntaxProblem['code'] = 'TEMPLATE_SYNTAX'): never {
    const source = this.#source;
    throw new ExpressionSyntaxError({ code, summary, source, offset, ...(hint === undefined ? {} : { hint }) });
  }
}
