/** Which limits an effect asks for: those of its step, of the agent that it calls, and of the engine as a whole. */
import type { ActiveEffect } from '../../../core/advance.ts';
import type { ErrorData } from '../../../core/errors.ts';
import type { ValueLoader } from '../../../core/stored-value.ts';
import type { Agent, AgentRegistry } from '../../../agents/registry.ts';
import type { Step } from '../../../definition/definition.ts';
import type { ValueTemplate } from '../../../expressions/value-template.ts';
import type { EffectInput } from '../../../../machines/effect-input.ts';
import { createScope } from '../../../../machines/scope.ts';
import { loadingReader } from '../../../../machines/stored-reader.ts';
import type { Ask } from './bucket.ts';
import type { Limiter } from './limiter.ts';

export interface AsksOptions {
  readonly agents: Pick<AgentRegistry, 'find'>;
  /** Effects at once, of all runs; those that are made of other runs do not count. */
  readonly maxEffects: number;
}

const none: readonly Ask[] = [];

export class Asks {
  readonly #agents: Pick<AgentRegistry, 'find'>;
  readonly #engine: readonly Ask[];

  constructor({ agents, maxEffects }: AsksOptions) {
    this.#agents = agents;
    this.#engine = [
      { id: 'engine', kind: 'engine', name: 'limits.maxEffects', key: null, limit: maxEffects, rate: null },
    ];
  }

  /**
   * In the order in which they are looked at: the step's own first.
   * @throws TemplateError; what a value that a key reads cannot be loaded for
   */
  of(effect: ActiveEffect, loader: ValueLoader, limiter: Limiter): readonly Ask[] {
    const ofEngine = isOfRuns(effect) ? none : this.#engine;
    const step = workOf(effect);
    if (step === null) return ofEngine;
    const agent = this.#agentOf(step);
    const asksAgent = agent !== null && (isLimited(agent) || limiter.isHeld(agentId(agent)));
    if (!hasLimits(step) && !asksAgent) return ofEngine;
    const input = effect.input as EffectInput;
    return [...this.#ofStep(step, input, loader), ...(asksAgent ? [askOfAgent(agent)] : []), ...ofEngine];
  }

  /** Whether it is known beforehand that it may have to wait: its time then counts from when it begins. */
  isLimited(effect: ActiveEffect): boolean {
    const step = workOf(effect);
    if (step === null) return false;
    const agent = this.#agentOf(step);
    return hasLimits(step) || (agent !== null && isLimited(agent));
  }

  /**
   * Holds back what the other side asks to wait for: the step's rate limit, and an agent that said so itself (429, 503). A
   * limit is held for all who share it, an agent for all who call it.
   */
  holdBack(asks: readonly Ask[], effect: ActiveEffect, error: ErrorData, limiter: Limiter): void {
    const { retryAfterMs } = error;
    if (retryAfterMs === undefined || retryAfterMs === 0) return;
    for (const { kind, id } of asks) if (kind === 'rateLimit') limiter.hold(id, retryAfterMs);
    const step = workOf(effect);
    const agent = step === null ? null : this.#agentOf(step);
    const status = error.details?.['status'];
    if (agent !== null && (status === 429 || status === 503)) limiter.hold(agentId(agent), retryAfterMs);
  }

  #agentOf(step: Step): Agent | null {
    return step.type === 'agent' ? this.#agents.find(step.agentId) : null;
  }

  #ofStep(step: Step, input: EffectInput, loader: ValueLoader): readonly Ask[] {
    const { concurrencyLimit, rateLimit } = step;
    const asks: Ask[] = [];
    if (concurrencyLimit !== null) {
      const { name, limit } = concurrencyLimit;
      const key = keyOf(concurrencyLimit.key, input, loader);
      asks.push({ id: limitId('concurrency', name, key), kind: 'concurrency', name, key, limit, rate: null });
    }
    if (rateLimit !== null) {
      const { name, limit, perMs } = rateLimit;
      const key = keyOf(rateLimit.key, input, loader);
      const rate = { limit, perMs };
      asks.push({ id: limitId('rateLimit', name, key), kind: 'rateLimit', name, key, limit: null, rate });
    }
    return asks;
  }
}

/** The step whose work it is: its handlers and decisions have no limits. */
function workOf({ input }: ActiveEffect): Step | null {
  const { info, kind } = input as EffectInput;
  return kind === 'work' ? (info?.step ?? null) : null;
}

/** Made of other runs: rounds, children. */
export function isOfRuns({ src }: ActiveEffect): boolean {
  return src === 'loop' || src === 'workflow' || src === 'undo';
}

function hasLimits({ concurrencyLimit, rateLimit }: Step): boolean {
  return concurrencyLimit !== null || rateLimit !== null;
}

function isLimited({ maxConcurrency, rateLimit }: Agent): boolean {
  return maxConcurrency !== null || rateLimit !== null;
}

/** By its address: an agent can have two names. */
function agentId({ url }: Agent): string {
  return `agent ${url}`;
}

function askOfAgent(agent: Agent): Ask {
  const { name, maxConcurrency, rateLimit } = agent;
  return { id: agentId(agent), kind: 'agent', name, key: null, limit: maxConcurrency, rate: rateLimit };
}

function limitId(kind: Ask['kind'], name: string, key: string | null): string {
  return key === null ? `${kind} ${name}` : `${kind} ${name}\n${key}`;
}

/** As text. A value that is missing is one of its own. */
function keyOf(template: ValueTemplate | null, input: EffectInput, loader: ValueLoader): string | null {
  if (template === null) return null;
  const { program, context, step } = input;
  const scope = createScope(program, context, step, loadingReader(loader));
  const value = template.render(scope, { missing: program.definition.missing });
  if (value === undefined) return '';
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
