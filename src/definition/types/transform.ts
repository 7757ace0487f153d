/** `transform`: a function of the author's code over data; in plain data, a template. */
import { describe } from '../describe.ts';
import type { StepBase, TransformStep } from '../definition.ts';
import { anything } from '../fields.ts';
import { allEffectFields, stepKind, templateExpression, valueExpression, type StepReader } from '../step-kind.ts';

/** `transform` is a method so that its `data` may be annotated more closely than it is known. */
export interface TransformForm<Context, Input, Data, Output> {
  readonly type: 'transform';
  readonly input?: Input;
  transform(data: Data, context: Context): Output;
  readonly template?: never;
}

export interface TemplateForm<Template> {
  readonly type: 'transform';
  /** Builds the result. */
  readonly template: Template;
  readonly transform?: never;
}

export const transform = stepKind({
  type: 'transform',
  what: 'a transform step',
  allows: allEffectFields,
  fields: { input: anything.optional(), transform: anything.optional(), template: anything.optional() },
  hints: {
    function: "the function is 'transform'",
    expression: "use 'template', or a function as 'transform'",
    value: "use 'template'",
  },
  read(given, base, reader): TransformStep {
    checkOne(given, reader);
    checkCache(given, base, reader);
    return {
      ...base,
      type: 'transform',
      input: given.input === undefined ? null : reader.value('input', given.input),
      transform: given.transform === undefined ? null : readTransform(given.transform, reader),
      template: given.template === undefined ? null : reader.template('template', given.template),
    };
  },
  expressions: (step) => [
    valueExpression(`${step.path}.input`, step.input),
    templateExpression(`${step.path}.template`, step.template),
  ],
});

function checkOne(
  given: { readonly input?: unknown; readonly transform?: unknown; readonly template?: unknown },
  reader: StepReader,
): void {
  if (given.transform === undefined && given.template === undefined) {
    reader.add(
      'REQUIRED',
      'transform',
      'a transform step needs transform (a function) or template (data with templates)',
    );
  }
  if (given.transform !== undefined && given.template !== undefined) {
    reader.add('FIELD_CONFLICT', 'template', 'a transform step has either transform or template, not both');
  }
  if (given.template !== undefined && given.input !== undefined) {
    reader.add('FIELD_CONFLICT', 'input', 'input is for the function; a template names what it needs itself');
  }
}

/** What a function reads from its context is not known, so that it cannot be part of a key. */
function checkCache(
  given: { readonly input?: unknown; readonly template?: unknown },
  { cache }: StepBase,
  reader: StepReader,
): void {
  if (cache === null || cache.key !== null || given.input !== undefined || given.template !== undefined) return;
  reader.add('REQUIRED', 'cache.key', 'a cached transform needs an input or a key', {
    expected: "a text such as '{{workflow.input.topic}}'",
  });
}

function readTransform(value: unknown, reader: StepReader): TransformStep['transform'] {
  if (typeof value === 'string') {
    reader.add(
      'FUNCTION_IN_DATA',
      'transform',
      'transform must be a function: functions cannot be data, and source text is never run',
      {
        hint: "use 'template' here, or write the workflow with createWorkflow",
      },
    );
    return null;
  }
  const call = reader.userFunction('transform', value);
  if (call === null && typeof value !== 'function') {
    reader.add('INVALID_TYPE', 'transform', 'transform must be a function', { received: describe(value) });
  }
  return call;
}
