import type { createWorkflow, WorkflowDefinition } from '../../src/definition/index.ts';

interface Built {
  addStep(id: string, step: unknown): Built;
  build(): WorkflowDefinition;
}

export function researchAndSummarize(create: typeof createWorkflow): Built;
export function contentGenerationPipeline(create: typeof createWorkflow): Built;
