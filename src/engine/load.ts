/**
 * Brings a stored run back: its machine, and its state as the newest checkpoint plus the events after it, or as it was at an
 * earlier event. Reads only; nothing is carried out.
 */
import { advance, type Advanced, type Kernel, type RunState } from '../core/advance.ts';
import { InvariantError, WorkflowError } from '../core/errors.ts';
import type { Recorded, RunStarted } from '../core/event.ts';
import type { Store } from '../core/ports.ts';
import type { RunRow } from '../core/run.ts';
import type { OuterRun, RunContext } from '../../machines/context.ts';
import { restoreState } from '../../machines/persist.ts';
import { compileWorkflow, machineFormat, type CompiledWorkflow } from '../../machines/workflow.ts';
import { kernelOf } from '../../machines/kernel-of.ts';
import type { Catalog } from './catalog.ts';
import { decodeEvent } from './codec.ts';

export interface LoadedRun {
  readonly row: RunRow;
  readonly compiled: CompiledWorkflow;
  readonly kernel: Kernel;
  readonly outer: OuterRun | null;
  readonly state: RunState;
  /** Events that came after the checkpoint. */
  readonly replayed: number;
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
  const checkpoint = loading.store.readCheckpoint(id);
  const from =
    checkpoint === null
      ? base.kernel.initial
      : restoreState(base.kernel, base.compiled.program, checkpoint.snapshot, checkpoint.seq, base.outer);
  const events = loading.store.readEvents(id, from.seq + 1).map(decodeEvent);
  const state = events.reduce(
    (current, recorded) => replayOne(base.kernel, current, recorded, id, base.outer).state,
    from,
  );
  const last = events.at(-1) ?? loading.store.readEvent(id, state.seq);
  return { ...base, state, replayed: events.length, lastAt: last?.at ?? base.row.updatedAt };
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

/** A replay that goes on: what was added to the history since is replayed when it is asked for. */
export class Replay {
  readonly compiled: CompiledWorkflow;
  readonly #loading: Loading;
  readonly #base: ReturnType<typeof baseOf>;
  #state: RunState;

  /** @throws as {@link loadRun} */
  constructor(loading: Loading, id: string) {
    this.#loading = loading;
    this.#base = baseOf(loading, id);
    this.compiled = this.#base.compiled;
    this.#state = this.#base.kernel.initial;
  }

  get state(): RunState {
    return this.#state;
  }

  /** What followed from the events since the last call, up to one of them. */
  *next(until: number = Number.POSITIVE_INFINITY): Generator<Replayed> {
    const { row, kernel, outer } = this.#base;
    for (;;) {
      const from = this.#state.seq + 1;
      const limit = Math.min(pageSize, until - from + 1);
      const page = limit <= 0 ? [] : this.#loading.store.readEvents(row.id, from, limit);
      for (const stored of page) {
        const recorded = decodeEvent(stored);
        const advanced = replayOne(kernel, this.#state, recorded, row.id, outer);
        this.#state = advanced.state;
        yield { recorded, advanced };
      }
      if (page.length < limit || limit <= 0) return;
    }
  }
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

function baseOf(loading: Loading, id: string): Omit<LoadedRun, 'state' | 'replayed' | 'lastAt'> {
  const row = loading.store.readRun(id);
  if (row === null) throw new WorkflowError('NOT_FOUND', `no run '${id}'`);
  if (row.format !== machineFormat) {
    throw new WorkflowError(
      'STORE_INVALID',
      `run '${id}' was started with machine format ${row.format}, this release has ${machineFormat}`,
    );
  }
  const { compiled, outer } =
    row.kind === 'round'
      ? roundOf(loading, row)
      : { compiled: compileWorkflow(loading.catalog.ofRun(row)), outer: null };
  return { row, compiled, kernel: kernelOf(compiled), outer };
}

/** The body of the loop, and the run around it as it was when the loop began. */
function roundOf(loading: Loading, row: RunRow): { readonly compiled: CompiledWorkflow; readonly outer: OuterRun } {
  const first = loading.store.readEvent(row.id, 1);
  const link = first === null ? undefined : (decodeEvent(first).event as RunStarted).parent;
  if (link === undefined) throw new InvariantError(`round '${row.id}' does not say whose it is`);
  const parent = baseOf(loading, link.run);
  const { program } = parent.compiled;
  const loop = program.byId.get(link.step);
  const compiled = loop === undefined ? undefined : parent.compiled.bodies.get(loop);
  if (loop === undefined || compiled === undefined)
    throw new InvariantError(`round '${row.id}' belongs to step '${link.step}', which is not an items loop`);
  let state = parent.kernel.initial;
  for (const stored of loading.store.readEvents(link.run, 1, link.seq)) {
    state = replayOne(parent.kernel, state, decodeEvent(stored), link.run, parent.outer).state;
  }
  return { compiled, outer: { program, context: (state.snapshot as { readonly context: RunContext }).context, loop } };
}
