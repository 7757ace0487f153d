/** Reads a workflow of plain data as its canonical form has it: `name` is the name. */
import { normalizeWorkflow, type DefinitionResult } from '../../src/definition/normalize.ts';
import { Session, type Source } from '../../src/definition/session.ts';

export function readData(data: Readonly<Record<string, unknown>>, source: Source = 'data'): DefinitionResult {
  return normalizeWorkflow({ name: 'wf', ...data }, new Session({ source, stepTypes: [], agentIds: null }));
}
