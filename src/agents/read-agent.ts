/**
 * One entry of a list of agents, as users write it: a URL, `{ url | port, name, id, headers, timeoutMs, maxConcurrency,
 * rateLimit }`, or an agent object of `dank-ai` (told by its `config`; nothing of that package is imported). Every mistake becomes an issue.
 */
import { joinPath, type Issue } from '../core/issue.ts';
import { checkHeaderName, checkHeaderValue } from '../http/headers.ts';
import type { Agent, AgentSource } from './agent.ts';
import { readAgentLimits } from './limits.ts';

export interface EntryContext {
  /** Where the entry stands, for issues. */
  readonly path: string;
  /** The key it stands under: its name. Null in a list. */
  readonly key: string | null;
  readonly source: AgentSource;
  /** See {@link Agent.origin}. */
  readonly origin: string;
  /** Of agents that are given by port. */
  readonly host: string;
  readonly issues: Issue[];
}

/** The port that an agent of `dank-ai` listens on when its configuration names none. */
const defaultPort = 3000;
const addressForm = 'http://host:port';

/** Null when the entry cannot be used; `context.issues` then says why. */
export function readAgent(entry: unknown, context: EntryContext): Agent | null {
  const before = context.issues.length;
  const { path, source, origin } = context;
  if (!isObject(entry) && typeof entry !== 'string') {
    return report(context, path, 'this is no agent', 'a URL, { url }, or an agent object', describe(entry));
  }
  const fields = isObject(entry) ? entry : {};
  const name = readName(fields, context);
  const id = readId(field(fields, 'id'), context);
  const url = typeof entry === 'string' ? readUrl(entry, path, context) : readAddress(fields, context);
  const headers = readHeaders(field(fields, 'headers'), context);
  const timeoutMs = readTimeout(field(fields, 'timeoutMs'), context);
  const limits = readAgentLimits(fields, path, context.issues);
  if (name === null || url === null || context.issues.length > before) return null;
  const promptEnabled = field(fields, 'config', 'communication', 'directPrompting', 'enabled') !== false;
  return { name, id, url, headers, promptEnabled, timeoutMs, ...limits, trusted: true, source, origin };
}

/** A base URL without closing slash, or what is wrong with it. */
export function readBaseUrl(text: string): { readonly url: string } | { readonly problem: string } {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return { problem: 'this is no http(s) URL' };
  if (url.username !== '' || url.password !== '')
    return { problem: 'the URL holds a user name or password; use headers' };
  if (url.search !== '' || url.hash !== '') return { problem: 'the URL has a query or a fragment' };
  return { url: `${url.origin}${url.pathname.replace(/\/+$/, '')}` };
}

/** A URL without what it holds before an `@`: fit for messages. */
export function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//***@');
}

function readName(fields: object, context: EntryContext): string | null {
  const name = context.key ?? field(fields, 'name');
  if (typeof name === 'string' && name !== '') return name;
  return report(context, joinPath(context.path, 'name'), 'an agent needs a name', 'a text', describe(name));
}

function readId(id: unknown, context: EntryContext): string | null {
  if (id === undefined || id === null) return null;
  if (typeof id === 'string' && id !== '') return id;
  return report(context, joinPath(context.path, 'id'), 'this is no id', 'a text (a UUID)', describe(id));
}

function readAddress(fields: object, context: EntryContext): string | null {
  const url = field(fields, 'url');
  const urlPath = joinPath(context.path, 'url');
  if (typeof url === 'string') return readUrl(url, urlPath, context);
  if (url !== undefined) return report(context, urlPath, 'this is no URL', addressForm, describe(url));
  const hasConfig = isObject(field(fields, 'config'));
  const port = hasConfig ? (field(fields, 'config', 'docker', 'port') ?? defaultPort) : field(fields, 'port');
  if (port === undefined) {
    const found = `fields ${Object.keys(fields).join(', ') || '(none)'}`;
    return report(context, context.path, 'an agent needs an address', 'url or port', found);
  }
  const number = typeof port === 'string' && /^\d{1,5}$/.test(port) ? Number(port) : port;
  if (typeof number === 'number' && Number.isInteger(number) && number > 0 && number <= 65_535) {
    return `http://${context.host}:${number}`;
  }
  const portPath = `${context.path}.${hasConfig ? 'config.docker.port' : 'port'}`;
  return report(context, portPath, 'this is no port', '1 to 65535', describe(port));
}

function readUrl(text: string, path: string, context: EntryContext): string | null {
  const parsed = readBaseUrl(text);
  if ('url' in parsed) return parsed.url;
  return report(context, path, parsed.problem, addressForm, JSON.stringify(withoutCredentials(text)));
}

/** Values are not shown: they may be credentials. */
function readHeaders(given: unknown, context: EntryContext): Readonly<Record<string, string>> {
  const headers = Object.create(null) as Record<string, string>;
  if (given === undefined || given === null) return headers;
  const path = joinPath(context.path, 'headers');
  if (!isObject(given) || Array.isArray(given)) {
    report(context, path, 'headers are an object', '{ name: value }', describe(given));
    return headers;
  }
  for (const [name, value] of Object.entries(given) as [string, unknown][]) {
    const problem =
      checkHeaderName(name) ?? (typeof value === 'string' ? checkHeaderValue(name, value) : 'the value is no text');
    if (problem !== null) report(context, joinPath(path, name), problem, 'a header that may be set', null);
    else headers[name] = value as string;
  }
  return headers;
}

function readTimeout(timeout: unknown, context: EntryContext): number | null {
  if (timeout === undefined || timeout === null) return null;
  if (typeof timeout === 'number' && timeout > 0 && Number.isFinite(timeout)) return timeout;
  const path = joinPath(context.path, 'timeoutMs');
  return report(context, path, 'this is no timeout', 'a positive number of milliseconds', describe(timeout));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Objects of other packages may hold anything: what is not there is undefined. */
function field(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const name of path) current = isObject(current) ? (Reflect.get(current, name) as unknown) : undefined;
  return current;
}

function report(context: EntryContext, path: string, message: string, expected: string, received: string | null): null {
  context.issues.push({ code: 'AGENT_INVALID', path, message, expected, ...(received === null ? {} : { received }) });
  return null;
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 200));
  if (Array.isArray(value)) return 'a list';
  return isObject(value) ? 'an object' : String(value);
}
