/**
 * Carries out effects: lets them begin within their limits, finds the handler, and posts what came of it as the run's next event.
 * Owns nothing of the run; what an effect does is its handler's.
 */
import type { ActiveEffect } from '../../core/advance.ts';
import { EffectResult } from '../../core/effect.ts';
import { InvariantError, WorkflowError, toErrorData } from '../../core/errors.ts';
import type { EffectAccepted, HistoryEvent } from '../../core/event.ts';
import type { Random } from '../../core/ports.ts';
import { cacheKey } from '../../effects/cache-key.ts';
import type { AgentStep, HttpStep, Step } from '../../definition/definition.ts';
import type { EffectCall, EffectHandler, Services } from '../../effects/call.ts';
import type { EffectInput } from '../../../machines/effect-input.ts';
import type { Callbacks } from '../steer/callbacks.ts';
import { CarriedEffect } from './carried-effect.ts';
import type { RunDriver } from '../drive/driver.ts';
import { codeFor, leavesRun } from './effect-failure.ts';
import { Asks, isOfRuns } from './limits/asks.ts';
import { Limiter } from './limits/limiter.ts';
import { Results, tokenOf, type ResultLimits } from './results.ts';
import { renderValue } from './render.ts';
import type { TimerQueue } from '../drive/timer-queue.ts';
import type { Carrying } from '../drive/under-way.ts';
import type { CachedResult, StepCache } from './step-cache.ts';
import type { TrackingLoader, Values } from './values.ts';
import { tellWhere } from './tell-where.ts';

