/** The public API of dank-workflow. Everything users may import stands here, by name. */

// Defining workflows.
export {
  createWorkflow,
  defineStepType,
  definitionFromCanonical,
  parseDefinition,
  toDefinition,
} from './definition/index.ts';
export type {
  AuthorStep,
  ContextOf,
  CreateWorkflowOptions,
  ParseOptions,
  StepContext,
  StepTypeDefinition,
  StepView,
  Workflow,
  WorkflowBuilder,
  WorkflowDefinition,
} from './definition/index.ts';

// Running them durably.
export { createEngine } from './engine/create-engine.ts';
export type { Engine } from './engine/engine.ts';
export type { EngineLimits, EngineOptions } from './engine/options.ts';
export type { RetentionOptions } from './engine/retention.ts';
export { Run, RunFailedError } from './engine/read/run.ts';
export type { RunReport, StepReport } from './engine/read/run.ts';
export type { Reason } from './engine/steer/commands.ts';
export type { Delivered } from './engine/steer/messages.ts';
export type { Edits } from './engine/steer/control-commands.ts';
export type { ForkOptions, ForkPlan, ForkPoint, RerunPlan } from './engine/steer/fork.ts';
export type { Repeat } from './engine/steer/repeats.ts';
export type { MigrateOptions, MigratedRun, MigrationReport } from './engine/steer/migrations.ts';
export type { NextEvent, RunQuery, Wait } from './engine/read/query.ts';
export type { Task } from './engine/read/tasks.ts';
export type { RunEvent, StepChunk, StepQueued } from './engine/read/run-events.ts';
export { handleCallback, type HandleCallbackOptions } from './engine/steer/handle-callback.ts';
export type { EffectError } from './engine/steer/completions.ts';
export type { BreakpointOption, StartOptions } from './engine/runs/start.ts';

// Projects: workflows found in a folder.
export { loadWorkflows } from './project/project.ts';
export type { LoadOptions, Project } from './project/project.ts';
export { runWorkflow } from './project/run-workflow.ts';
export type { RunWorkflowOptions } from './project/run-workflow.ts';

// Running them as plain XState machines.
export { compileWorkflow, machineFormat } from '../machines/workflow.ts';
export type { EffectInput } from '../machines/effect-input.ts';
export { toMachine } from './engine/to-machine.ts';
export { createActors, stepInput, type CreateActorsOptions } from './effects/actors.ts';
export { EffectResult } from './core/effect.ts';

// Seeing them: pictures, and inspectors of XState.
export { drawWorkflow } from './inspect/draw-workflow.ts';
export { coverageOfRuns } from './inspect/drawing/seen.ts';
export type {
  Coverage,
  DrawingFormat,
  DrawingTheme,
  DrawnEvent,
  DrawnRun,
  DrawnStep,
  DrawOptions,
} from './inspect/draw-workflow.ts';
export type { InspectionObserver } from './inspect/live/run-inspector.ts';

// Agents.
export { createAgentRegistry } from './agents/registry.ts';
export type { Agent, AgentOption, AgentRegistry, AgentsOption } from './agents/registry.ts';

// Errors.
export {
  CancelledError,
  DefinitionError,
  errorTable,
  InputError,
  InvariantError,
  RetryableError,
  TemplateError,
  TerminalError,
  TimeoutError,
  WorkflowError,
} from './core/errors.ts';
export type { ErrorCode, ErrorData } from './core/errors.ts';
export { formatIssue, type Issue } from './core/issue.ts';

// Ports and stores.
export { exportRuns } from './store/archive/export.ts';
export { importRuns, type Imported, type ImportOptions } from './store/archive/import.ts';
export { openMemoryStore } from './store/memory.ts';
export { openSqliteStore, type SqliteStoreOptions } from './store/sqlite/open.ts';
export type { Clock, Logger, Random, RunFilter, Store } from './core/ports.ts';
export type { RunRow, RunStatus, StepStatus } from './core/run.ts';
export type { Breakpoint } from './core/event.ts';
