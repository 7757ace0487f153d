/** The items of an items loop. */
import { InvariantError, WorkflowError } from '../src/core/errors.ts';
import { materialize, type ValueLoader } from '../src/core/stored-value.ts';
import type { EffectInput } from './effect-input.ts';
import { recordOf } from './record.ts';
import { createScope } from './scope.ts';
import { loadingReader } from './stored-reader.ts';

/** Throws when they are not an array or too many. */
export function resolveItems(effect: EffectInput, loader: ValueLoader): readonly unknown[] {
  const { info, context } = effect;
  if (info?.step.type !== 'loop') throw new InvariantError('not a loop');
  const { step } = info;
  const { held, frozenState } = recordOf(context, info.index);
  // As it was when the loop was entered, also when the loop is carried out again later.
  const frozen = frozenState === undefined ? context : { ...context, state: frozenState };
  const scope = createScope(effect.program, frozen, info.index, loadingReader(loader));
  const items =
    held === undefined
      ? step.items?.kind === 'template'
        ? step.items.template.render(scope)
        : undefined
      : materialize(held, loader, context.run.id);
  if (!Array.isArray(items)) {
    throw new WorkflowError(
      'TEMPLATE_FAILED',
      `the items of loop '${step.id}' are not an array but ${describe(items)}`,
    );
  }
  if (step.maxIterations !== null && items.length > step.maxIterations) {
    throw new WorkflowError(
      'LOOP_LIMIT',
      `loop '${step.id}' has ${items.length} items, its maxIterations is ${step.maxIterations}`,
    );
  }
  return items as readonly unknown[];
}

/** A kind of value in words. */
export function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  return value === null
    ? 'null'
    : Array.isArray(value)
      ? 'an array'
      : `${/^[aeiou]/.test(typeof value) ? 'an' : 'a'} ${typeof value}`;
}
