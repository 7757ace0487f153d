/** How a run went, the same for a run of the engine and a plain XState machine. */
import type { ErrorData } from '../../src/core/errors.ts';
import type { LifecycleEvent } from '../../src/core/lifecycle-event.ts';
import type { RunContext, StepRecord } from '../../machines/context.ts';
import type { Program } from '../../machines/program.ts';
import type { Mocks } from './mocks.ts';

export interface RunOutcome {
  readonly status: string;
  /** Of a completed run. */
  readonly output: unknown;
  /** Of a failed or cancelled run. */
  readonly error: ErrorData | null;
  readonly events: readonly LifecycleEvent[];
  readonly mocks: Mocks;
  /** Virtual milliseconds. */
  readonly elapsedMs: number;
  readonly program: Program;
  readonly context: RunContext;
}

export function stepRecord(
  { program, context }: Pick<RunOutcome, 'program' | 'context'>,
  id: string,
): StepRecord | undefined {
  return context.steps.get(program.byId.get(id) as number);
}

/** The status of every step that was reached, by id. */
export function statuses({ program, context }: RunOutcome): Readonly<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const { step, index } of program.steps) {
    const record = context.steps.get(index);
    if (record !== undefined) result[step.id] = record.status;
  }
  return result;
}
