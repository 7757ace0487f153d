/** The definition room: what a workflow is, how it is written, checked and kept. */
export type * from './definition.ts';
export type * from './step-context.ts';
export { createWorkflow } from './builder.ts';
export type { BuilderTypes, ContextOf, CreateWorkflowOptions, WorkflowBuilder } from './builder-types.ts';
export { toDefinition, type Workflow } from './workflow.ts';
export { parseDefinition, parseDefinitions, type DefinitionsResult, type ParseOptions } from './plain.ts';
export { formatIssues, loadJson, loadYaml } from './text/load.ts';
export { checkAgents } from './check-agents.ts';
export type { DefinitionResult } from './normalize.ts';
export { definitionFromCanonical } from './from-canonical.ts';
export { defineStepType, type StepTypeDefinition, type StepTypeOptions } from './step-type.ts';
export { toDataSchema, type DataSchemaResult } from './data-schema.ts';
export { parseDuration, type DurationInput } from '../core/duration.ts';
export { checkId, checkWorkflowName } from './names.ts';
export type { AuthorStep, CompensationStep, InlineStep, InnerStep } from './author-step.ts';
export type {
  AssignForm,
  BasicForm,
  CachedForm,
  CommonForm,
  CompensatedForm,
  DataForm,
  DecisionForm,
  LimitedForm,
  OnErrorForm,
  RetryForm,
  SchemaForm,
  TargetForm,
  ValueForm,
} from './forms.ts';
export type { RuleForm, RuleSubjectForm } from './rule-types.ts';
export * as limits from './limits.ts';
