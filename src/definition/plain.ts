/** Workflows as plain data: what YAML and JSON texts hold, and what `parseDefinition` takes. */
import { joinPath, type Issue } from '../core/issue.ts';
import { isPlainObject } from '../core/json.ts';
import type { AuthorWorkflow } from './author-workflow.ts';
import type { WorkflowDefinition } from './definition.ts';
import { describe, quote } from './describe.ts';
import { under } from './issue-list.ts';
import { normalizeWorkflow, type DefinitionResult } from './normalize.ts';
import { checkWorkflowName, isUuidV4, slug } from './names.ts';
import { Session } from './session.ts';
import type { StepTypeDefinition } from './step-type.ts';

export interface ParseOptions {
  /** Step types of your own. @default none */
  readonly stepTypes?: readonly StepTypeDefinition[];
  /** Agents by the names that `${AGENT_IDS.X}` may use. @default none */
  readonly agentIds?: ReadonlyMap<string, string>;
}

const fieldNames = [
  'id',
  'name',
  'version',
  'description',
  'input',
  'output',
  'steps',
  'onFailure',
  'state',
  'stateSchema',
  'timeout',
  'templates',
  'maxVisits',
  'tags',
  'metadata',
  'rules',
] as const;

const laterFields: readonly string[] = [
  'schedule',
  'schedules',
  'webhook',
  'webhooks',
  'endpoint',
  'exposeEndpoint',
  'on',
  'triggers',
];

const hints: Readonly<Record<string, string>> = {
  title: "the title is 'name' (and the name is 'id')",
  setOutput: "in data it is 'output'",
  setState: "in data it is 'state'",
  setTimeout: "in data it is 'timeout'",
  setDescription: "in data it is 'description'",
  setId: "in data it is 'id'",
  addStep: "in data it is 'steps', a list",
  inputSchema: "the schema is 'input'",
  handlers: 'handlers are functions: write the workflow with createWorkflow',
};

/** A workflow from plain data. Never throws on bad data: all its mistakes are in `issues`. */
export function parseDefinition(data: unknown, options: ParseOptions = {}): DefinitionResult {
  const session = new Session({
    source: 'data',
    stepTypes: options.stepTypes ?? [],
    agentIds: options.agentIds ?? null,
  });
  if (!isPlainObject(data)) {
    session.issues.add('INVALID_TYPE', '', 'a workflow definition must be an object', { received: describe(data) });
    return { issues: session.issues.all };
  }
  for (const key of Object.keys(data)) checkField(key, data, session);
  const { id, name, ...rest } = Object.fromEntries(fieldNames.map((field) => [field, data[field]])) as Record<
    (typeof fieldNames)[number],
    unknown
  >;
  const output = rest.output ?? data['setOutput'];
  return normalizeWorkflow({ ...rest, output, ...readNames(id, name, session) } satisfies AuthorWorkflow, session);
}

export type DefinitionsResult =
  | { readonly definitions: readonly WorkflowDefinition[]; readonly issues?: undefined }
  | { readonly issues: readonly Issue[]; readonly definitions?: undefined };

/** One workflow, or an object with a list `workflows`. Never throws on bad data; all or none. */
export function parseDefinitions(data: unknown, options: ParseOptions = {}): DefinitionsResult {
  if (!isPlainObject(data) || !Object.hasOwn(data, 'workflows')) {
    const result = parseDefinition(data, options);
    return result.definition === undefined ? { issues: result.issues } : { definitions: [result.definition] };
  }
  const issues: Issue[] = Object.keys(data)
    .filter((key) => key !== 'workflows')
    .map((key) => ({
      code: 'UNKNOWN_FIELD',
      path: joinPath('', key),
      message: `unknown field ${quote(key)}`,
      hint: "beside 'workflows' nothing can stand",
    }));
  const list: unknown = data['workflows'];
  if (!Array.isArray(list)) {
    return {
      issues: [
        ...issues,
        {
          code: 'INVALID_TYPE',
          path: 'workflows',
          message: 'workflows must be an array (a list of workflows)',
          received: describe(list),
        },
      ],
    };
  }
  if (list.length === 0)
    issues.push({
      code: 'NO_WORKFLOWS',
      path: 'workflows',
      message: 'workflows is empty: at least one workflow is needed',
    });
  const results = list.map((each) => parseDefinition(each, options));
  results.forEach((result, index) => {
    for (const issue of result.issues ?? [])
      issues.push({ ...issue, path: under(joinPath('workflows', index), issue.path) });
  });
  const definitions = results.flatMap(({ definition }) => definition ?? []);
  if (issues.length === 0) issues.push(...duplicateWorkflows(definitions));
  return issues.length > 0 ? { issues } : { definitions };
}

function duplicateWorkflows(definitions: readonly WorkflowDefinition[]): readonly Issue[] {
  const seen = new Map<string, number>();
  return definitions.flatMap(({ name, version }, index) => {
    const key = `${name} ${version}`;
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, index);
      return [];
    }
    const message = `workflow ${quote(name)} is there already: at workflows[${first}]`;
    return [
      {
        code: 'DUPLICATE_WORKFLOW',
        path: `workflows[${index}].id`,
        message,
        hint: "give it another id, or another 'version'",
      },
    ];
  });
}

function checkField(key: string, data: Readonly<Record<string, unknown>>, session: Session): void {
  if ((fieldNames as readonly string[]).includes(key) || data[key] === undefined) return;
  const { issues } = session;
  if (laterFields.includes(key)) {
    issues.add('NOT_SUPPORTED_YET', key, `${quote(key)} is not supported yet in this version`, {
      hint: 'start runs with the command line or with engine.start',
    });
  } else if (/^on(Step|Workflow)[A-Z]/.test(key)) {
    issues.add('FUNCTION_IN_DATA', key, `${quote(key)} is a handler: functions cannot be data`, {
      hint: 'write the workflow with createWorkflow',
    });
  } else {
    const hint = Object.hasOwn(hints, key) ? { hint: hints[key] as string } : issues.didYouMean(key, fieldNames);
    issues.add('UNKNOWN_FIELD', key, `unknown field ${quote(key)} of a workflow`, hint);
  }
}

/** `id` is the name or a UUID, `name` the title; with a UUID (or without `id`) `name` is the name, as far as it can be one. */
function readNames(id: unknown, name: unknown, session: Session): Pick<AuthorWorkflow, 'name' | 'id' | 'title'> {
  if (id !== undefined && typeof id !== 'string') {
    session.issues.add('INVALID_TYPE', 'id', 'the id of a workflow must be a string', { received: describe(id) });
    return { name: 'unnamed' };
  }
  if (name !== undefined && typeof name !== 'string') {
    session.issues.add('INVALID_TYPE', 'name', 'the name of a workflow must be a string', { received: describe(name) });
    return { name: id !== undefined && !isUuidV4(id) ? id : 'unnamed' };
  }
  if (id !== undefined && !isUuidV4(id)) return { name: id, title: name };
  if (name === undefined) {
    if (id !== undefined) return { name: id, id };
    session.issues.add('REQUIRED', 'id', 'id is required: it is the name of the workflow', {
      expected: "a text such as 'research-and-summarize'",
    });
    return { name: 'unnamed' };
  }
  if (checkWorkflowName(name) === null) return { name, id };
  return { name: slug(name) || (id ?? ''), id, title: name };
}
