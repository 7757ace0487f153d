/**
 * New runs that go on from an event of another. Such a run has that run's history up to there as its own, so that it can be told
 * and replayed, and then a rebase; the run it comes from is not touched. It has a key of its own for every call.
 */
import { heartbeatTimer } from '../../core/accept.ts';
import { advance, type Kernel, type RunState } from '../../core/advance.ts';
import { InvariantError, WorkflowError } from '../../core/errors.ts';
import type { Recorded, RunRebased } from '../../core/event.ts';
import type { Clock, Commit, Random, StoredEvent } from '../../core/ports.ts';
import { endedStatuses, type RunRow } from '../../core/run.ts';
import { materialize } from '../../core/stored-value.ts';
import type { RunContext } from '../../../machines/context.ts';
import { kernelOf } from '../../../machines/kernel-of.ts';
import { persistState } from '../../../machines/persist.ts';
import { recordOf } from '../../../machines/record.ts';
import { planned, withEdits, type Edits, type Past, type Subject } from './control-commands.ts';
import type { Reason } from './commands.ts';
import { stepOf } from './find-step.ts';
import type { LiveRuns } from '../runs/live-runs.ts';
import { Replay, stateAt } from '../runs/load.ts';
import { rebasedBy, type Place } from '../drive/rebase.ts';
import { repeatOf, repeatsSince, type Repeat } from './repeats.ts';
import { RunRecord, withDefinition } from '../drive/run-record.ts';
import { checkInput, checkRunId, hashInput, newRow, type InputLimits } from '../runs/start.ts';
import type { Values } from '../dispatch/values.ts';

/** Where a fork goes on: after an event, by its seq, or where a step began last. */
export type ForkPoint = number | string;

export interface ForkOptions extends Edits, Reason {
  readonly at: ForkPoint;
  /** In place of the run's own. */
  readonly input?: unknown;
  /** @default a new UUIDv7 */
  readonly runId?: string;
}

/** What a fork would do. */
export interface ForkPlan {
  readonly runId: string;
  /** The event that it would go on from. */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Work that has been carried out since, and would be once more. */
  readonly repeats: readonly Repeat[];
}

/** What going back to a step would do. */
export interface RerunPlan {
  readonly runId: string;
  readonly steps: readonly string[];
  readonly repeats: readonly Repeat[];
}

export interface ForkPorts {
  readonly live: LiveRuns;
  readonly values: Values;
  readonly committer: { add(commit: Commit, committed: () => void): void };
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: InputLimits;
}

export class Forks {
  readonly #ports: ForkPorts;

  constructor(ports: ForkPorts) {
    this.#ports = ports;
  }

  /** @throws WorkflowError NOT_FOUND, CONFLICT */
  plan(id: string, point: ForkPoint): ForkPlan {
    const { loading } = this.#ports.live;
    const seq = this.#seqOf(id, point);
    const replay = this.#stateAt(id, seq);
    const at = loading.store.readEvent(id, seq)?.at ?? 0;
    const { program } = replay.compiled;
    return { runId: id, seq, at, repeats: repeatsSince(loading, id, seq, program, released(replay, at, id)) };
  }

  rerunPlan(id: string, step: string): RerunPlan {
    const { live } = this.#ports;
    const { compiled, state } = live.get(id) ?? stateAt(live.loading, id, Number.POSITIVE_INFINITY);
    const subject: Subject = { id, compiled, state };
    const { intervention } = planned(subject, { kind: 'rerun', step }, noPast, 0);
    const { context } = state.snapshot as { readonly context: RunContext };
    const { program } = compiled;
    const steps = program.steps.filter(
      ({ index }) => (intervention.enter ?? []).includes(index) || intervention.over?.(index) === true,
    );
    return {
      runId: id,
      steps: steps.map((info) => info.step.id),
      repeats: steps.flatMap(({ index }) => {
        const { attempt } = recordOf(context, index);
        return attempt === 0 ? [] : repeatOf(program, index, attempt);
      }),
    };
  }

