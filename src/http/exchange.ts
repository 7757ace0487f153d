/**
 * One request and its answer over an undici dispatcher: no redirects, no masking, no parsing of bodies. Built on
 * `dispatch`, without streams between us and the socket, because agent calls are the hot path.
 *
 * E1. The promise is settled once; whatever comes later is ignored.
 * E2. Settled before the answer has ended (failure, deadline, cancel, limit, `[DONE]`): the socket is closed.
 * E3. Never more than the limit of decoded bytes is kept.
 */
import type { Dispatcher } from 'undici';
import { WorkflowError } from '../core/errors.ts';
import { parseContentType } from './content.ts';
import { createDecoder, parseEncoding, type Decoder } from './decoder.ts';
import { answerError, networkError, tooLargeError } from './failure.ts';
import type { Masker } from './mask.ts';
import { createEventStream, type EventStream, type EventStreamSummary } from './sse.ts';
import type { Stop } from './stop.ts';

/** Of an answer that is not 2xx this much is read; more is cut off, it is only told. */
const errorBodyBytes = 64 * 1024;

export interface ExchangeRequest {
  readonly dispatcher: Dispatcher;
  readonly method: string;
  readonly url: URL;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string | null;
  readonly maxBytes: number;
  readonly stop: Stop;
  /** For what is told of an answer in pieces. */
  readonly masker: Masker;
  /** Gets the pieces of an event stream. */
  readonly onText: (text: string) => void;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Decoded. Empty for an event stream. */
  readonly bytes: Buffer;
  readonly stream: EventStreamSummary | null;
}

export function exchange(request: ExchangeRequest): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const running = new Exchange(request, resolve, reject);
    request.stop.listen((reason) => running.fail(reason));
    if (!running.isSettled) running.start();
  });
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: ExchangeRequest;
  readonly #resolve: (answer: RawAnswer) => void;
  readonly #reject: (error: Error) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #settled = false;
  #ended = false;
  #status = 0;
  #headers: Readonly<Record<string, string>> = {};
  #limit = 0;
  #size = 0;
  #chunks: Buffer[] = [];
  #decoder: Decoder | null = null;
  #stream: EventStream | null = null;

  constructor(request: ExchangeRequest, resolve: (answer: RawAnswer) => void, reject: (error: Error) => void) {
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get isSettled(): boolean {
    return this.#settled;
  }

  start(): void {
    const { dispatcher, url, method, headers, body } = this.#request;
    const flat: string[] = [];
    for (const [name, value] of headers) flat.push(name, value);
    const path = `${url.pathname}${url.search}`;
    // Undici's own timeouts restart with every chunk and are coarse: the deadline of the call replaces them.
    const timeouts = { headersTimeout: 0, bodyTimeout: 0 };
    dispatcher.dispatch({ origin: url.origin, path, method, headers: flat, body, ...timeouts }, this);
  }

  fail(error: Error): void {
    if (this.#settled) return;
    const known = error instanceof WorkflowError ? error : networkError(error, this.#request, this.#status !== 0);
    this.#settle(() => this.#reject(known), known);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#settled) controller.abort(new Error('settled'));
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: HeaderObject): void {
    if (this.#settled || status < 200) return;
    this.#status = status;
    this.#headers = joinHeaders(headers);
    const good = status <= 299;
    this.#limit = good ? this.#request.maxBytes : Math.min(errorBodyBytes, this.#request.maxBytes);
    const encoding = parseEncoding(this.#headers['content-encoding']);
    if ('problem' in encoding) {
      if (good) this.fail(answerError(this.#request, 'encoding', encoding.problem, { retryable: false }));
      else this.#finish();
      return;
    }
    if (encoding.encoding === null && good && Number(this.#headers['content-length']) > this.#limit) {
      this.fail(tooLargeError(this.#request, this.#limit));
      return;
    }
    if (encoding.encoding !== null) this.#decoder = createDecoder(encoding.encoding, this.#decoderEvents());
    if (good && parseContentType(this.#headers['content-type']).type === 'text/event-stream') {
      this.#stream = createEventStream(this.#request.onText);
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return;
    if (this.#decoder === null) this.#take(chunk);
    else if (!this.#decoder.write(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    this.#ended = true;
    if (this.#settled) return;
    if (this.#decoder === null) this.#finish();
    else this.#decoder.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#ended = true;
    this.fail(error);
  }

  #decoderEvents() {
    return {
      onData: (chunk: Buffer) => this.#take(chunk),
      onEnd: () => this.#finish(),
      onDrain: () => this.#controller?.resume(),
      onError: (cause: Error) => {
        const what = `it is not valid ${this.#headers['content-encoding']}`;
        this.fail(answerError(this.#request, 'encoding', what, { retryable: true, cause }));
      },
    };
  }

  #take(chunk: Buffer): void {
    if (this.#settled) return;
    this.#size += chunk.length;
    if (this.#size > this.#limit) return this.#overflow(chunk);
    if (this.#stream === null) this.#chunks.push(chunk);
    else this.#feed(this.#stream, chunk);
  }

  #overflow(chunk: Buffer): void {
    if (this.#status <= 299) return this.fail(tooLargeError(this.#request, this.#limit));
    this.#chunks.push(chunk.subarray(0, chunk.length - (this.#size - this.#limit)));
    this.#finish();
  }

  #feed(stream: EventStream, chunk: Buffer): void {
    try {
      stream.push(chunk);
    } catch (error) {
      // A listener of the caller threw.
      this.fail(
        error instanceof WorkflowError
          ? error
          : new WorkflowError('STEP_FAILED', 'a listener of the stream failed', { cause: error }),
      );
      return;
    }
    if (stream.failure !== null) this.#failEvent(stream.failure);
    // The end of the answer is usually in the same packet: closing only afterwards keeps the connection.
    else if (stream.isDone) queueMicrotask(() => this.#finish());
  }

  /** Masked before it is cut: half a secret could not be found. */
  #failEvent(text: string): void {
    const said = this.#request.masker.text(text).slice(0, 1_000);
    const problem = `the stream reported an error: ${said}`;
    this.fail(answerError(this.#request, 'event', problem, { retryable: true, details: { said } }));
  }

  #finish(): void {
    if (this.#settled) return;
    const stream = this.#stream?.end() ?? null;
    if (this.#stream !== null && this.#stream.failure !== null) return this.#failEvent(this.#stream.failure);
    const [first] = this.#chunks;
    const bytes = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
    const answer = { status: this.#status, headers: this.#headers, bytes, stream };
    this.#settle(() => this.#resolve(answer), null);
  }

  #settle(tell: () => void, error: Error | null): void {
    this.#settled = true;
    this.#decoder?.destroy();
    this.#chunks = [];
    tell();
    if (!this.#ended) this.#controller?.abort(error ?? new Error('settled'));
  }
}

type HeaderObject = Readonly<Record<string, string | readonly string[] | undefined>>;

function joinHeaders(headers: HeaderObject): Readonly<Record<string, string>> {
  const joined = Object.create(null) as Record<string, string>;
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (value !== undefined) joined[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return joined;
}
