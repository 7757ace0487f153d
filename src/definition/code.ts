/** The code in a definition, by place: functions of the author, and schemas, which may hold code of their own. */
import type { DataSchema, Step, UserFunction, WorkflowDefinition } from './definition.ts';
import { createTree } from './checks/tree.ts';
import { isPlainObject } from '../core/json.ts';

export interface Code {
  readonly functions: ReadonlyMap<string, UserFunction>;
  readonly schemas: ReadonlyMap<string, DataSchema>;
}

export function collectCode(definition: WorkflowDefinition): Code {
  const schemas = new Map<string, DataSchema>();
  if (definition.input !== null) schemas.set('input', definition.input);
  if (definition.stateSchema !== null) schemas.set('stateSchema', definition.stateSchema);
  for (const { step } of createTree(definition).nodes) {
    const schema = schemaOf(step);
    if (schema !== null) schemas.set(`steps.${step.id}.${step.type === 'human' ? 'form' : 'schema'}`, schema);
  }
  const functions = new Map([...functionsIn(definition)].filter(([, { call }]) => call !== null));
  return { functions, schemas };
}

function schemaOf(step: Step): DataSchema | null {
  if (step.type === 'human') return step.form;
  return step.type === 'agent' ? step.schema : null;
}

function functionsIn(definition: WorkflowDefinition): ReadonlyMap<string, UserFunction> {
  const functions = new Map<string, UserFunction>();
  const seen = new Set<unknown>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    if (isUserFunction(value)) {
      functions.set(value.place, value);
      return;
    }
    // Compiled templates and schemas hold no functions of the author.
    if (Array.isArray(value) || isPlainObject(value)) for (const each of Object.values(value)) visit(each);
  };
  visit(definition);
  return functions;
}

function isUserFunction(value: object): value is UserFunction {
  return 'kind' in value && value.kind === 'function' && 'place' in value;
}
