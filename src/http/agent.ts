/**
 * Calls of Dank agents: what is posted, and what of failures is the agent's. Owns the contract of requests;
 * `agent-answer.ts` reads the answers. Templates are resolved before, schemas are checked after.
 */
import {
  CancelledError,
  TemplateError,
  TerminalError,
  TimeoutError,
  WorkflowError,
  type ErrorCode,
} from '../core/errors.ts';
import { isPlainObject } from '../core/json.ts';
import { failAgentStatus, readAgentAnswer, type AgentFormat, type AgentResult } from './agent-answer.ts';
import {
  callbackHeaders,
  checkMethod,
  credentialValues,
  idempotencyHeaders,
  type Callback,
  type GivenHeaders,
} from './headers.ts';
import { createMasker } from './mask.ts';
import type { HttpClient, HttpRequest } from './types.ts';

export type { AgentFormat, AgentResult } from './agent-answer.ts';

/** What a call needs to know of an agent. */
export interface AgentTarget {
  readonly name: string;
  /** http(s), without query and closing slash. */
  readonly url: string;
  /** Sent with every call; those that are credentials by their names are masked like secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** False: the address rules apply. @default true */
  readonly trusted?: boolean;
}

export interface AgentCall {
  /** @default 'prompt' */
  readonly action?: 'prompt' | 'http';
  /** Resolved. Of a prompt: fields with `prompt`, or anything whose text is the prompt. */
  readonly input: unknown;
  /** Of action 'http': a path on the agent. @default '/' */
  readonly endpoint?: string;
  /** Of action 'http'. @default 'POST' */
  readonly method?: string;
  /** @default 'auto' */
  readonly format?: AgentFormat;
  readonly headers?: GivenHeaders;
  /** Of the whole exchange, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** The same for every attempt of one piece of work. */
  readonly idempotencyKey: string;
  /** 1-based. */
  readonly attempt: number;
  readonly secrets?: ReadonlyMap<string, string>;
  /** An answer 202 then means that the work was accepted. */
  readonly callback?: Callback;
  /** Gets the pieces of a streamed answer, masked. */
  readonly onChunk?: (text: string) => void;
  /** @default the client's limit */
  readonly maxBytes?: number;
}

const accept = 'application/json, text/event-stream';
const noSecrets: ReadonlyMap<string, string> = new Map();

/**
 * One attempt.
 *
 * @throws WorkflowError AGENT_UNREACHABLE: no connection, or it broke (details: `agent`, `url`, `address`); AGENT_ERROR: a
 * status other than 2xx, or an error in the stream; AGENT_RESPONSE_INVALID: not what the contract says; TemplateError: a
 * prompt that is missing or empty; and what the client throws
 */
export async function callAgent(client: HttpClient, agent: AgentTarget, call: AgentCall): Promise<AgentResult> {
  const token = call.callback === undefined ? [] : [call.callback.token];
  const credentials = [...credentialValues(agent.headers), ...token];
  const request = call.action === 'http' ? endpointRequest(agent, call) : promptRequest(agent, call);
  const answer = await client
    .send({
      ...request,
      headers: {
        ...agent.headers,
        ...idempotencyHeaders(call.idempotencyKey, call.attempt),
        ...callbackHeaders(call.callback),
        ...request.headers,
        ...call.headers,
      },
      accept,
      timeoutMs: call.timeoutMs,
      trusted: agent.trusted ?? true,
      credentials,
      ...(call.secrets === undefined ? {} : { secrets: call.secrets }),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
      ...(call.onChunk === undefined ? {} : { onChunk: call.onChunk }),
      ...(call.maxBytes === undefined ? {} : { maxBytes: call.maxBytes }),
    })
    .catch((error: unknown) => {
      throw agentError(agent, error);
    });
  if (call.callback !== undefined && answer.status === 202) return { output: null, metadata: {}, isAccepted: true };
  failAgentStatus(agent.name, `${request.method} ${request.url}`, answer, call.action ?? 'prompt');
  const result = readAgentAnswer(agent.name, answer, call.action ?? 'prompt', call.format ?? 'auto');
  if (call.secrets === undefined && credentials.length === 0) return result;
  // JSON inside the answer's text may spell a secret in ways that only parsing shows.
  return createMasker(call.secrets ?? noSecrets, credentials).value(result) as AgentResult;
}

type RequestParts = Pick<HttpRequest, 'method' | 'url'> & {
  readonly headers?: GivenHeaders;
  readonly query?: Record<string, unknown>;
  readonly body?: unknown;
};

function promptRequest(agent: AgentTarget, call: AgentCall): RequestParts {
  return { method: 'POST', url: `${agent.url}/prompt`, body: promptBody(call.input) };
}

/** @throws TemplateError: no agent is ever sent a prompt with a hole */
function promptBody(input: unknown): Record<string, unknown> {
  if (!isPlainObject(input)) return { prompt: promptText(input) };
  const prompt = Object.hasOwn(input, 'prompt') ? input['prompt'] : input;
  return { ...input, prompt: promptText(prompt) };
}

function promptText(value: unknown): string {
  if (value === undefined || value === null || value === '') {
    throw new TemplateError(`The prompt is ${value === '' ? 'empty' : String(value)}; the agent was not called`);
  }
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function endpointRequest(agent: AgentTarget, call: AgentCall): RequestParts {
  const endpoint = call.endpoint ?? '/';
  const url = `${agent.url}${endpoint.startsWith('/') ? '' : '/'}${endpoint}`;
  const method = call.method ?? 'POST';
  const problem = checkMethod(method);
  if (problem !== null) throw new TerminalError(problem, { code: 'REQUEST_INVALID' });
  const { input } = call;
  if (input === undefined || input === null) return { method, url };
  if (!/^(get|head)$/i.test(method)) {
    return { method, url, headers: { 'content-type': 'application/json' }, body: JSON.stringify(input) };
  }
  if (isPlainObject(input)) return { method, url, query: input };
  throw new TerminalError(`The input of a ${method} call is its query: expected an object, found ${typeof input}`, {
    code: 'REQUEST_INVALID',
  });
}

/** Failures of the client, told as the agent's. */
function agentError(agent: AgentTarget, error: unknown): unknown {
  if (!(error instanceof WorkflowError) || error instanceof CancelledError) return error;
  const message = `agent '${agent.name}': ${error.message}`;
  const details = { agent: agent.name, ...error.details };
  const options = {
    ...(error.cause === undefined ? {} : { cause: error.cause }),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    retryable: error.retryable,
    details,
  };
  if (error instanceof TimeoutError) return new TimeoutError(message, options);
  return new WorkflowError(agentCode(error), message, options);
}

function agentCode(error: WorkflowError): ErrorCode {
  if (error.code === 'HTTP_UNREACHABLE') return 'AGENT_UNREACHABLE';
  if (error.code !== 'HTTP_ERROR') return error.code;
  const reason = error.details?.['reason'];
  return reason === 'event' || reason === 'redirect' ? 'AGENT_ERROR' : 'AGENT_RESPONSE_INVALID';
}
