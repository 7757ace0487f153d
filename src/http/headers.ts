/**
 * Header and method rules of outgoing requests: what a definition may set, what a value may hold. Framing and hop-by-hop
 * headers belong to the client. Values are never shown in errors: they may be secrets.
 */
import { toUSVString } from 'node:util';
import { TerminalError } from '../core/errors.ts';
import { httpToken, isClientHeader } from '../core/http-names.ts';

/** Visible latin-1 text, blanks and tabs. */
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;

const forbiddenMethods = new Set(['CONNECT', 'TRACE', 'TRACK']);

/** The values given to a request; those that are `undefined` are left out. */
export type GivenHeaders = Readonly<Record<string, string | number | boolean | undefined>>;

/** What is wrong with a header's name, or null. For checks of definitions; the client checks again. */
export function checkHeaderName(name: string): string | null {
  if (!httpToken.test(name))
    return `header name ${JSON.stringify(name.slice(0, 100))} is invalid: letters, digits and - _ . only`;
  if (!isClientHeader(name)) return null;
  return `header '${name}' is not allowed: the HTTP client sets it`;
}

/** What is wrong with a method, or null. Upper and lower case are equal. */
export function checkMethod(method: string): string | null {
  if (!httpToken.test(method))
    return `method ${JSON.stringify(method.slice(0, 100))} is invalid: one word such as GET or POST`;
  if (forbiddenMethods.has(method.toUpperCase())) return `method '${method}' is not allowed`;
  return null;
}

/** What is wrong with a header's value, or null. The value itself is not named. */
export function checkHeaderValue(name: string, value: string): string | null {
  if (headerValue.test(value)) return null;
  const what = /[\r\n\0]/.test(value)
    ? 'it contains a line break or NUL, which would add headers of its own'
    : 'it contains characters outside latin-1; encode it (percent-encoding, base64)';
  return `header '${name}' has an invalid value: ${what}`;
}

/**
 * The headers of a request by lower-case name. Later sources win; nothing is sent that breaks the rules.
 * @throws TerminalError REQUEST_INVALID
 */
export function collectHeaders(...sources: readonly GivenHeaders[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const source of sources) {
    for (const name of Object.keys(source)) {
      const given: unknown = source[name];
      if (given === undefined) continue;
      const value = typeof given === 'string' ? given : scalarText(name, given);
      const problem = checkHeaderName(name) ?? checkHeaderValue(name, value);
      if (problem !== null) throw new TerminalError(problem, { code: 'REQUEST_INVALID' });
      headers.set(name.toLowerCase(), value);
    }
  }
  return headers;
}

function scalarText(name: string, value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  const found = value === null ? 'null' : Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
  throw new TerminalError(`header '${name}' has an invalid value: expected text, found ${found}`, {
    code: 'REQUEST_INVALID',
  });
}

/**
 * The headers that let the other side recognise a repeated call (promise 2 of the durability reference). Characters that
 * no header may hold are percent-encoded.
 */
export function idempotencyHeaders(key: string, attempt: number): GivenHeaders {
  const safe = toUSVString(key).replace(/[^\x21-\x7e]+/g, encodeURIComponent);
  return { 'idempotency-key': safe, 'x-attempt': attempt };
}

/** What the other side needs to complete the work later. */
export interface Callback {
  /** Addresses this attempt, and proves that it may be completed. */
  readonly token: string;
  /** Where to post to; null: nobody is known to listen. */
  readonly url: string | null;
}

export function callbackHeaders(callback: Callback | undefined): GivenHeaders {
  if (callback === undefined) return {};
  const { token, url } = callback;
  return { 'x-callback-token': token, ...(url === null ? {} : { 'x-callback-url': url }) };
}

const credentialHeader = /^(authorization|cookie|.*(api-?key|token|secret|password))$/i;

/** The values of headers that are credentials by their names; of `Authorization: Scheme value` the value alone. */
export function credentialValues(headers: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(headers)
    .filter(([name]) => credentialHeader.test(name))
    .map(([name, value]) => (/^authorization$/i.test(name) ? value.replace(/^\w+ +(?=\S)/, '') : value));
}
