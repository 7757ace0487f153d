/** Definitions from their stored, canonical form. Functions come without code: whoever has it binds it by place. */
import { WorkflowError } from '../core/errors.ts';
import { formatIssue } from '../core/issue.ts';
import { isPlainObject } from '../core/json.ts';
import type { AuthorWorkflow } from './author-workflow.ts';
import { canonicalFormat } from './canonical.ts';
import type { UserFunction, WorkflowDefinition } from './definition.ts';
import { normalizeWorkflow } from './normalize.ts';
import { Session } from './session.ts';
import type { AnyFunction } from './user-function.ts';

/**
 * The same definition and the same hash as when it was stored. Its functions are those that `codeOf`, another definition of
 * the workflow, has at the same places; without it, and where it has none, `call` is null.
 * @throws WorkflowError STORE_INVALID when the text is not a canonical definition of this format
 */
export function definitionFromCanonical(text: string, codeOf?: WorkflowDefinition): WorkflowDefinition {
  const data = parse(text);
  if (!isPlainObject(data)) throw new WorkflowError('STORE_INVALID', 'a stored definition is not an object');
  const { format, ...author } = data;
  if (format !== canonicalFormat) {
    throw new WorkflowError(
      'STORE_INVALID',
      `a stored definition has format ${String(format)}; this version reads format ${canonicalFormat}`,
    );
  }
  const functions = codeOf === undefined ? new Map<string, AnyFunction>() : functionsOf(codeOf);
  const session = new Session({ source: 'canonical', stepTypes: [], agentIds: null, functions });
  const result = normalizeWorkflow(author as unknown as AuthorWorkflow, session);
  if (result.definition !== undefined) return result.definition;
  throw new WorkflowError(
    'STORE_INVALID',
    `a stored definition is not valid: ${result.issues.map(formatIssue).join('; ')}`,
  );
}

/** All functions with code in a definition, by place. */
function functionsOf(definition: WorkflowDefinition): ReadonlyMap<string, AnyFunction> {
  const functions = new Map<string, AnyFunction>();
  const seen = new Set<unknown>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    if (isUserFunction(value)) {
      if (value.call !== null) functions.set(value.place, value.call);
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

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WorkflowError('STORE_INVALID', 'a stored definition is not JSON', { cause });
  }
}
