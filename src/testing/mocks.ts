/**
 * The mocks of a test: which of them answers a call, and the record of all calls. Agents are mocked at the network, so that
 * prompts, schemas and repairs are those of production; steps are mocked as a whole. Nothing global is patched.
 */
import { EffectResult } from '../core/effect.ts';
import { InvariantError } from '../core/errors.ts';
import { isPlainObject } from '../core/json.ts';
import type { Clock } from '../core/ports.ts';
import type { Step, Value } from '../definition/definition.ts';
import { nearest } from '../core/nearest.ts';
import { createMasker } from '../http/mask.ts';
import { idempotencyKey, SecretScope, type EffectCall, type EffectHandler } from '../effects/call.ts';
import { answerOf, Respond, type MockCall, type MockTable } from './answers.ts';
import { mockedClient } from './any-agents.ts';
import { NotedClock } from './noted-clock.ts';

/** A test called something that it gave no answer for. The run is left where it was, and whoever waits for it gets this. */
export class UnmockedError extends InvariantError {
  override readonly name = 'UnmockedError';
}

export interface MocksOptions {
  /** What agents answer, by the name that steps give them. @default {} */
  readonly agents?: MockTable;
  /** What steps do, by id: their whole work. Wins over agents. @default {} */
  readonly steps?: MockTable;
  /** Answers, as the whole work of a step, agent and http steps without a mock. @default it is an error */
  readonly fallback?: (call: MockCall) => unknown;
  /** Other names of agents: what a configuration calls the agent of that id. */
  readonly agentName?: (agentId: string) => string | null;
  readonly clock: Clock;
}

export class Mocks {
  readonly calls: MockCall[] = [];
  /** Ids of the steps whose calls were aborted, in order. */
  readonly aborted: string[] = [];
  readonly #options: MocksOptions;
  readonly #time: NotedClock;
  readonly #agents: MockTable;
  readonly #steps: MockTable;

  constructor(options: MocksOptions) {
    this.#options = options;
    this.#time = new NotedClock(options.clock);
    this.#agents = options.agents ?? {};
    this.#steps = options.steps ?? {};
  }

