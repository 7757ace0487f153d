/**
 * What people and programs say to runs: the part of the engine's face that changes their course. Owns the checks of what is said;
 * where it goes is the affair of `messages.ts` and `control.ts`.
 */
import type { Breakpoint, HistoryEvent } from '../../core/event.ts';
import type { Rooms } from '../assemble.ts';
import { answerCommand, checkReason, parseTaskId, plainData, signalCommand, type Reason } from './commands.ts';
import { checkBreakpoint } from './breakpoints.ts';
import type { EffectError } from './completions.ts';
import type { ControlCommand, Edits } from './control-commands.ts';
import type { ForkOptions, ForkPlan, ForkPoint, RerunPlan } from './fork.ts';
import type { Delivered } from './messages.ts';
import type { MigrateOptions, MigrationReport } from './migrations.ts';
import type { Run } from '../read/run.ts';
import type { BreakpointOption } from '../runs/start.ts';

/**
 * All of it resolves with where it arrived ({@link Delivered}): when it is committed, by this engine or by the process that drives the
 * run, or when it is stored for that one, which does not look now. What that one refuses is a CONFLICT with its reason.
 */
export abstract class Controls {
  /** @throws WorkflowError when the engine is closed */
  protected abstract openRooms(): Rooms;
  protected abstract readonly maxInputBytes: number;
  abstract run(id: string): Run;

  async signal(id: string, name: string, payload?: unknown, { by }: { readonly by?: string } = {}): Promise<Delivered> {
    return this.#tell(id, signalCommand(name, payload, by, this.maxInputBytes));
  }

  /** Answers a task. @throws InputError when the answer does not fit the form; WorkflowError NOT_FOUND, CONFLICT (answered already) */
  async answer(task: string, answer: unknown, { by }: { readonly by?: string } = {}): Promise<Delivered> {
    const address = parseTaskId(task);
    const { program, context } = this.openRooms().reader.stateOf(address.run);
    return this.#tell(address.run, answerCommand(address, program, context, answer, by, this.maxInputBytes));
  }

  /**
   * Completes the work of a step with `callback`, in the place of the answer; `token` is what was sent with its call. The output is
   * checked by the step's schema: one that does not fit fails the attempt, as it would have at once.
   * @throws WorkflowError NOT_FOUND (no such token, run or step); CONFLICT when the attempt is over; REQUEST_INVALID, LIMIT_EXCEEDED
   */
  async completeEffect(
    token: string,
    output: unknown,
    beside: { readonly metadata?: Readonly<Record<string, unknown>> } = {},
  ): Promise<Delivered> {
    return this.openRooms().callbacks.complete(token, { output: output ?? null, ...beside });
  }

  /** As {@link completeEffect}, with what an agent would have answered at once: `{ response, metadata }`. */
  async answerEffect(token: string, answer: unknown): Promise<Delivered> {
    return this.openRooms().callbacks.complete(token, { answer });
  }

  /** The work failed: the attempt fails, and another one may follow. @throws as {@link completeEffect} */
  async failEffect(token: string, error: EffectError): Promise<Delivered> {
    return this.openRooms().callbacks.complete(token, { error });
  }

  /** A sign of life of the work. CONFLICT says that nobody waits for it any more. @throws as {@link completeEffect} */
  async heartbeat(token: string): Promise<Delivered> {
    return this.openRooms().callbacks.heartbeat(token);
  }

  async pause(id: string, reason: Reason = {}): Promise<Delivered> {
    return this.#tell(id, { type: 'run.paused', ...checkReason(reason) });
  }

  async resume(id: string, reason: Reason = {}): Promise<Delivered> {
    return this.#tell(id, { type: 'run.resumed', ...checkReason(reason) });
  }

  async cancel(id: string, reason: Reason = {}): Promise<Delivered> {
    return this.#tell(id, { type: 'run.cancelled', ...checkReason(reason) });
  }

  async terminate(id: string, reason: Reason = {}): Promise<Delivered> {
    return this.#tell(id, { type: 'run.terminated', ...checkReason(reason) });
  }

