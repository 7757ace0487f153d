/**
 * Loads the values that references stand for, and keeps the most recent of them. Values are frozen: they are shared by all
 * who read them.
 */
import { InvariantError, WorkflowError } from '../../core/errors.ts';
import type { HistoryEvent } from '../../core/event.ts';
import { deepFreeze } from '../../core/json.ts';
import type { Store } from '../../core/ports.ts';
import { materialize, type Ref, type StoredValue, type ValueLoader } from '../../core/stored-value.ts';
import { decodeEvent } from '../drive/codec.ts';

/** Kept in memory at most, in characters of JSON text. */
const defaultMaxSize = 64 * 1024 * 1024;
/** How full it is after values were dropped, at most. */
const roomAfterDrop = 0.9;

interface Cached {
  readonly run: string;
  readonly value: unknown;
  readonly size: number;
}

export class Values implements ValueLoader {
  readonly #store: Pick<Store, 'readEvent' | 'readRun'>;
  readonly #cache = new Map<string, Cached>();
  /** The keys of each run that has any. */
  readonly #keys = new Map<string, Set<string>>();
  readonly #maxSize: number;
  #size = 0;

  constructor(store: Pick<Store, 'readEvent' | 'readRun'>, maxSize: number = defaultMaxSize) {
    this.#store = store;
    this.#maxSize = maxSize;
  }

  loadOutput(ref: Ref, run: string): unknown {
    const owner = ref.run ?? run;
    const key = keyOf(owner, ref);
    const cached = this.#cache.get(key);
    if (cached !== undefined) {
      this.#cache.delete(key);
      this.#cache.set(key, cached);
      return cached.value;
    }
    const row = this.#store.readEvent(owner, ref.seq);
    if (row === null) throw new InvariantError(`run '${owner}' has no event ${ref.seq}, which a value refers to`);
    const part = partOf(decodeEvent(row).event, ref);
    const value = deepFreeze('stored' in part ? materialize(part.stored, this, owner) : part.value);
    // A tree of references is short; what it stands for need not be.
    const isInline = !('stored' in part) || 'v' in part.stored;
    this.#remember(owner, key, value, isInline ? row.data.length : sizeOf(value));
    return value;
  }

  loadRunOutput(runId: string): unknown {
    const row = this.#store.readRun(runId);
    if (row?.status !== 'completed' || row.output === null) {
      throw new WorkflowError(
        'NOT_FOUND',
        `run '${runId}' has no output: it ${row === null ? 'does not exist' : `is ${row.status}`}`,
      );
    }
    return materialize(row.output, this, runId);
  }

  /** A value that is known before it is read back: just recorded. `size` in characters. */
  put(run: string, seq: number, value: unknown, size: number): void {
    this.#remember(run, keyOf(run, { seq }), deepFreeze(value), size);
  }

  /** All of a run: what was put for events that will not be written, or is not read for a while. */
  forget(run: string): void {
    for (const key of this.#keys.get(run) ?? []) {
      this.#size -= this.#cache.get(key)?.size ?? 0;
      this.#cache.delete(key);
    }
    this.#keys.delete(run);
  }

  #remember(run: string, key: string, value: unknown, size: number): void {
    if (size > this.#maxSize / 4) return;
    const before = this.#cache.get(key);
    if (before !== undefined) this.#size -= before.size;
    this.#cache.set(key, { run, value, size });
    const keys = this.#keys.get(run);
    if (keys === undefined) this.#keys.set(run, new Set([key]));
    else keys.add(key);
    this.#size += size;
    if (this.#size > this.#maxSize) this.#makeRoom();
  }

  /** For many at once: a map finds its oldest entry by passing over all that were taken out of it. */
  #makeRoom(): void {
    for (const [oldest, cached] of this.#cache) {
      if (this.#size <= this.#maxSize * roomAfterDrop) break;
      this.#drop(oldest, cached);
    }
  }

  #drop(key: string, { run, size }: Cached): void {
    this.#cache.delete(key);
    this.#size -= size;
    const keys = this.#keys.get(run);
    keys?.delete(key);
    if (keys?.size === 0) this.#keys.delete(run);
  }
}

/** About as many characters as its JSON has. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 8;
  let size = 2;
  for (const key of Object.keys(value)) {
    size += (Array.isArray(value) ? 1 : key.length + 4) + sizeOf((value as Readonly<Record<string, unknown>>)[key]);
  }
  return size;
}

function keyOf(run: string, ref: Ref): string {
  return `${run}\n${ref.seq}${ref.part ?? ''}`;
}

function partOf(event: HistoryEvent, ref: Ref): { readonly stored: StoredValue } | { readonly value: unknown } {
  if (ref.part === 'metadata') return { value: event.type === 'effect.completed' ? event.metadata : undefined };
  if (event.type === 'effect.completed') return { stored: event.output };
  if (event.type === 'run.started') return { stored: event.input };
  if (event.type === 'signal.received') return { stored: event.payload };
  if (event.type === 'task.answered') return { stored: event.output };
  if (event.type === 'run.rebased') return { value: event.values ?? {} };
  throw new InvariantError(`event '${event.type}' has no output`);
}

/** Remembers which values it loaded from where, so that an output that holds them can refer to them. */
export class TrackingLoader implements ValueLoader {
  readonly known = new Map<unknown, StoredValue>();
  /** What went wrong when a value was loaded: it is the store's fault, not that of who asked. */
  problem: Error | null = null;
  readonly #values: Values;
  readonly #run: string;

  /** @param run the run whose output will refer to the values */
  constructor(values: Values, run: string) {
    this.#values = values;
    this.#run = run;
  }

  loadOutput(ref: Ref, run: string): unknown {
    const value = this.#load(() => this.#values.loadOutput(ref, run));
    if ((typeof value === 'object' && value !== null) || typeof value === 'string') {
      const owner = ref.run ?? run;
      const { path: _path, ...base } = ref;
      this.known.set(value, { r: owner === this.#run ? { ...base } : { ...base, run: owner } });
    }
    return value;
  }

  loadRunOutput(runId: string): unknown {
    const value = this.#load(() => this.#values.loadRunOutput(runId));
    if (typeof value === 'object' && value !== null) this.known.set(value, { c: { run: runId } });
    return value;
  }

  #load(load: () => unknown): unknown {
    try {
      return load();
    } catch (error) {
      this.problem ??= error instanceof Error ? error : new InvariantError(String(error));
      throw error;
    }
  }
}
