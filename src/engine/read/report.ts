/** How a run looks from outside: its row, and its steps with their times, told by replaying its history. */
import type { Advanced } from '../../core/advance.ts';
import type { Recorded } from '../../core/event.ts';
import { toErrorData } from '../../core/errors.ts';
import { compensationOf, type RunRow } from '../../core/run.ts';
import { materialize, type ValueLoader } from '../../core/stored-value.ts';
import type { RunContext } from '../../../machines/context.ts';
import { stepInfo, type Program } from '../../../machines/program.ts';
import type { Waiting } from '../dispatch/limits/limiter.ts';
import type { RunReport, StepReport } from './run.ts';

export function runReport(row: RunRow, loader: ValueLoader): RunReport {
  const { output, error, status, ...rest } = row;
  if (status === 'completed')
    return { ...rest, status, output: output === null ? null : materialize(output, loader, row.id) };
  if (status === 'failed' || status === 'cancelled') {
    const known = error ?? toErrorData('the run ended without an error');
    return { ...rest, status, error: known, compensation: compensationOf(known) };
  }
  return { ...rest, status };
}

const ends: ReadonlySet<string> = new Set(['step.completed', 'step.failed', 'step.skipped', 'step.cancelled']);

/** When each step's latest visit began and ended. */
export class StepTimes {
  readonly #started = new Map<string, { readonly visit: number; readonly at: number }>();
  readonly #ended = new Map<string, { readonly visit: number; readonly at: number }>();

  add({ at }: Recorded, { lifecycle }: Pick<Advanced, 'lifecycle'>): void {
    for (const event of lifecycle) {
      if (!('step' in event) || event.type === 'step.compensating' || event.type === 'step.compensated') continue;
      if (event.type === 'step.started') {
        if (this.#started.get(event.step)?.visit !== event.visit)
          this.#started.set(event.step, { visit: event.visit, at });
      } else if (ends.has(event.type)) this.#ended.set(event.step, { visit: event.visit, at });
    }
  }

  of(step: string, visit: number): Pick<StepReport, 'startedAt' | 'endedAt'> {
    const started = this.#started.get(step);
    const ended = this.#ended.get(step);
    return {
      startedAt: started?.visit === visit ? started.at : null,
      endedAt: ended?.visit === visit ? ended.at : null,
    };
  }
}

export function stepReports(
  program: Program,
  context: RunContext,
  times: StepTimes,
  waiting?: ReadonlyMap<string, Waiting>,
): readonly StepReport[] {
  return program.steps.map(({ index, step, parent }) => {
    const record = context.steps.get(index);
    const visit = record?.visit ?? 0;
    return {
      id: step.id,
      type: step.type === 'custom' ? step.name : step.type,
      parent: parent === null ? null : stepInfo(program, parent).step.id,
      status: record?.status ?? 'pending',
      visit,
      attempt: record?.attempt ?? 0,
      branch: record?.branch ?? null,
      error: record?.error ?? null,
      queue: waiting?.get(step.id) ?? null,
      ...times.of(step.id, visit),
    };
  });
}
