/**
 * Brings a stored run back: its machine, and its state as the newest checkpoint plus the events after it, or as it was at an
 * earlier event. Reads only; nothing is carried out.
 */
import { advance, type Advanced, type Kernel, type RunState } from '../../core/advance.ts';
import { InvariantError, WorkflowError } from '../../core/errors.ts';
import type { Recorded, RunStarted } from '../../core/event.ts';
import type { Store } from '../../core/ports.ts';
import type { RunRow } from '../../core/run.ts';
import type { OuterRun, RunContext } from '../../../machines/context.ts';
import { restoreState } from '../../../machines/persist.ts';
import { compileWorkflow, machineFormat, type CompiledWorkflow } from '../../../machines/workflow.ts';
import { kernelOf } from '../../../machines/kernel-of.ts';
import type { Catalog } from './catalog.ts';
import { decodeEvent } from '../drive/codec.ts';
import { wholeFrom } from '../drive/early-events.ts';
import { epochAt, isEpoch, nextSeqOf, type Epoch } from './epochs.ts';

export interface LoadedRun {
  readonly row: RunRow;
  readonly compiled: CompiledWorkflow;
  readonly kernel: Kernel;
  readonly outer: OuterRun | null;
  readonly state: RunState;
  /** Events that came after the checkpoint. */
  readonly replayed: number;
  /** Whether it was put to sleep at that checkpoint. */
  readonly wasAsleep: boolean;
  /** Of the last event, in milliseconds since 1970. */
  readonly lastAt: number;
}

export interface Loading {
  readonly store: Pick<Store, 'readRun' | 'readEvents' | 'readEvent' | 'readCheckpoint'>;
  readonly catalog: Pick<Catalog, 'ofRun'>;
}

/** @throws WorkflowError NOT_FOUND; STORE_INVALID; InvariantError when the history does not fit the machine */
export function loadRun(loading: Loading, id: string): LoadedRun {
  const base = baseOf(loading, id);
  const { kernel, compiled, outer } = base;
  const checkpoint = loading.store.readCheckpoint(id);
  const after = loading.store.readEvents(id, (checkpoint?.seq ?? 0) + 1).map(decodeEvent);
  // What was before the newest epoch is of no account, and may be of another machine.
  const epoch = after.findLastIndex(({ event }) => event.type === 'run.rebased');
  const events = epoch === -1 ? after : after.slice(epoch);
  const from =
    epoch !== -1
      ? before(kernel, events)
      : checkpoint === null
        ? kernel.initial
        : restoreState(kernel, compiled.program, checkpoint.snapshot, checkpoint.seq, outer);
  const state = events.reduce((current, recorded) => replayOne(kernel, current, recorded, id, outer).state, from);
  const last = events.at(-1) ?? loading.store.readEvent(id, state.seq);
  const wasAsleep = checkpoint?.asleep !== undefined;
  return { ...base, state, replayed: events.length, wasAsleep, lastAt: last?.at ?? base.row.updatedAt };
}

/** A rebase leads on from any state: from none at all as well. */
function before({ initial }: Kernel, [first]: readonly Recorded[]): RunState {
  return { ...initial, seq: (first?.seq ?? 1) - 1 };
}

export interface Replayed {
  readonly recorded: Recorded;
  readonly advanced: Advanced;
}

/** Tells what followed from every event of the run, from the first on. */
export function replayRun(loading: Loading, id: string, until?: number): Generator<Replayed> {
  return new Replay(loading, id).next(until);
}

/** Events held at once while a history is read. */
const pageSize = 500;

/**
 * A replay that goes on: what was added to the history since is replayed when it is asked for. Each epoch with the definition
 * that the run was bound to then; epochs of an earlier machine format cannot be replayed and are left out.
 */
export class Replay {
  readonly #loading: Loading;
  readonly #row: RunRow;
  #base: Base;
  #state: RunState;
  /** Events were removed: it goes on with the next epoch. */
  #isCut = false;

  /** @param epoch seq of the event to begin with. @default the first that can be replayed. @throws as {@link loadRun} */
  constructor(loading: Loading, id: string, epoch?: number) {
    this.#loading = loading;
    this.#row = rowOf(loading, id);
    const first = epoch === undefined ? this.#firstEpoch() : epochAt(loading.store, id, epoch);
    this.#base = baseAt(loading, this.#row, first?.event);
    this.#state = first === null ? this.#base.kernel.initial : before(this.#base.kernel, [first]);
  }

