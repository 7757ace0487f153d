/** Answers of agents: the output of a step and what came beside it, or an error that says what was found instead. */
import { WorkflowError } from '../core/errors.ts';
import { isPlainObject } from '../core/json.ts';
import { parseContentType, parseJson } from './content.ts';
import { failOnStatus, takeExcerpt } from './status.ts';
import type { HttpAnswer } from './types.ts';

/** How the `response` text becomes the output: `auto` parses JSON objects and arrays, `json` must parse. */
export type AgentFormat = 'auto' | 'text' | 'json';

export interface AgentResult {
  readonly output: unknown;
  /**
   * Of a prompt: the fields of the answer's `metadata`, and all fields beside `response`; of a stream: the other fields of
   * its events; of a call of an endpoint: `{status}`.
   */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** It has accepted the work: there is no output yet. */
  readonly isAccepted?: true;
}

/** @throws WorkflowError AGENT_ERROR, unless the status is 2xx */
export function failAgentStatus(agent: string, called: string, answer: HttpAnswer, action: 'prompt' | 'http'): void {
  if (answer.status >= 200 && answer.status <= 299) return;
  const body = isPlainObject(answer.body) ? answer.body : {};
  const texts = [body['error'], body['message']].filter((text) => typeof text === 'string' && text !== '');
  const endpoints = body['availableEndpoints'];
  const offers = endpoints === undefined ? '' : `; it offers ${describeEndpoints(endpoints)}`;
  const hint =
    answer.status === 404 && action === 'prompt' ? ` (prompting may be disabled for this agent${offers})` : offers;
  const said = texts.length > 0 ? texts.join(': ') : takeExcerpt(answer.text).slice(0, 200);
  failOnStatus(answer, {
    code: 'AGENT_ERROR',
    subject: `agent '${agent}'`,
    said: `${said}${hint}`.trim(),
    called,
    details: { agent, ...(endpoints === undefined ? {} : { availableEndpoints: endpoints }) },
  });
}

function describeEndpoints(endpoints: unknown): string {
  const list: readonly unknown[] = Array.isArray(endpoints) ? endpoints : [endpoints];
  const texts = list.map((endpoint) => (typeof endpoint === 'string' ? endpoint : JSON.stringify(endpoint)));
  return texts.join(', ').slice(0, 500);
}

/** @throws WorkflowError AGENT_RESPONSE_INVALID */
export function readAgentAnswer(
  agent: string,
  answer: HttpAnswer,
  action: 'prompt' | 'http',
  format: AgentFormat,
): AgentResult {
  const invalid = (problem: string, retryable = true): WorkflowError =>
    new WorkflowError('AGENT_RESPONSE_INVALID', `agent '${agent}': ${problem}`, {
      retryable,
      details: { agent, status: answer.status, url: answer.url, excerpt: takeExcerpt(answer.text) },
    });
  if (answer.sse !== undefined) {
    if (answer.text === null || answer.text === '') throw invalid('the answer is empty: the stream held no text');
    return { output: readFormat(answer.text, format, invalid), metadata: splitMetadata(answer.sse.fields) };
  }
  if (action === 'http') return { output: answer.body, metadata: { status: answer.status } };
  if (answer.status === 202) {
    throw invalid("it answered 202 (accepted, to be completed later): the step needs 'callback: true' for that", false);
  }
  if (answer.body === null && answer.text === null)
    throw invalid(`the answer is empty (status ${answer.status}), expected JSON with a 'response'`);
  const { response, ...rest } = promptAnswer(answer, invalid);
  return { output: readResponse(response, format, invalid), metadata: splitMetadata(rest) };
}

/**
 * An agent's answer to a prompt that comes later: `{ response, ... }`.
 * @throws WorkflowError AGENT_RESPONSE_INVALID
 */
export function readLateAnswer(agent: string, body: unknown, format: AgentFormat): AgentResult {
  const invalid = (problem: string): WorkflowError =>
    new WorkflowError('AGENT_RESPONSE_INVALID', `agent '${agent}': ${problem}`, { details: { agent } });
  if (!isPlainObject(body)) throw invalid(`the answer is not a JSON object with a 'response' but ${typeName(body)}`);
  const { response, ...rest } = body;
  return { output: readResponse(response, format, invalid), metadata: splitMetadata(rest) };
}

type Invalid = (problem: string, retryable?: boolean) => WorkflowError;

/** The JSON object of the answer; a server that forgets the content type, or says text/plain, is understood too. */
function promptAnswer(answer: HttpAnswer, invalid: Invalid): Record<string, unknown> {
  const { type, kind } = parseContentType(answer.headers['content-type']);
  let body = answer.body;
  if (kind !== 'json' && (type === null || type === 'text/plain') && answer.text !== null) {
    const parsed = parseJson(answer.text);
    if ('value' in parsed) body = parsed.value;
  }
  if (isPlainObject(body)) return body;
  const found = kind === 'json' ? `JSON ${typeName(body)}` : `content-type ${type ?? '(none)'}`;
  throw invalid(`the answer is not the JSON object that an agent sends, with a 'response': found ${found}`);
}

function readResponse(response: unknown, format: AgentFormat, invalid: Invalid): unknown {
  if (typeof response === 'string') return readFormat(response, format, invalid);
  if (response === undefined) throw invalid("the answer has no 'response'");
  if (typeof response !== 'object' || response === null)
    throw invalid(`'response' is ${typeName(response)}, expected text`);
  return format === 'text' ? JSON.stringify(response) : response;
}

function readFormat(text: string, format: AgentFormat, invalid: Invalid): unknown {
  if (format === 'text') return text;
  const trimmed = text.trim();
  const ends = `${trimmed.at(0)}${trimmed.at(-1)}`;
  if (format === 'auto' && ends !== '{}' && ends !== '[]') return text;
  const parsed = parseJson(trimmed);
  if ('value' in parsed) return parsed.value;
  if (format === 'auto') return text;
  throw invalid(`'response' is not JSON, as the step demands (format: 'json'): ${parsed.problem}`);
}

/** `{metadata: {usage}, timestamp}` becomes `{usage, timestamp}`. */
function splitMetadata(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { metadata, ...rest } = fields;
  if (isPlainObject(metadata)) return { ...metadata, ...rest };
  return metadata === undefined ? rest : { ...rest, metadata };
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
