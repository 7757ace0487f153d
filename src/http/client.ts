/**
 * The outgoing HTTP client: one for the process (or engine), with its connections. Puts the parts together: request
 * rules, address rules at every hop, one deadline over all hops, parsing of the answer, masking of everything that comes
 * back. Trusted and allowed hosts have connections of their own: a guarded call never travels on one of them.
 */
import { lookup as systemLookup } from 'node:dns';
import { TerminalError } from '../core/errors.ts';
import { classifyAddress, compileAllowedHosts, type AddressRules, type HostMatcher } from './addresses.ts';
import type { Connections } from './connections.ts';
import { checkCharset, encodeBody, parseContentType, parseJson } from './content.ts';
import { acceptedEncodings } from './decoder.ts';
import { defaultClock } from './default-clock.ts';
import { exchange, type RawAnswer } from './exchange.ts';
import { answerError } from './failure.ts';
import { checkMethod, collectHeaders, type GivenHeaders } from './headers.ts';
import { createMasker, type Masker } from './mask.ts';
import { followRedirect, redirectError, redirectLocation, type Hop } from './redirect.ts';
import { takeExcerpt } from './status.ts';
import { createStop, type Stop } from './stop.ts';
import { createStreamMasker } from './stream-mask.ts';
import { displayUrl, needsGuard, parseTarget } from './target.ts';
import type { HttpAnswer, HttpClient, HttpClientOptions, HttpRequest } from './types.ts';

export type { HttpClient, HttpClientOptions } from './types.ts';

const noSecrets: ReadonlyMap<string, string> = new Map();
const ignoreText = () => {};

/** @throws DefinitionError when `allowHosts` has bad entries */
export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const client = new UndiciClient(options);
  return { send: (request) => client.send(request), close: () => client.close() };
}

/** Loads what calls need, so that the first of them need not wait for it. */
export async function loadConnections(): Promise<void> {
  await import('./connections.ts');
}

class UndiciClient {
  readonly #options: HttpClientOptions;
  readonly #allowed: HostMatcher;
  readonly #rules: AddressRules;
  #connections: Promise<Connections> | null = null;
  #isClosed = false;
  readonly #defaultHeaders: GivenHeaders;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#allowed = compileAllowedHosts(options.allowHosts ?? []);
    this.#rules = options.addressRules ?? classifyAddress;
    this.#defaultHeaders = { 'user-agent': options.userAgent ?? 'dank-workflow', 'accept-encoding': acceptedEncodings };
  }

  async send(request: HttpRequest): Promise<HttpAnswer> {
    const masker = createMasker(request.secrets ?? noSecrets, request.credentials);
    if (!masker.active) return this.#perform(request, masker);
    try {
      return masker.value(await this.#perform(request, masker)) as HttpAnswer;
    } catch (error) {
      throw error instanceof Error ? masker.error(error) : error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await (await this.#connections)?.close();
  }

  async #connect(): Promise<Connections> {
    const { lookup = systemLookup, connectTimeoutMs = 10_000, connectionsPerHost: connections = 256 } = this.#options;
    const { Connections } = await import('./connections.ts');
    const made = new Connections({ lookup, connectTimeoutMs, connections, rules: this.#rules });
    // What is asked for after the end fails as it does on connections that were closed.
    if (this.#isClosed) await made.close();
    return made;
  }

  async #perform(request: HttpRequest, masker: Masker): Promise<HttpAnswer> {
    const first = this.#firstHop(request);
    const clock = this.#options.clock ?? defaultClock;
    const stop = createStop(clock, request.timeoutMs, request.signal, `${first.method} ${displayUrl(first.url)}`);
    try {
      const { hop, raw } = await this.#follow(request, first, stop, masker);
      return readAnswer(hop, raw, clock.now(), masker);
    } finally {
      stop.dispose();
    }
  }

  #firstHop(request: HttpRequest): Hop {
    const problem = checkMethod(request.method);
    if (problem !== null) throw new TerminalError(problem, { code: 'REQUEST_INVALID' });
    const url = parseTarget(request.url, request.query);
    const headers = collectHeaders(this.#defaultHeaders, { accept: request.accept ?? '*/*' }, request.headers ?? {});
    const body = encodeBody(request.body, headers.get('content-type'));
    if (body !== null && !headers.has('content-type')) headers.set('content-type', body.contentType);
    return { method: request.method.toUpperCase(), url, headers, body: body?.text ?? null };
  }

  async #follow(request: HttpRequest, first: Hop, stop: Stop, masker: Masker): Promise<{ hop: Hop; raw: RawAnswer }> {
    const stream = request.onChunk === undefined ? null : createStreamMasker(masker, request.onChunk);
    const onText = stream === null ? ignoreText : (text: string) => stream.push(text);
    const maxBytes = request.maxBytes ?? this.#options.maxResponseBytes ?? 10 * 1024 * 1024;
    const maxRedirects = this.#options.maxRedirects ?? 5;
    const connections = await (this.#connections ??= this.#connect());
    let hop = first;
    for (let redirects = 0; ; redirects += 1) {
      const trusted = request.trusted === true && hop.url.origin === first.url.origin;
      const guarded = !trusted && needsGuard(hop.url, this.#allowed, this.#rules);
      const dispatcher = guarded ? connections.guarded : connections.open;
      const raw = await exchange({ ...hop, dispatcher, maxBytes, stop, masker, onText });
      const location = redirectLocation(raw.status, raw.headers);
      if (location === null) {
        if (raw.stream !== null) stream?.end();
        return { hop, raw };
      }
      if (redirects >= maxRedirects) throw redirectError(first, `it redirects more than ${maxRedirects} times`);
      hop = followRedirect(hop, raw.status, location, masker);
    }
  }
}

/** @throws WorkflowError HTTP_ERROR when a 2xx answer is not what it says it is */
function readAnswer(hop: Hop, raw: RawAnswer, receivedAt: number, masker: Masker): HttpAnswer {
  const base = { status: raw.status, headers: raw.headers, url: displayUrl(hop.url), receivedAt };
  if (raw.stream !== null) {
    const { text, ...sse } = raw.stream;
    return { ...base, text, body: text, sse };
  }
  const { bytes } = raw;
  if (bytes.length === 0 || raw.status === 204) return { ...base, text: null, body: null };
  const good = raw.status >= 200 && raw.status <= 299;
  const content = parseContentType(raw.headers['content-type']);
  if (content.kind === 'binary') return { ...base, text: null, body: bytes.toString('base64') };
  const problem = checkCharset(bytes, content);
  if (problem !== null && good) throw answerError(hop, 'charset', problem, { retryable: false });
  // An error page in another charset is told as far as it can be read.
  const text = bytes.toString(problem === null ? 'utf8' : 'latin1');
  if (content.kind === 'text') return { ...base, text, body: text };
  const parsed = parseJson(text);
  if ('value' in parsed) return { ...base, text, body: parsed.value };
  if (!good) return { ...base, text, body: text };
  const details = { excerpt: takeExcerpt(masker.text(text)) };
  throw answerError(hop, 'json', `its content-type says JSON, but ${parsed.problem}`, { retryable: true, details });
}
