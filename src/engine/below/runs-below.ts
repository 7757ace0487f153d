/**
 * What is made of other runs: the rounds of loops, child workflows. Starts them for the run above, waits for their ends, and ends
 * those that nobody wants any more. How they move is their drivers'.
 *
 * A run above may sleep while it waits: the runs below go on without it, and the end of one wakes it.
 */
import type { ActiveEffect } from '../../core/advance.ts';
import type { EffectResult } from '../../core/effect.ts';
import { CancelledError, InvariantError, WorkflowError } from '../../core/errors.ts';
import type { RunPaused, RunResumed } from '../../core/event.ts';
import type { Clock, Logger, Store } from '../../core/ports.ts';
import { endedStatuses, type RunRow, type RunStatus } from '../../core/run.ts';
import { createTree } from '../../definition/checks/tree.ts';
import { childRunId, type EffectInput } from '../../../machines/effect-input.ts';
import type { RunReads } from '../drive/background.ts';
import type { Catalog } from '../runs/catalog.ts';
import { runChild, type ChildOutcome, type ChildStart } from './children.ts';
import type { RunDriver } from '../drive/driver.ts';
import { isBelow, isCancelledWithParent, isWaitedFor, isWanted } from './effect-runs.ts';
import { isOfRuns } from '../dispatch/limits/asks.ts';
import type { Waiting } from '../drive/end-waiters.ts';
import type { LiveRuns } from '../runs/live-runs.ts';
import { hold, release, standAs } from './pausing.ts';
import { endedRound } from '../runs/load.ts';
import { runRounds, storedOutcome, type LoopPart, type RoundOutcome, type RoundStart } from './rounds.ts';
import { RunAsleep, RunLeft } from '../drive/run-outcome.ts';
import { newRow, roundStartedEvent, startedEvent, type InputLimits } from '../runs/start.ts';
import { undoRuns, type UndoPorts, type UndoStart } from './undo.ts';
import type { TrackingLoader } from '../dispatch/values.ts';

export interface RunsBelowOptions {
  readonly live: LiveRuns;
  readonly store: Store;
  readonly reads: RunReads;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the input of a child run, in characters of JSON. */
  readonly limits: InputLimits;
}

/** What one effect waits for. */
interface Awaited {
  /** By the id of the run that is waited for. */
  readonly runs: Map<string, Waiting>;
  /** Rounds begun, those that have ended among them. */
  rounds: number;
}

interface Wait {
  readonly above: RunDriver;
  readonly awaited: Awaited;
  /** That ends the waiting. */
  readonly signal: AbortSignal;
  /** Why the run below is cancelled when the waiting ends; null: it is not. */
  readonly why: string | null;
}

/** A loop that is taken up again looks at every round that it has begun: one with more stays in memory. */
const maxRoundsOfSleeper = 100;

const unfinished: readonly RunStatus[] = ['pending', 'running', 'paused'];
const pageSize = 500;

const roundsEnd = 'the loop around it ended';
const runEnds = 'the run around it ended';

export class RunsBelow {
  readonly #options: RunsBelowOptions;
  /** By run above and effect. */
  readonly #awaited = new WeakMap<RunDriver, Map<string, Awaited>>();

  constructor(options: RunsBelowOptions) {
    this.#options = options;
  }

