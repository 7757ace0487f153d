/** Answers whose status is not 2xx: as errors, with what the other side asks us to wait. */
import { WorkflowError, type ErrorCode } from '../core/errors.ts';
import type { HttpAnswer } from './types.ts';

/** Longer waits that a `Retry-After` asks for are cut to this: a wrong date must not hang a run. */
export const maxRetryAfterMs = 60 * 60 * 1000;

/** Bytes of an answer that an error carries. */
const excerptBytes = 2_048;

/** Whether the same request may succeed later: 408, 425, 429 and 5xx. */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || (status >= 500 && status <= 599);
}

/** Milliseconds from `now` (milliseconds since 1970); null when the header says nothing. At most {@link maxRetryAfterMs}. */
export function parseRetryAfter(header: string | undefined, now: number): number | null {
  const text = header?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return Math.min(Math.ceil(Number(text) * 1000), maxRetryAfterMs);
  if (!/^[A-Za-z]{3,9},? .* GMT$/.test(text) && !/^[A-Za-z]{3} [A-Za-z]{3} [ \d]\d [\d:]{8} \d{4}$/.test(text))
    return null;
  const at = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(at) ? null : Math.min(Math.max(at - now, 0), maxRetryAfterMs);
}

export interface StatusFailure {
  readonly code: ErrorCode;
  /** Begins the message: `"agent 'writer'"`, `'POST https://api.example/x'`. */
  readonly subject: string;
  /** What the other side said, if anything. @default the beginning of the answer */
  readonly said?: string;
  /** Ends the message: what was called, where the subject does not say it. */
  readonly called?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** @throws WorkflowError with `details` `{status, url, excerpt}`, unless the status is 2xx */
export function failOnStatus(answer: HttpAnswer, failure: StatusFailure): void {
  if (answer.status >= 200 && answer.status <= 299) return;
  const retryable = isRetryableStatus(answer.status);
  const retryAfterMs = retryable ? parseRetryAfter(answer.headers['retry-after'], saidAt(answer)) : null;
  const excerpt = takeExcerpt(answer.text);
  const said = failure.said ?? excerpt.slice(0, 200);
  const called = failure.called === undefined ? '' : ` (${failure.called})`;
  throw new WorkflowError(
    failure.code,
    `${failure.subject} answered ${answer.status}${said === '' ? '' : `: ${said}`}${called}`,
    {
      retryable,
      ...(retryAfterMs === null ? {} : { retryAfterMs }),
      details: { status: answer.status, url: answer.url, excerpt, ...failure.details },
    },
  );
}

/** By the clock of the other side where it shows it: dates that it names are by the same clock. */
function saidAt({ headers, receivedAt }: HttpAnswer): number {
  const date = Date.parse(headers['date'] ?? '');
  return Number.isNaN(date) ? receivedAt : date;
}

/** The first 2 KB, never half a character. */
export function takeExcerpt(text: string | null): string {
  if (text === null) return '';
  const bytes = Buffer.from(text.slice(0, excerptBytes), 'utf8');
  return bytes.length <= excerptBytes
    ? text.slice(0, excerptBytes)
    : new TextDecoder().decode(bytes.subarray(0, excerptBytes), { stream: true });
}
