/**
 * Carries out effects: lets them begin within their limits, finds the handler, and posts what came of it as the run's next event.
 * Owns nothing of the run; what an effect does is its handler's.
 */
import type { ActiveEffect } from '../core/advance.ts';
import { EffectResult } from '../core/effect.ts';
import { InvariantError, WorkflowError, toErrorData } from '../core/errors.ts';
import type { HistoryEvent } from '../core/event.ts';
import type { Random } from '../core/ports.ts';
import type { EffectHandler, Services } from '../effects/call.ts';
import type { EffectInput } from '../../machines/effect-input.ts';
import type { RunDriver } from './driver.ts';
import { Asks, isOfRuns } from './limits/asks.ts';
import { Limiter, type Ask, type Ticket, type Waiting } from './limits/limiter.ts';
import { Results, tokenOf, type ResultLimits } from './results.ts';
import { RunLeft } from './run-outcome.ts';
import { renderValue } from './render.ts';
import type { TimerQueue } from './timer-queue.ts';
import type { Carrying } from './under-way.ts';
import { TrackingLoader, type Values } from './values.ts';

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

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#results = new Results(options.limits);
    this.#limiter = new Limiter(options.timers);
    this.#asks = new Asks({ agents: options.services.agents, maxEffects: options.maxEffects });
  }

  isLimited(effect: ActiveEffect): boolean {
    return this.#asks.isLimited(effect);
  }

  /**
   * Begins it, or lets it wait until its limits have room: the driver is asked then whether it may still begin. Its result is
   * posted to the driver, unless it was aborted.
   */
  start(driver: RunDriver, effect: ActiveEffect): Carrying {
    const task = new Task(driver, effect, this.#options.values, this.#asks.isLimited(effect));
    try {
      task.asks = this.#asks.of(effect, task.loader, this.#limiter);
    } catch (error) {
      task.problem = { error };
    }
    const begin = (): void => {
      if (driver.begin(effect)) this.#run(task);
      else task.ticket?.release();
    };
    const isForced = task.isLimited && this.#options.isUnderWay(effect);
    task.ticket = this.#limiter.request(rootOf(driver.id), task.asks, begin, isForced);
    task.signal.addEventListener('abort', () => task.ticket?.release(), { once: true });
    if (!task.ticket.isWaiting) this.#run(task);
    return task;
  }

  /** Holds its places until it is done or aborted: what ignores its signal does not keep others from running. */
  #run(task: Task): void {
    void this.#safely(task).finally(() => task.ticket?.release());
  }

  /** Nobody waits for what is carried out: what goes wrong with us must not go unheard. */
  async #safely(task: Task): Promise<void> {
    try {
      await this.#carryOut(task);
    } catch (error) {
      task.driver.leave(error);
    }
  }

  async #carryOut(task: Task): Promise<void> {
    const { driver, effect, loader, signal } = task;
    const input = effect.input as EffectInput;
    let event: HistoryEvent;
    let size = 0;
    let value: unknown;
    try {
      const result = await this.#handle(task, input);
      if (signal.aborted) return;
      value = result.output;
      ({ event, size } = this.#results.completed(input, result, loader.known));
    } catch (error) {
      if (signal.aborted) return;
      if (leavesRun(effect, error, loader, driver)) return;
      const data = toErrorData(error, codeFor(input));
      this.#asks.holdBack(task.asks, effect, data, this.#limiter);
      event = { type: 'effect.failed', ...tokenOf(input), error: data, random: this.#options.random.next() };
    }
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

  async #handle({ driver, effect, signal, loader, problem }: Task, input: EffectInput): Promise<EffectResult> {
    if (problem !== null) throw problem.error;
    if (isOfRuns(effect)) return this.#options.runs(driver, effect, signal, loader);
    if (effect.src === 'emit') return this.#emit(input, signal, loader);
    // Steps of the author's own types run their function, as transforms do.
    const src =
      input.info?.step.type === 'custom' && !this.#options.handlers.has(effect.src) ? 'transform' : effect.src;
    const handler = this.#options.handlers.get(src);
    if (handler === undefined) throw new WorkflowError('EFFECT_UNKNOWN', `no handler carries out '${effect.src}'`);
    const stepId = input.info?.step.id ?? '$run';
    const given: unknown = await handler({
      input,
      loader,
      signal,
      services: this.#options.services,
      stream: (text) => {
        driver.chunk(stepId, input.visit, input.attempt, text);
      },
    });
    return given instanceof EffectResult ? given : new EffectResult(given);
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

/** Rounds and children take their turns with the run that they belong to. */
function rootOf(run: string): string {
  const end = run.indexOf('/');
  return end === -1 ? run : run.slice(0, end);
}

/** One effect on its way. */
class Task implements Carrying {
  readonly driver: RunDriver;
  readonly effect: ActiveEffect;
  readonly isLimited: boolean;
  readonly loader: TrackingLoader;
  asks: readonly Ask[] = [];
  ticket: Ticket | null = null;
  /** Why it cannot be carried out. */
  problem: { readonly error: unknown } | null = null;
  readonly #controller = new AbortController();

  constructor(driver: RunDriver, effect: ActiveEffect, values: Values, isLimited: boolean) {
    this.driver = driver;
    this.effect = effect;
    this.isLimited = isLimited;
    this.loader = new TrackingLoader(values, driver.id);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get waiting(): Waiting | null {
    return this.ticket?.waiting ?? null;
  }

  abort(reason: Error): void {
    this.#controller.abort(reason);
  }
}

/**
 * What is no failure of the step's work but ours, or wants what is not there, ends no run: it can go on when that is mended.
 * Says whether it was so.
 */
function leavesRun(effect: ActiveEffect, error: unknown, loader: TrackingLoader, driver: RunDriver): boolean {
  if (error instanceof RunLeft) driver.leave(error.why, error.isClosing);
  else if (error instanceof InvariantError || loader.problem !== null) driver.leave(loader.problem ?? error);
  else if (error instanceof WorkflowError && isMissing(effect, error)) driver.leave(error);
  else if (error instanceof WorkflowError && isOfRuns(effect) && error.code.startsWith('STORE_')) driver.leave(error);
  else return false;
  return true;
}

/** Code or an agent that this process does not have: what is started here was checked, this run was begun elsewhere. */
function isMissing({ src }: ActiveEffect, { code }: WorkflowError): boolean {
  return code === 'FUNCTION_MISSING' || (src === 'agent' && code === 'DEFINITION_INVALID');
}

/** What the author's handlers throw is told apart from what the work throws. */
function codeFor(input: EffectInput): 'HANDLER_FAILED' | 'STEP_FAILED' {
  return input.kind === 'start' || input.kind === 'complete' || input.kind === 'error'
    ? 'HANDLER_FAILED'
    : 'STEP_FAILED';
}
