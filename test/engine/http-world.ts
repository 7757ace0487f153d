/** An engine whose agents and services are one function: what the HTTP client is asked, and what comes back. */
import { agentEffect } from '../../src/effects/agent.ts';
import type { EffectCall, EffectHandler } from '../../src/effects/call.ts';
import { httpEffect } from '../../src/effects/http.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../../src/http/types.ts';
import { createTestEngine, type TestEngine, type TestEngineOptions } from '../support/test-engine.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

export interface SentRequest extends HttpRequest {
  /** Milliseconds since the start. */
  readonly at: number;
  readonly body?: Readonly<Record<string, unknown>>;
}

export interface World extends TestEngine {
  readonly sent: readonly SentRequest[];
}

export type Answer = (request: SentRequest, index: number) => HttpAnswer | Promise<HttpAnswer>;

export function answered(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    text,
    body,
    url: 'http://agents.test/any/prompt',
    receivedAt: 0,
  };
}

/** Of an agent. */
export function says(response: unknown, beside: object = {}): HttpAnswer {
  return answered(200, { response, ...beside });
}

/** One answer after the other, the last again and again. */
export function inTurn(...answers: readonly HttpAnswer[]): Answer {
  return (_request, index) => answers[Math.min(index, answers.length - 1)] as HttpAnswer;
}

/** The real effect handlers over `answer` in the place of the network. */
export async function createWorld(answer: Answer, options: Omit<TestEngineOptions, 'mocks'> = {}): Promise<World> {
  const sent: SentRequest[] = [];
  const clock = options.clock ?? new VirtualClock();
  const http: HttpClient = {
    send: async (request) => {
      const noted = { ...(request as SentRequest), at: clock.elapsedMs };
      sent.push(noted);
      return answer(noted, sent.length - 1);
    },
    close: () => Promise.resolve(),
  };
  const over =
    (handler: EffectHandler): EffectHandler =>
    (call: EffectCall) =>
      handler({ ...call, services: { ...call.services, http } });
  const handlers = new Map([
    ['agent', over(agentEffect)],
    ['http', over(httpEffect)],
  ]);
  return { ...(await createTestEngine({ ...options, clock, handlers })), sent };
}
