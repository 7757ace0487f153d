/**
 * Callbacks over HTTP, for any server that speaks the web's `Request` and `Response`: mount it below the engine's `callbackBase`.
 *
 *   POST <base>/<token>            { output, metadata? } | { error: text | { message, code?, retryable? } } | { response, ... }
 *   POST <base>/<token>/heartbeat  (no body)
 *
 * The token may also come in the header `X-Callback-Token`, the last part of the path is then left out.
 * Answers: 200 `{ status: 'taken' }`; 202 `{ status: 'waiting' }`: it is stored for the process that drives the run; 404 no such token;
 * 409 the attempt is over (stop working on it); 400 and 413 for what cannot be read; all of these with `{ error: { code, message } }`.
 */
import { errorTable, toErrorData, WorkflowError } from '../../core/errors.ts';
import { isPlainObject } from '../../core/json.ts';
import type { Engine } from '../engine.ts';
import type { Delivered } from './messages.ts';

export interface HandleCallbackOptions {
  /** Of a body. @default 10 MiB */
  readonly maxBytes?: number;
}

type Callee = Pick<Engine, 'completeEffect' | 'answerEffect' | 'failEffect' | 'heartbeat'>;

/** Never rejects. */
export async function handleCallback(
  engine: Callee,
  request: Request,
  options: HandleCallbackOptions = {},
): Promise<Response> {
  try {
    if (request.method !== 'POST')
      return errorResponse(405, 'REQUEST_INVALID', 'callbacks are sent with POST', { allow: 'POST' });
    const { token, isHeartbeat } = addressed(request);
    const delivered = isHeartbeat
      ? await engine.heartbeat(token)
      : await take(engine, token, await readBody(request, options.maxBytes ?? 10 * 1024 * 1024));
    return delivered === 'waiting'
      ? Response.json({ status: 'waiting' }, { status: 202 })
      : Response.json({ status: 'taken' });
  } catch (error) {
    const { code, message } = toErrorData(error);
    const { http } = errorTable[code as keyof typeof errorTable];
    return errorResponse(http, code, message);
  }
}

function errorResponse(status: number, code: string, message: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error: { code, message } }, { status, headers });
}

function addressed(request: Request): { readonly token: string; readonly isHeartbeat: boolean } {
  const parts = new URL(request.url).pathname.split('/').filter((part) => part !== '');
  const isHeartbeat = parts.at(-1) === 'heartbeat';
  const token = request.headers.get('x-callback-token') ?? parts.at(isHeartbeat ? -2 : -1) ?? '';
  return { token, isHeartbeat };
}

const forms = "{ output }, { error }, or an agent's answer { response }";

async function take(engine: Callee, token: string, body: unknown): Promise<Delivered> {
  const given = isPlainObject(body) ? ['output', 'error', 'response'].filter((name) => Object.hasOwn(body, name)) : [];
  if (!isPlainObject(body) || given.length !== 1) {
    const found = given.length === 0 ? 'none of them' : given.join(' and ');
    throw new WorkflowError('REQUEST_INVALID', `the body of a callback is one of ${forms}: found ${found}`);
  }
  if (Object.hasOwn(body, 'response')) return engine.answerEffect(token, body);
  const { output, metadata, error } = body;
  if (metadata !== undefined && !isPlainObject(metadata))
    throw new WorkflowError('REQUEST_INVALID', "'metadata' of a callback is an object");
  if (given[0] === 'output') return engine.completeEffect(token, output, metadata === undefined ? {} : { metadata });
  if (typeof error === 'string') return engine.failEffect(token, error);
  if (!isPlainObject(error) || typeof error['message'] !== 'string')
    throw new WorkflowError('REQUEST_INVALID', "'error' of a callback is a text, or an object with a message");
  const { message, code, retryable, retryAfterMs } = error;
  return engine.failEffect(token, {
    message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof retryable === 'boolean' ? { retryable } : {}),
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
  });
}

async function readBody(request: Request, maxBytes: number): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBytes)
      throw new WorkflowError('LIMIT_EXCEEDED', `the body of a callback has at most ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    throw new WorkflowError('REQUEST_INVALID', `the body of a callback is JSON: ${forms}`);
  }
}
