/** When time has to pass, and when it need not: what runs wait for, seen from outside. */
import type { Store } from '../core/ports.ts';
import { endedStatuses } from '../core/run.ts';
import type { Engine } from '../engine/engine.ts';
import { loadRun, type Loading } from '../engine/runs/load.ts';
import type { VirtualClock } from './virtual-clock.ts';

const unfinished = ['pending', 'running', 'paused'] as const;

/** What tells how time stands. */
export interface Timing {
  readonly store: Store;
  readonly loading: Loading;
  readonly clock: VirtualClock;
  /** Answers that take their time are due then. */
  readonly mocks: { readonly dueTimes: readonly number[] };
}

const kind = ['run', 'child', 'round'] as const;

/**
 * Milliseconds since 1970 of what happens next by itself; null when only the outside can move anything. The timeouts of steps that
 * wait for a person or a signal do not count.
 */
export function nextDue({ store, loading, clock, mocks }: Timing): number | null {
  const isWaiting = store.listRuns({ status: unfinished, waitingFor: ['human', 'signal'], kind, limit: 1 }).length > 0;
  if (!isWaiting) return store.listRuns({ status: unfinished, kind, limit: 1 }).length === 0 ? null : clock.nextAt;
  // What is set on the clock itself may have been cancelled meanwhile; what is overdue has fired, and nobody took notice.
  const now = clock.start + clock.elapsedMs;
  const dues = [...mocks.dueTimes, ...timersOf(store, loading)].filter((at) => at > now);
  return dues.reduce<number | null>((first, at) => (first === null || at < first ? at : first), null);
}

/** Of all runs; without the timeouts of steps that wait for the outside. */
function* timersOf(store: Store, loading: Loading): Generator<number> {
  for (const id of unfinishedRuns(store)) {
    const { state, compiled } = loadRun(loading, id);
    if (state.pause !== null) continue;
    for (const { name, dueAt } of state.timers.values()) {
      const step = compiled.program.byId.get(name.slice('timeout:'.length));
      const type = step === undefined ? undefined : compiled.program.steps[step]?.step.type;
      if (!name.startsWith('timeout:') || (type !== 'human' && type !== 'signal')) yield dueAt;
    }
  }
}

const pageSize = 1_000;

function* unfinishedRuns(store: Store): Generator<string> {
  const filter = { status: unfinished, kind, limit: pageSize };
  for (let page = store.listRuns(filter); ;) {
    for (const { id } of page) yield id;
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return;
    page = store.listRuns({ ...filter, after: last.id });
  }
}

/** What unfinished runs wait for, in words. */
export function waitingText(engine: Engine, run?: string): string {
  const reports = run === undefined ? engine.runs({ status: unfinished }) : [engine.report(run)];
  const texts = reports
    .filter(({ status }) => !endedStatuses.has(status))
    .map(({ id, status }) => `${id} is ${status}, ${stepsText(engine, id)}`);
  return texts.join('; ') || 'no run is under way';
}

function stepsText(engine: Engine, id: string): string {
  const tasks = engine.tasksOf(id).map((task) => `task '${task.id}' waits for engine.answer()`);
  const signals = engine
    .steps(id)
    .filter(({ type, status }) => type === 'signal' && status === 'running')
    .map((step) => `step '${step.id}' waits for engine.signal()`);
  const paused = engine.report(id).status === 'paused' ? ['it waits for engine.resume()'] : [];
  const others = engine
    .steps(id)
    .filter(({ status }) => status === 'running' || status === 'backoff')
    .map((step) => `step '${step.id}' is ${step.status}`);
  const said = [...paused, ...tasks, ...signals];
  return (said.length > 0 ? said : others).join(', ') || 'nothing of it is under way';
}
