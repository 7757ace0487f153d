/** All checks of a definition that has been read. They look at what could be read, also when other parts have mistakes. */
import type { WorkflowDefinition } from '../definition.ts';
import type { Session } from '../session.ts';
import { checkEffects } from './effects.ts';
import { checkHandlers } from './handlers.ts';
import { checkReferences } from './references.ts';
import { checkRouting } from './routing.ts';
import { checkAssigned } from './state.ts';
import { createTree } from './tree.ts';
import { checkWrites } from './writes.ts';

export function checkDefinition(definition: WorkflowDefinition, session: Session): void {
  const tree = createTree(definition);
  // Finds the jumps back, which say what can be there when something is read.
  checkRouting(tree, session);
  checkReferences(definition, tree, session);
  checkAssigned(definition, tree, session);
  checkWrites(tree, session);
  checkEffects(tree, session);
  checkHandlers(definition, tree, session);
}
