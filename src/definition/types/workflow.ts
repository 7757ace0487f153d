/** `workflow`: a child run. That the workflow is registered is checked when a run starts. */
import { z } from 'zod';
import type { WorkflowStep } from '../definition.ts';
import { anything, versionText } from '../fields.ts';
import type { ValueForm } from '../forms.ts';
import { stepKind, valueExpression, type StepReader } from '../step-kind.ts';
import type { Workflow } from '../workflow.ts';

export interface WorkflowForm<Context> {
  readonly type: 'workflow';
  /** Name, id or title of a workflow; in code also the workflow itself. */
  readonly workflow: string | Workflow;
  /** @default the last one registered */
  readonly version?: string;
  readonly input?: ValueForm<Context>;
  /** `'detach'`: the step completes with the child's run id once it has started. @default 'wait' */
  readonly mode?: 'wait' | 'detach';
  /** What becomes of the child when this run ends before it. @default 'cancel'; with mode 'detach' 'abandon' */
  readonly onParentClose?: 'cancel' | 'abandon';
}

export const workflow = stepKind({
  type: 'workflow',
  what: 'a workflow step',
  allows: ['compensate', 'concurrency', 'rateLimit'],
  fields: {
    workflow: anything.refine((value) => value !== undefined),
    version: versionText.optional(),
    input: anything.optional(),
    mode: z.enum(['wait', 'detach']).optional(),
    onParentClose: z.enum(['cancel', 'abandon']).optional(),
  },
  hints: {
    name: "the child's name is 'workflow'",
    workflowId: "the child's name is 'workflow'",
    payload: "the child's data is its 'input'",
    data: "the child's data is its 'input'",
    detach: "write mode: 'detach'",
    steps: "a group of steps is type 'sequential'",
  },
  read(given, base, reader): WorkflowStep {
    const mode = given.mode ?? 'wait';
    return {
      ...base,
      type: 'workflow',
      workflow: given.workflow === undefined ? '' : (readName(given.workflow, reader) ?? ''),
      version: given.version ?? null,
      input: given.input === undefined ? null : reader.value('input', given.input),
      mode,
      onParentClose: given.onParentClose ?? (mode === 'detach' ? 'abandon' : 'cancel'),
    };
  },
  expressions: (step) => [valueExpression(`${step.path}.input`, step.input)],
});

function readName(value: unknown, reader: StepReader): string | null {
  const name = reader.workflowName('workflow', value);
  if (name === null || !name.includes('{{')) return name;
  reader.add(
    'TEMPLATE_MISPLACED',
    'workflow',
    'workflow cannot be a template: the child is chosen when the workflow is written',
    { hint: 'use a switch step with one workflow step per case' },
  );
  return null;
}
