/** Open tasks: the pauses of `human` steps, with what a person needs to see. */
import type { RunState } from '../../core/advance.ts';
import type { Json } from '../../core/json.ts';
import type { RunRow } from '../../core/run.ts';
import type { ValueLoader } from '../../core/stored-value.ts';
import type { ValueTemplate } from '../../expressions/value-template.ts';
import type { RunContext } from '../../../machines/context.ts';
import type { Program } from '../../../machines/program.ts';
import { recordOf } from '../../../machines/record.ts';
import { createScope } from '../../../machines/scope.ts';
import { loadingReader } from '../../../machines/stored-reader.ts';
import { formOf, taskId } from '../steer/commands.ts';

export interface Task {
  /** What an answer is addressed to: `<runId>:<step>:<visit>`. */
  readonly id: string;
  readonly runId: string;
  readonly workflow: string;
  readonly step: string;
  readonly visit: number;
  readonly title: string;
  readonly message: string | null;
  readonly assignees: readonly string[];
  /** JSON Schema of the answer. */
  readonly form: Json;
  /** Milliseconds since 1970; null: it waits for ever. */
  readonly dueAt: number | null;
}

export function openTasks(row: RunRow, program: Program, state: RunState, loader: ValueLoader): readonly Task[] {
  const { context } = state.snapshot as { readonly context: RunContext };
  return program.steps.flatMap(({ step, index }) => {
    if (step.type !== 'human') return [];
    const { status, visit } = recordOf(context, index);
    if (status !== 'running' || isAnswered(state, step.id, visit)) return [];
    const render = (template: ValueTemplate | null): unknown =>
      template?.render(createScope(program, context, index, loadingReader(loader)), { missing: 'empty' });
    const assignees = render(step.assignees);
    return [
      {
        id: taskId({ run: row.id, step: step.id, visit }),
        runId: row.id,
        workflow: row.workflow,
        step: step.id,
        visit,
        title: asText(render(step.title)) ?? step.id,
        message: asText(render(step.message)),
        assignees: (Array.isArray(assignees) ? assignees : [assignees]).map(asText).filter((name) => name !== null),
        form: formOf(step).json,
        dueAt: state.timers.get(`timeout:${step.id}`)?.dueAt ?? null,
      },
    ];
  });
}

/** While the run is paused its answer waits. */
function isAnswered(state: RunState, step: string, visit: number): boolean {
  return (
    state.pause?.held.some(
      ({ event }) => event.type === 'task.answered' && event.step === step && event.visit === visit,
    ) ?? false
  );
}

function asText(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
