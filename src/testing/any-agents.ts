/** A registry in which every agent is known, and an HTTP client that asks a mock instead of the network. Owns no mocks. */
import { noLimits } from '../agents/limits.ts';
import type { Agent, AgentRegistry } from '../agents/registry.ts';
import { TerminalError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import { createMasker } from '../http/mask.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../http/types.ts';
import { Respond } from './answers.ts';

/** Knows every agent, under any name. */
export const anyAgents: AgentRegistry = {
  agentIds: new Map(),
  names: () => [],
  suggest: () => null,
  find: (name): Agent => ({
    name,
    id: null,
    url: `http://agents.test/${encodeURIComponent(name)}`,
    headers: {},
    promptEnabled: true,
    timeoutMs: null,
    ...noLimits,
    trusted: true,
    source: 'api',
    origin: 'test',
  }),
};

/** @param ask gives a {@link Respond}, or what an agent says */
export function mockedClient(ask: (request: HttpRequest) => Promise<unknown>, clock: Clock): HttpClient {
  return {
    async send(request) {
      // Nothing goes out for a call that was given up before.
      request.signal?.throwIfAborted();
      const masker = createMasker(request.secrets ?? new Map(), request.credentials);
      try {
        const given = await ask(request);
        const answer = answerOver(request, given instanceof Respond ? given : spoken(request, given), clock.now());
        return masker.value(answer) as HttpAnswer;
      } catch (error) {
        throw error instanceof Error ? masker.error(error) : error;
      }
    },
    close: () => Promise.resolve(),
  };
}

/** As agents answer: a prompt with `{ response }`, an endpoint with the body itself. */
function spoken({ url }: HttpRequest, given: unknown): Respond {
  if (!url.endsWith('/prompt')) return new Respond({ body: given });
  const response = given === null || typeof given === 'object' || given === undefined ? given : asText(given);
  return new Respond({ body: { response } });
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function answerOver({ url }: HttpRequest, { status, headers, body }: Respond, receivedAt: number): HttpAnswer {
  const text = textOf(body);
  const type = typeof body === 'string' ? 'text/plain' : 'application/json';
  return {
    status,
    headers: text === null ? headers : { 'content-type': type, ...headers },
    text,
    body: text === null ? null : typeof body === 'string' ? body : (JSON.parse(text) as unknown),
    url,
    receivedAt,
  };
}

function textOf(body: unknown): string | null {
  if (body === null || body === undefined) return null;
  if (typeof body === 'string') return body;
  try {
    return JSON.stringify(body) ?? null;
  } catch (error) {
    throw new TerminalError(`the answer of a mock is not JSON data: ${(error as Error).message}`, {
      code: 'OUTPUT_INVALID',
    });
  }
}
