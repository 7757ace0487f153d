/** The face of the outgoing HTTP layer. */
import type { LookupFunction } from 'node:net';
import type { Clock } from '../core/ports.ts';
import type { AddressRules } from './addresses.ts';
import type { GivenHeaders } from './headers.ts';
import type { EventStreamSummary } from './sse.ts';
import type { Query } from './target.ts';

export interface HttpClientOptions {
  /** Hosts that may be called although they are local or private: see `compileAllowedHosts`. @default [] */
  readonly allowHosts?: readonly string[];
  /** Of a decoded answer, in bytes. @default 10 MiB */
  readonly maxResponseBytes?: number;
  /** @default 5 */
  readonly maxRedirects?: number;
  /** Open connections to one host; further calls wait for one within their own timeout. @default 256 */
  readonly connectionsPerHost?: number;
  /** For opening one connection, in milliseconds. @default 10_000 */
  readonly connectTimeoutMs?: number;
  /** Sent unless a request sets its own. @default 'dank-workflow' */
  readonly userAgent?: string;
  /** Deadlines, and the time an answer came. @default that of the process */
  readonly clock?: Clock;
  /** The name service. @default that of the process */
  readonly lookup?: LookupFunction;
  /** Which addresses are refused. Replaced by tests only. @default classifyAddress */
  readonly addressRules?: AddressRules;
}

export interface HttpRequest {
  readonly method: string;
  /** http or https, without user name and password. */
  readonly url: string;
  readonly headers?: GivenHeaders;
  /** Added to the query of the URL. */
  readonly query?: Query;
  /** A string goes out as it is (text/plain unless a content type is given), anything else as JSON; `undefined` and `null`: no body. */
  readonly body?: unknown;
  /** For the whole exchange, redirects and body included, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** An agent of the configuration: the address rules do not apply to its origin (they do where it redirects elsewhere). @default false */
  readonly trusted?: boolean;
  /** Of the decoded answer, in bytes. @default the client's `maxResponseBytes` */
  readonly maxBytes?: number;
  /** The secrets used in this call, name -> value: masked in the answer and in errors, kept from other origins. */
  readonly secrets?: ReadonlyMap<string, string>;
  /** Secret values without a name. */
  readonly credentials?: readonly string[];
  /** Gets the text of server-sent events as it comes, masked. What it throws fails the call. */
  readonly onChunk?: (text: string) => void;
  /** @default '*' + '/*' */
  readonly accept?: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** By lower-case name, without prototype; of several with one name, joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** Null: no body, or not text. Of server-sent events: the joined text. */
  readonly text: string | null;
  /**
   * By content type: JSON as data, text as a string (also without a content type), anything else as base64 text; null
   * without a body. Of an error answer whose JSON is broken: the text.
   */
  readonly body: unknown;
  /** Where the answer came from, after redirects; without query. */
  readonly url: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  /** Present when the answer was a stream of server-sent events. */
  readonly sse?: Omit<EventStreamSummary, 'text'>;
}

export interface HttpClient {
  /**
   * One call. Any status is an answer: `failOnStatus` makes errors of them.
   *
   * @throws WorkflowError HTTP_UNREACHABLE (retryable, but for a bad certificate): no connection, or it broke; TIMEOUT (retryable); RESPONSE_TOO_LARGE;
   * ADDRESS_BLOCKED; HTTP_ERROR: the answer cannot be used (charset, broken JSON, too many redirects, ...);
   * REQUEST_INVALID: the request breaks the rules; CANCELLED: `signal` was aborted. Secrets are masked in all of them.
   */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Ends what is under way and closes all connections. Idempotent. */
  close(): Promise<void>;
}
