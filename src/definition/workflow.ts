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

/** The definition of a workflow, or the definition itself. @throws DefinitionError with all mistakes */
export function toDefinition(workflow: Workflow | WorkflowDefinition): WorkflowDefinition {
  return 'definition' in workflow ? workflow.definition : workflow;
}
