/** Workflows for tests, written as plain objects whose functions are not typed by their surroundings. */
import type { StepTypeDefinition, WorkflowDefinition } from '../../src/definition/index.ts';
import { createWorkflow } from '../../src/definition/index.ts';

export type LooseStep = Readonly<Record<string, unknown>> & { readonly id: string };
type Handler = (...parameters: never[]) => unknown;

export interface LooseWorkflow {
  readonly name?: string;
  readonly title?: string;
  readonly description?: string;
  readonly version?: string;
  readonly input?: unknown;
  readonly state?: unknown;
  readonly output?: unknown;
  readonly timeout?: unknown;
  readonly maxVisits?: number;
  readonly missing?: 'error' | 'empty';
  readonly onFailure?: readonly LooseStep[];
  readonly rules?: readonly unknown[];
  readonly stepTypes?: readonly StepTypeDefinition[];
  readonly onStepStart?: Readonly<Record<string, Handler | readonly Handler[]>>;
  readonly onStepComplete?: Readonly<Record<string, Handler | readonly Handler[]>>;
  readonly onStepError?: Readonly<Record<string, Handler | readonly Handler[]>>;
  readonly onWorkflowStart?: Handler;
  readonly onWorkflowComplete?: Handler;
  readonly onWorkflowError?: Handler;
  readonly steps: readonly LooseStep[];
}

type LooseBuilder = { readonly definition: WorkflowDefinition } & Readonly<
  Record<string, (...parameters: unknown[]) => LooseBuilder>
>;

/** @throws DefinitionError */
export function flow(workflow: LooseWorkflow): WorkflowDefinition {
  let builder = createWorkflow(workflow.name ?? 'test', {
    stepTypes: workflow.stepTypes ?? [],
  }) as unknown as LooseBuilder;
  const call = (method: string, ...parameters: readonly unknown[]): void => {
    builder = (builder[method] as (...each: readonly unknown[]) => LooseBuilder).call(builder, ...parameters);
  };
  const { title, description, version, input, state, output, timeout, maxVisits, missing, onFailure } = workflow;
  if (title !== undefined) call('setTitle', title);
  if (description !== undefined) call('setDescription', description);
  if (version !== undefined) call('setVersion', version);
  if (input !== undefined) call('setInput', input);
  if (state !== undefined) call('setState', state);
  if (timeout !== undefined) call('setTimeout', timeout);
  if (maxVisits !== undefined) call('setMaxVisits', maxVisits);
  if (missing !== undefined) call('setTemplates', { missing });
  for (const { id, ...step } of workflow.steps) call('addStep', id, step);
  if (output !== undefined) call('setOutput', output);
  if (onFailure !== undefined) call('onFailure', onFailure);
  for (const rule of workflow.rules ?? []) call('addRule', rule);
  for (const method of ['onStepStart', 'onStepComplete', 'onStepError'] as const) {
    for (const [pattern, handlers] of Object.entries(workflow[method] ?? {})) {
      for (const handler of [handlers].flat()) call(method, pattern, handler);
    }
  }
  for (const method of ['onWorkflowStart', 'onWorkflowComplete', 'onWorkflowError'] as const) {
    if (workflow[method] !== undefined) call(method, workflow[method]);
  }
  return builder.definition;
}

/** An agent step that is asked a constant. */
export function agent(id: string, more: Readonly<Record<string, unknown>> = {}): LooseStep {
  return { id, type: 'agent', agentId: 'any', input: { prompt: `do ${id}` }, ...more };
}
