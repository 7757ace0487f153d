/**
 * What happened in a run, in its rounds and in its child runs, told again from the store in the order in which it happened; of a
 * run under way, what happens. Reads only.
 */
import { createAgentRegistry } from '../agents/registry.ts';
import type { RunState } from '../core/advance.ts';
import type { Store } from '../core/ports.ts';
import { Catalog } from '../engine/runs/catalog.ts';
import { decodeEvent } from '../engine/drive/codec.ts';
import { Replay, type Loading, type Replayed } from '../engine/runs/load.ts';
import type { RunStarted } from '../core/event.ts';
import type { CompiledWorkflow } from '../../machines/compiled-workflow.ts';
import type { RunInspector } from '../inspect/live/run-inspector.ts';

interface Told {
  readonly id: string;
  readonly depth: number;
  /** The run around it, and its event by which this one was begun; null: the run itself. */
  readonly parent: { readonly run: Told; readonly seq: number } | null;
  readonly replay: Replay;
  /** As the last event that was told left it. */
  state: RunState;
  /** The next event, where it is known, and what the run is bound to with it. */
  next: (Replayed & { readonly compiled: CompiledWorkflow }) | null;
  /** Its actor is told of: it has begun, and not ended. */
  isTold: boolean;
}

/** Effects that are carried out by runs below. */
const beginsRuns: ReadonlySet<string> = new Set(['loop', 'workflow', 'undo']);

/** Of more runs below the first, no more are told. */
const maxRuns = 500;

export class RunStory {
  readonly #store: Store;
  readonly #inspector: RunInspector;
  readonly #loading: Loading;
  readonly #runs = new Map<string, Told>();
  #isCut = false;

  /** @throws WorkflowError NOT_FOUND, STORE_* */
  constructor(store: Store, run: string, inspector: RunInspector) {
    this.#store = store;
    this.#inspector = inspector;
    this.#loading = { store, catalog: new Catalog([], createAgentRegistry(), store) };
    this.#add(run, null);
  }

  /** There are more runs below than are told. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** All runs that are told of have ended, and all of them was told. A run that has ended may be taken up again. */
  get hasEnded(): boolean {
    return [...this.#runs.values()].every(({ state, next }) => next === null && state.snapshot.status !== 'active');
  }

  /** Tells the next event; gives its time, in milliseconds since 1970. Null: there is none now. */
  tellNext(announce: (at: number) => void): number | null {
    const told = this.#earliest();
    if (told?.next == null) return null;
    const { id } = told;
    const { recorded, advanced, compiled } = told.next;
    const { state } = advanced;
    announce(recorded.at);
    if (!told.isTold) this.#inspector.begin({ id, parent: told.parent?.run.id ?? null, compiled, state: told.state });
    this.#inspector.advanced({ run: id, recorded, state, compiled });
    told.isTold = state.snapshot.status === 'active';
    if (!told.isTold) this.#inspector.end(id);
    told.state = state;
    told.next = null;
    // Rounds and children are begun by effects that an event starts.
    if (advanced.started.some(({ src }) => beginsRuns.has(src))) this.findBelow();
    return recorded.at;
  }

  /** Looks for rounds and children that were begun since. */
  findBelow(): void {
    for (const { id } of [...this.#runs.values()]) this.#findBelow(id);
  }

  #findBelow(parent: string): void {
    const above = this.#runs.get(parent);
    for (const { id } of this.#store.listRuns({ parent, kind: ['round', 'child'], limit: maxRuns + 1 })) {
      if (above === undefined || this.#runs.has(id)) continue;
      if (this.#runs.size > maxRuns) {
        this.#isCut = true;
        return;
      }
      this.#add(id, above);
    }
  }

  #add(id: string, above: Told | null): void {
    const first = above === null ? null : this.#store.readEvent(id, 1);
    const link = first === null ? undefined : (decodeEvent(first).event as RunStarted).parent;
    if (above !== null && link === undefined) return;
    const replay = new Replay(this.#loading, id);
    this.#runs.set(id, {
      id,
      depth: (above?.depth ?? -1) + 1,
      parent: above === null || link === undefined ? null : { run: above, seq: link.seq },
      replay,
      state: replay.state,
      next: null,
      isTold: false,
    });
  }

  /** By time; a run begins after the event that began it, and what happens in it comes before what follows from that around it. */
  #earliest(): Told | undefined {
    let best: Told | undefined;
    for (const told of this.#runs.values()) {
      if (told.parent !== null && told.parent.run.state.seq < told.parent.seq) continue;
      told.next ??= this.#read(told);
      if (told.next !== null && (best?.next == null || isBefore(told, best))) best = told;
    }
    return best;
  }

  #read({ id, replay }: Told): Told['next'] {
    // Nothing new costs one read.
    if (this.#store.readEvent(id, replay.state.seq + 1) === null) return null;
    const next = replay.next(replay.state.seq + 1).next();
    return next.done === true ? null : { ...next.value, compiled: replay.compiled };
  }
}

function isBefore(a: Told, b: Told): boolean {
  const [at, other] = [a.next?.recorded.at ?? 0, b.next?.recorded.at ?? 0];
  return at < other || (at === other && a.depth > b.depth);
}