  /** Carries out an effect of kind `loop`, `workflow` or `undo`. */
  async carryOut(
    above: RunDriver,
    effect: ActiveEffect,
    signal: AbortSignal,
    loader: TrackingLoader,
  ): Promise<EffectResult> {
    const awaited: Awaited = { runs: new Map(), rounds: 0 };
    const ofRun = this.#awaited.get(above) ?? new Map<string, Awaited>();
    this.#awaited.set(above, ofRun.set(effect.id, awaited));
    const stop = (): void => {
      const reason: unknown = signal.reason;
      // What a process before began may not have been come to yet: nobody waits for it, and nobody wants it any more.
      if (!(reason instanceof RunAsleep || reason instanceof RunLeft)) this.#tryStop(above, effect, awaited.runs);
    };
    signal.addEventListener('abort', stop, { once: true });
    try {
      if (effect.src === 'loop') {
        const run = (start: RoundStart, mayExist: boolean, inner: AbortSignal): Promise<RoundOutcome> =>
          this.#runRound(start, mayExist, { above, awaited, signal: inner, why: roundsEnd });
        return await runRounds({ hasRounds: (id) => this.#hasRounds(id), run }, above, effect, signal, loader);
      }
      if (effect.src === 'undo') return await undoRuns(this.#undoing(above, awaited), above, effect, signal);
      const { catalog, limits } = this.#options;
      const run = (start: ChildStart, mode: 'wait' | 'detach', until: AbortSignal, isCancelled: boolean) =>
        this.#runChild(start, mode, {
          above,
          awaited,
          signal: until,
          why: isCancelled ? runEnds : null,
        });
      const find = (name: string, version: string | null) => catalog.find(name, version);
      return await runChild({ find, run, limits }, above, effect, signal, loader);
    } finally {
      signal.removeEventListener('abort', stop);
      if (ofRun.get(effect.id) === awaited) ofRun.delete(effect.id);
    }
  }

  /** Whether the effect does nothing but wait for runs that go on without the run above. */
  isWaiting(above: RunDriver, { id, src }: ActiveEffect): boolean {
    const awaited = this.#awaited.get(above)?.get(id);
    if (awaited === undefined || awaited.runs.size === 0) return false;
    // One that has ended in this very moment is about to go on with what comes next.
    for (const waiting of awaited.runs.values()) if (waiting.isOver) return false;
    if (src === 'workflow') return true;
    if (awaited.rounds > maxRoundsOfSleeper) return false;
    for (const round of awaited.runs.keys()) if (this.#options.live.get(round) !== undefined) return false;
    return true;
  }

  /**
   * Ends what is left of an effect that is not wanted any more: a process before began it.
   * @param awaited what is waited for here, and ends by that. @default the effect is not under way here
   */
  stop({ id: above }: RunDriver, effect: ActiveEffect, awaited: ReadonlyMap<string, unknown> = new Map()): void {
    const { info } = effect.input as EffectInput;
    if (!isOfRuns(effect) || (effect.src === 'workflow' && !isCancelledWithParent(info?.step))) return;
    const why = effect.src === 'loop' ? roundsEnd : runEnds;
    for (const { id } of this.#unfinishedBelow(above))
      if (isBelow(effect, id) && !awaited.has(id)) this.#cancel(id, why);
  }

  /** Nobody waits for it: what goes wrong is told, not thrown. What is left then is found by whoever recovers runs ({@link cancelOrphan}). */
  #tryStop(above: RunDriver, effect: ActiveEffect, awaited: ReadonlyMap<string, unknown>): void {
    try {
      this.stop(above, effect, awaited);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#options.logger.error('what a step is made of could not be ended with it', {
        run: above.id,
        effect: effect.id,
        error: message,
      });
    }
  }

