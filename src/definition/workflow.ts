/** A workflow as the engine takes it: anything that has a definition. */
import type { WorkflowDefinition } from './definition.ts';

/** `Input` is what a run is started with, `Output` what it gives. */
export interface Workflow<Input = unknown, Output = unknown> {
  readonly name: string;
  /** Made when it is first read. @throws DefinitionError with all mistakes */
  readonly definition: WorkflowDefinition;
  /** For the compiler only; never there at run time. */
  readonly $types?: { readonly input: Input; readonly output: Output };
}

/** The name of a workflow or definition; null when the value is neither. Builds nothing. */
export function nameOfWorkflow(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || !('name' in value) || typeof value.name !== 'string') return null;
  return 'definition' in value || 'canonical' in value ? value.name : null;
}

/** The definition of a workflow, or the definition itself. @throws DefinitionError with all mistakes */
export function toDefinition(workflow: Workflow | WorkflowDefinition): WorkflowDefinition {
  return 'definition' in workflow ? workflow.definition : workflow;
}
