/**
 * The agents and services of a simulation: prompt, slow, late, lost, failing or talking nonsense, as the seed says. Owns what
 * they do; what a good answer is, the plan says.
 */
import type { EffectResult } from '../../core/effect.ts';
import { CancelledError, TerminalError, TimeoutError, WorkflowError } from '../../core/errors.ts';
import { isPlainObject } from '../../core/json.ts';
import type { Step } from '../../definition/definition.ts';
import { effectHandlers, type EffectCall, type EffectHandler } from '../../effects/index.ts';
import { idempotencyKey } from '../../effects/call.ts';
import { mockedClient } from '../any-agents.ts';
import { Respond } from '../answers.ts';
import type { Journal, SeenCall } from './journal.ts';
import type { World } from './world.ts';

/** What a good answer is made from. */
export interface Asked {
  readonly step: Step;
  readonly run: string;
  readonly visit: number;
  readonly attempt: number;
  readonly input: unknown;
}

/** How the outside misbehaves: shares of all calls, in [0, 1]. */
export interface Misbehaviour {
  readonly fail: number;
  readonly garbage: number;
  readonly lost: number;
  readonly slow: number;
}

export interface OutsideOptions {
  readonly world: World;
  readonly journal: Journal;
  /** Whose calls they are. */
  readonly host: { readonly name: string; readonly isAlive: boolean; mayDie(where: string): boolean };
  readonly misbehaviour: () => Misbehaviour;
  /** Checks a call against what is committed, before it is answered. */
  readonly check: (call: SeenCall) => void;
  /** What is used while it is carried out. */
  readonly usage: (call: EffectCall) => () => void;
  /** Takes work that is completed later. */
  readonly accept: (token: string, asked: Asked, output: unknown) => void;
  /** Checks that an effect may begin. */
  readonly checkBegin: (run: string, effect: string) => void;
  answer(asked: Asked): unknown;
}

const never = (): Promise<never> => new Promise(() => undefined);

/** The handlers of a simulated process: those of production, over a network that the seed owns. */
export function outsideHandlers(options: OutsideOptions): ReadonlyMap<string, EffectHandler> {
  const outside = new Outside(options);
  const real = (name: string, call: EffectCall): Promise<EffectResult> =>
    (effectHandlers.get(name) as EffectHandler)(call);
  return new Map<string, EffectHandler>([
    ['agent', (call) => outside.over('agent', call, real)],
    ['http', (call) => outside.over('http', call, real)],
  ]);
}

class Outside {
  readonly #options: OutsideOptions;

  constructor(options: OutsideOptions) {
    this.#options = options;
  }

  over(
    name: string,
    call: EffectCall,
    real: (name: string, call: EffectCall) => Promise<EffectResult>,
  ): Promise<EffectResult> {
    const { host, world } = this.#options;
    if (!host.isAlive || host.mayDie('before call')) return never();
    this.#options.checkBegin(call.input.context.run.id, call.input.effect);
    const clock = { now: () => world.now, schedule: () => () => undefined };
    const http = mockedClient(
      (request) => this.#ask(call, request.body ?? request.query ?? null, request.headers?.['idempotency-key']),
      clock,
    );
    const end = this.#options.usage(call);
    call.signal.addEventListener('abort', end, { once: true });
    const given = real(name, { ...call, services: { ...call.services, http } });
    return given
      .then((result) => {
        this.#noted(call, result.output);
        return result;
      })
      .finally(end);
  }

  #noted({ input }: EffectCall, output: unknown): void {
    const { info, visit, attempt, context } = input;
    if (info === null) return;
    this.#options.journal.gave({ run: context.run.id, step: info.step.id, visit, attempt }, output);
  }

  #ask(call: EffectCall, body: unknown, key: unknown): Promise<unknown> {
    const { world, journal, host, check } = this.#options;
    const { info, visit, attempt, context } = call.input;
    if (info === null) return never();
    const seen: SeenCall = {
      run: context.run.id,
      step: info.step.id,
      visit,
      attempt,
      key: typeof key === 'string' ? key : idempotencyKey(call.input),
      at: world.now,
      committed: journal.lengthOf(context.run.id),
    };
    journal.calls.push(seen);
    world.trace.say(`${host.name} calls ${seen.key} (attempt ${attempt})`);
    check(seen);
    if (host.mayDie('after call')) return never();
    const asked = { step: info.step, run: seen.run, visit, attempt, input: isPlainObject(body) ? body : null };
    return this.#answered(asked, call);
  }

  #answered(asked: Asked, { signal, callback }: EffectCall): Promise<unknown> {
    const { world, host } = this.#options;
    const { fail, garbage, lost, slow } = this.#options.misbehaviour();
    const dice = world.random.next();
    const isLost = world.chance(lost);
    // Who does not hear that the call was given up answers all the same.
    const isLate = world.chance(0.2);
    const delayMs = world.chance(slow) ? world.below(400_000) : world.below(40);
    const isLater = callback !== undefined && world.chance(0.8);
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        resolve(isLater ? this.#accepted(callback.token, asked) : this.#given(asked, dice, { fail, garbage }));
      };
      const cancel = isLost
        ? () => undefined
        : world.add({
            what: `${host.name} answer ${asked.run}:${asked.step.id}:${asked.visit}`,
            owner: host,
            at: world.now + delayMs,
            run: settle,
          });
      if (isLate) return;
      signal.addEventListener('abort', () => {
        cancel();
        reject(signal.reason as Error);
      });
    });
  }

  #accepted(token: string, asked: Asked): Respond {
    this.#options.accept(token, asked, this.#options.answer(asked));
    return new Respond({ status: 202 });
  }

  #given(asked: Asked, dice: number, shares: Pick<Misbehaviour, 'fail' | 'garbage'>): Promise<unknown> {
    if (dice < shares.fail) return Promise.reject(this.#failure());
    return Promise.resolve(dice < shares.fail + shares.garbage ? this.#garbage() : this.#options.answer(asked));
  }

  #failure(): Error {
    return this.#options.world.pick<() => Error>([
      () => new WorkflowError('HTTP_UNREACHABLE', 'connection reset'),
      () => new WorkflowError('AGENT_ERROR', 'busy', { retryAfterMs: 1_000, details: { status: 429 } }),
      () => new TimeoutError('no answer'),
      () => new TerminalError('never'),
      () => new CancelledError('cancelled by the other side'),
      () => new Error('something else'),
    ])();
  }

  #garbage(): unknown {
    return this.#options.world.pick<unknown>([
      new Respond({ status: 200, body: null }),
      new Respond({ status: 200, body: '<html>' }),
      new Respond({ status: 200, body: { answer: 'no response' } }),
      new Respond({ status: 200, body: [] }),
      new Respond({ status: 202, body: {} }),
      new Respond({ status: 500, body: { error: 'down' } }),
      new Respond({ status: 503, headers: { 'retry-after': '2' } }),
      new Respond({ status: 404 }),
      new Respond({ status: 200, body: { response: '{"score": "not a number", "items": 7, "__proto__": {"x": 1}}' } }),
      new Respond({ status: 200, body: { response: '[1, null, {}]' } }),
      new Respond({ status: 200, body: { response: '\ud800 lone' } }),
      new Respond({ status: 200, body: { response: '' } }),
      new Respond({ status: 200, body: { response: 'x'.repeat(2_000), metadata: { usage: null } } }),
    ]);
  }
}