  /** A person's pause of the run above, or its end: in the turn in which that is applied. */
  pause(above: RunDriver, event: RunPaused | RunResumed): void {
    const begun = [...(this.#awaited.get(above)?.values() ?? [])].flatMap(({ runs }) => [...runs.keys()]);
    const stored = [...this.#unfinishedBelow(above.id)].map(({ id }) => id);
    for (const id of new Set([...begun, ...stored])) {
      if (!isWaitedFor(above, id)) continue;
      const driver = this.#options.live.awake(id);
      if (driver === undefined) continue;
      if (event.type === 'run.paused') hold(driver, event);
      else release(driver, event);
    }
  }

  /** Whether the round or child was to be cancelled when its process died: it is now. */
  cancelOrphan(row: RunRow): boolean {
    if (row.parent === null || !this.#isOrphan(row, row.parent)) return false;
    this.#cancel(row.id, row.kind === 'round' ? roundsEnd : runEnds);
    return true;
  }

  #isOrphan(row: RunRow, above: string): boolean {
    const { live, reads, store } = this.#options;
    const parent = reads.readRun(above);
    if (parent === null) return false;
    const driver = live.get(above);
    if (!endedStatuses.has(parent.status)) {
      // One that is not driven here will say so when it is.
      if (driver === undefined && store.readSleep(above)?.onBelow !== false) return false;
      if (driver !== undefined && isWanted(driver, row.id)) return false;
    }
    return row.kind === 'round' || this.#goesWith(parent, row.id);
  }

  /** Whether the child is cancelled with the run that started it. */
  #goesWith(parent: RunRow, child: string): boolean {
    const [id] = child.slice(parent.id.length + 1).split(':');
    const found = createTree(this.#options.catalog.ofRun(parent)).nodes.find((node) => node.step.id === id);
    return isCancelledWithParent(found?.step);
  }

  /** Whether the effect is a child workflow that goes on already, whoever waits for it. */
  hasChild({ src, input }: ActiveEffect): boolean {
    if (src !== 'workflow') return false;
    const row = this.#options.reads.readRun(childRunId(input as EffectInput));
    return row !== null && !endedStatuses.has(row.status);
  }

  #hasRounds(run: string): boolean {
    return this.#options.store.listRuns({ parent: run, kind: ['round'], limit: 1 }).length > 0;
  }

  *#unfinishedBelow(run: string): Generator<RunRow> {
    const filter = { parent: run, kind: ['round', 'child'], status: unfinished, limit: pageSize } as const;
    let page = this.#options.store.listRuns(filter);
    for (;;) {
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < pageSize) return;
      page = this.#options.store.listRuns({ ...filter, after: last.id });
    }
  }

  async #runRound(start: RoundStart, mayExist: boolean, wait: Wait): Promise<RoundOutcome> {
    const { live, reads } = this.#options;
    wait.awaited.rounds = Math.max(wait.awaited.rounds, start.index + 1);
    const existing = mayExist ? reads.readRun(start.id) : null;
    if (existing !== null && endedStatuses.has(existing.status)) return storedOutcome(existing);
    if (existing === null) this.#startRound(start);
    else live.ensure(start.id);
    standAs(wait.above, live.get(start.id));
    return storedOutcome(await this.#ended(start.id, wait));
  }

