/** One event of a run as one line of text, without its time. */
import type { RebaseKind } from '../../core/run.ts';
import type { RunEvent, StepChunk } from '../../engine/read/run-events.ts';
import { count, describeQueue, duration, inline } from './format.ts';
import type { RunModel } from './run-model.ts';
import type { Style } from './style.ts';
import { cut, oneLine } from './text.ts';

export interface DescribeOptions {
  readonly style: Style;
  /** Columns of an output that are shown; 0 shows none. */
  readonly outputColumns: number;
}

type Described = Exclude<RunEvent, StepChunk>;

/** @param model after it took the event */
export function describeEvent(event: Described, model: RunModel, { style, outputColumns }: DescribeOptions): string {
  const output = (value: unknown): string =>
    outputColumns === 0 ? '' : style.dim(`  ${cut(inline(value), outputColumns, style.symbols.ellipsis)}`);
  const failure = (error: { readonly message: string; readonly code: string }): string =>
    `${oneLine(error.message)} (${error.code})`;
  switch (event.type) {
    case 'run.started':
      return style.bold('run started');
    case 'run.completed':
      return `${style.green('run completed')}${took(model)}${output(event.output)}`;
    case 'run.failed':
      return `${style.red('run failed')}${took(model)}: ${failure(event.error)}`;
    case 'run.cancelled':
      return `${style.yellow('run cancelled')}${bywhom(event)}`;
    case 'run.paused':
    case 'run.resumed':
      return `${style.bold(event.type === 'run.paused' ? 'run paused' : 'run resumed')}${bywhom(event)}`;
    case 'run.rebased':
      return `${style.bold(rebaseWords[event.kind])}${event.steps === undefined ? '' : ` ${event.steps.join(', ')}`}${bywhom(event)}`;
    case 'function.changed':
      return `${style.yellow('goes on with other code')}: ${event.functions.join(', ')}`;
    case 'run.compensating':
      return `${style.bold('run compensating')}: undoing ${count(event.count, 'step')}`;
    case 'run.compensated':
      return event.compensation === 'complete'
        ? style.bold('run compensated')
        : `${style.red('run not fully compensated')}${event.notCompensated === undefined ? '' : `: ${event.notCompensated.join(', ')}`}`;
    case 'step.compensating':
      return `${event.step}  ${style.yellow('compensating')}${visitOf(event.visit)}`;
    case 'step.compensated':
      return `${event.step}  ${style.yellow('compensated')}${visitOf(event.visit)}`;
    case 'task.opened':
      return `${event.step}  ${style.yellow('waits for a person')}`;
    case 'step.started': {
      const label = model.outline.nodes.get(event.step)?.label ?? '';
      return event.attempt > 1
        ? `${event.step}  attempt ${event.attempt} started`
        : `${event.step}  started${style.dim(`  ${label}${visitOf(event.visit)}`)}`;
    }
    case 'step.accepted':
      return `${event.step}  ${style.yellow('was accepted, completes later')}`;
    case 'step.queued':
      return event.queue === null
        ? `${event.step}  has waited, begins`
        : `${event.step}  ${style.yellow(describeQueue(event.queue))}`;
    case 'step.retrying':
      return `${event.step}  ${style.yellow(`attempt ${event.attempt} failed`)}: ${failure(event.error)}; again in ${duration(event.delayMs)}`;
    case 'step.completed': {
      const attempts = event.attempt > 1 ? `, ${event.attempt} attempts` : '';
      const branch = event.branch === undefined ? '' : `, ${event.branch}`;
      return `${event.step}  ${style.green('completed')}${stepTook(model, event.step)}${attempts}${branch}${event.cached === true ? ', from the cache' : ''}${output(event.output)}`;
    }
    case 'step.failed':
      return `${event.step}  ${style.red('failed')}${stepTook(model, event.step)}: ${failure(event.error)}`;
    case 'step.skipped':
      return `${event.step}  ${style.dim(`skipped (${event.why})`)}`;
    case 'step.cancelled':
      return `${event.step}  ${style.yellow('cancelled')}${stepTook(model, event.step)}`;
  }
}

const rebaseWords: Readonly<Record<RebaseKind, string>> = {
  retry: 'run retried:',
  rerun: 'run again from',
  complete: 'completed by hand:',
  skip: 'skipped by hand:',
  fork: 'forked',
  edit: 'edited',
  migrate: 'moved to another version',
  compact: 'history compacted',
};

function visitOf(visit: number): string {
  return visit > 1 ? `, visit ${visit}` : '';
}

function bywhom({ by, why }: { readonly by?: string; readonly why?: string }): string {
  return `${by === undefined ? '' : ` by ${oneLine(by)}`}${why === undefined ? '' : `: ${oneLine(why)}`}`;
}

function took({ startedAt, endedAt }: RunModel): string {
  return startedAt === null || endedAt === null ? '' : ` in ${duration(endedAt - startedAt)}`;
}

function stepTook(model: RunModel, id: string): string {
  const { startedAt, endedAt } = model.step(id);
  return startedAt === null || endedAt === null ? '' : ` in ${duration(endedAt - startedAt)}`;
}
