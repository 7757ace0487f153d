/** Parts of templates: what is given at a place below the whole, and by which paths. */
import { isPlainObject } from '../core/json.ts';
import type { Step } from '../definition/definition.ts';
import { readOwn, type Path } from '../expressions/path.ts';
import { compileTemplate } from '../expressions/template.ts';
import { compileValue, type ValueTemplate } from '../expressions/value-template.ts';
import { rootsOf } from './templates.ts';

/** What a template gives at a place below its whole. */
export type Part =
  | { readonly kind: 'constant'; readonly value: unknown }
  /** The value at that path, as it is. */
  | { readonly kind: 'path'; readonly path: Path }
  /** Put together from several; `text` when what comes out is a text, or the first that is there. */
  | { readonly kind: 'composite' | 'text'; readonly template: ValueTemplate; readonly rest: readonly string[] };

export function partAt(template: ValueTemplate, segments: readonly string[]): Part {
  let source = template.source;
  let at = 0;
  for (; at < segments.length && typeof source !== 'string'; at++) {
    const key = segments[at] as string;
    const isThere = (isPlainObject(source) || Array.isArray(source)) && Object.hasOwn(source, key);
    if (!isThere) return { kind: 'constant', value: readOwn(source, segments, at) };
    source = (source as Readonly<Record<string, unknown>>)[key];
  }
  const rest = segments.slice(at);
  const part = compileValue(source, { roots: rootsIn(source) });
  if (part.constant)
    return {
      kind: 'constant',
      value: readOwn(
        part.render(() => undefined),
        rest,
      ),
    };
  if (typeof source !== 'string') return { kind: 'composite', template: part, rest };
  const { kind, paths } = compileTemplate(source, { roots: rootsOf(source) });
  const [only] = paths;
  if (kind !== 'value' || only === undefined) return { kind: 'text', template: part, rest };
  const path = { source: [only.source, ...rest].join('.'), segments: [...only.segments, ...rest] };
  return { kind: 'path', path };
}

function rootsIn(source: unknown): readonly string[] {
  if (typeof source === 'string') return rootsOf(source);
  return typeof source === 'object' && source !== null ? Object.values(source).flatMap(rootsIn) : [];
}

/** By which a step's output is computed: of its work, and of what stands in place of a failure. */
export function templatesOf(step: Step): readonly ValueTemplate[] {
  const { onError } = step;
  return [
    ...(step.type === 'transform' && step.template !== null ? [step.template] : []),
    ...(onError.kind === 'output' && !onError.value.constant ? [onError.value] : []),
  ];
}

export function pathsOfPart(part: Part): readonly Path[] {
  if (part.kind === 'constant') return [];
  return part.kind === 'path' ? [part.path] : part.template.paths;
}
