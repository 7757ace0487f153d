/** The effects and timers of one run that are under way in this process: how each is ended. What they are, its state says. */
import type { ActiveEffect, ActiveTimer } from '../core/advance.ts';
import { CancelledError } from '../core/errors.ts';
import type { TimerQueue } from './timer-queue.ts';

export interface UnderWayPorts {
  readonly timers: Pick<TimerQueue, 'add'>;
  /** Carries out an effect; gives the function that aborts it. */
  start(effect: ActiveEffect): (reason: Error) => void;
  fire(timer: ActiveTimer): void;
}

export class UnderWay {
  readonly #ports: UnderWayPorts;
  readonly #effects = new Map<string, (reason: Error) => void>();
  readonly #timers = new Map<string, () => void>();

  constructor(ports: UnderWayPorts) {
    this.#ports = ports;
  }

  hasEffect(id: string): boolean {
    return this.#effects.has(id);
  }

  hasTimer(name: string): boolean {
    return this.#timers.has(name);
  }

  start(effect: ActiveEffect): void {
    this.#effects.set(effect.id, this.#ports.start(effect));
  }

  stop(id: string): void {
    this.#effects.get(id)?.(new CancelledError(`effect '${id}' was aborted`));
    this.#effects.delete(id);
  }

  /** It has brought its result. */
  finish(id: string): void {
    this.#effects.delete(id);
  }

  /** Takes the place of an earlier timer of that name. */
  set(timer: ActiveTimer, delayMs: number): void {
    this.cancel(timer.name);
    const cancel = this.#ports.timers.add(delayMs, () => {
      this.#timers.delete(timer.name);
      this.#ports.fire(timer);
    });
    this.#timers.set(timer.name, cancel);
  }

  cancel(name: string): void {
    this.#timers.get(name)?.();
    this.#timers.delete(name);
  }

  /** Ends all of it. */
  end(reason: Error): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    for (const abort of this.#effects.values()) abort(reason);
    this.#effects.clear();
  }
}
