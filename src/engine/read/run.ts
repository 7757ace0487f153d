/** The handle of one run: what it is, what happens to it, how it ended. Holds nothing of the run itself. */
import {
  CancelledError,
  StoredError,
  WorkflowError,
  errorTable,
  type ErrorCode,
  type ErrorData,
} from '../../core/errors.ts';
import type { Delivered } from '../steer/messages.ts';
import type { Compensation, RunRow, RunStatus, StepStatus } from '../../core/run.ts';
import type { Reason } from '../steer/commands.ts';
import type { Edits } from '../steer/control-commands.ts';
import type { Breakpoint } from '../../core/event.ts';
import type { ForkOptions } from '../steer/fork.ts';
import type { BreakpointOption } from '../runs/start.ts';
import type { RunQuery } from './query.ts';
import type { Waiting } from '../dispatch/limits/limiter.ts';
import type { RunEvent } from './run-events.ts';
import type { Task } from './tasks.ts';

export interface StepReport {
  readonly id: string;
  readonly type: string;
  /** Id of the step around it; null at the top. */
  readonly parent: string | null;
  readonly status: StepStatus;
  readonly visit: number;
  readonly attempt: number;
  readonly branch: string | null;
  readonly error: ErrorData | null;
  /** What a running step waits for before its work begins: a limit, an agent. Known only where the run is driven; else null. */
  readonly queue: Waiting | null;
  /** Of this visit; milliseconds since 1970. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

/** What a run is, as one row; discriminated by `status`. */
export type RunReport = Omit<RunRow, 'output' | 'error' | 'status'> &
  (
    | { readonly status: Exclude<RunStatus, 'completed' | 'failed' | 'cancelled'> }
    | { readonly status: 'completed'; readonly output: unknown }
    | { readonly status: 'failed' | 'cancelled'; readonly error: ErrorData; readonly compensation: Compensation }
  );

/** How it went for a run that did not complete: thrown by `result()`. What led to it is its `cause`; `error` is all that is stored. */
export class RunFailedError extends WorkflowError {
  override readonly name = 'RunFailedError';
  readonly runId: string;
  readonly error: ErrorData;
  constructor(runId: string, error: ErrorData) {
    const code: ErrorCode = error.code in errorTable ? (error.code as ErrorCode) : 'STEP_FAILED';
    super(code, error.message, {
      retryable: false,
      details: { ...error.details, runId },
      ...(error.cause === undefined ? {} : { cause: new StoredError(error.cause) }),
    });
    this.runId = runId;
    this.error = error;
  }
}

/** What a handle asks the engine for. */
export interface RunAccess {
  report(id: string): RunReport;
  steps(id: string): readonly StepReport[];
  query(id: string): RunQuery;
  events(id: string): AsyncIterableIterator<RunEvent>;
  /** Resolves when the run has ended. */
  ended(id: string): Promise<RunReport>;
  cancel(id: string, reason: Reason): Promise<Delivered>;
  terminate(id: string, reason: Reason): Promise<Delivered>;
  pause(id: string, reason: Reason): Promise<Delivered>;
  resume(id: string, reason: Reason): Promise<Delivered>;
  retry(id: string, reason: Reason): Promise<Delivered>;
  rerun(id: string, step: string, reason: Reason): Promise<Delivered>;
  skip(id: string, step: string, reason: Reason): Promise<Delivered>;
  complete(id: string, step: string, output: unknown, reason: Reason): Promise<Delivered>;
  edit(id: string, edits: Edits, reason: Reason): Promise<Delivered>;
  fork(id: string, options: ForkOptions): Promise<Run>;
  setBreakpoint(id: string, breakpoint: BreakpointOption, reason: Reason): Promise<Delivered>;
  removeBreakpoint(id: string, breakpoint: BreakpointOption, reason: Reason): Promise<Delivered>;
  breakpoints(id: string): readonly Breakpoint[];
  signal(id: string, name: string, payload: unknown, by: { readonly by?: string }): Promise<Delivered>;
  tasksOf(id: string): readonly Task[];
}

export class Run<Output = unknown> {
  readonly id: string;
  readonly #access: RunAccess;