export interface DispatcherOptions {
  readonly handlers: ReadonlyMap<string, EffectHandler>;
  /** Carries out what is made of other runs: an items loop, a child workflow. */
  readonly runs: (
    driver: RunDriver,
    effect: ActiveEffect,
    signal: AbortSignal,
    loader: TrackingLoader,
  ) => Promise<EffectResult>;
  /** Publishes a named event. */
  readonly emit: (name: string, payload: unknown) => Promise<void>;
  readonly services: Services;
  readonly values: Values;
  readonly random: Random;
  readonly timers: Pick<TimerQueue, 'now' | 'add'>;
  readonly cache: StepCache;
  /** What the other side is sent, for work that it may complete later. */
  readonly callbacks: Pick<Callbacks, 'issue'>;
  /** Whether what the effect is made of (a child run) goes on already. */
  readonly isUnderWay: (effect: ActiveEffect) => boolean;
  /** Effects at once, of all runs; more wait in line. Loops do not count: their rounds do. */
  readonly maxEffects: number;
  readonly limits: ResultLimits;
}

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #results: Results;
  readonly #limiter: Limiter;
  readonly #asks: Asks;
  readonly #cache: StepCache;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#results = new Results(options.limits);
    this.#limiter = new Limiter(options.timers);
    this.#asks = new Asks({ agents: options.services.agents, maxEffects: options.maxEffects });
    this.#cache = options.cache;
  }

  /** Places in limits that effects hold, or wait for: of each effect that is carried out one at the least. */
  get places(): number {
    return this.#limiter.used;
  }

  /** Whether it may have to wait: its time counts from when it begins. */
  isLimited(effect: ActiveEffect): boolean {
    return this.#asks.isLimited(effect) || isCached(effect);
  }

  /**
   * Begins it, or lets it wait until its limits have room: the driver is asked then whether it may still begin. Its result is
   * posted to the driver, unless it was aborted.
   */
  start(driver: RunDriver, effect: ActiveEffect): Carrying {
    const carried = new CarriedEffect(
      driver,
      effect,
      this.#options.values,
      this.isLimited(effect),
      this.#options.timers.now(),
    );
    if (isCached(effect)) this.#startCached(carried);
    else this.#startWithin(carried, false);
    return carried;
  }

  // What is in the cache needs no place in any limit. `isLate`: the driver was told that it has to wait.

  #startCached(carried: CarriedEffect): void {
    const { effect, loader, signal, given } = carried;
    try {
      const key = cacheKey({ input: effect.input as EffectInput, loader, signal }, given);
      if (typeof key === 'string') this.#look(carried, key, false);
      else {
        carried.turn = { kind: 'wait', leave: () => undefined };
        void this.#lookLater(carried, key);
      }
    } catch (error) {
      this.#fail(carried, error, false);
    }
  }

  /** A function has a part in the key. */
  async #lookLater(carried: CarriedEffect, key: Promise<string>): Promise<void> {
    try {
      const made = await key;
      if (!carried.signal.aborted) this.#look(carried, made, true);
    } catch (error) {
      if (!carried.signal.aborted) this.#fail(carried, error, true);
    }
  }

  #look(carried: CarriedEffect, key: string, isLate: boolean): void {
    const found = this.#cache.look(key, () => {
      if (!carried.signal.aborted) this.#look(carried, key, true);
    });
    if (found.kind === 'make') {
      const giveUp = (): void => {
        this.#cache.giveUp(key);
      };
      carried.turn = { kind: 'make', key, giveUp };
      this.#startWithin(carried, isLate);
    } else {
      carried.turn = found;
      if (found.kind === 'hit') this.#begin(carried, isLate);
    }
  }

  // Limits.

  #startWithin(carried: CarriedEffect, isLate: boolean): void {
    const { driver, effect, loader } = carried;
    try {
      carried.asks = this.#asks.of(effect, loader, this.#limiter);
    } catch (error) {
      this.#fail(carried, error, isLate);
      return;
    }
    const begin = (): void => {
      this.#begin(carried, true);
    };
    const isForced = carried.isLimited && this.#options.isUnderWay(effect);
    carried.ticket = this.#limiter.request(rootOf(driver.id), carried.asks, begin, isForced);
    if (!carried.ticket.isWaiting) this.#begin(carried, isLate);
  }

  /** It is carried out: it fails. */
  #fail(carried: CarriedEffect, error: unknown, isLate: boolean): void {
    carried.release();
    carried.problem = { error };
    this.#begin(carried, isLate);
  }

  /** Holds its places until it is done or aborted: what ignores its signal does not keep others from running. */
  #begin(carried: CarriedEffect, isLate: boolean): void {
    if (isLate) carried.waitedMs = Math.round(this.#options.timers.now() - carried.givenAt);
    if (isLate && !carried.driver.begin(carried.effect)) carried.release();
    else
      void this.#safely(carried).finally(() => {
        carried.release();
      });
  }

  /** Nobody waits for what is carried out: what goes wrong with us must not go unheard. */
  async #safely(carried: CarriedEffect): Promise<void> {
    try {
      await this.#carryOut(carried);
    } catch (error) {
      carried.driver.leave(error);
    }
  }

  async #carryOut(carried: CarriedEffect): Promise<void> {
    const { driver, effect, loader, signal } = carried;
    const input = effect.input as EffectInput;
    let event: HistoryEvent;
    let size = 0;
    let value: unknown;
    try {
      const result = await this.#handle(carried, input);
      if (signal.aborted) return;
      value = result.output;
      if (result.isAccepted) event = acceptedEvent(input, carried.waitedMs);
      else {
        ({ event, size } = this.#results.completed(input, result, loader.known));
        this.#keep(carried, result);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (leavesRun(effect, error, loader, driver)) return;
      tellWhere(this.#options.services.logger, driver.id, input, error);
      const data = toErrorData(error, codeFor(input));
      this.#asks.holdBack(carried.asks, effect, data, this.#limiter);
      event = { type: 'effect.failed', ...tokenOf(input), error: data, random: this.#options.random.next() };
    }
    carried.isDone = true;
    const advanced = driver.apply(event);
    if (
      !('refused' in advanced) &&
      event.type === 'effect.completed' &&
      'v' in event.output &&
      typeof value === 'object' &&
      value !== null
    ) {
      this.#options.values.put(driver.id, advanced.state.seq, event.output.v, size);
    }
  }

  async #handle(carried: CarriedEffect, input: EffectInput): Promise<EffectResult> {
    const { driver, effect, signal, loader, problem, turn, given } = carried;
    if (problem !== null) throw problem.error;
    if (turn?.kind === 'hit') return fromCache(turn.result);
    const own = this.#own(carried, input);
    if (own !== null && !this.#options.handlers.has(effect.src)) return own();
    // Steps of the author's own types run their function, as transforms do.
    const src =
      input.info?.step.type === 'custom' && !this.#options.handlers.has(effect.src) ? 'transform' : effect.src;
    const handler = this.#options.handlers.get(src);
    if (handler === undefined) throw new WorkflowError('EFFECT_UNKNOWN', `no handler carries out '${effect.src}'`);
    const stepId = input.info?.step.id ?? '$run';
    const answer: unknown = await handler({
      input,
      ...this.#callback(driver, input),
      ...(own === null ? {} : { own }),
      given,
      loader,
      signal,
      services: this.#options.services,
      stream: (text) => {
        driver.chunk(stepId, input.visit, input.attempt, text);
      },
    });
    return answer instanceof EffectResult ? answer : new EffectResult(answer);
  }

  /** What needs no handler: what is made of other runs, and events. */
  #own({ driver, effect, signal, loader }: CarriedEffect, input: EffectInput): (() => Promise<EffectResult>) | null {
    if (isOfRuns(effect)) return () => this.#options.runs(driver, effect, signal, loader);
    return effect.src === 'emit' ? () => this.#emit(input, signal, loader) : null;
  }

  #callback({ id: run }: RunDriver, { info, visit, attempt }: EffectInput): Pick<EffectCall, 'callback'> {
    if (info === null || !completesLater(info.step)) return {};
    return { callback: this.#options.callbacks.issue({ run, step: info.step.id, visit, attempt }) };
  }

  /** For other runs. */
  #keep(carried: CarriedEffect, { output, metadata }: EffectResult): void {
    const { turn } = carried;
    const ttlMs = (carried.effect.input as EffectInput).info?.step.cache?.ttlMs;
    if (turn?.kind !== 'make' || ttlMs === undefined) return;
    carried.turn = null;
    this.#cache.put(turn.key, { output, ...(metadata === undefined ? {} : { metadata }) }, ttlMs);
  }

  async #emit(input: EffectInput, signal: AbortSignal, loader: TrackingLoader): Promise<EffectResult> {
    const step = input.info?.step;
    if (step?.type !== 'emit')
      throw new WorkflowError('EFFECT_UNKNOWN', `effect '${input.effect}' is not an emit step`);
    const payload = step.payload === null ? null : ((await renderValue(input, step.payload, signal, loader)) ?? null);
    await this.#options.emit(step.name, payload);
    return new EffectResult(null, { metadata: { name: step.name, payload } });
  }
}

function completesLater(step: Step): step is AgentStep | HttpStep {
  return (step.type === 'agent' || step.type === 'http') && step.callback;
}

function acceptedEvent(input: EffectInput, waitedMs: number): EffectAccepted {
  const step = input.info?.step;
  if (step === undefined || !completesLater(step))
    throw new InvariantError(`effect '${input.effect}' was accepted, and nobody can complete it`);
  const { heartbeatTimeoutMs } = step;
  return {
    type: 'effect.accepted',
    ...tokenOf(input),
    ...(heartbeatTimeoutMs === null ? {} : { heartbeatMs: heartbeatTimeoutMs }),
    ...(waitedMs === 0 ? {} : { waitedMs }),
  };
}

function isCached({ input }: ActiveEffect): boolean {
  const { info, kind } = input as EffectInput;
  return kind === 'work' && info != null && info.step.cache !== null;
}

function fromCache({ output, metadata }: CachedResult): EffectResult {
  return new EffectResult(output, { isCached: true, ...(metadata === undefined ? {} : { metadata }) });
}

/** Rounds and children take their turns with the run that they belong to. */
function rootOf(run: string): string {
  const end = run.indexOf('/');
  return end === -1 ? run : run.slice(0, end);
}
