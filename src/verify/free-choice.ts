/** Decisions that no data makes: a condition whose verdict is chosen, a switch whose case is chosen; the same for the same data. */
import { plainValue } from '../core/choice.ts';
import type { SwitchStep } from '../definition/definition.ts';
import type { Condition } from '../expressions/condition.ts';
import type { Path, Scope } from '../expressions/path.ts';
import type { ValueTemplate } from '../expressions/value-template.ts';
import { openMark, opaqueMark } from './bindings.ts';
import type { Desk } from './desk.ts';

interface Free {
  /** What was chosen; undefined before. */
  known(scope: Scope): unknown;
}

export type FreeCondition = Condition & Free;
export type FreeTemplate = ValueTemplate & Free;

export function isFree<T extends object>(decision: T): decision is T & Free {
  return 'known' in decision;
}

/** @param isOpaque it looks at state whose value cannot be known */
export function freeCondition({ source, paths, ast }: Condition, desk: Desk, isOpaque: boolean): FreeCondition {
  const about = aboutData(source, paths, desk, isOpaque);
  const test = (scope: Scope): boolean => desk.verdict(about(scope));
  return { source, paths, ast, test, evaluate: test, known: (scope) => desk.knownVerdict(about(scope)) };
}

/** In place of the value of a switch: the key of a case, or of none. */
export function freeValue(template: ValueTemplate, { cases }: SwitchStep, desk: Desk, isOpaque: boolean): FreeTemplate {
  const about = aboutData(JSON.stringify(template.source), template.paths, desk, isOpaque);
  const values = [...cases.map(({ key }) => key), '\u0000none'];
  return {
    ...template,
    // Not a tag alone: what `render` gives is compared.
    source: [],
    render: (scope) => values[desk.choice(about(scope), values.length)],
    known: (scope) => desk.knownChoice(about(scope)),
  };
}

/** In place of an expression whose value cannot be known: each time another one, so that nothing is concluded from the last. */
export function unknownValue({ source, paths, ast }: Condition, desk: Desk): Condition {
  const evaluate = (): unknown => `${openMark}${desk.newSource().id} state`;
  return { source, paths, ast, evaluate, test: () => true };
}

function aboutData(source: string, paths: readonly Path[], desk: Desk, isOpaque: boolean): (scope: Scope) => string {
  const mark = isOpaque ? opaqueMark : '';
  return (scope) => `${mark}${source} of ${desk.identify(() => paths.map((path) => plainValue(scope(path)) ?? null))}`;
}