  #startRound({ parent, step, visit, seq, index, item, ...start }: RoundStart): void {
    this.#beginRound(start, parent, { parent: { run: parent.id, step, visit, seq, index }, item });
  }

  /** A round, or the run that undoes one. */
  #beginRound(
    { id, compiled, outer }: Pick<LoopPart, 'id' | 'compiled' | 'outer'>,
    parent: RunDriver,
    beside: Parameters<typeof roundStartedEvent>[1],
  ): void {
    const { live, clock } = this.#options;
    const { definition } = outer.program;
    const at = clock.now();
    const row = newRow({ id, kind: 'round', definition, inputHash: '', parent: parent.id, tags: [], at });
    const driver = live.createRound(row, compiled, outer);
    const applied = driver.apply(roundStartedEvent(definition, beside));
    if ('refused' in applied) throw new InvariantError(applied.refused);
  }

  #undoing(above: RunDriver, awaited: Awaited): UndoPorts {
    const { live } = this.#options;
    return {
      row: (id) => live.find(id),
      cancelled: (id, signal) => this.#cancelled(id, { above, awaited, signal, why: null }),
      round: (id) => endedRound(live.loading, id),
      run: (start, signal) => this.#undoRound(start, { above, awaited, signal, why: runEnds }),
    };
  }

  async #undoRound(
    { parent, step, visit, seq, round, error, ...start }: UndoStart,
    wait: Wait,
  ): Promise<'completed' | 'failed' | 'cancelled'> {
    const { live, reads } = this.#options;
    const existing = reads.readRun(start.id);
    if (existing !== null && endedStatuses.has(existing.status)) return outcomeOf(existing).status;
    const beside = { parent: { run: parent.id, step, visit, seq }, undoes: { run: round, error } };
    if (existing === null) this.#beginRound(start, parent, beside);
    else live.ensure(start.id);
    standAs(wait.above, live.get(start.id));
    return outcomeOf(await this.#ended(start.id, wait)).status;
  }

  /** A round or a child that ends with the run around it: waits for its end. One that was interrupted before it was told is told now. */
  async #cancelled(id: string, wait: Wait): Promise<void> {
    const { live } = this.#options;
    const row = live.find(id);
    if (row === null || endedStatuses.has(row.status)) return;
    this.#cancel(id, runEnds);
    await this.#ended(id, wait);
  }

  async #runChild(start: ChildStart, mode: 'wait' | 'detach', wait: Wait): Promise<ChildOutcome> {
    const { live, reads, clock } = this.#options;
    const { id, definition, input, parent } = start;
    const existing = live.get(id)?.row ?? reads.readRun(id);
    if (existing !== null && endedStatuses.has(existing.status)) return outcomeOf(existing);
    if (live.get(id) !== undefined || existing !== null) {
      live.ensure(id);
    } else {
      const at = clock.now();
      const row = newRow({ id, kind: 'child', definition, inputHash: '', parent: parent.run, tags: [], at });
      const begun = live.post(live.create(row, definition), startedEvent(definition, { v: input }, { parent }));
      if (mode === 'detach') await begun;
      else begun.catch(() => undefined);
    }
    if (mode === 'detach') return { status: 'started' };
    standAs(wait.above, live.get(id));
    return outcomeOf(await this.#ended(id, wait));
  }

  /** Waits for the end of a run, until the signal ends that: then it is cancelled, left, or, when the run above sleeps, goes on. */
  async #ended(id: string, { above, awaited, signal, why }: Wait): Promise<RunRow> {
    const { live } = this.#options;
    const waiting = live.wait(id);
    const stop = (): void => {
      const reason: unknown = signal.reason;
      if (reason instanceof RunAsleep) waiting.giveUp(reason);
      else if (reason instanceof RunLeft) {
        if (why !== null) live.get(id)?.leave(reason.why, reason.isClosing);
        waiting.giveUp(reason);
      } else if (why !== null) this.#cancel(id, why);
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    awaited.runs.set(id, waiting);
    above.settle();
    try {
      return await waiting.ended;
    } catch (error) {
      if (error instanceof CancelledError) throw error;
      // Whose round or child it is cannot go on either.
      throw new RunLeft(id, error as Error, false);
    } finally {
      awaited.runs.delete(id);
      signal.removeEventListener('abort', stop);
    }
  }

  #cancel(id: string, why: string): void {
    void this.#tryCancel(id, why);
  }

  /**
   * Nobody waits for it: what goes wrong is told, not thrown. A child that ends already, whoever told it to, is not told again: a
   * second cancel would keep it from undoing what it did.
   */
  async #tryCancel(id: string, why: string): Promise<void> {
    const { live, logger } = this.#options;
    try {
      await live.tell(id, async (driver) => {
        if (driver.kind === 'child' && driver.context.error !== null) return;
        await live.post(driver, { type: 'run.cancelled', why });
      });
    } catch (error) {
      // It has ended in this very moment, or had in the process before.
      if (error instanceof WorkflowError && error.code === 'CONFLICT') return;
      logger.warn('a run could not be cancelled', { run: id, why, error: String(error) });
    }
  }
}

function outcomeOf(row: RunRow): Exclude<ChildOutcome, { readonly status: 'started' }> {
  if (row.status === 'completed') return { status: 'completed' };
  if (row.error === null) throw new InvariantError(`run '${row.id}' ended as ${row.status} without an error`);
  return { status: row.status === 'cancelled' ? 'cancelled' : 'failed', error: row.error };
}