  async #tell(id: string, event: HistoryEvent): Promise<Delivered> {
    return this.openRooms().messages.tell(id, event);
  }

  /**
   * The run pauses itself before or after a step, each time that it gets there, until the breakpoint is removed. `resume` goes on.
   * @throws WorkflowError NOT_FOUND (no such run or step); CONFLICT when it is there already, or the run has ended
   */
  async setBreakpoint(id: string, breakpoint: BreakpointOption, reason: Reason = {}): Promise<Delivered> {
    return this.#tell(id, { type: 'breakpoint.set', ...this.#breakpoint(id, breakpoint), ...checkReason(reason) });
  }

  /** @throws as {@link setBreakpoint}; CONFLICT when it is not there */
  async removeBreakpoint(id: string, breakpoint: BreakpointOption, reason: Reason = {}): Promise<Delivered> {
    return this.#tell(id, { type: 'breakpoint.removed', ...this.#breakpoint(id, breakpoint), ...checkReason(reason) });
  }

  /** Those of a run, in the order in which they were set. */
  breakpoints(id: string): readonly Breakpoint[] {
    return this.openRooms().reader.stateOf(id).state.breakpoints;
  }

  #breakpoint(id: string, breakpoint: BreakpointOption): Breakpoint {
    return checkBreakpoint(this.openRooms().reader.stateOf(id).program, breakpoint);
  }

  /**
   * Goes on with a failed or cancelled run: the steps at which it stopped begin anew, as new visits with all their attempts; what
   * had completed, also in parallel branches, rounds and child runs, stays so.
   * @throws WorkflowError NOT_FOUND; CONFLICT when it has not failed, or another run waits for it
   */
  async retry(id: string, reason: Reason = {}): Promise<Delivered> {
    return this.#control(id, { kind: 'retry', ...checkReason(reason) });
  }

  /**
   * Goes back to a step: it and all that comes after it are visited anew. Also of a run that has ended.
   * @throws WorkflowError NOT_FOUND (no such run or step); CONFLICT when the step has not begun yet
   */
  async rerun(id: string, step: string, reason: Reason = {}): Promise<Delivered> {
    return this.#control(id, { kind: 'rerun', step, ...checkReason(reason) });
  }

  /**
   * Passes a step over that is under way, waits, or failed. A run that failed at it goes on.
   * @throws WorkflowError NOT_FOUND (no such run or step); CONFLICT when the step has ended or not begun
   */
  async skip(id: string, step: string, reason: Reason = {}): Promise<Delivered> {
    return this.#control(id, { kind: 'skip', step, ...checkReason(reason) });
  }

  /**
   * Gives a step its output by hand; what follows an answer (handlers, `assign`) follows. A run that failed at it goes on.
   * @throws InputError when the output does not fit the step's schema or form; WorkflowError as {@link skip}
   */
  async complete(id: string, step: string, output: unknown, reason: Reason = {}): Promise<Delivered> {
    const plain = plainData(output, `the output of step '${step}'`, this.maxInputBytes);
    return this.#control(id, { kind: 'complete', step, output: plain, ...checkReason(reason) });
  }

  /**
   * Sets keys of the state, and outputs of steps (by id), of a run that is paused or waits.
   * @throws InputError; WorkflowError NOT_FOUND; CONFLICT when it is at work, or has ended
   */
  async edit(id: string, edits: Edits, reason: Reason = {}): Promise<Delivered> {
    return this.#control(id, { kind: 'edit', ...this.#plainEdits(edits), ...checkReason(reason) });
  }

  /**
   * A new run that goes on from an event of another (its seq), or from where a step of it began last; with other state, outputs or
   * input, if given. The other run is not touched. What it had done since is done once more, under new keys: see {@link forkPlan}.
   * @throws InputError; WorkflowError NOT_FOUND (no such run, event or step), CONFLICT (it had ended there, or the new id is taken)
   */
  async fork(id: string, options: ForkOptions): Promise<Run> {
    const { state, outputs, ...rest } = options;
    const runId = await this.openRooms().forks.fork(id, {
      ...rest,
      ...checkReason(options),
      ...this.#plainEdits({ ...(state === undefined ? {} : { state }), ...(outputs === undefined ? {} : { outputs }) }),
    });
    return this.run(runId);
  }

  /** What {@link fork} would do, and which work it would repeat. @throws as it */
  forkPlan(id: string, at: ForkPoint): ForkPlan {
    return this.openRooms().forks.plan(id, at);
  }

  /** What {@link rerun} would do, and which work it would repeat. @throws as it */
  rerunPlan(id: string, step: string): RerunPlan {
    return this.openRooms().forks.rerunPlan(id, step);
  }

  /**
   * Moves live runs of a workflow to another version of it, each by one event: those whose place, values and what their steps ahead
   * read are there in the new one. The others stay as they are, and the report says why. `dryRun`: only the report.
   * @throws WorkflowError NOT_FOUND (no such workflow or version), REQUEST_INVALID (a new step id that is not there)
   */
  async migrate(options: MigrateOptions): Promise<MigrationReport> {
    return this.openRooms().migrations.migrate({ ...options, ...checkReason(options) });
  }

  #plainEdits({ state, outputs }: Edits): Edits {
    const plain = (value: Readonly<Record<string, unknown>>, what: string): Readonly<Record<string, unknown>> =>
      plainData(value, what, this.maxInputBytes) as Readonly<Record<string, unknown>>;
    return {
      ...(state === undefined ? {} : { state: plain(state, 'the state') }),
      ...(outputs === undefined ? {} : { outputs: plain(outputs, 'the outputs') }),
    };
  }

  async #control(id: string, command: ControlCommand): Promise<Delivered> {
    return this.openRooms().messages.control(id, command);
  }
}
