/** Definitions with fields that are read and checked already, but not carried out yet. */
import { normalizeWorkflow, type DefinitionResult } from '../../src/definition/normalize.ts';
import { Session, type Source } from '../../src/definition/session.ts';

/** Of fields as the canonical form has them: `name` is the name. */
export function readWithNotYet(data: Readonly<Record<string, unknown>>, source: Source = 'data'): DefinitionResult {
  const session = new Session({ source, stepTypes: [], agentIds: null, allowNotYet: true });
  return normalizeWorkflow({ name: 'wf', ...data }, session);
}
