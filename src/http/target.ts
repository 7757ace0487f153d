/** The URL of a call: parsed, with its query, and checked against the address rules. Owns no connection. */
import { isIP } from 'node:net';
import { TerminalError } from '../core/errors.ts';
import { bareHost, blockedError, isLocalName, type AddressRules, type HostMatcher } from './addresses.ts';

/** Values: scalars as text, lists repeated, objects as JSON; `undefined` and `null` are left out. */
export type Query = Readonly<Record<string, unknown>>;

/** In characters; longer ones are of no use to servers. */
const maxUrlLength = 16_384;

/**
 * @throws TerminalError REQUEST_INVALID: not a URL, too long, or with a user name or password; ADDRESS_BLOCKED: not http or https
 */
export function parseTarget(text: string, query: Query | undefined, base?: URL): URL {
  if (text.length > maxUrlLength) {
    throw new TerminalError(`A URL has at most ${maxUrlLength} characters, found ${text.length}`, {
      code: 'REQUEST_INVALID',
    });
  }
  const url = URL.parse(text, base?.href);
  if (url === null) throw new TerminalError(`${JSON.stringify(text)} is not a valid URL`, { code: 'REQUEST_INVALID' });
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    const scheme = url.protocol.slice(0, -1);
    throw new TerminalError(`Calling a URL with the scheme '${scheme}' is not allowed: only http and https are`, {
      code: 'ADDRESS_BLOCKED',
      details: { scheme },
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw new TerminalError(
      `The URL of ${url.host} holds a user name or password, which is not allowed; use an Authorization header`,
      { code: 'REQUEST_INVALID' },
    );
  }
  url.hash = '';
  if (query !== undefined) appendQuery(url.searchParams, query);
  return url;
}

/** Also used for form bodies. */
export function appendQuery(params: URLSearchParams, query: Query): void {
  for (const key of Object.keys(query)) {
    const value = query[key];
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const item of items) {
      if (item === undefined || item === null) continue;
      params.append(key, typeof item === 'object' ? JSON.stringify(item) : String(item));
    }
  }
}

/**
 * Whether connections to the URL need the guarded connector; a host that the configuration allows does not.
 * @throws WorkflowError ADDRESS_BLOCKED when the URL itself is enough to refuse it
 */
export function needsGuard(url: URL, allowed: HostMatcher, rules: AddressRules): boolean {
  if (allowed(url)) return false;
  const host = bareHost(url);
  const kind = isIP(host) === 0 ? (isLocalName(host) ? 'this machine' : null) : rules(host);
  if (kind !== null) throw blockedError(url, isIP(host) === 0 ? null : host, kind);
  return true;
}

/** For messages: without query (long, and often with keys in it). Never cut: half a secret could not be masked. */
export function displayUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}
