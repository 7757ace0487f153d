/** Where an answer sends us on, and what of the request may go there. Owns no I/O. */
import type { WorkflowError } from '../core/errors.ts';
import { answerError, type CallName } from './failure.ts';
import type { Masker } from './mask.ts';
import { parseTarget } from './target.ts';

export interface Hop {
  readonly method: string;
  readonly url: URL;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string | null;
}

const redirectStatuses = new Set([301, 302, 303, 307, 308]);
const originHeaders = new Set(['authorization', 'cookie', 'proxy-authorization']);
const bodyHeaders = new Set(['content-type', 'content-encoding', 'content-language', 'content-location']);

/** The text of `Location` when the answer is a redirect, else null. */
export function redirectLocation(status: number, headers: Readonly<Record<string, string>>): string | null {
  return redirectStatuses.has(status) ? (headers['location'] ?? null) : null;
}

/**
 * The next request, as browsers make it: 303, and POST on 301 and 302, become GET without a body. Another origin never
 * gets credentials, nor anything that carries a secret of the call.
 *
 * @throws WorkflowError ADDRESS_BLOCKED: not http(s); HTTP_ERROR: the kept body carries a secret
 */
export function followRedirect(hop: Hop, status: number, location: string, masker: Masker): Hop {
  const url = parseTarget(location, undefined, hop.url);
  const toGet = status === 303 ? hop.method !== 'HEAD' : status <= 302 && hop.method === 'POST';
  const crossing = url.origin !== hop.url.origin;
  const body = toGet ? null : hop.body;
  if (crossing && body !== null && masker.found(body)) {
    throw redirectError(hop, `it redirects to ${url.origin}, which must not get the secret in the body`);
  }
  const headers = new Map(hop.headers);
  for (const [name, value] of hop.headers) {
    const dropped = (toGet && bodyHeaders.has(name)) || (crossing && (originHeaders.has(name) || masker.found(value)));
    if (dropped) headers.delete(name);
  }
  return { method: toGet ? 'GET' : hop.method, url, headers, body };
}

export function redirectError(call: CallName, problem: string): WorkflowError {
  return answerError(call, 'redirect', problem, { retryable: false });
}
