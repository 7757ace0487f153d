/**
 * Carries out effects: finds the handler, bounds how many run at once, and posts what came of it as the run's next event.
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
import { Results, tokenOf, type ResultLimits } from './results.ts';
import { RunLeft } from './run-outcome.ts';
import { renderValue } from './render.ts';
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
  /** Effects at once, of all runs; more wait in line. Loops do not count: their rounds do. */
  readonly maxEffects: number;
  readonly limits: ResultLimits;
}

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #results: Results;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#results = new Results(options.limits);
  }

  /** Gives the function that aborts it. Its result is posted to the driver, unless it was aborted. */
  start(driver: RunDriver, effect: ActiveEffect): (reason: Error) => void {
    const controller = new AbortController();
    if (isOfRuns(effect)) {
      void this.#safely(driver, effect, controller.signal);
    } else if (this.#running < this.#options.maxEffects) {
      this.#run(driver, effect, controller.signal);
    } else {
      const run = (): void => {
        this.#run(driver, effect, controller.signal);
      };
      this.#waiting.add(run);
      controller.signal.addEventListener('abort', () => this.#waiting.delete(run), { once: true });
    }
    return (reason) => {
      controller.abort(reason);
    };
  }

  /** Holds a place until it is done or aborted: what ignores its signal does not keep others from running. */
  #run(driver: RunDriver, effect: ActiveEffect, signal: AbortSignal): void {
    this.#running += 1;
    let isHeld = true;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      this.#running -= 1;
      for (const next of this.#waiting) {
        this.#waiting.delete(next);
        next();
        break;
      }
    };
    signal.addEventListener('abort', release, { once: true });
    void this.#safely(driver, effect, signal).finally(release);
  }

  /** Nobody waits for what is carried out: what goes wrong with us must not go unheard. */
  async #safely(driver: RunDriver, effect: ActiveEffect, signal: AbortSignal): Promise<void> {
    try {
      await this.#carryOut(driver, effect, signal);
    } catch (error) {
      driver.leave(error);
    }
  }

  async #carryOut(driver: RunDriver, effect: ActiveEffect, signal: AbortSignal): Promise<void> {
    const input = effect.input as EffectInput;
    const loader = new TrackingLoader(this.#options.values, driver.id);
    let event: HistoryEvent;
    let size = 0;
    let value: unknown;
    try {
      const result = await this.#handle(driver, effect, input, signal, loader);
      if (signal.aborted) return;
      value = result.output;
      ({ event, size } = this.#results.completed(input, result, loader.known));
    } catch (error) {
      if (signal.aborted) return;
      if (leavesRun(effect, error, loader, driver)) return;
      event = {
        type: 'effect.failed',
        ...tokenOf(input),
        error: toErrorData(error, codeFor(input)),
        random: this.#options.random.next(),
      };
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

  async #handle(
    driver: RunDriver,
    effect: ActiveEffect,
    input: EffectInput,
    signal: AbortSignal,
    loader: TrackingLoader,
  ): Promise<EffectResult> {
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

/** Made of other runs: rounds, children. */
function isOfRuns({ src }: ActiveEffect): boolean {
  return src === 'loop' || src === 'workflow';
}

/** What the author's handlers throw is told apart from what the work throws. */
function codeFor(input: EffectInput): 'HANDLER_FAILED' | 'STEP_FAILED' {
  return input.kind === 'start' || input.kind === 'complete' || input.kind === 'error'
    ? 'HANDLER_FAILED'
    : 'STEP_FAILED';
}
