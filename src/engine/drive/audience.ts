/** Those who watch one run in memory. */
import type { Recorded } from '../../core/event.ts';
import type { LifecycleEvent } from '../../core/lifecycle-event.ts';
import type { Waiting } from '../dispatch/limits/limiter.ts';
import type { RunLeft, Subscriber } from './run-outcome.ts';

export class Audience {
  readonly #subscribers = new Set<Subscriber>();

  get isEmpty(): boolean {
    return this.#subscribers.size === 0;
  }

  /** Gives a function that takes it away. */
  add(subscriber: Subscriber): () => void {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  lifecycle(events: readonly LifecycleEvent[], recorded: Recorded): void {
    for (const subscriber of this.#subscribers) subscriber.lifecycle(events, recorded);
  }

  chunk(step: string, visit: number, attempt: number, text: string): void {
    for (const subscriber of this.#subscribers) subscriber.chunk(step, visit, attempt, text);
  }

  queued(step: string, visit: number, attempt: number, queue: Waiting | null): void {
    for (const subscriber of this.#subscribers) subscriber.queued(step, visit, attempt, queue);
  }

  /** The last that they are told. */
  left(reason: RunLeft): void {
    for (const subscriber of this.#subscribers) subscriber.left(reason);
    this.clear();
  }

  clear(): void {
    this.#subscribers.clear();
  }
}
