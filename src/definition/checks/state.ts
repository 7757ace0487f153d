/** What `state` and the input can hold, as far as their schemas or initial values say. */
import { joinPath } from '../../core/issue.ts';
import { isPlainObject } from '../../core/json.ts';
import { list, quote } from '../describe.ts';
import type { WorkflowDefinition } from '../definition.ts';
import type { Session } from '../session.ts';
import type { Tree } from './tree.ts';

/** The keys of `state`; null when any may be there. */
export function stateKeys(definition: WorkflowDefinition): ReadonlySet<string> | null {
  const { state, stateSchema } = definition;
  const own = Object.keys(state ?? {});
  if (stateSchema === null) return own.length === 0 ? null : new Set(own);
  const declared = propertyNames(stateSchema.json);
  return declared === null ? null : new Set([...own, ...declared]);
}

/** The properties an object schema lists; null when it lists none or lets others through by a rule of their own. */
export function propertyNames(schema: unknown): readonly string[] | null {
  if (!isPlainObject(schema) || !isPlainObject(schema['properties'])) return null;
  const open =
    schema['additionalProperties'] ??
    schema['patternProperties'] ??
    schema['$ref'] ??
    schema['allOf'] ??
    schema['anyOf'] ??
    schema['oneOf'];
  return open === undefined || open === false ? Object.keys(schema['properties']) : null;
}

/** Keys that `assign` writes have to be there as well. */
export function checkAssigned(definition: WorkflowDefinition, tree: Tree, { issues }: Session): void {
  const keys = stateKeys(definition);
  for (const { step } of tree.nodes) {
    for (const assign of step.assign) {
      const path = joinPath(`${step.path}.assign`, assign.key);
      if (definition.state === null && definition.stateSchema === null) {
        issues.add('NO_STATE', path, 'the workflow has no state', {
          hint: 'declare it: setState({ ... }), in data: state',
        });
      } else if (keys !== null && !keys.has(assign.key)) {
        issues.add(
          'UNKNOWN_STATE',
          path,
          `unknown key ${quote(assign.key)} of state`,
          issues.didYouMean(assign.key, keys, `known: ${list([...keys])}`),
        );
      }
    }
  }
}
