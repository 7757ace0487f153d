/** Definitions from their stored, canonical form. Functions come without code: whoever has it binds it by place. */
import { WorkflowError } from '../core/errors.ts';
import { formatIssue } from '../core/issue.ts';
import { isPlainObject } from '../core/json.ts';
import type { AuthorWorkflow } from './author-workflow.ts';
import { canonicalFormat } from './canonical.ts';
import { collectCode } from './code.ts';
import type { WorkflowDefinition } from './definition.ts';
import { normalizeWorkflow } from './normalize.ts';
import { Session } from './session.ts';

/**
 * The same definition and the same hash as when it was stored. Its functions are those that `codeOf`, another definition of
 * the workflow, has at the same places; without it, and where it has none, `call` is null. Schemas are the JSON Schemas that
 * were stored; where `codeOf` has an equal one at the same place, they are its own (with the transforms of zod).
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
  const code = codeOf === undefined ? null : collectCode(codeOf);
  const session = new Session({ source: 'canonical', stepTypes: [], agentIds: null, code });
  const result = normalizeWorkflow(author as unknown as AuthorWorkflow, session);
  if (result.definition !== undefined) return result.definition;
  throw new WorkflowError(
    'STORE_INVALID',
    `a stored definition is not valid: ${result.issues.map(formatIssue).join('; ')}`,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WorkflowError('STORE_INVALID', 'a stored definition is not JSON', { cause });
  }
}
