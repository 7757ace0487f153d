import { failAgentStatus } from '../../src/http/agent-answer.ts';
import { describe, expect, test } from 'vitest';
import type { WorkflowError } from '../../src/core/errors.ts';
import {
  failOnStatus,
  isRetryableStatus,
  maxRetryAfterMs,
  parseRetryAfter,
  takeExcerpt,
} from '../../src/http/status.ts';
import type { HttpAnswer } from '../../src/http/types.ts';

const now = Date.UTC(2026, 10, 22, 12, 0, 0);

describe('Retry-After', () => {
  const cases: readonly [string | undefined, number | null][] = [
    ['0', 0],
    ['5', 5_000],
    [' 1.5 ', 1_500],
    ['999999999', maxRetryAfterMs],
    ['Sun, 22 Nov 2026 12:00:30 GMT', 30_000],
    ['Sunday, 22-Nov-26 12:00:30 GMT', 30_000],
    ['Sun Nov 22 12:00:30 2026', 30_000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    ['Wed, 21 Oct 2099 07:28:00 GMT', maxRetryAfterMs],
    ['-5', null],
    ['soon', null],
    ['Sun, 99 Nov 2026 99:00:00 GMT', null],
    ['2026-11-22', null],
    ['', null],
    [undefined, null],
  ];
  test.each(cases)('%j: %j ms', (header, expected) => {
    expect(parseRetryAfter(header, now)).toBe(expected);
  });
});

test.each([
  [[408, 425, 429, 500, 502, 503, 504, 599], true],
  [[300, 304, 400, 401, 403, 404, 409, 410, 422, 451, 600], false],
] as const)('%j are worth another try: %s', (statuses, expected) => {
  for (const status of statuses) expect(isRetryableStatus(status)).toBe(expected);
});

function answer(status: number, text: string | null = 'no', headers: Record<string, string> = {}): HttpAnswer {
  return { status, headers, text, body: text, url: 'http://a/', receivedAt: now };
}

function failed(given: HttpAnswer): WorkflowError {
  try {
    failOnStatus(given, { code: 'HTTP_ERROR', subject: 'GET http://a/' });
  } catch (error) {
    return error as WorkflowError;
  }
  throw new Error('expected a failure');
}

test('2xx passes', () => {
  for (const status of [200, 201, 204, 299])
    expect(() => failOnStatus(answer(status), { code: 'HTTP_ERROR', subject: 'x' })).not.toThrow();
});

test('an error carries status, the beginning of the answer, and what the other side asks us to wait', () => {
  const error = failed(answer(503, 'x'.repeat(5_000), { 'retry-after': '7' }));
  expect(error).toMatchObject({
    code: 'HTTP_ERROR',
    retryable: true,
    retryAfterMs: 7_000,
    details: { status: 503, url: 'http://a/' },
  });
  expect(error.details?.['excerpt']).toHaveLength(2_048);
  expect(error.message).toBe(`GET http://a/ answered 503: ${'x'.repeat(200)}`);
});

test('what is not retried asks for no wait', () => {
  expect(failed(answer(404, null, { 'retry-after': '7' }))).toMatchObject({
    message: 'GET http://a/ answered 404',
    retryable: false,
  });
  expect(failed(answer(404, null, { 'retry-after': '7' })).retryAfterMs).toBeUndefined();
});

test('an excerpt is at most 2 KB and never cuts a character', () => {
  expect(Buffer.byteLength(takeExcerpt('é'.repeat(5_000)))).toBe(2_048);
  expect(takeExcerpt(`x${'é'.repeat(5_000)}`)).toMatch(/^xé+$/);
  expect(takeExcerpt(null)).toBe('');
});

test('what was called is told last: what went wrong is in the first words, however narrow the place', () => {
  expect(() => failAgentStatus('pay', 'POST http://a/prompt', answer(422, '{"error":"refused"}'), 'prompt')).toThrow(
    /^agent 'pay' answered 422: .*refused.* \(POST http:\/\/a\/prompt\)$/,
  );
});
