/** Decisions that no data makes: a condition whose verdict is chosen, a switch whose case is chosen; the same for the same data. */
import { plainValue } from '../core/choice.ts';
import { WorkflowError } from '../core/errors.ts';
import type { SwitchStep } from '../definition/definition.ts';
import type { Condition } from '../expressions/condition.ts';
import type { ConditionNode } from '../expressions/condition/ast.ts';
import { Outcome } from '../expressions/condition/filtrex.ts';
import { compileTree } from '../expressions/condition/translation.ts';
import type { Path, Scope } from '../expressions/path.ts';
import type { ValueTemplate } from '../expressions/value-template.ts';
import { joined } from './atoms.ts';
import { openMark, opaqueMark } from './bindings.ts';
import type { Freedom } from './candidates.ts';
import type { Desk } from './desk.ts';
import { stateKeyOf } from './readings.ts';

interface Free {
  /** What was chosen; undefined before. */
  known(scope: Scope): unknown;
}

export type FreeCondition = Condition & Free;
export type FreeTemplate = ValueTemplate & Free;

export function isFree<T extends object>(decision: T): decision is T & Free {
  return 'known' in decision;
}

/** With parts whose verdict is chosen. */
export function freeCondition({ source, paths, ast }: Condition, desk: Desk, freedom: Freedom): FreeCondition {
  const { isOpaque } = freedom;
  if (freedom.parts === 'all') {
    const about = aboutData(source, paths, desk, isOpaque);
    const test = (scope: Scope): boolean => desk.verdict(about(scope));
    return { source, paths, ast, test, evaluate: test, known: (scope) => desk.knownVerdict(about(scope)) };
  }
  const abouts = new Map(
    [...freedom.parts].map((part) => {
      const text = `${part.start} of ${source}`;
      return [part, aboutData(text, compileTree(part).paths, desk, isOpaque)];
    }),
  );
  const test = (scope: Scope): boolean =>
    joined(ast, (part) => {
      const about = abouts.get(part);
      return about === undefined ? verdictIn(part, scope) : desk.verdict(about(scope));
    });
  const known = (scope: Scope): string => [...abouts.values()].map((about) => desk.knownVerdict(about(scope))).join();
  return { source, paths, ast, test, evaluate: test, known };
}

function verdictIn(part: ConditionNode, scope: Scope): boolean {
  const outcome = compileTree(part).evaluate(scope);
  if (outcome instanceof Outcome) return Boolean(plainValue(outcome.value));
  throw new WorkflowError('CONDITION_FAILED', 'the condition failed');
}

/** In place of the value of a switch: the key of a case, or of none. */
export function freeValue(
  template: ValueTemplate,
  { cases }: SwitchStep,
  desk: Desk,
  { isOpaque }: Freedom,
): FreeTemplate {
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
  // Of state whatever is there as a whole: within what cannot be known nothing is found.
  const wholes = paths.map((path): Path => {
    const key = stateKeyOf(path);
    return key === null || !isOpaque ? path : { source: `state.${key}`, segments: ['state', key] };
  });
  return (scope) => `${mark}${source} of ${desk.identify(() => wholes.map((path) => plainValue(scope(path)) ?? null))}`;
}