  /** The first event of the first epoch that this release can replay; null when there is none yet. */
  #firstEpoch(): Recorded<Epoch> | null {
    for (let from = 1, limit = 1; ; limit = pageSize) {
      const page = this.#loading.store.readEvents(this.#row.id, from, limit).map(decodeEvent);
      for (const recorded of page) if (isEpoch(recorded) && recorded.event.format === machineFormat) return recorded;
      if (page.length < limit) return null;
      from = (page.at(-1)?.seq ?? from) + 1;
    }
  }

  get state(): RunState {
    return this.#state;
  }

  /** What it was bound to at the last event that was replayed. */
  get base(): Base {
    return this.#base;
  }

  /** The workflow, or loop body, that the run was bound to at the last event that was replayed. */
  get compiled(): CompiledWorkflow {
    return this.#base.compiled;
  }

  /** What followed from the events since the last call, up to one of them. */
  *next(until: number = Number.POSITIVE_INFINITY): Generator<Replayed> {
    const { id } = this.#row;
    for (let from = this.#state.seq + 1; ;) {
      const limit = Math.min(pageSize, until - from + 1);
      const page = limit <= 0 ? [] : this.#loading.store.readEvents(id, from, limit);
      for (const stored of page) {
        if (stored.seq > until) return;
        const recorded = decodeEvent(stored);
        from = nextSeqOf(recorded);
        if (!this.#isNext(recorded)) continue;
        if (recorded.event.type === 'run.rebased') this.#base = baseAt(this.#loading, this.#row, recorded.event);
        const { kernel, outer } = this.#base;
        if (this.#isCut) this.#state = before(kernel, [recorded]);
        this.#isCut = false;
        const advanced = replayOne(kernel, this.#state, recorded, id, outer);
        this.#state = advanced.state;
        yield { recorded, advanced };
      }
      if (page.length < limit || limit <= 0) return;
    }
  }

  /** Whether it can be replayed: what stands between events that were removed cannot. */
  #isNext({ seq, event }: Recorded): boolean {
    const { id } = this.#row;
    const isExpected = seq === this.#state.seq + 1 && event.type !== 'events.removed';
    // Others may remove events while they are read.
    if (!isExpected && !this.#isCut)
      this.#isCut =
        event.type === 'events.removed' ||
        seq <= wholeFrom(this.#loading.store, id, loadRun(this.#loading, id).state.epoch);
    return !this.#isCut || event.type === 'run.rebased';
  }
}

/** The state of a run as it was after one of its events, and what it was bound to then. */
export function stateAt(loading: Loading, id: string, seq: number): Replay {
  const replay = new Replay(loading, id, seq <= shortHistory ? undefined : epochOf(loading, id, seq));
  const steps = replay.next(seq);
  while (steps.next().done !== true);
  return replay;
}

/** Events that are replayed rather than that it is looked for where their epoch begins. */
const shortHistory = 1_000;

/** Of a long history, where to begin: with the epoch of an event. */
function epochOf(loading: Loading, id: string, seq: number): number | undefined {
  let { epoch } = loadRun(loading, id).state;
  while (epoch > seq && epoch > 1) {
    const { event } = epochAt(loading.store, id, epoch);
    epoch = event.type === 'run.rebased' ? (event.previous ?? 1) : 1;
  }
  return epoch === 1 ? undefined : epoch;
}

/** A replay of what counts now: of a long history only its newest epoch. */
export function replayOfNow(loading: Loading, id: string): Replay {
  const last = loading.store.readCheckpoint(id)?.seq ?? 0;
  return new Replay(loading, id, last <= shortHistory ? undefined : epochOf(loading, id, Number.POSITIVE_INFINITY));
}

/** A replayed event that the machine does not take shows a history of another machine. */
function replayOne(
  kernel: Kernel,
  state: RunState,
  recorded: Recorded,
  runId: string,
  outer: OuterRun | null,
): Advanced {
  if (recorded.seq !== state.seq + 1)
    throw new InvariantError(`the history of run '${runId}' has a gap after event ${state.seq}`);
  const advanced = advance(kernel, state, recorded, { runId, ...(outer === null ? {} : { outer }) });
  if ('refused' in advanced)
    throw new InvariantError(`event ${recorded.seq} of run '${runId}' does not fit its machine: ${advanced.refused}`);
  return advanced;
}

export type Base = Omit<LoadedRun, 'state' | 'replayed' | 'wasAsleep' | 'lastAt'>;

function rowOf(loading: Loading, id: string): RunRow {
  const row = loading.store.readRun(id);
  if (row === null) throw new WorkflowError('NOT_FOUND', `no run '${id}'`);
  if (row.format !== machineFormat) {
    throw new WorkflowError(
      'STORE_INVALID',
      `run '${id}' was started with machine format ${row.format}, this release has ${machineFormat}`,
    );
  }
  return row;
}

function baseOf(loading: Loading, id: string): Base {
  return baseAt(loading, rowOf(loading, id), undefined);
}

/** @param epoch what the run is bound to. @default its row says it */
function baseAt(loading: Loading, row: RunRow, epoch: Epoch | undefined): Base {
  if (row.kind === 'round') {
    const round = roundOf(loading, row);
    return { row, kernel: kernelOf(round.compiled), ...round };
  }
  const { version, hash } = epoch ?? row;
  const compiled = compileWorkflow(loading.catalog.ofRun({ workflow: row.workflow, version, hash }));
  return { row, compiled, kernel: kernelOf(compiled), outer: null };
}

/** A run that undoes a round: the round as it ended, and why. */
function undoOf(
  loading: Loading,
  { run, error }: NonNullable<RunStarted['undoes']>,
): { readonly compiled: CompiledWorkflow; readonly outer: OuterRun } {
  const { compiled, context, outer } = endedRound(loading, run);
  return { compiled, outer: { ...outer, undone: { context, error } } };
}

/** An ended round, with what is around it. @throws as {@link loadRun} */
export function endedRound(
  loading: Loading,
  id: string,
): { readonly compiled: CompiledWorkflow; readonly context: RunContext; readonly outer: OuterRun } {
  const { compiled, state, outer } = loadRun(loading, id);
  if (outer === null) throw new InvariantError(`run '${id}' is no round`);
  return { compiled, context: (state.snapshot as { readonly context: RunContext }).context, outer };
}

/** The body of the loop, and the run around it as it was when the loop began. */
function roundOf(loading: Loading, row: RunRow): { readonly compiled: CompiledWorkflow; readonly outer: OuterRun } {
  const first = loading.store.readEvent(row.id, 1);
  const started = first === null ? undefined : (decodeEvent(first).event as RunStarted);
  if (started?.undoes !== undefined) return undoOf(loading, started.undoes);
  const link = started?.parent;
  if (link === undefined) throw new InvariantError(`round '${row.id}' does not say whose it is`);
  const { compiled: around, state } = aroundRounds(loading, link.run, link.seq);
  const { program } = around;
  const loop = program.byId.get(link.step);
  const compiled = loop === undefined ? undefined : around.bodies.get(loop);
  if (loop === undefined || compiled === undefined)
    throw new InvariantError(`round '${row.id}' belongs to step '${link.step}', which is not an items loop`);
  return { compiled, outer: { program, context: (state.snapshot as { readonly context: RunContext }).context, loop } };
}

/** Of each store, what was around the round that was loaded last: the rounds of one loop are loaded one after the other. */
const lastAround = new WeakMap<Loading['store'], Around>();

interface Around {
  readonly loading: Loading;
  readonly run: string;
  readonly createdAt: number;
  readonly seq: number;
  readonly at: Pick<Replay, 'compiled' | 'state'>;
}

/** The run around rounds, as it was when their loop began. */
function aroundRounds(loading: Loading, run: string, seq: number): Around['at'] {
  const { createdAt } = rowOf(loading, run);
  const last = lastAround.get(loading.store);
  if (last?.run === run && last.seq === seq && last.createdAt === createdAt && last.loading.catalog === loading.catalog)
    return last.at;
  const { compiled, state } = stateAt(loading, run, seq);
  lastAround.set(loading.store, { loading, run, createdAt, seq, at: { compiled, state } });
  return { compiled, state };
}
