/** The effects and timers of one run that are under way in this process: how each is ended. What they are, its state says. */
import type { ActiveEffect, ActiveTimer, RunState } from '../../core/advance.ts';
import { CancelledError } from '../../core/errors.ts';
import type { EffectInput } from '../../../machines/effect-input.ts';
import { isOfRuns } from '../dispatch/limits/asks.ts';
import type { Waiting } from '../dispatch/limits/limiter.ts';
import type { TimerQueue } from './timer-queue.ts';

/** An effect that was given to the dispatcher. */
export interface Carrying {
  /** Its time counts from when it begins, and anew after a crash. */
  readonly isLimited: boolean;
  /** What it waits for before it begins; null: it has begun. */
  readonly waiting: Waiting | null;
  /** Its own result is on its way to the run. */
  readonly isDone: boolean;
  abort(reason: Error): void;
}

export interface UnderWayPorts {
  readonly timers: Pick<TimerQueue, 'add'>;
  start(effect: ActiveEffect): Carrying;
  /** Whether it may have to wait, so that the time of an attempt counts from when it begins. */
  isLimited(effect: ActiveEffect): boolean;
  /** It has to wait; null: now it begins. */
  queued(effect: ActiveEffect, queue: Waiting | null): void;
  fire(timer: ActiveTimer): void;
}

interface Begun {
  readonly effect: ActiveEffect;
  readonly carrying: Carrying;
}

export class UnderWay {
  readonly #ports: UnderWayPorts;
  readonly #effects = new Map<string, Begun>();
  readonly #timers = new Map<string, () => void>();
  readonly #held = new Set<string>();

  constructor(ports: UnderWayPorts) {
    this.#ports = ports;
  }

  hasEffect(id: string): boolean {
    return this.#effects.has(id);
  }

  hasTimer(name: string): boolean {
    return this.#timers.has(name);
  }

  /** Whether each of the effects is one that `waits` says just waits, and holds no place that others wait for. */
  everyEffect(waits: (effect: ActiveEffect) => boolean): boolean {
    for (const { effect, carrying } of this.#effects.values()) if (carrying.isLimited || !waits(effect)) return false;
    return true;
  }

  /** Whether one of the effects is carried out in this process now, and not just waits for other runs. */
  get hasWork(): boolean {
    for (const { effect, carrying } of this.#effects.values())
      if (carrying.waiting === null && !carrying.isDone && !isOfRuns(effect)) return true;
    return false;
  }

  /** `timers`: of the run. */
  start(effect: ActiveEffect, timers: RunState['timers']): void {
    const carrying = this.#ports.start(effect);
    this.#effects.set(effect.id, { effect, carrying });
    const timeout = timeoutOf(effect);
    if (carrying.waiting === null) {
      if (carrying.isLimited || this.#isHeld(timeout)) this.#timeAttempt(effect, timers);
      return;
    }
    if (timers.has(timeout)) this.#hold(timeout);
    this.#ports.queued(effect, carrying.waiting);
  }

  /** A pause keeps it from beginning: its time counts from when it does. */
  holdBack(effect: ActiveEffect, timers: RunState['timers']): void {
    const timeout = timeoutOf(effect);
    if (timers.has(timeout)) this.#hold(timeout);
  }

  /** It has waited, and begins: its time counts from here. */
  begin(effect: ActiveEffect, timers: RunState['timers']): void {
    this.#timeAttempt(effect, timers);
    this.#ports.queued(effect, null);
  }

  /** Of a run that was loaded: a timer that is set when its effect begins, not by when it is due. */
  countsFromBegin(timer: ActiveTimer, effects: RunState['effects']): boolean {
    const effect = attemptOf(timer, effects);
    return effect !== undefined && this.#ports.isLimited(effect);
  }

  #timeAttempt(effect: ActiveEffect, timers: RunState['timers']): void {
    const timer = timers.get(timeoutOf(effect));
    const timeoutMs = (effect.input as EffectInput).info?.step.timeoutMs ?? null;
    if (timer !== undefined && timeoutMs !== null) this.set(timer, timeoutMs);
  }

  /** What each effect waits for that has not begun, by its id. */
  waiting(): ReadonlyMap<string, Waiting> {
    const waiting = new Map<string, Waiting>();
    for (const [id, { carrying }] of this.#effects) if (carrying.waiting !== null) waiting.set(id, carrying.waiting);
    return waiting;
  }

  stop(id: string): void {
    this.#effects.get(id)?.carrying.abort(new CancelledError(`effect '${id}' was aborted`));
    this.#effects.delete(id);
  }

  /** There is a result; if it came from elsewhere, what is carried out here is over too. */
  finish(id: string): void {
    const carrying = this.#effects.get(id)?.carrying;
    if (carrying?.isDone === false) carrying.abort(new CancelledError(`effect '${id}' was completed from outside`));
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
    this.#held.delete(name);
  }

  /** It stands still until it is set again: what it measures has not begun. */
  #hold(name: string): void {
    this.cancel(name);
    this.#held.add(name);
    this.#timers.set(name, () => undefined);
  }

  #isHeld(name: string): boolean {
    return this.#held.size > 0 && this.#held.has(name);
  }

  /** Ends all of it. */
  end(reason: Error): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#held.clear();
    for (const { carrying } of this.#effects.values()) carrying.abort(reason);
    this.#effects.clear();
  }
}

const timeoutPrefix = 'timeout:';

/** The effect whose attempt is measured by the timer, unless the other side has accepted it: that is under way there. */
export function attemptOf({ name }: Pick<ActiveTimer, 'name'>, effects: RunState['effects']): ActiveEffect | undefined {
  const effect = name.startsWith(timeoutPrefix) ? effects.get(name.slice(timeoutPrefix.length)) : undefined;
  return effect?.accepted === undefined ? effect : undefined;
}

/** The timer of an attempt; the effect of a step's work has the step's id. */
function timeoutOf({ id }: ActiveEffect): string {
  return `${timeoutPrefix}${id}`;
}
