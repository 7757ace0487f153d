// @ts-check
/**
 * A JSON server on 127.0.0.1 with node:http alone: reads bodies up to 10 MB, keeps a log of requests, closes fast.
 * Which paths exist and what they answer is the business of its caller.
 * @import { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
 * @import { AddressInfo } from 'node:net'
 * @import { LoggedRequest, RunningServer, StartOptions } from '../types.ts'
 */
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export const MAX_BODY_BYTES = 10 * 1024 * 1024;
/** A body over the limit is read to its end, so that its sender gets to see the 413, but not beyond this. */
const MAX_DRAINED_BYTES = 64 * 1024 * 1024;

/** Thrown by a handler to answer with this status and body. */
export class HttpFailure extends Error {
  /** @param {number} status @param {Record<string, unknown>} body */
  constructor(status, body) {
    super(`${status} ${String(body['error'] ?? '')}`);
    this.status = status;
    this.body = body;
  }
}

/**
 * @param {string} name
 * @param {(request: LoggedRequest) => object | Promise<object>} handle the returned object is the answer, status 200
 * @param {StartOptions} options
 * @returns {Promise<RunningServer>}
 */
export async function startServer(name, handle, { port = 0, delayMs = 0, keepRequests = 1000 } = {}) {
  /** @type {LoggedRequest[]} */
  const requests = [];
  const closing = new AbortController();

  /** @param {IncomingMessage} incoming @returns {Promise<object>} */
  const answer = async (incoming) => {
    const { body, failure } = await readBody(incoming);
    const path = (incoming.url ?? '/').split('#', 1)[0] ?? '/';
    const request = { method: incoming.method ?? 'GET', path, headers: flat(incoming.headers), body, at: Date.now() };
    requests.push(request);
    if (requests.length > keepRequests) requests.shift();
    if (failure) throw failure;
    if (delayMs > 0) await sleep(delayMs, undefined, { signal: closing.signal });
    return handle(request);
  };

  const server = createServer((incoming, outgoing) => {
    answer(incoming)
      .then((body) => sendJson(outgoing, 200, body))
      .catch((/** @type {unknown} */ error) => {
        if (error instanceof HttpFailure) return sendJson(outgoing, error.status, error.body);
        const message = error instanceof Error ? error.message : String(error);
        return sendJson(outgoing, 500, { error: 'Internal Server Error', message, timestamp: timestamp() });
      });
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(undefined));
  });
  const bound = /** @type {AddressInfo} */ (server.address()).port;

  return {
    name,
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    requests,
    close: () =>
      new Promise((resolve) => {
        closing.abort();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function timestamp() {
  return new Date().toISOString();
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
export function isRecord(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The JSON body; undefined for no body or for one that is not declared as JSON. A bad body is a failure to answer
 * with, not a throw, so that the request is still logged.
 * @param {IncomingMessage} incoming
 * @returns {Promise<{ body: unknown, failure?: HttpFailure }>}
 */
async function readBody(incoming) {
  /** @type {Buffer[]} */
  let chunks = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += chunk.length;
    if (size > MAX_DRAINED_BYTES) incoming.destroy();
    if (size > MAX_BODY_BYTES) chunks = [];
    else chunks.push(chunk);
  }
  if (size > MAX_BODY_BYTES) {
    const message = `A request body may have at most ${MAX_BODY_BYTES} bytes; this one has ${size}`;
    return {
      body: undefined,
      failure: new HttpFailure(413, { error: 'Payload Too Large', message, timestamp: timestamp() }),
    };
  }
  if (size === 0 || !/\bjson\b/i.test(incoming.headers['content-type'] ?? '')) return { body: undefined };
  try {
    return { body: JSON.parse(Buffer.concat(chunks).toString('utf8')) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      body: undefined,
      failure: new HttpFailure(400, { error: 'Invalid JSON', message, timestamp: timestamp() }),
    };
  }
}

/** @param {IncomingHttpHeaders} headers @returns {Record<string, string>} */
function flat(headers) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

/** Writes nothing when the caller has gone. @param {ServerResponse} outgoing @param {number} status @param {object} body */
function sendJson(outgoing, status, body) {
  if (outgoing.destroyed || outgoing.headersSent) return;
  const text = JSON.stringify(body);
  outgoing.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  outgoing.end(text);
}
