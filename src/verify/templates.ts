/** Whether a template can fail for want of a value. */
import { parsePath } from '../definition/path-text.ts';
import { compileTemplate } from '../expressions/template.ts';
import type { ValueTemplate } from '../expressions/value-template.ts';
import type { Program } from '../../machines/program.ts';

/** Text with a value that may be missing; whole values and fallbacks never fail. */
export function mayMiss(program: Program, template: ValueTemplate): boolean {
  if (program.definition.missing === 'empty') return false;
  return template.places.some(({ at }) => {
    const text = textAt(template.source, at);
    return text !== null && compileTemplate(text, { roots: rootsOf(text) }).kind === 'text';
  });
}

/** Roots are checked where the definition is made: here any will do. */
export function rootsOf(text: string): readonly string[] {
  return [
    ...new Set([...text.matchAll(/\{\{[#^&{]?\s*([\p{L}_$][\p{L}\p{M}\p{N}_$-]*)/gu)].map(([, root]) => root ?? '')),
  ];
}

export function textAt(source: unknown, at: string): string | null {
  const found = parsePath(at).reduce<unknown>(
    (value, key) => (value as Readonly<Record<string | number, unknown>> | undefined)?.[key],
    source,
  );
  return typeof found === 'string' ? found : null;
}

/** Whether a template is one tag and nothing else: what it gives is the value itself. */
export function isTagAlone(template: ValueTemplate | null): boolean {
  return typeof template?.source === 'string' && /^\{\{[^{}]*\}\}$/.test(template.source.trim());
}
