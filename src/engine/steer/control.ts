/**
 * People's interventions in runs, wherever the run is: driven here, driven by another process (which finds the command in its
 * inbox), driven by nobody, or ended. Owns where a command goes; what it does is `control-commands.ts`, how it is recorded `rebase.ts`.
 */
import { advance } from '../../core/advance.ts';
import { InvariantError, WorkflowError } from '../../core/errors.ts';
import type { RunRebased } from '../../core/event.ts';
import type { Clock, Commit, Store } from '../../core/ports.ts';
import { endedStatuses, type RunRow } from '../../core/run.ts';
import type { RunContext } from '../../../machines/context.ts';
import { childRunId, EffectInput } from '../../../machines/effect-input.ts';
import { stepInfo } from '../../../machines/program.ts';
import { recordOf } from '../../../machines/record.ts';
import { planned, type ControlCommand, type Past, type Subject } from './control-commands.ts';
import type { RunDriver } from '../drive/driver.ts';
import type { LiveRuns } from '../runs/live-runs.ts';
import { refused } from '../runs/refused.ts';
import { loadRun, Replay, type LoadedRun } from '../runs/load.ts';
import { rebasedBy, type Place } from '../drive/rebase.ts';
import { RunRecord } from '../drive/run-record.ts';

export interface ControlOptions {
  readonly store: Store;
  readonly live: LiveRuns;
  readonly committer: { add(commit: Commit, committed: () => void): void };
  readonly clock: Clock;
}

export class Control {
  readonly #options: ControlOptions;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  /**
   * Does it, when the run is ours, nobody's or has ended. Resolves when it is committed, or with `'elsewhere'` when another living
   * process drives the run; that one would take it as the run is stored now.
   * @throws WorkflowError NOT_FOUND, CONFLICT; InputError for an output that does not fit
   */
  async tell(id: string, command: ControlCommand): Promise<'done' | 'elsewhere'> {
    const { live } = this.#options;
    const isOver = endedStatuses.has(live.row(id).status);
    const told = isOver ? this.#reopen(id, command) : live.tell(id, (driver) => this.#post(driver, command));
    if (told === null) {
      this.#trial(id, command);
      return 'elsewhere';
    }
    const why = await told;
    if (why !== null) throw refused(id, command.kind, why);
    return 'done';
  }

  /** Of an entry of the inbox. Resolves with why it was refused; null: it is committed. */
  async apply(driver: RunDriver, command: ControlCommand, consumed: readonly number[]): Promise<string | null> {
    try {
      return await this.#post(driver, command, consumed);
    } catch (error) {
      return refusal(error);
    }
  }

  /** As {@link apply}, of a run that has ended since the entry was left: it goes on, if that is what is asked for. */
  async applyToEnded(id: string, command: ControlCommand, consumed: readonly number[]): Promise<string | null> {
    try {
      return await this.#reopen(id, command, consumed);
    } catch (error) {
      return refusal(error);
    }
  }

