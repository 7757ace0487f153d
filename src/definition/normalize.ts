/** From a workflow as its author wrote it to the normalised, checked, immutable definition, or all its mistakes. */
import { z } from 'zod';
import type { Issue } from '../core/issue.ts';
import { isPlainObject, type Json } from '../core/json.ts';
import type { AuthorWorkflow } from './author-workflow.ts';
import { canonicalFormat, canonicalText, toJson } from './canonical.ts';
import { checkDefinition } from './checks/index.ts';
import { describe } from './describe.ts';
import type { DataSchema, Step, WorkflowDefinition } from './definition.ts';
import { anything, duration, integer, nonEmptyText, readFields, text, versionText } from './fields.ts';
import { deepFreeze } from './freeze.ts';
import { readHandlers } from './handlers.ts';
import { defaultMaxVisits, maxDataDepth, maxDataNodes } from './limits.ts';
import { copyData, measureData, measureSteps } from './measure.ts';
import { checkWorkflowName, isUuidV4 } from './names.ts';
import { readSteps } from './read-steps.ts';
import { createTree } from './checks/tree.ts';
import { readRules } from './rules.ts';
import type { Session } from './session.ts';
import { sha256 } from './user-function.ts';

export type DefinitionResult =
  | { readonly definition: WorkflowDefinition; readonly issues?: undefined }
  | { readonly issues: readonly Issue[]; readonly definition?: undefined };

const fields = {
  name: anything,
  id: text.optional(),
  title: nonEmptyText.optional(),
  version: versionText.optional(),
  description: text.optional(),
  timeout: duration().optional(),
  templates: z.strictObject({ missing: z.enum(['error', 'empty']).optional() }).optional(),
  maxVisits: integer(1, 10_000).optional(),
  tags: z.array(nonEmptyText).optional(),
  metadata: z.record(z.string(), anything, { error: 'must be an object' }).optional(),
};

const others = ['rules', 'input', 'output', 'steps', 'onFailure', 'handlers', 'state', 'stateSchema'];

/** Never throws on what authors write. */
export function normalizeWorkflow(author: AuthorWorkflow, session: Session): DefinitionResult {
  const { issues } = session;
  if (!measureSteps(author.steps, author.onFailure, issues, session.declaredIds)) return { issues: issues.all };
  const size = measureData(author);
  if (size !== 'fits') {
    if (size === 'too deep')
      issues.add('NESTING_TOO_DEEP', '', 'the definition is nested too deep or contains itself', {
        expected: `at most ${maxDataDepth} levels (depth limit)`,
      });
    else
      issues.add('DATA_TOO_LARGE', '', 'the definition is too large', {
        expected: `at most ${maxDataNodes.toLocaleString('en-US')} values (limit)`,
      });
    return { issues: issues.all };
  }
  const data = copyData(author) as AuthorWorkflow;
  const read = readWorkflow(data, session);
  const draft = { ...read, rules: readRules(data.rules, createTree(read), session) };
  checkDefinition(draft, session);
  const json = canonicalData(data, draft, session);
  if (issues.hasErrors) return { issues: issues.all };
  const canonical = canonicalText(json);
  return { definition: deepFreeze({ ...draft, canonical, hash: sha256(canonical), warnings: issues.warnings }) };
}

function readWorkflow(data: AuthorWorkflow, session: Session): WorkflowDefinition {
  const source = data as unknown as Readonly<Record<string, unknown>>;
  const given = readFields(fields, source, { path: '', issues: session.issues, others, what: 'a workflow' });
  const state = readState(data, session);
  session.workflowName = readName(data.name, session);
  return {
    name: session.workflowName,
    id: readId(given.id, session),
    title: given.title ?? null,
    version: given.version ?? '1',
    description: given.description ?? null,
    input: data.input === undefined ? null : session.schema('input', data.input),
    steps: readSteps(session, 'steps', data.steps, 'the workflow'),
    onFailure: readOnFailure(data.onFailure, session),
    output: data.output === undefined ? null : session.value('output', data.output, 'output'),
    ...readHandlers(data.handlers ?? [], session),
    state: state.initial,
    stateSchema: state.schema,
    timeoutMs: given.timeout ?? null,
    missing: given.templates?.missing ?? 'error',
    maxVisits: given.maxVisits ?? defaultMaxVisits,
    tags: given.tags ?? [],
    metadata: (given.metadata ?? {}) as Json,
    rules: [],
    canonical: '',
    hash: '',
    warnings: [],
  };
}