  /** Gives the id of the new run, when it is stored. It goes on at once. */
  async fork(id: string, options: ForkOptions): Promise<string> {
    const { live, random, clock } = this.#ports;
    const { runId = random.uuid(), at: point, by, why } = options;
    checkRunId(runId);
    if (live.find(runId) !== null) throw new WorkflowError('CONFLICT', `run '${runId}' exists already`);
    const source = live.row(id);
    if (source.kind === 'round')
      throw new WorkflowError('CONFLICT', `run '${id}' is a round of run '${source.parent ?? ''}'; fork that one`);
    const from = { run: id, seq: this.#seqOf(id, point) };
    const { compiled, state } = this.#stateAt(id, from.seq);
    const { definition } = compiled.program;
    const lastAt = live.loading.store.readEvent(id, from.seq)?.at ?? source.createdAt;
    const place = { seq: from.seq + 1, at: Math.max(clock.now(), lastAt) };
    const elapsedMs = place.at - lastAt;
    const subject: Subject = { id: runId, compiled, state: ownState(state, place.seq, elapsedMs) };
    const { context, values, inputHash } = this.#changed(subject, options, place.seq);
    const about = { ...(by === undefined ? {} : { by }), ...(why === undefined ? {} : { why }) };
    const event = rebasedBy(subject, { context }, place, { kind: 'fork', from, values, ...about });
    const row = newRow({
      id: runId,
      kind: 'run',
      definition,
      inputHash,
      parent: null,
      tags: source.tags,
      at: place.at,
    });
    const begin = { runId, kernel: kernelOf(compiled), row, place };
    const { commit, hasEnded } = begun(begin, event, this.#copied(id, from.seq), about);
    await this.#stored(runId, withDefinition(commit, definition));
    if (!hasEnded) live.resume(runId);
    return runId;
  }

  /** @throws what the store refuses it with */
  async #stored(id: string, commit: Commit): Promise<void> {
    const { live, committer } = this.#ports;
    const refused = live.wait(id);
    refused.ended.catch(() => undefined);
    try {
      await Promise.race([new Promise<void>((resolve) => committer.add(commit, resolve)), refused.ended]);
    } finally {
      refused.giveUp(new InvariantError(`nobody waits for the fork '${id}' to be stored`));
    }
  }

  /** The run as it was after that event. @throws WorkflowError CONFLICT when there is nothing to go on from */
  #stateAt(id: string, seq: number): Replay {
    const replay = stateAt(this.#ports.live.loading, id, seq);
    const { status, value } = replay.state.snapshot as { readonly status: string; readonly value: unknown };
    if (replay.state.seq !== seq || value === '$boot')
      throw new WorkflowError(
        'CONFLICT',
        `run '${id}' cannot be forked at event ${seq}: it is not in the part of its history that can be replayed`,
      );
    if (status !== 'active')
      throw new WorkflowError('CONFLICT', `run '${id}' had ended with event ${seq}: fork it at an earlier one`);
    return replay;
  }

  #seqOf(id: string, point: ForkPoint): number {
    const { live } = this.#ports;
    if (typeof point === 'number') {
      if (Number.isInteger(point) && live.loading.store.readEvent(id, point) !== null) return point;
      live.row(id);
      throw new WorkflowError('NOT_FOUND', `run '${id}' has no event ${point}`);
    }
    const replay = new Replay(live.loading, id);
    let seq: number | null = null;
    for (const { recorded, advanced } of replay.next()) {
      const isBegin = advanced.lifecycle.some(
        (event) => event.type === 'step.started' && event.step === point && event.attempt === 1,
      );
      if (isBegin && recorded.event.type !== 'run.rebased') ({ seq } = recorded);
    }
    stepOf(replay.compiled.program, point);
    if (seq === null) throw new WorkflowError('CONFLICT', `step '${point}' of run '${id}' has not begun yet`);
    return seq;
  }

