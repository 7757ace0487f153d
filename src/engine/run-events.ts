/** Events as subscribers get them: lifecycle events with their place, outputs loaded, and pieces of streamed answers. */
import type { LifecycleEvent, Recorded } from '../core/event.ts';
import { WorkflowError } from '../core/errors.ts';
import { materialize, type ValueLoader } from '../core/stored-value.ts';

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

export type RunEvent = (WithOutput<LifecycleEvent> & Place) | StepChunk;

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
  #waiting: PromiseWithResolvers<IteratorResult<RunEvent>> | null = null;
  #isEnded = false;
  #error: WorkflowError | null = null;

  constructor(limit: number, onClose: () => void) {
    this.#limit = limit;
    this.#onClose = onClose;
  }

  push(event: RunEvent): void {
    if (this.#isEnded) return;
    if (this.#waiting !== null) {
      this.#waiting.resolve({ value: event, done: false });
      this.#waiting = null;
    } else if (this.#items.length < this.#limit) {
      this.#items.push(event);
    } else {
      this.#error = new WorkflowError(
        'LIMIT_EXCEEDED',
        `the reader of run.events() is more than ${this.#limit} events behind (option maxBufferedEvents)`,
      );
      this.end();
    }
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#onClose();
    if (this.#waiting === null) return;
    this.#waiting.resolve({ value: undefined, done: true });
    this.#waiting = null;
  }

  next(): Promise<IteratorResult<RunEvent>> {
    const event = this.#items.shift();
    if (event !== undefined) return Promise.resolve({ value: event, done: false });
    if (this.#error !== null) {
      const error = this.#error;
      this.#error = null;
      return Promise.reject(error);
    }
    if (this.#isEnded) return Promise.resolve({ value: undefined, done: true });
    this.#waiting = Promise.withResolvers<IteratorResult<RunEvent>>();
    return this.#waiting.promise;
  }

  return(): Promise<IteratorResult<RunEvent>> {
    this.#items = [];
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