/** What no text can hold cannot be part of a definition. */
function reportOther(path: string, value: unknown, { issues }: Session): void {
  if (issues.hasAt(path)) return;
  const what =
    typeof value === 'string' ? 'this text is not valid Unicode (a lone surrogate)' : 'this is not plain data';
  issues.add('NOT_DATA', path, what, {
    expected: 'texts, numbers, true, false, null, arrays and objects of these',
    received: describe(value),
  });
}

function readName(name: unknown, session: Session): string {
  if (typeof name !== 'string') {
    session.issues.add('INVALID_TYPE', 'name', 'the name of a workflow must be a string', { received: describe(name) });
    return '';
  }
  const problem = checkWorkflowName(name);
  if (problem !== null) {
    const { code, message, ...details } = problem;
    session.issues.add(code, session.source === 'data' ? 'id' : 'name', message, details);
  }
  return name;
}

function readId(id: string | undefined, session: Session): string | null {
  if (id === undefined) return null;
  if (isUuidV4(id)) return id.toLowerCase();
  session.issues.add('INVALID_ID', 'id', 'the id of a workflow must be a UUID, version 4', {
    received: describe(id),
    hint: "the workflow's name is the argument of createWorkflow",
  });
  return null;
}

function readOnFailure(steps: unknown, session: Session): readonly Step[] {
  return steps === undefined ? [] : readSteps(session, 'onFailure', steps, 'onFailure');
}

/** An initial state as data, or a schema whose defaults give it. */
function readState(
  data: AuthorWorkflow,
  session: Session,
): { readonly initial: Readonly<Record<string, unknown>> | null; readonly schema: DataSchema | null } {
  const schema = data.stateSchema === undefined ? null : session.schema('stateSchema', data.stateSchema);
  if (data.state === undefined) return { initial: schema === null ? null : initialOf(schema, {}, session), schema };
  if (!isPlainObject(data.state)) {
    session.issues.add('INVALID_TYPE', 'state', 'the initial state must be an object', {
      received: describe(data.state),
    });
    return { initial: null, schema };
  }
  const template = session.template('state', data.state);
  if (template !== null && template.paths.length > 0) {
    session.issues.add('TEMPLATE_MISPLACED', 'state', 'the initial state cannot hold templates', {
      hint: "write it with 'assign' in a step",
    });
  }
  if (schema === null || session.source === 'canonical') return { initial: data.state, schema };
  return { initial: initialOf(schema, data.state, session), schema };
}

function initialOf(
  schema: DataSchema,
  state: Readonly<Record<string, unknown>>,
  session: Session,
): Readonly<Record<string, unknown>> | null {
  const parsed = schema.parse(state);
  if ('value' in parsed && isPlainObject(parsed.value)) return copyData(parsed.value) as typeof parsed.value;
  const issues = 'issues' in parsed ? parsed.issues : [{ path: '', message: 'the state must be an object' }];
  for (const issue of issues) {
    session.issues.add(
      'INVALID_STATE',
      `state${issue.path === '' ? '' : `.${issue.path}`}`,
      `the initial state does not fit its schema: ${issue.message}`,
      { hint: 'give the field a default in the schema' },
    );
  }
  return null;
}

/** C1 of canonical.ts: all that `readWorkflow` reads, and nothing that it fills in. */
function canonicalData(data: AuthorWorkflow, draft: WorkflowDefinition, session: Session): Json {
  const options = {
    replacements: session.replacements,
    onOther: (path: string, value: unknown) => reportOther(path, value, session),
  };
  // Rules are no part of what runs: a new one makes no other version of it.
  const { rules: _rules, ...what } = data;
  const json = toJson(what, '', options) as Record<string, Json>;
  const initial = draft.state === null ? {} : { state: toJson(draft.state, 'state', options) };
  const all: Record<string, Json> = {
    ...json,
    ...initial,
    version: draft.version,
    ...(draft.id === null ? {} : { id: draft.id }),
    format: canonicalFormat,
  };
  return Object.fromEntries(
    Object.entries(all).filter(([key, value]) => !sameAsNothing.has(key) || Object.keys(value as object).length > 0),
  );
}

/** Fields that say nothing when they are empty. */
const sameAsNothing: ReadonlySet<string> = new Set(['handlers', 'tags', 'metadata', 'templates']);
