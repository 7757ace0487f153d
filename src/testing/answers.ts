/**
 * What stands in for the world in tests: a value is the answer, a function makes it; the helpers here make the others (failures,
 * sequences, delays, streams, raw HTTP answers). Owns how a mock is answered; who asks is `mocks.ts`.
 */
import { WorkflowError, type ErrorCode } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import { parseDuration, type DurationInput } from '../definition/index.ts';

/** One call of an agent or of a step's work, as a mock sees it. */
export interface MockCall {
  /** Name of the agent; null for a call that is none. */
  readonly agent: string | null;
  readonly step: string;
  readonly run: string;
  readonly visit: number;
  readonly attempt: number;
  /** The `Idempotency-Key`: the same for retries and after a crash. */
  readonly key: string;
  /** How often it was called before, by all runs: the agent, or the step where that is mocked. */
  readonly index: number;
  /** What is sent: of an agent its input, of an http step `{ url, query, headers, body }`, else the step's rendered input. */
  readonly input: unknown;
  /** Of an agent's prompt: its text. */
  readonly prompt: string | null;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Aborted on a timeout, a cancel, or when the run is left. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** A piece of a streamed answer. */
  stream(text: string): void;
}

/** A value is the answer; a function makes it from the call, and may be async. */
export type Mock = unknown;
export type MockTable = Readonly<Record<string, Mock>>;

export function answerOf(mock: Mock, call: MockCall): unknown {
  return typeof mock === 'function' ? (mock as (call: MockCall) => unknown)(call) : mock;
}

/** How often what `fail` made is used in a sequence. */
const repeats = new WeakMap<object, number>();

/**
 * The first call gets the first answer, and so on; the last is repeated. What `fail(error, { times })` made takes as many places.
 * Counts by attempts and visits of all runs.
 */
export function sequence(...mocks: readonly Mock[]): (call: MockCall) => unknown {
  const places = mocks.flatMap((mock) =>
    Array.from({ length: typeof mock === 'function' ? (repeats.get(mock) ?? 1) : 1 }, () => mock),
  );
  return (call) => answerOf(places[Math.min(call.index, places.length - 1)], call);
}

export interface FailOptions {
  /** In a `sequence`: for so many calls. @default 1 */
  readonly times?: number;
  /** @default what the code says: see `errorTable` */
  readonly retryable?: boolean;
  /** @default 'AGENT_ERROR' */
  readonly code?: ErrorCode;
}

/**
 * Fails: with an error as it is, with a text as an agent's failure would (retryable), or with a status, answered over HTTP.
 * As a mock by itself it fails always; in a {@link sequence} `times` times.
 */
export function fail(
  error: Error | string | { readonly status: number; readonly body?: unknown } = 'the mock fails',
  { times = 1, retryable, code = 'AGENT_ERROR' }: FailOptions = {},
): (call: MockCall) => unknown {
  const mock = (): unknown => {
    if (error instanceof Error) throw error;
    if (typeof error === 'object') return respond(error);
    throw new WorkflowError(code, error, retryable === undefined ? {} : { retryable });
  };
  repeats.set(mock, times);
  return mock;
}

/** Throws. */
export function fails(error: Error | string = 'it failed'): () => never {
  return () => {
    throw typeof error === 'string' ? new Error(error) : error;
  };
}

/** Answers after some virtual time, unless it is aborted before. */
export function after(delay: DurationInput, mock: Mock): (call: MockCall) => Promise<unknown> {
  const ms = milliseconds(delay);
  return async (call) => {
    await new Promise<void>((resolve, reject) => {
      call.signal.throwIfAborted();
      const cancel = call.clock.schedule(resolve, ms);
      call.signal.addEventListener('abort', () => {
        cancel();
        reject(call.signal.reason as Error);
      });
    });
    return answerOf(mock, call);
  };
}

/** @throws TypeError */
export function milliseconds(duration: DurationInput): number {
  const parsed = parseDuration(duration, 'zero');
  if ('problem' in parsed) throw new TypeError(`a duration ${parsed.problem}; found ${JSON.stringify(duration)}`);
  return parsed.ms;
}

/** Never answers, until it is aborted. */
export function hangs(): (call: MockCall) => Promise<never> {
  return ({ signal }) =>
    new Promise((_resolve, reject) => {
      signal.throwIfAborted();
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
    });
}

/** An answer in pieces: each is streamed, the output is the joined text. */
export function stream(...pieces: readonly string[]): (call: MockCall) => string {
  return (call) => {
    for (const piece of pieces) call.stream(piece);
    return pieces.join('');
  };
}

/** A raw HTTP answer. */
export class Respond {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;

  constructor({ status = 200, headers = {}, body = null }: RespondOptions) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

export interface RespondOptions {
  /** @default 200 */
  readonly status?: number;
  /** By lower-case name. @default {} */
  readonly headers?: Readonly<Record<string, string>>;
  /** @default null */
  readonly body?: unknown;
}

/**
 * What came over HTTP, for an agent or an `http` step: read, checked and failed as a real answer is. Use it for statuses
 * (`respond({ status: 429, headers: { 'retry-after': '30' } })`) and for answers with more than a `response`.
 */
export function respond(options: RespondOptions): Respond {
  return new Respond(options);
}
