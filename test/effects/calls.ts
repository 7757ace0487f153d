/** Calls of effect handlers without an engine: the run around a step is given, the HTTP client is a table of answers. */
import type { Agent, AgentRegistry } from '../../src/agents/registry.ts';
import { noLimits } from '../../src/agents/limits.ts';
import { InvariantError } from '../../src/core/errors.ts';
import type { Logger } from '../../src/core/ports.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import type { EffectCall } from '../../src/effects/call.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../../src/http/types.ts';
import { emptyContext, type RunContext, type StepRecord } from '../../machines/context.ts';
import { EffectInput } from '../../machines/effect-input.ts';
import { inlineLoader } from '../../machines/evaluate.ts';
import { compileWorkflow } from '../../machines/workflow.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

export class FakeHttp implements HttpClient {
  readonly requests: HttpRequest[] = [];
  readonly #answers: readonly Partial<HttpAnswer>[];

  /** One after the other; the last is repeated. */
  constructor(...answers: readonly Partial<HttpAnswer>[]) {
    this.#answers = answers;
  }

  send(request: HttpRequest): Promise<HttpAnswer> {
    const answer = this.#answers[Math.min(this.requests.length, this.#answers.length - 1)] ?? {};
    this.requests.push(request);
    const body = answer.body ?? null;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const base = { status: 200, headers: {}, text, url: request.url, receivedAt: 0 };
    return Promise.resolve({ ...base, ...answer, body });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** What a Dank agent answers to a prompt. */
export function said(response: unknown, more: object = {}): Partial<HttpAnswer> {
  return { headers: { 'content-type': 'application/json' }, body: { response, ...more } };
}

const silent: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export function agentsOf(...agents: readonly (Partial<Agent> & { readonly name: string })[]): AgentRegistry {
  const all = agents.map((agent): Agent => {
    const base = {
      id: null,
      url: `http://${agent.name}.test`,
      headers: {},
      promptEnabled: true,
      timeoutMs: null,
      ...noLimits,
    };
    return { ...base, trusted: true, source: 'api', origin: 'test', ...agent };
  });
  return {
    agentIds: new Map(),
    names: () => all.map(({ name }) => name),
    suggest: (name) => all.find((each) => each.name[0] === name[0])?.name ?? null,
    find: (name) => all.find((each) => each.name === name) ?? null,
  };
}

export interface CallOptions {
  readonly input?: unknown;
  /** Outputs of steps before. */
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly http?: HttpClient;
  readonly agents?: AgentRegistry;
  readonly env?: Readonly<Record<string, string>>;
  readonly visit?: number;
  readonly attempt?: number;
  readonly signal?: AbortSignal;
  readonly stream?: (text: string) => void;
}

export function callOf(definition: WorkflowDefinition, id: string, options: CallOptions = {}): EffectCall {
  const { program } = compileWorkflow(definition);
  const index = program.byId.get(id);
  if (index === undefined) throw new InvariantError(`no step '${id}'`);
  const { input = {}, outputs = {}, visit = 1, attempt = 1 } = options;
  const done = (value: unknown): StepRecord => ({ status: 'completed', visit: 1, attempt: 1, output: { v: value } });
  const before = Object.entries(outputs).reduce(
    (steps, [step, value]) => steps.set(program.byId.get(step) as number, done(value)),
    emptyContext.steps,
  );
  const context: RunContext = {
    ...emptyContext,
    run: { id: 'run-1', startedAt: 0 },
    input: { v: input },
    steps: before.set(index, { status: 'running', visit, attempt }),
  };
  return {
    input: new EffectInput(program, context, index, 'work'),
    loader: inlineLoader,
    signal: options.signal ?? new AbortController().signal,
    stream: options.stream ?? (() => undefined),
    services: {
      http: options.http ?? new FakeHttp(),
      agents: options.agents ?? agentsOf({ name: 'writer' }),
      env: options.env ?? {},
      clock: new VirtualClock(),
      logger: silent,
    },
  };
}
