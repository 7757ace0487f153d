/**
 * Plain JSON data with templates inside its strings (the `input` of a step, a request's body), compiled once. Keys are
 * never templates.
 */
import { TemplateError } from '../core/errors.ts';
import { isPlainObject } from '../core/json.ts';
import { joinPath, type Issue } from '../core/issue.ts';
import { describeLimit, resolveOptions, type ExpressionOptions } from './options.ts';
import { dataScope, type Path, type Scope } from './path.ts';
import { ExpressionSyntaxError, type ExpressionErrorCode } from './syntax-error.ts';
import { compileTemplate, type RenderOptions, type Template } from './template.ts';

/** A path, and the place within the data where it is read: `prompt`, `items[0].title`; '' is the whole. */
export interface PathPlace {
  readonly path: Path;
  readonly at: string;
}

export interface ValueTemplate {
  /** The data as given. */
  readonly source: unknown;
  /** No template in it: rendering gives the source itself. */
  readonly constant: boolean;
  /** Every path, once, in order of appearance. */
  readonly paths: readonly Path[];
  /** Every path at every place. */
  readonly places: readonly PathPlace[];
  /**
   * New data; parts without templates are the source's own and must not be changed. What comes out undefined is left
   * out of objects and is null in arrays; the whole may be undefined. Throws `TemplateError`, with the place in
   * `details.at`.
   */
  render(scope: Scope, options?: RenderOptions): unknown;
}

/** One mistake in data with templates, and the place within the data. */
export interface ValueMistake {
  readonly at: string;
  readonly error: ExpressionSyntaxError;
}

/** All mistakes in data with templates. */
export class ExpressionErrors extends Error {
  override readonly name = 'ExpressionErrors';
  readonly items: readonly ValueMistake[];

  constructor(items: readonly ValueMistake[]) {
    super(items.map(({ at, error }) => (at === '' ? error.message : `${at}: ${error.message}`)).join('\n'));
    this.items = items;
  }

  /** One issue for each; `path` is where the data stands, as `steps[0].input`. */
  toIssues(path: string): readonly Issue[] {
    return this.items.map(({ at, error }) => error.toIssue(joinPlaces(path, at)));
  }
}

function joinPlaces(outer: string, inner: string): string {
  return outer === '' || inner === '' || inner.startsWith('[') ? outer + inner : `${outer}.${inner}`;
}

type Node =
  | { readonly kind: 'constant'; readonly value: unknown }
  | { readonly kind: 'template'; readonly template: Template; readonly at: string }
  | { readonly kind: 'array'; readonly items: readonly Node[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [key: string, value: Node])[] };

/** Throws {@link ExpressionErrors} with all mistakes. */
export function compileValue(source: unknown, options?: ExpressionOptions): ValueTemplate {
  const compiler = new ValueCompiler(options);
  const node = compiler.compile(source, '', 0);
  if (compiler.mistakes.length > 0) throw new ExpressionErrors(compiler.mistakes);
  const { places } = compiler;
  return {
    source,
    constant: node.kind === 'constant',
    paths: [...new Map(places.map(({ path }) => [path.source, path])).values()],
    places,
    render: (scope, given = {}) => render(node, scope, given),
  };
}

class ValueCompiler {
  readonly places: PathPlace[] = [];
  readonly mistakes: ValueMistake[] = [];
  readonly #options: ExpressionOptions | undefined;

  constructor(options: ExpressionOptions | undefined) {
    this.#options = options;
  }

  compile(value: unknown, at: string, depth: number): Node {
    const { limits } = resolveOptions(this.#options);
    if (depth > limits.maxDataDepth) {
      return this.#refuse(
        at,
        'EXPRESSION_TOO_LARGE',
        `the data is nested too deep (${describeLimit(limits, 'maxDataDepth')})`,
      );
    }
    if (typeof value === 'string') return this.#template(value, at);
    if (Array.isArray(value)) return this.#array(value, at, depth);
    if (isPlainObject(value)) return this.#object(value, at, depth);
    if (value === null || value === undefined || typeof value === 'boolean' || typeof value === 'number') {
      return { kind: 'constant', value };
    }
    return this.#refuse(at, 'TEMPLATE_DATA', 'this is not plain data', describeType(value));
  }

  #array(value: readonly unknown[], at: string, depth: number): Node {
    const items = Array.from(value, (item, index) => this.compile(item, joinPath(at, index), depth + 1));
    return settled({ kind: 'array', items }, items, value, value);
  }

  #object(value: Record<string, unknown>, at: string, depth: number): Node {
    const entries = Object.entries(value).map(
      ([key, member]) => [key, this.compile(member, joinPath(at, key), depth + 1)] as const,
    );
    return settled(
      { kind: 'object', entries },
      entries.map(([, node]) => node),
      Object.values(value),
      value,
    );
  }

  #template(source: string, at: string): Node {
    try {
      const template = compileTemplate(source, this.#options);
      this.places.push(...template.paths.map((path) => ({ path, at })));
      return template.kind === 'constant'
        ? { kind: 'constant', value: template.render(nothing) }
        : { kind: 'template', template, at };
    } catch (error) {
      if (!(error instanceof ExpressionSyntaxError)) throw error;
      this.mistakes.push({ at, error });
      return { kind: 'constant', value: source };
    }
  }

  #refuse(at: string, code: ExpressionErrorCode, summary: string, received?: string): Node {
    const expected = 'texts, numbers, true, false, null, arrays and objects of these';
    const details = received === undefined ? {} : { expected, received };
    this.mistakes.push({ at, error: new ExpressionSyntaxError({ code, summary, source: '', offset: 0, ...details }) });
    return { kind: 'constant', value: null };
  }
}

/** Constants read nothing. */
const nothing = dataScope({});

/** An array or object without templates is a constant: the source itself, unless a part of it renders as something else. */
function settled(node: Node, parts: readonly Node[], sources: readonly unknown[], source: unknown): Node {
  if (!parts.every((part) => part.kind === 'constant')) return node;
  const isSource = parts.every(({ value }, index) => value !== undefined && value === sources[index]);
  return { kind: 'constant', value: isSource ? source : render(node, nothing, {}) };
}

function describeType(value: unknown): string {
  if (typeof value !== 'object') return `a ${typeof value}`;
  const name: unknown = (value?.constructor as { readonly name?: unknown } | undefined)?.name;
  return typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'an object of a class';
}

function render(node: Node, scope: Scope, options: RenderOptions): unknown {
  switch (node.kind) {
    case 'constant':
      return node.value;
    case 'template':
      return renderTemplate(node.template, node.at, scope, options);
    case 'array':
      return node.items.map((item) => render(item, scope, options) ?? null);
    case 'object':
      return renderObject(node.entries, scope, options);
  }
}

function renderObject(entries: readonly (readonly [string, Node])[], scope: Scope, options: RenderOptions): unknown {
  const result: Record<string, unknown> = {};
  for (const [key, node] of entries) {
    const value = render(node, scope, options);
    if (value === undefined) continue;
    if (key === '__proto__')
      Object.defineProperty(result, key, { value, enumerable: true, configurable: true, writable: true });
    else result[key] = value;
  }
  return result;
}

function renderTemplate(template: Template, at: string, scope: Scope, options: RenderOptions): unknown {
  try {
    return template.render(scope, options);
  } catch (error) {
    if (!(error instanceof TemplateError) || at === '') throw error;
    throw new TemplateError(`${at}: ${error.message}`, { cause: error.cause, details: { ...error.details, at } });
  }
}
