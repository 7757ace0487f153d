/** All checks of a definition that has been read. */
import type { WorkflowDefinition } from '../definition.ts';
import type { Session } from '../session.ts';

export function checkDefinition(_definition: WorkflowDefinition, _session: Session): void {}
