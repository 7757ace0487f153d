/** Failures of an exchange in words: what was called, what happened, whether another try makes sense. */
import { WorkflowError } from '../core/errors.ts';
import { BlockedAddress, blockedError } from './addresses.ts';
import { displayUrl } from './target.ts';

/** What failed, in messages: method and URL. */
export interface CallName {
  readonly method: string;
  readonly url: URL;
}

/** Why an answer could not be used although it came; `details.reason` of an HTTP_ERROR. */
export type AnswerProblem = 'charset' | 'encoding' | 'event' | 'json' | 'redirect' | 'too large';

const reasons: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'the connection was reset by the other side'],
  ['EPIPE', 'the connection was closed by the other side'],
  ['UND_ERR_SOCKET', 'the connection was closed by the other side'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'the connection was closed before the answer was complete'],
  ['ENOTFOUND', 'the host name is not known'],
  ['EAI_AGAIN', 'the host name could not be resolved'],
  ['EHOSTUNREACH', 'no route to the host'],
  ['ENETUNREACH', 'no route to the network'],
  ['ETIMEDOUT', 'the connection could not be opened in time'],
  ['UND_ERR_CONNECT_TIMEOUT', 'the connection could not be opened in time'],
  ['UND_ERR_DESTROYED', 'the HTTP client was closed'],
  ['UND_ERR_CLOSED', 'the HTTP client was closed'],
]);

/** What is wrong with a certificate: nothing was sent, and it is no better the next time. */
const certificateReasons: ReadonlyMap<string, string> = new Map([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'its certificate is self-signed'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'its certificate is self-signed'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'its certificate cannot be verified'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'its certificate cannot be verified'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'its certificate cannot be verified'],
  ['CERT_HAS_EXPIRED', 'its certificate has expired'],
  ['CERT_NOT_YET_VALID', 'its certificate is not valid yet'],
  ['CERT_REVOKED', 'its certificate was revoked'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for another host'],
]);

/** An error of a socket, the name service or undici. `answering`: the head of the answer had come. */
export function networkError(error: Error, call: CallName, answering: boolean): WorkflowError {
  if (error instanceof WorkflowError) return error;
  if (error instanceof BlockedAddress) return blockedError(call.url, error.address, error.kind);
  const { code, tried } = describe(error);
  const url = displayUrl(call.url);
  if (code === 'UND_ERR_HEADERS_OVERFLOW') {
    return new WorkflowError('RESPONSE_TOO_LARGE', `The headers of the answer of ${url} are too large`, {
      details: { url },
    });
  }
  const reason =
    error.name === 'HTTPParserError'
      ? 'it does not speak proper HTTP'
      : (certificateReasons.get(code) ?? reasons.get(code) ?? error.message);
  const place = tried.length === 0 || url.includes(tried[0] ?? '') ? '' : ` (tried ${tried.join(', ')})`;
  const message = answering
    ? `the connection to ${url} was closed or reset before the answer was complete: ${reason}`
    : `could not reach ${url}: ${reason}${place}`;
  return new WorkflowError('HTTP_UNREACHABLE', message, {
    cause: error,
    ...(certificateReasons.has(code) ? { retryable: false } : {}),
    details: { url, code, ...(tried.length === 0 ? {} : { address: tried.join(', ') }) },
  });
}

/** The error code, and the addresses that were tried (several when a name has several). */
function describe(error: Error): { readonly code: string; readonly tried: readonly string[] } {
  const all: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  const tried = all.flatMap((one) => {
    const address: unknown = one instanceof Error ? Reflect.get(one, 'address') : null;
    const port: unknown = one instanceof Error ? Reflect.get(one, 'port') : null;
    if (typeof address !== 'string') return [];
    return [`${address.includes(':') ? `[${address}]` : address}${typeof port === 'number' ? `:${port}` : ''}`];
  });
  const code: unknown = Reflect.get(error, 'code') ?? (all[0] instanceof Error ? Reflect.get(all[0], 'code') : null);
  return { code: typeof code === 'string' ? code : error.name, tried };
}

/** The answer came, but cannot be used. */
export function answerError(
  call: CallName,
  reason: AnswerProblem,
  problem: string,
  options: {
    readonly retryable: boolean;
    readonly cause?: unknown;
    readonly details?: Readonly<Record<string, unknown>>;
  },
): WorkflowError {
  const url = displayUrl(call.url);
  return new WorkflowError('HTTP_ERROR', `the answer of ${call.method} ${url} cannot be used: ${problem}`, {
    ...options,
    details: { url, reason, ...options.details },
  });
}

export function tooLargeError(call: CallName, limit: number): WorkflowError {
  const url = displayUrl(call.url);
  return new WorkflowError(
    'RESPONSE_TOO_LARGE',
    `the answer of ${call.method} ${url} is too large: the limit is ${limit} bytes (option maxResponseBytes)`,
    { details: { url, limit } },
  );
}