  #changed(
    subject: Subject,
    { input, ...edits }: ForkOptions,
    seq: number,
  ): { readonly context: RunContext; readonly values: Readonly<Record<string, unknown>>; readonly inputHash: string } {
    const { values: loader, limits } = this.#ports;
    const { context: own } = subject.state.snapshot as { readonly context: RunContext };
    const { context, values } = withEdits(subject, { ...own, run: { ...own.run, id: subject.id } }, edits, seq);
    if (input === undefined)
      return { context, values, inputHash: hashInput(materialize(own.input, loader, own.run.id)) };
    const { program } = subject.compiled;
    const checked = checkInput(program.definition, input, limits);
    return {
      context: {
        ...context,
        input: { r: { seq, path: [inputKey] } },
        inputKept: kernelOf(subject.compiled).keepInput(checked) ?? {},
      },
      values: { ...values, [inputKey]: checked },
      inputHash: hashInput(checked),
    };
  }

  /** Its own history up to an event. Whose round or child it was is none of the new run's affairs. */
  #copied(id: string, seq: number): readonly StoredEvent[] {
    const { store } = this.#ports.live.loading;
    if (store.readEvent(id, 1) === null)
      throw new WorkflowError('CONFLICT', `run '${id}' cannot be forked: the beginning of its history was removed`);
    // Where events were removed there are fewer.
    const past = store.readEvents(id, 1, seq).filter((stored) => stored.seq <= seq);
    return past.map((stored) => {
      if (stored.type !== 'run.started') return stored;
      const { parent: _parent, ...data } = JSON.parse(stored.data) as Readonly<Record<string, unknown>>;
      return { ...stored, data: JSON.stringify(data) };
    });
  }
}

interface Begin {
  readonly runId: string;
  readonly kernel: Kernel;
  readonly row: RunRow;
  readonly place: Place;
}

/** The first commit of a fork. What a pause held there is applied by the fork: nobody resumes it. */
function begun(
  { runId, kernel, row, place }: Begin,
  event: RunRebased,
  past: readonly StoredEvent[],
  about: Reason,
): { readonly commit: Commit; readonly hasEnded: boolean } {
  const record = new RunRecord({ row, isNew: true, eventsSinceCheckpoint: 0 });
  const rebased = applied(kernel, { ...kernel.initial, seq: place.seq - 1 }, { ...place, event }, runId);
  const { commit } = record.commitOf({ ...place, event }, rebased);
  if (rebased.pause === null) {
    const checkpoint = { seq: place.seq, snapshot: persistState(rebased) };
    return { commit: { ...commit, events: [...past, ...commit.events], checkpoint }, hasEnded: false };
  }
  const recorded: Recorded = { ...place, seq: place.seq + 1, event: { type: 'run.resumed', ...about } };
  const resumed = applied(kernel, rebased, recorded, runId);
  const next = record.commitOf(recorded, resumed);
  const events = [...past, ...commit.events, ...next.commit.events];
  const checkpoint = { seq: recorded.seq, snapshot: persistState(resumed) };
  const hasEnded = endedStatuses.has(next.row.status);
  return { commit: { run: runId, create: next.row, events, ...(hasEnded ? {} : { checkpoint }) }, hasEnded };
}

/** @throws what guards throw on the way */
function applied(kernel: Kernel, state: RunState, recorded: Recorded, runId: string): RunState {
  const advanced = advance(kernel, state, recorded, { runId });
  if ('refused' in advanced) throw new InvariantError(advanced.refused);
  return advanced.state;
}

/** With what a pause holds, as it is when somebody ends the pause. */
function released({ state, base }: Replay, at: number, runId: string): RunState {
  if (state.pause === null) return state;
  const recorded: Recorded = { seq: state.seq + 1, at, event: { type: 'run.resumed' } };
  return applied(base.kernel, { ...state, breakpoints: [] }, recorded, runId);
}

/** Its effects are carried out anew from event `seq` on, whoever had accepted them; what was to come in an hour then, comes in an hour now. */
function ownState(state: RunState, seq: number, elapsedMs: number): RunState {
  const heartbeats = new Set([...state.effects.values()].map(heartbeatTimer));
  const effects = [...state.effects].map(
    ([id, { accepted: _accepted, ...effect }]) => [id, { ...effect, seq }] as const,
  );
  const timers = [...state.timers]
    .filter(([name]) => !heartbeats.has(name))
    .map(([name, timer]) => [name, { ...timer, dueAt: timer.dueAt + elapsedMs }] as const);
  return { ...state, breakpoints: [], effects: new Map(effects), timers: new Map(timers) };
}

/** No step has such an id. */
const inputKey = '$input';

const noPast: Past = { hasRuns: () => false, contextAt: () => null };