  /** How often each step was called. */
  get counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { step } of this.calls) counts[step] = (counts[step] ?? 0) + 1;
    return counts;
  }

  /** When answers that take their time are due. */
  get dueTimes(): readonly number[] {
    return this.#time.dueTimes;
  }

  /** Of an agent, or of a step; without a name all of them. */
  callsOf(name?: string): readonly MockCall[] {
    return name === undefined ? this.calls : this.calls.filter(({ agent, step }) => agent === name || step === name);
  }

  /** Puts the mocks before a handler: what is not mocked goes on to it, if it needs no network. */
  before(real: EffectHandler): EffectHandler {
    return (effect) => this.#handle(effect, real);
  }

  async #handle(effect: EffectCall, real: EffectHandler): Promise<EffectResult> {
    const { info, kind } = effect.input;
    if (info === null || kind !== 'work') return real(effect);
    const { step } = info;
    if (Object.hasOwn(this.#steps, step.id)) return this.#asStep(effect, step, this.#steps[step.id], real);
    const isAgent = step.type === 'agent';
    const mock = isAgent ? this.#agentMock(step.agentId) : null;
    if (isAgent && mock !== null) return this.#asAgent(effect, step, mock, real);
    if (!isAgent && step.type !== 'http') return real(effect);
    const { fallback } = this.#options;
    if (fallback !== undefined) return this.#asStep(effect, step, fallback, real);
    throw new UnmockedError(this.#unmocked(effect, step));
  }

  /** The step's work as a whole; a raw HTTP answer is read as the step reads it. */
  async #asStep(effect: EffectCall, step: Step, mock: unknown, real: EffectHandler): Promise<EffectResult> {
    const agent = step.type === 'agent' ? step.agentId : null;
    const scope = new SecretScope(effect);
    const call = this.#record(effect, step, agent, await inputOf(step, scope), null);
    // As the answers of the network are.
    const masker = createMasker(scope.secrets);
    let given: unknown;
    try {
      given = await answerOf(mock, call);
    } catch (error) {
      throw error instanceof Error ? masker.error(error) : error;
    }
    if (given instanceof Respond && (step.type === 'agent' || step.type === 'http'))
      return real(this.#withClient(effect, () => Promise.resolve(given)));
    return given instanceof EffectResult ? given : new EffectResult(masker.value(given));
  }

  /** Over the network that is mocked: once for each question, repairs included. */
  async #asAgent(effect: EffectCall, step: Step, mock: { readonly mock: unknown }, real: EffectHandler) {
    const agent = step.type === 'agent' ? step.agentId : null;
    return real(
      this.#withClient(effect, async ({ body, query, headers }) => {
        const input = dataOf(body) ?? query ?? null;
        const prompt = isPlainObject(input) && typeof input['prompt'] === 'string' ? input['prompt'] : null;
        const key = headers?.['idempotency-key'];
        return answerOf(
          mock.mock,
          this.#record(effect, step, agent, input, prompt, typeof key === 'string' ? key : undefined),
        );
      }),
    );
  }

  #withClient(effect: EffectCall, ask: Parameters<typeof mockedClient>[0]): EffectCall {
    return { ...effect, services: { ...effect.services, http: mockedClient(ask, this.#options.clock) } };
  }

  #agentMock(agentId: string): { readonly mock: unknown } | null {
    const name = [agentId, this.#options.agentName?.(agentId)].find(
      (each) => typeof each === 'string' && Object.hasOwn(this.#agents, each),
    );
    return typeof name === 'string' ? { mock: this.#agents[name] } : null;
  }

  #record(
    effect: EffectCall,
    step: Step,
    agent: string | null,
    input: unknown,
    prompt: string | null,
    key: string = idempotencyKey(effect.input),
  ): MockCall {
    const isAgent = agent !== null && !Object.hasOwn(this.#steps, step.id) && this.#agentMock(agent) !== null;
    const call: MockCall = {
      agent,
      step: step.id,
      run: effect.input.context.run.id,
      visit: effect.input.visit,
      attempt: effect.input.attempt,
      key,
      index: this.calls.filter((each) => (isAgent ? each.agent === agent : each.step === step.id)).length,
      input,
      prompt,
      at: this.#options.clock.now(),
      signal: effect.signal,
      clock: this.#time,
      stream: (text) => {
        effect.stream(text);
      },
    };
    this.calls.push(call);
    effect.signal.addEventListener('abort', () => this.aborted.push(step.id));
    return call;
  }

  #unmocked(effect: EffectCall, step: Step): string {
    const { run } = effect.input.context;
    const byStep = `steps: { '${step.id}': ... }`;
    if (step.type !== 'agent') {
      return `step '${step.id}' of run '${run.id}' sends an HTTP request, and has no mock: give the test engine ${byStep}`;
    }
    const known = Object.keys(this.#agents);
    const like = nearest(step.agentId, known);
    const list = known.length === 0 ? 'no agent is mocked' : `mocked are ${known.join(', ')}`;
    const hint = like === undefined ? '' : `; did you mean '${like}'?`;
    return `agent '${step.agentId}' (step '${step.id}' of run '${run.id}') has no mock: give the test engine agents: { '${step.agentId}': ... } or ${byStep}; ${list}${hint}`;
  }
}

/** A body that is sent as the text of JSON, as what it says. */
function dataOf(body: unknown): unknown {
  if (typeof body !== 'string') return body;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
}

/** What the step sends. */
async function inputOf(step: Step, scope: SecretScope): Promise<unknown> {
  if (step.type === 'http') {
    const query = step.query === null ? {} : { query: scope.render(step.query) };
    const headers = step.headers === null ? {} : { headers: scope.render(step.headers) };
    const body = step.body === null ? {} : { body: await scope.value(step.body) };
    return { url: scope.render(step.url), ...query, ...headers, ...body };
  }
  if (step.type === 'custom') return scope.render(step.config);
  const input: Value | null = step.type === 'agent' || step.type === 'transform' ? step.input : null;
  return scope.value(input);
}
