/**
 * What a workflow file exports: the workflows, as they are written, and the project's settings beside them. Takes
 * `module.exports = { workflows }`, `export default`, named exports, a list, or a single workflow.
 */
import type { AgentsOption } from '../agents/registry.ts';
import type { Issue } from '../core/issue.ts';
import { isPlainObject } from '../core/json.ts';
import type { StepTypeDefinition } from '../definition/index.ts';

/** Settings of a project that stand beside its workflows. */
export interface ProjectSettings {
  readonly agents?: AgentsOption;
  /** Hosts that `http` steps may call although they are local or private. */
  readonly allowHosts?: readonly string[];
  /** File of the store, from the project's folder on; or `':memory:'`. */
  readonly store?: string;
  /** What becomes of unfinished runs whose functions have changed: the option of `createEngine`. */
  readonly functions?: 'record' | 'strict';
  /** Step types for workflows that are plain data. */
  readonly stepTypes?: readonly StepTypeDefinition[];
}

export interface FileExports {
  /** Workflows, plain data, or paths of YAML and JSON files; not read yet. */
  readonly workflows: readonly unknown[];
  readonly settings: ProjectSettings;
  readonly issues: readonly Issue[];
}

export function readExports(exports: unknown): FileExports {
  const layers = layersOf(exports);
  const pick = (name: string): unknown => layers.map((layer) => layer[name]).find((value) => value !== undefined);
  const issues: Issue[] = [];
  const settings: ProjectSettings = {
    ...readSetting('agents', pick('agents'), isAgents, 'a list of agents, or an object of name -> agent', issues),
    ...readSetting('allowHosts', pick('allowHosts'), isTexts, "a list of texts, as ['localhost:4000']", issues),
    ...readSetting('store', pick('store'), isText, 'the path of a file', issues),
    ...readSetting('functions', pick('functions'), isFunctionsMode, "'record' or 'strict'", issues),
    ...readSetting('stepTypes', pick('stepTypes'), isStepTypes, 'a list of what defineStepType gives', issues),
  };
  const workflows = findWorkflows(layers, pick('workflows'));
  if (workflows === null) {
    issues.push({
      code: 'NO_WORKFLOWS',
      path: '',
      message: 'it exports no workflows',
      expected: '{ workflows: [...] }, a list, or a workflow',
    });
  } else if (workflows.length === 0) {
    issues.push({
      code: 'NO_WORKFLOWS',
      path: 'workflows',
      message: 'the list of workflows is empty: at least one is needed',
    });
  }
  return { workflows: workflows ?? [], settings, issues };
}

/** The module and what is wrapped in it as its default export: `module.exports`, or `export default` of transpiled code. */
function layersOf(exports: unknown): readonly Readonly<Record<string, unknown>>[] {
  const layers: Readonly<Record<string, unknown>>[] = [];
  for (let current = exports; isObject(current) && layers.length < 4; current = current['default']) {
    if (layers.includes(current)) break;
    layers.unshift(current);
  }
  return layers;
}

/** What is wrapped innermost is what the author wrote. */
function findWorkflows(
  layers: readonly Readonly<Record<string, unknown>>[],
  named: unknown,
): readonly unknown[] | null {
  if (named !== undefined) return listOf(named);
  const list = layers.find((layer): layer is typeof layer & readonly unknown[] => Array.isArray(layer));
  if (list !== undefined) return list;
  const single = layers.find((layer) => isWorkflow(layer) || isPlainWorkflow(layer));
  if (single !== undefined) return [single];
  const own = [...new Set(layers.flatMap((layer) => Object.values(layer).filter(isWorkflow)))];
  return own.length === 0 ? null : own;
}

/** A list, one workflow, or workflows by any keys. */
function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (isPlainObject(value) && !isPlainWorkflow(value)) return Object.values(value);
  return [value];
}

/** Made by a builder, or a definition. Asks for nothing that would build it. */
export function isWorkflow(value: unknown): boolean {
  return (
    isObject(value) &&
    typeof value['name'] === 'string' &&
    (typeof value['build'] === 'function' || typeof value['canonical'] === 'string')
  );
}

function isPlainWorkflow(value: unknown): boolean {
  return isPlainObject(value) && Array.isArray(value['steps']);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isAgents(value: unknown): value is AgentsOption {
  return isObject(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}

function isFunctionsMode(value: unknown): value is 'record' | 'strict' {
  return value === 'record' || value === 'strict';
}

function isStepTypes(value: unknown): value is readonly StepTypeDefinition[] {
  return (
    Array.isArray(value) &&
    value.every((each) => isObject(each) && typeof each['run'] === 'function' && isText(each['type']))
  );
}

function readSetting<Name extends string, T>(
  name: Name,
  value: unknown,
  isRight: (value: unknown) => value is T,
  expected: string,
  issues: Issue[],
): { readonly [Key in Name]?: T } {
  if (value === undefined || value === null) return {};
  if (isRight(value)) return { [name]: value } as { readonly [Key in Name]?: T };
  issues.push({ code: 'INVALID_SETTING', path: name, message: `the setting '${name}' is of the wrong kind`, expected });
  return {};
}
