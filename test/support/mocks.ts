/**
 * What the world answers to `agent` and `http` steps in tests, by step id. One handler serves the engine and plain XState
 * machines alike; it records every call. A step without a mock answers its own id.
 */
import { EffectResult } from '../../src/core/effect.ts';
import { InvariantError } from '../../src/core/errors.ts';
import type { Clock } from '../../src/core/ports.ts';
import { idempotencyKey, SecretScope, type EffectCall } from '../../src/effects/call.ts';
import type { Step } from '../../src/definition/definition.ts';

export interface MockCall {
  readonly step: string;
  readonly run: string;
  readonly visit: number;
  readonly attempt: number;
  readonly key: string;
  /** How often the step was called before, in all runs. */
  readonly index: number;
  /** What is sent: of an agent its input, of an http step `{ url, query, headers, body }`. */
  readonly input: unknown;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  stream(text: string): void;
}

/** A value is the answer; a function makes it. */
export type Mock = unknown;
export type MockTable = Readonly<Record<string, Mock>>;

/** The first call gets the first answer, and so on; the last is repeated. */
export function replies(...mocks: readonly Mock[]): (call: MockCall) => unknown {
  return (call) => answer(mocks[Math.min(call.index, mocks.length - 1)], call);
}

/** Throws. */
export function fails(error: Error | string = 'it failed'): () => never {
  return () => {
    throw typeof error === 'string' ? new Error(error) : error;
  };
}

/** Answers after some (virtual) time. */
export function after(delayMs: number, mock: Mock): (call: MockCall) => Promise<unknown> {
  return async (call) => {
    await new Promise<void>((resolve, reject) => {
      const cancel = call.clock.schedule(resolve, delayMs);
      call.signal.addEventListener('abort', () => {
        cancel();
        reject(call.signal.reason as Error);
      });
    });
    return answer(mock, call);
  };
}

/** Never answers, until it is aborted. */
export function hangs(): (call: MockCall) => Promise<never> {
  return ({ signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
    });
}

function answer(mock: Mock, call: MockCall): unknown {
  return typeof mock === 'function' ? (mock as (call: MockCall) => unknown)(call) : mock;
}

export class Mocks {
  readonly calls: MockCall[] = [];
  /** Ids of the steps whose calls were aborted, in order. */
  readonly aborted: string[] = [];
  readonly #table: MockTable;
  readonly #clock: Clock;

  constructor(table: MockTable, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  /** How often each step was called. */
  get counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { step } of this.calls) counts[step] = (counts[step] ?? 0) + 1;
    return counts;
  }

  readonly handle = async (effect: EffectCall): Promise<EffectResult> => {
    const step = effect.input.info?.step;
    if (step === undefined) throw new InvariantError('not a step');
    const call: MockCall = {
      step: step.id,
      run: effect.input.context.run.id,
      visit: effect.input.visit,
      attempt: effect.input.attempt,
      key: idempotencyKey(effect.input),
      index: this.calls.filter((each) => each.step === step.id).length,
      input: await inputOf(step, effect),
      at: this.#clock.now(),
      signal: effect.signal,
      clock: this.#clock,
      stream: (text) => {
        effect.stream(text);
      },
    };
    this.calls.push(call);
    effect.signal.addEventListener('abort', () => this.aborted.push(step.id));
    const mock = Object.hasOwn(this.#table, step.id) ? this.#table[step.id] : step.id;
    const given = await answer(mock, call);
    return given instanceof EffectResult ? given : new EffectResult(given);
  };
}

async function inputOf(step: Step, effect: EffectCall): Promise<unknown> {
  const scope = new SecretScope(effect);
  if (step.type === 'agent') return scope.value(step.input);
  if (step.type !== 'http') throw new InvariantError(`no mock for a step of type '${step.type}'`);
  const query = step.query === null ? {} : { query: scope.render(step.query) };
  const headers = step.headers === null ? {} : { headers: scope.render(step.headers) };
  const body = step.body === null ? {} : { body: await scope.value(step.body) };
  return { url: scope.render(step.url), ...query, ...headers, ...body };
}
