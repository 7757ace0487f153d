/** What is asked about runs: how they are, their steps, their events, what waits for a person. Changes nothing. */
import type { RunState } from '../../core/advance.ts';
import { InvariantError } from '../../core/errors.ts';
import type { Recorded } from '../../core/event.ts';
import type { LifecycleEvent } from '../../core/lifecycle-event.ts';
import type { RunFilter, Store } from '../../core/ports.ts';
import type { RunContext } from '../../../machines/context.ts';
import type { Program } from '../../../machines/program.ts';
import type { RunDriver } from '../drive/driver.ts';
import type { Subscriber } from '../drive/run-outcome.ts';
import type { LiveRuns } from '../runs/live-runs.ts';
import { loadRun, replayOfNow, replayRun } from '../runs/load.ts';
import { queryRun, type RunQuery } from './query.ts';
import { runReport, stepReports, StepTimes } from './report.ts';
import { EventQueue, EventStream, isRunEnd, toRunEvent, type RunEvent } from './run-events.ts';
import type { RunReport, StepReport } from './run.ts';
import { tasksIn } from './stored-run.ts';
import { openTasks, type Task } from './tasks.ts';
import type { Values } from '../dispatch/values.ts';

export interface ReaderOptions {
  readonly store: Pick<Store, 'listRuns'>;
  readonly live: LiveRuns;
  readonly values: Values;
  /** Events that a reader of a run's events may be behind. */
  readonly maxBufferedEvents: number;
}

export interface StateView {
  readonly program: Program;
  readonly state: RunState;
  readonly context: RunContext;
}

export class Reader {
  readonly #options: ReaderOptions;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  report(id: string): RunReport {
    const { live, values } = this.#options;
    return runReport(live.row(id), values);
  }

  runs(filter: RunFilter): readonly RunReport[] {
    const { store, live, values } = this.#options;
    return store.listRuns(filter).map((row) => runReport(live.get(row.id)?.row ?? row, values));
  }

  stateOf(id: string): StateView {
    const { live } = this.#options;
    const { compiled, state } = live.get(id) ?? loadRun(live.loading, id);
    return { program: compiled.program, state, context: (state.snapshot as { readonly context: RunContext }).context };
  }

  query(id: string): RunQuery {
    const { live, values } = this.#options;
    live.row(id);
    const { program, state } = this.stateOf(id);
    const timeOf = (seq: number): number | null => live.loading.store.readEvent(id, seq)?.at ?? null;
    return queryRun({ id, program, state, loader: values, timeOf });
  }

  /** As of the last event that is told of, as {@link events}. */
  steps(id: string): readonly StepReport[] {
    const { live } = this.#options;
    live.row(id);
    const view = replayOfNow(live.loading, id);
    const times = new StepTimes();
    for (const { recorded, advanced } of view.next(live.get(id)?.toldSeq)) times.add(recorded, advanced);
    const { context } = view.state.snapshot as { readonly context: RunContext };
    return stepReports(view.compiled.program, context, times, live.get(id)?.waiting());
  }

  /** What waits for a person, in the runs that the filter admits; newest runs first. */
  tasks(filter: RunFilter): readonly Task[] {
    const { store, values: loader } = this.#options;
    return tasksIn({ store, loader, stateOf: (run) => this.stateOf(run) }, filter);
  }

  tasksOf(id: string): readonly Task[] {
    const { program, state } = this.stateOf(id);
    return openTasks(this.#options.live.row(id), program, state, this.#options.values);
  }

  // Events.

  events(id: string): AsyncIterableIterator<RunEvent> {
    const { live, maxBufferedEvents } = this.#options;
    live.row(id);
    const driver = live.awake(id);
    let unsubscribe: () => void = () => undefined;
    const queue = new EventQueue(maxBufferedEvents, () => {
      unsubscribe();
    });
    if (driver === undefined) queue.end();
    else unsubscribe = this.#subscribe(driver, queue);
    return new EventStream(this.#past(id, driver?.toldSeq), queue);
  }

  #subscribe(driver: RunDriver, queue: EventQueue): () => void {
    const subscriber = this.#subscriber(driver.id, queue, driver.toldSeq);
    for (const [id, waiting] of driver.waiting()) {
      const effect = driver.state.effects.get(id)?.input;
      if (effect !== undefined) subscriber.queued(id, effect.visit, effect.attempt, waiting);
    }
    return driver.subscribe(subscriber);
  }

  /** What is told later than `last`: the rest is in the past of the stream already. */
  #subscriber(id: string, events: EventQueue, last: number): Subscriber {
    return {
      lifecycle: (told, recorded) => {
        if (recorded.seq <= last) return;
        for (const event of told) this.#push(events, id, event, recorded);
      },
      chunk: (step, visit, attempt, text) => {
        events.push({ type: 'step.chunk', runId: id, step, visit, attempt, text });
      },
      queued: (step, visit, attempt, queue) => {
        events.push({ type: 'step.queued', runId: id, step, visit, attempt, queue });
      },
      left: ({ isClosing, why }) => {
        events.end(isClosing ? null : why);
      },
    };
  }

  /** A value that cannot be loaded is the reader's trouble, not the run's. */
  #push(queue: EventQueue, id: string, event: LifecycleEvent, recorded: Recorded): void {
    try {
      const told = toRunEvent(event, recorded, id, this.#options.values);
      queue.push(told);
      if (isRunEnd(told)) queue.end();
    } catch (error) {
      queue.end(error instanceof Error ? error : new InvariantError(String(error)));
    }
  }

  *#past(id: string, until: number | undefined): Generator<RunEvent> {
    const { live, values } = this.#options;
    for (const { recorded, advanced } of replayRun(live.loading, id, until)) {
      for (const event of advanced.lifecycle) yield toRunEvent(event, recorded, id, values);
    }
  }
}
