/** What effect handlers are given. Owns the shape and the scope with secrets; handlers are one file each. */
import type { EffectResult } from '../core/effect.ts';
import type { Clock, Logger } from '../core/ports.ts';
import type { ValueLoader } from '../core/stored-value.ts';
import type { AgentRegistry } from '../agents/registry.ts';
import type { CallbackBase, Value } from '../definition/definition.ts';
import type { Scope } from '../expressions/path.ts';
import type { ValueTemplate } from '../expressions/value-template.ts';
import type { Callback } from '../http/headers.ts';
import type { HttpClient } from '../http/types.ts';
import type { EffectInput } from '../../machines/effect-input.ts';
import { createFunctionContext } from '../../machines/function-context.ts';
import { missingFunction } from '../../machines/evaluate.ts';
import { createScope } from '../../machines/scope.ts';
import { loadingReader } from '../../machines/stored-reader.ts';

/** What effects reach the world with. */
export interface Services {
  readonly http: HttpClient;
  readonly agents: AgentRegistry;
  /** What `{{env.NAME}}` may name. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface EffectCall {
  readonly input: EffectInput;
  /** What functions of the step gave already: they are not called again. @default none */
  readonly given?: ReadonlyMap<Value, unknown>;
  /** Of a step that may be completed later: what the other side is sent for it. */
  readonly callback?: Callback;
  /** Of `loop`, `workflow`, `undo` and `emit`: what the engine itself does where nobody handles them. */
  readonly own?: () => Promise<EffectResult>;
  readonly loader: ValueLoader;
  readonly signal: AbortSignal;
  readonly services: Services;
  /** Pieces of a streamed answer, as they come; never part of the history. */
  stream(text: string): void;
}

export type EffectHandler = (call: EffectCall) => Promise<EffectResult>;

/** The same for all attempts of one visit, also after a crash. */
export function idempotencyKey({ context, info, visit }: EffectInput): string {
  return `${context.run.id}:${info?.step.id ?? '$run'}:${visit}`;
}

/** What rendering needs of a call. */
export type RenderCall = Pick<EffectCall, 'input' | 'loader' | 'signal' | 'given'> & {
  readonly services: Pick<Services, 'env'>;
};

/** Renders templates that may hold `{{env.NAME}}`, and remembers the secrets that it put in. */
export class SecretScope {
  readonly secrets = new Map<string, string>();
  readonly #call: RenderCall;
  readonly #scope: Scope;

  constructor(call: RenderCall) {
    this.#call = call;
    const { program, context, step } = call.input;
    const inner = createScope(program, context, step, loadingReader(call.loader));
    this.#scope = (path) => (path.segments[0] === 'env' ? this.#env(path.segments[1] ?? '') : inner(path));
  }

  #env(name: string): string | undefined {
    const { env } = this.#call.services;
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value !== undefined && value !== '') this.secrets.set(name, value);
    return value;
  }

  render(template: ValueTemplate, encode?: (text: string) => string): unknown {
    const { missing } = this.#call.input.program.definition;
    return template.render(this.#scope, encode === undefined ? { missing } : { missing, encode });
  }

  /** Undefined without a value. */
  async value(value: Value | null): Promise<unknown> {
    if (value === null) return undefined;
    if (value.kind === 'template') return this.render(value.template);
    if (this.#call.given?.has(value) === true) return this.#call.given.get(value);
    if (value.call === null) throw missingFunction(value);
    const context = createFunctionContext(this.#call.input, {
      reader: loadingReader(this.#call.loader),
      signal: this.#call.signal,
    });
    return (value.call as (each: unknown) => unknown)(context);
  }
}

/** Of an attempt of `agent` and `http` steps, in milliseconds. */
export const defaultTimeoutMs = 5 * 60_000;

/**
 * The deadline of the transport: later than the machine's own timer, which is the one that counts (it is part of the history),
 * so that a call ends even where nobody drives that timer.
 */
function transportTimeoutMs(timeoutMs: number | null): number {
  return (timeoutMs ?? defaultTimeoutMs) + 5_000;
}

/** The call of a step with `callback` is over when the work is accepted, however long that takes. */
export function callTimeoutMs({ callback, timeoutMs }: Pick<CallbackBase, 'callback' | 'timeoutMs'>): number {
  return transportTimeoutMs(callback ? Math.min(timeoutMs ?? defaultTimeoutMs, defaultTimeoutMs) : timeoutMs);
}
