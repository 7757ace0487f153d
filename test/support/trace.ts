/** What happened in a run as short words, one per event of a step: `start a`, `done a`, `skip b (not chosen)`, ... */
import type { LifecycleEvent } from '../../src/core/lifecycle-event.ts';
import type { Program } from '../../machines/program.ts';

/** Of steps only. `a.2` is the second attempt, `a#2` the second visit. */
export function traceOf(events: readonly LifecycleEvent[]): readonly string[] {
  return events.flatMap((event) => ('step' in event ? [describe(event)] : []));
}

type StepEvent = Extract<LifecycleEvent, { readonly step: string }>;

function describe(event: StepEvent): string {
  const visit = event.visit > 1 ? `#${event.visit}` : '';
  const attempt = 'attempt' in event && event.attempt > 1 ? `.${event.attempt}` : '';
  const step = `${event.step}${visit}${attempt}`;
  switch (event.type) {
    case 'step.accepted':
      return `accept ${step}`;
    case 'step.started':
      return `start ${step}`;
    case 'step.completed':
      return `done ${step}${event.branch === undefined ? '' : ` (${event.branch})`}`;
    case 'step.failed':
      return `fail ${step} ${event.error.code}`;
    case 'step.retrying':
      return `retry ${step} ${event.delayMs}`;
    case 'step.skipped':
      return `skip ${step} (${event.why})`;
    case 'step.cancelled':
      return `cancel ${step}`;
    case 'task.opened':
      return `task ${step}`;
    case 'step.compensating':
      return `undo ${step}`;
    case 'step.compensated':
      return `undone ${step}`;
  }
}

/** The events of each sequence by itself; each branch of a parallel step is one. The order between sequences is left open. */
export function bySequence(
  program: Program,
  events: readonly LifecycleEvent[],
): Readonly<Record<string, readonly string[]>> {
  const sequences: Record<string, string[]> = {};
  for (const event of events) {
    if (!('step' in event)) continue;
    (sequences[sequenceOf(program, event.step)] ??= []).push(describe(event));
  }
  return sequences;
}

function sequenceOf(program: Program, id: string): string {
  const info = program.steps[program.byId.get(id) as number];
  const parent = info?.parent === null || info === undefined ? undefined : program.steps[info.parent];
  if (parent === undefined) return '';
  return parent.step.type === 'parallel' ? `${parent.step.id}/${id}` : parent.step.id;
}
