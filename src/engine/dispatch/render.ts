/** The value of a field of a step (data with templates, or a function), as effects of the engine itself need it: without secrets. */
import type { ValueLoader } from '../../core/stored-value.ts';
import type { Value } from '../../definition/definition.ts';
import type { EffectInput } from '../../../machines/effect-input.ts';
import { missingFunction } from '../../../machines/evaluate.ts';
import { createFunctionContext } from '../../../machines/function-context.ts';
import { createScope } from '../../../machines/scope.ts';
import { loadingReader } from '../../../machines/stored-reader.ts';

/** @throws TemplateError; WorkflowError FUNCTION_MISSING; what the function throws */
export async function renderValue(
  effect: EffectInput,
  value: Value,
  signal: AbortSignal,
  loader: ValueLoader,
): Promise<unknown> {
  const { program, context, step } = effect;
  const reader = loadingReader(loader);
  if (value.kind === 'template')
    return value.template.render(createScope(program, context, step, reader), { missing: program.definition.missing });
  if (value.call === null) throw missingFunction(value);
  return (value.call as (each: unknown) => unknown)(createFunctionContext(effect, { reader, signal }));
}
