/** Steps of a user's own type (`defineStepType`): its fields are data with templates, its function does the work. */
import { isPlainObject } from '../../core/json.ts';
import { compileValue } from '../../expressions/value-template.ts';
import type { CustomStep } from '../definition.ts';
import { allEffectFields, stepKind, templateExpression, type StepKind } from '../step-kind.ts';
import { checkConfig, runOf, type StepTypeDefinition } from '../step-type.ts';
import { userFunction } from '../user-function.ts';

/** @param common names of the fields that every step has; all others are the type's own */
export function customKind(type: string, definition: StepTypeDefinition | null, common: readonly string[]): StepKind {
  return stepKind({
    type: 'custom',
    what: `a ${type} step`,
    allows: allEffectFields,
    fields: {},
    read(_given, base, reader, raw): CustomStep {
      const own = Object.keys(raw).filter((key) => !common.includes(key) && raw[key] !== undefined);
      const config = Object.fromEntries(own.map((key) => [key, raw[key]]));
      const template = reader.template('', config);
      if (definition !== null && template !== null && isPlainObject(config))
        checkConfig(definition, config, template, reader);
      const place = `stepTypes.${type}.run`;
      const run =
        definition === null ? reader.storedFunction(place) : userFunction(place, runOf(definition), definition.run);
      return { ...base, type: 'custom', name: type, config: template ?? compileValue({}), run };
    },
    expressions: (step) => [templateExpression(step.path, step.config)],
  });
}
