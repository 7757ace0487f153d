/**
 * Makes of what a run's state says is under way what is under way in this process: begins its effects, sets its timers, ends both.
 * Owns when that may happen; how one of them is begun and ended is the affair of `under-way.ts`, what the state is that of the driver.
 */
import type { ActiveEffect, ActiveTimer, Advanced, RunState } from '../../core/advance.ts';
import type { Recorded } from '../../core/event.ts';
import { isOfRuns } from '../dispatch/limits/asks.ts';
import type { Waiting } from '../dispatch/limits/limiter.ts';
import { UnderWay, type UnderWayPorts } from './under-way.ts';

export interface RunWorkPorts extends UnderWayPorts {
  /** With the events that are still to be committed. */
  state(): RunState;
  /** Whether a person's pause holds the run, by what is committed. */
  isHeldStill(): boolean;
  /** Whether nothing of the run is to be begun here any more. */
  isStopped(): boolean;
  /** Whether no effect may begin any more, of no run: the engine is about to close. */
  isDraining(): boolean;
  /** Of the run, in milliseconds since 1970. */
  now(): number;
  /** Ends what an effect began that is not under way here, and is not wanted any more. */
  stopBelow(effect: ActiveEffect): void;
}

export class RunWork {
  readonly #ports: RunWorkPorts;
  readonly #underWay: UnderWay;

  constructor(ports: RunWorkPorts) {
    this.#ports = ports;
    this.#underWay = new UnderWay(ports);
  }

  /** Of a committed event: ends what it ended, and sets its timers. `before`: the state that it found. */
  follow(advanced: Advanced, { event }: Recorded, before: RunState): void {
    for (const name of advanced.cancelled) this.#underWay.cancel(name);
    for (const id of advanced.stopped) this.#stop(id, before.effects.get(id));
    if (event.type === 'effect.completed' || event.type === 'effect.failed' || event.type === 'effect.accepted')
      this.#underWay.finish(event.effect);
    for (const timer of advanced.set) this.#setTimer(timer);
  }

  /** What was begun by a process before may have left more than what is under way here. */
  #stop(id: string, effect: ActiveEffect | undefined): void {
    if (this.#underWay.hasEffect(id) || effect === undefined) this.#underWay.stop(id);
    else this.#ports.stopBelow(effect);
  }

  /**
   * Sets timers and starts effects of `state`, but for those that are under way already, or over by now. What fell due meanwhile
   * fires first: what it ends need not begin again. While a person's pause lasts no effect starts, and what fires is held; what it
   * keeps from beginning has not run out of its time. `wasPaused`: until now.
   */
  takeUp({ timers, effects, pause }: RunState, wasPaused = false): void {
    const now = this.#ports.now();
    // What is made of other runs goes on in those.
    if (pause !== null || wasPaused)
      for (const effect of effects.values())
        if (!this.#underWay.hasEffect(effect.id) && !isOfRuns(effect)) this.#holdBack(effect);
    const idle = [...timers.values()].filter(
      (timer) => !this.#underWay.hasTimer(timer.name) && !this.#underWay.countsFromBegin(timer, effects),
    );
    const overdue = idle.filter((timer) => timer.dueAt <= now).sort((a, b) => a.dueAt - b.dueAt);
    for (const timer of overdue) this.#ports.fire(timer);
    for (const timer of idle) if (timer.dueAt > now) this.#setTimer(timer);
    if (pause !== null) return;
    for (const effect of effects.values()) if (!this.#underWay.hasEffect(effect.id)) this.start(effect);
  }

  #holdBack(effect: ActiveEffect): void {
    if (effect.accepted === undefined) this.#underWay.holdBack(effect, this.#ports.state().timers);
  }

  /** Nothing starts while a person's pause lasts, and nothing that another event has ended by now. */
  start(effect: ActiveEffect): void {
    // What the other side has accepted is under way there.
    if (effect.accepted !== undefined || this.#ports.isDraining()) return;
    const { pause, timers } = this.#ports.state();
    if (this.#ports.isStopped() || !this.#isActive(effect)) return;
    if (pause !== null) this.#holdBack(effect);
    else this.#underWay.start(effect, timers);
  }

  /** A rebase makes a new state of which the effect may still be a part. */
  #isActive({ id, seq }: ActiveEffect): boolean {
    return this.#ports.state().effects.get(id)?.seq === seq;
  }

  /** Of an effect that had to wait: whether it may begin now. If not, it is started again when the run is resumed. */
  begin(effect: ActiveEffect): boolean {
    const { pause, timers } = this.#ports.state();
    // While the end of a pause is in line the pause still holds (D1).
    const isWanted = pause === null && !this.#ports.isHeldStill() && this.#isActive(effect);
    const mayBegin = isWanted && !this.#ports.isStopped() && !this.#ports.isDraining();
    if (mayBegin) this.#underWay.begin(effect, timers);
    else this.#underWay.finish(effect.id);
    return mayBegin;
  }

  #setTimer(timer: ActiveTimer): void {
    const { timers } = this.#ports.state();
    if (this.#ports.isStopped() || timers.get(timer.name)?.setBy !== timer.setBy) return;
    this.#underWay.set(timer, timer.dueAt - this.#ports.now());
  }

  /** What each effect waits for that has not begun, by its id. */
  waiting(): ReadonlyMap<string, Waiting> {
    return this.#underWay.waiting();
  }

  /** Whether an effect is carried out here now. */
  get isBusy(): boolean {
    return this.#underWay.hasWork;
  }

  /** Whether all that is under way is effects of which `waits` says that they just wait, and none has to be begun still. */
  rests(waits: (effect: ActiveEffect) => boolean): boolean {
    if (this.#isHeldBack) return false;
    return this.#underWay.everyEffect((effect) => waits(effect) && !this.#ports.isLimited(effect));
  }

  /** Whether an effect was not begun, as the engine is about to close: the next one has to begin it. */
  get #isHeldBack(): boolean {
    const { pause, effects } = this.#ports.state();
    if (pause !== null || !this.#ports.isDraining()) return false;
    return [...effects.values()].some(({ id, accepted }) => accepted === undefined && !this.#underWay.hasEffect(id));
  }

  /** Aborts all effects, forgets all timers. */
  end(reason: Error): void {
    this.#underWay.end(reason);
  }
}
