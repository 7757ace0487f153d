/** A workflow with its world, for tests that interrupt and replay it. */
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import type { MockTable } from '../support/mocks.ts';

export interface Flow {
  readonly name: string;
  /** Made anew for every engine, as another process would. */
  make(): WorkflowDefinition;
  /** Workflows that it starts. */
  others?(): readonly WorkflowDefinition[];
  readonly input?: unknown;
  readonly mocks?: MockTable;
  readonly status?: 'completed' | 'failed';
  readonly output?: unknown;
}
