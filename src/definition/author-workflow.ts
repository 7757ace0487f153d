/** What the builder and plain data give to `normalize.ts`: a workflow as its author wrote it, field by field, unchecked. */
import type { StepHandlers, WorkflowHandlers } from './definition.ts';

export interface AuthorHandler {
  /** `step.start`, `workflow.pause`, ... */
  readonly on: `step.${keyof StepHandlers}` | `workflow.${keyof WorkflowHandlers}`;
  /** Of step handlers: an id, `'*'` or `'prefix*'`. */
  readonly step?: unknown;
  /** The function; in the canonical form its placeholder. */
  readonly call: unknown;
}

/** Absent fields are undefined. Paths of issues name these fields. */
export interface AuthorWorkflow {
  readonly name: unknown;
  readonly id?: unknown;
  readonly title?: unknown;
  readonly version?: unknown;
  readonly description?: unknown;
  /** A schema. */
  readonly input?: unknown;
  readonly output?: unknown;
  readonly steps?: unknown;
  readonly onFailure?: unknown;
  readonly handlers?: readonly AuthorHandler[] | undefined;
  readonly state?: unknown;
  /** A schema. */
  readonly stateSchema?: unknown;
  readonly timeout?: unknown;
  readonly templates?: unknown;
  readonly maxVisits?: unknown;
  readonly tags?: unknown;
  readonly metadata?: unknown;
  /** A list. */
  readonly rules?: unknown;
}