  constructor(id: string, access: RunAccess) {
    this.id = id;
    this.#access = access;
  }

  /** The run as it is now. @throws WorkflowError NOT_FOUND */
  status(): RunReport {
    return this.#access.report(this.id);
  }

  /** Its steps as they are now, in the order of the definition. */
  steps(): readonly StepReport[] {
    return this.#access.steps(this.id);
  }

  /** Where it is, what it waits for, and what could happen next; all of it JSON. */
  query(): RunQuery {
    return this.#access.query(this.id);
  }

  /** What happened so far, then what happens, as it happens; ends with the run. */
  events(): AsyncIterableIterator<RunEvent> {
    return this.#access.events(this.id);
  }

  /** The output. @throws RunFailedError, CancelledError */
  async result(): Promise<Output> {
    const report = await this.#access.ended(this.id);
    if (report.status === 'completed') return report.output as Output;
    if (report.status === 'cancelled') throw new CancelledError(report.error.message, { details: { runId: this.id } });
    if (report.status === 'failed') throw new RunFailedError(this.id, report.error);
    throw new WorkflowError('CONFLICT', `run '${this.id}' is ${report.status}`);
  }

  /** Ends it as cancelled: effects under way are aborted, `onFailure` steps run. Resolves when that is committed. */
  cancel(reason: Reason = {}): Promise<Delivered> {
    return this.#access.cancel(this.id, reason);
  }

  /** Ends it as cancelled at once: no `onFailure` step runs. */
  terminate(reason: Reason = {}): Promise<Delivered> {
    return this.#access.terminate(this.id, reason);
  }

  /** Closes it to all but control events: effects under way finish, their results wait, nothing new starts. */
  pause(reason: Reason = {}): Promise<Delivered> {
    return this.#access.pause(this.id, reason);
  }

  /** Goes on after a pause: what arrived meanwhile is applied. */
  resume(reason: Reason = {}): Promise<Delivered> {
    return this.#access.resume(this.id, reason);
  }

  /** Goes on with a failed or cancelled run: where it stopped, with what had completed. */
  retry(reason: Reason = {}): Promise<Delivered> {
    return this.#access.retry(this.id, reason);
  }

  /** Goes back to a step: it and all that comes after it are visited anew. */
  rerun(step: string, reason: Reason = {}): Promise<Delivered> {
    return this.#access.rerun(this.id, step, reason);
  }

  /** Passes over a step that is under way, waits, or failed. */
  skip(step: string, reason: Reason = {}): Promise<Delivered> {
    return this.#access.skip(this.id, step, reason);
  }

  /** Gives a step that is under way, waits, or failed its output by hand. */
  complete(step: string, output: unknown, reason: Reason = {}): Promise<Delivered> {
    return this.#access.complete(this.id, step, output, reason);
  }

  /** Sets keys of the state, and outputs of steps, while it is paused or waits. */
  edit(edits: Edits, reason: Reason = {}): Promise<Delivered> {
    return this.#access.edit(this.id, edits, reason);
  }

  /** A new run that goes on from an event of this one (its seq), or from where a step of it began last. */
  fork(options: ForkOptions): Promise<Run> {
    return this.#access.fork(this.id, options);
  }

  /** It pauses itself before or after a step, each time that it gets there. */
  setBreakpoint(breakpoint: BreakpointOption, reason: Reason = {}): Promise<Delivered> {
    return this.#access.setBreakpoint(this.id, breakpoint, reason);
  }

  removeBreakpoint(breakpoint: BreakpointOption, reason: Reason = {}): Promise<Delivered> {
    return this.#access.removeBreakpoint(this.id, breakpoint, reason);
  }

  /** In the order in which they were set. */
  breakpoints(): readonly Breakpoint[] {
    return this.#access.breakpoints(this.id);
  }

  /** Taken by the steps that wait for it, else kept until one does. */
  signal(name: string, payload?: unknown, by: { readonly by?: string } = {}): Promise<Delivered> {
    return this.#access.signal(this.id, name, payload, by);
  }

  /** What waits for a person. */
  tasks(): readonly Task[] {
    return this.#access.tasksOf(this.id);
  }
}
