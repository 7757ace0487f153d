/** What a run told, as people read it. */
import { isPassing, type RunEvent } from '../../engine/read/run-events.ts';
import type { HistoryEvent } from '../../core/event.ts';

/** `publish completed (blog)`, `run failed: TIMEOUT`. */
export function toldText(event: RunEvent): string {
  const [subject = '', verb = ''] = event.type.split('.');
  if (!('step' in event)) {
    const error = 'error' in event ? `: ${event.error.code}` : '';
    return `${subject} ${verb}${error}`;
  }
  const visit = event.visit > 1 ? ` (visit ${event.visit})` : '';
  return `${event.step}${visit} ${event.type === 'task.opened' ? 'asks' : verb}${detailOf(event)}`;
}

function detailOf(event: Extract<RunEvent, { readonly step: string }>): string {
  switch (event.type) {
    case 'step.completed':
      return event.branch === undefined ? '' : ` (${event.branch})`;
    case 'step.skipped':
      return ` (${event.why})`;
    case 'step.failed':
      return ` (${event.error.code})`;
    case 'step.retrying':
      return ` (${event.error.code}, after ${event.delayMs} ms)`;
    case 'step.started':
      return event.attempt > 1 ? ` (attempt ${event.attempt})` : '';
    default:
      return '';
  }
}

/** What happened, from outside: `effect.completed publish`, `task.answered approve`. */
export function eventText(event: HistoryEvent): string {
  const about =
    'effect' in event
      ? event.effect
      : 'step' in event
        ? event.step
        : 'timer' in event
          ? event.timer
          : 'name' in event
            ? event.name
            : null;
  return about === null ? event.type : `${event.type} ${about}`;
}

/** Without its place: what two tellings of the same have in common. */
export function withoutPlace(event: RunEvent): unknown {
  if (isPassing(event)) return event;
  const { runId: _run, seq: _seq, at: _at, ...rest } = event;
  return rest;
}