  async #post(driver: RunDriver, command: ControlCommand, consumed?: readonly number[]): Promise<string | null> {
    const applied = await driver.rebase(
      (place) => this.#event(driver.id, driver, command, place),
      consumedBy(consumed),
    );
    return 'refused' in applied ? applied.refused : null;
  }

  /** @throws what the owner of the run would say no with */
  #trial(id: string, command: ControlCommand): void {
    const loaded = loadRun(this.#options.live.loading, id);
    this.#event(id, loaded, command, placeAfter(loaded));
  }

  #event(id: string, run: Pick<Subject, 'compiled' | 'state'>, command: ControlCommand, place: Place): RunRebased {
    const subject = { id, compiled: run.compiled, state: run.state };
    const { intervention, ...about } = planned(subject, command, this.#pastOf(subject), place.seq);
    const { kind, by, why } = command;
    return rebasedBy(subject, intervention, place, {
      kind,
      ...about,
      ...(by === undefined ? {} : { by }),
      ...(why === undefined ? {} : { why }),
    });
  }

  // A run that has ended.

  async #reopen(id: string, command: ControlCommand, consumed?: readonly number[]): Promise<string | null> {
    const { live } = this.#options;
    this.#checkParent(live.row(id));
    const { driver, isOther } = live.reopen(id);
    // Whoever was told the same a moment before goes on with it, whatever becomes of this.
    if (isOther) return this.#post(driver, command, consumed);
    try {
      const applied = await driver.rebase((place) => {
        const event = this.#event(id, driver, command, place);
        this.#retryBelow(driver, event);
        return event;
      }, consumedBy(consumed));
      if ('refused' in applied) throw new WorkflowError('CONFLICT', `run '${id}' stays as it is: ${applied.refused}`);
      driver.resume();
      return null;
    } catch (error) {
      driver.leave(error, true);
      throw isOvertaken(error)
        ? new WorkflowError(
            'CONFLICT',
            `another process went on with run '${id}' in the same moment: see where it is now`,
            {
              cause: error,
            },
          )
        : error;
    }
  }

  /** What another run waits for, or has taken the result of, goes on with that one only. @throws WorkflowError CONFLICT */
  #checkParent({ id, kind, parent }: RunRow): void {
    if (kind === 'run' || parent === null) return;
    const { live } = this.#options;
    const { compiled } = loadRun(live.loading, parent);
    const step = [...compiled.program.steps].find((each) => id.startsWith(`${parent}/${each.step.id}:`))?.step;
    if (kind === 'child' && (step?.type !== 'workflow' || step.mode === 'detach')) return;
    const what = kind === 'round' ? 'round' : 'child';
    throw new WorkflowError(
      'CONFLICT',
      `run '${id}' is a ${what} of run '${parent}', and has ended; intervene in that one`,
    );
  }

  /**
   * The rounds and children that a step goes on with, and that failed, are retried first, in the same batch; whoever drives the
   * step then finds them unfinished. Should it come to no more than that, the next retry finds them so.
   */
  #retryBelow(
    { id, kernel, state, outer }: Pick<RunDriver, 'id' | 'kernel' | 'state' | 'outer'>,
    event: RunRebased,
  ): void {
    const { live } = this.#options;
    const next = kernel.restore(event.snapshot, state.seq + 1, outer);
    for (const { src, input } of next.effects.values()) {
      if (src !== 'loop' && src !== 'workflow') continue;
      const below = childRunId(input as EffectInput);
      if (src === 'workflow') {
        const child = live.find(below);
        if (child !== null) this.#retryRow(child);
      } else for (const row of this.#stoppedRounds(id)) if (row.id.startsWith(`${below}/`)) this.#retryRow(row);
    }
  }

  *#stoppedRounds(run: string): Generator<RunRow> {
    const filter = { parent: run, kind: ['round'], status: ['failed', 'cancelled'], limit: pageSize } as const;
    for (let after: string | undefined; ;) {
      const page = this.#options.store.listRuns({ ...filter, ...(after === undefined ? {} : { after }) });
      yield* page;
      after = page.at(-1)?.id;
      if (page.length < pageSize) return;
    }
  }

  #retryRow({ id, status }: RunRow): void {
    if (status !== 'failed' && status !== 'cancelled') return;
    const { live, committer } = this.#options;
    const loaded = loadRun(live.loading, id);
    const place = this.#place(loaded);
    const event = this.#event(id, loaded, { kind: 'retry' }, place);
    this.#retryBelow({ id, ...loaded }, event);
    const recorded = { ...place, event };
    const extras = { runId: id, ...(loaded.outer === null ? {} : { outer: loaded.outer }) };
    const advanced = advance(loaded.kernel, loaded.state, recorded, extras);
    if ('refused' in advanced) throw new InvariantError(advanced.refused);
    const record = new RunRecord({
      row: loaded.row,
      isNew: false,
      eventsSinceCheckpoint: loaded.replayed,
      wasAsleep: loaded.wasAsleep,
    });
    committer.add(record.commitOf(recorded, advanced.state).commit, () => undefined);
  }

  #place(loaded: LoadedRun): Place {
    const { seq, at } = placeAfter(loaded);
    return { seq, at: Math.max(at, this.#options.clock.now()) };
  }

  // What the history tells.

  #pastOf(subject: Subject): Past {
    const { live } = this.#options;
    const { program } = subject.compiled;
    const { context } = subject.state.snapshot as { readonly context: RunContext };
    return {
      hasRuns: (step) => {
        const { type } = stepInfo(program, step).step;
        if (type !== 'loop' && type !== 'workflow') return false;
        const id = childRunId(new EffectInput(program, context, step, 'work'));
        const below = type === 'loop' ? `${id}/0` : id;
        // One that begins in this very moment has no row yet.
        return live.get(below) !== undefined || live.find(below) !== null;
      },
      contextAt: (step) => {
        const { visit } = recordOf(context, step);
        const { id } = stepInfo(program, step).step;
        let found: RunContext | null = null;
        for (const { advanced } of new Replay(live.loading, subject.id).next(subject.state.seq)) {
          const isBegin = advanced.lifecycle.some(
            (event) =>
              event.type === 'step.started' && event.step === id && event.visit === visit && event.attempt === 1,
          );
          if (isBegin) found = (advanced.state.snapshot as { readonly context: RunContext }).context;
        }
        return found;
      },
    };
  }
}

const pageSize = 500;

function placeAfter({ state, lastAt }: LoadedRun): Place {
  return { seq: state.seq + 1, at: lastAt };
}

function consumedBy(consumed: readonly number[] | undefined): { readonly consumed?: readonly number[] } {
  return consumed === undefined ? {} : { consumed };
}

/** Why an entry of the inbox is refused for good. @throws what may pass */
function refusal(error: unknown): string {
  if (error instanceof WorkflowError && !error.retryable) return error.message;
  throw error;
}

/** Whether somebody else's commit came first. */
function isOvertaken(error: unknown): boolean {
  return error instanceof WorkflowError && error.code === 'CONFLICT' && error.details?.['run'] !== undefined;
}
