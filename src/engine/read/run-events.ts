/** Events as subscribers get them: lifecycle events with their place, outputs loaded, and pieces of streamed answers. */
import type { Recorded } from '../../core/event.ts';
import type { LifecycleEvent } from '../../core/lifecycle-event.ts';
import { InvariantError, WorkflowError } from '../../core/errors.ts';
import { materialize, type ValueLoader } from '../../core/stored-value.ts';
import type { Waiting } from '../dispatch/limits/limiter.ts';

type WithOutput<E> = E extends { readonly output: unknown } ? Omit<E, 'output'> & { readonly output: unknown } : E;

interface Place {
  readonly runId: string;
  /** Seq of the history event it followed from. */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A piece of a streamed answer; never part of the history. */
export interface StepChunk {
  readonly type: 'step.chunk';
  readonly runId: string;
  readonly step: string;
  readonly visit: number;
  readonly attempt: number;
  readonly text: string;
}

/** An attempt waits for a limit before it begins; never part of the history. */
export interface StepQueued {
  readonly type: 'step.queued';
  readonly runId: string;
  readonly step: string;
  readonly visit: number;
  readonly attempt: number;
  /** Null: it has waited, and begins now. */
  readonly queue: Waiting | null;
}

/** What is told as it happens, and nowhere kept. */
export type PassingEvent = StepChunk | StepQueued;

export type RunEvent = (WithOutput<LifecycleEvent> & Place) | PassingEvent;

export function isPassing(event: RunEvent): event is PassingEvent {
  return event.type === 'step.chunk' || event.type === 'step.queued';
}

export function toRunEvent(event: LifecycleEvent, recorded: Recorded, runId: string, loader: ValueLoader): RunEvent {
  const place: Place = { runId, seq: recorded.seq, at: recorded.at };
  if (event.type !== 'step.completed' && event.type !== 'run.completed') return { ...event, ...place };
  return { ...event, ...place, output: materialize(event.output, loader, runId) };
}

export function isRunEnd(event: RunEvent): boolean {
  return event.type === 'run.completed' || event.type === 'run.failed' || event.type === 'run.cancelled';
}

/** A queue that one consumer iterates; bounded, as a consumer may be slow. */
export class EventQueue implements AsyncIterableIterator<RunEvent> {
  readonly #limit: number;
  readonly #onClose: () => void;
  #items: RunEvent[] = [];
  /** Of the items: where the next one is. */
  #head = 0;
  #waiting: PromiseWithResolvers<IteratorResult<RunEvent>>[] = [];
  #isEnded = false;
  #error: Error | null = null;

  constructor(limit: number, onClose: () => void) {
    this.#limit = limit;
    this.#onClose = onClose;
  }

  push(event: RunEvent): void {
    if (this.#isEnded) return;
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) waiting.resolve({ value: event, done: false });
    else if (this.#items.length - this.#head < this.#limit) this.#items.push(event);
    else {
      const message = `the reader of run.events() is more than ${this.#limit} events behind (option limits.maxBufferedEvents)`;
      this.end(new WorkflowError('LIMIT_EXCEEDED', message));
    }
  }

  /** After what is in the queue, the reader gets the end; or the error, once. */
  end(error: Error | null = null): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#error = error;
    this.#onClose();
    for (const waiting of this.#waiting) this.next().then(waiting.resolve, waiting.reject);
    this.#waiting = [];
  }

  next(): Promise<IteratorResult<RunEvent>> {
    const event = this.#items[this.#head];
    if (event !== undefined) {
      this.#head += 1;
      if (this.#head > 1_000 && this.#head * 2 > this.#items.length) {
        this.#items = this.#items.slice(this.#head);
        this.#head = 0;
      }
      return Promise.resolve({ value: event, done: false });
    }
    if (this.#error !== null) {
      const error = this.#error;
      this.#error = null;
      return Promise.reject(error);
    }
    if (this.#isEnded) return Promise.resolve({ value: undefined, done: true });
    const waiting = Promise.withResolvers<IteratorResult<RunEvent>>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  return(): Promise<IteratorResult<RunEvent>> {
    this.#items = [];
    this.#head = 0;
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/**
 * What happened, read as the reader asks for it, however long it is; then what happens, from the queue. So a late or slow reader of
 * a long history costs no memory; it is behind only by what happened since it began to read.
 */
export class EventStream implements AsyncIterableIterator<RunEvent> {
  readonly #queue: EventQueue;
  #past: Iterator<RunEvent> | null;

  constructor(past: Iterator<RunEvent>, queue: EventQueue) {
    this.#past = past;
    this.#queue = queue;
  }

  next(): Promise<IteratorResult<RunEvent>> {
    if (this.#past === null) return this.#queue.next();
    try {
      const next = this.#past.next();
      if (next.done !== true) return Promise.resolve(next);
    } catch (error) {
      this.#past = null;
      this.#queue.end();
      return Promise.reject(error instanceof Error ? error : new InvariantError(String(error)));
    }
    this.#past = null;
    return this.#queue.next();
  }

  return(): Promise<IteratorResult<RunEvent>> {
    this.#past?.return?.();
    this.#past = null;
    return this.#queue.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
