import { describe, expect, test } from 'vitest';
import type { ErrorData } from '../../../src/core/errors.ts';
import { count, dateAndTime, duration, errorChain, inline, timeOfDay } from '../../../src/cli/view/format.ts';

describe('durations', () => {
  test.each([
    [-5, '0ms'],
    [0, '0ms'],
    [85.4, '85ms'],
    [999, '999ms'],
    [1_000, '1.0s'],
    [9_949, '9.9s'],
    [9_950, '10s'],
    [59_400, '59s'],
    [59_600, '1m 00s'],
    [185_000, '3m 05s'],
    [3_599_600, '1h 00m'],
    [7_620_000, '2h 07m'],
    [86_400_000 * 4 + 3_600_000 * 3, '4d 03h'],
  ])('%d ms is %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});

test('times are those of the clock on the wall', () => {
  const at = new Date(2025, 10, 2, 4, 3, 7, 9).getTime();
  expect(timeOfDay(at)).toBe('04:03:07.009');
  expect(dateAndTime(at)).toBe('2025-11-02 04:03:07');
});

test('values stand on one line', () => {
  expect(inline('a\nb')).toBe('a b');
  expect(inline({ a: [1, null] })).toBe('{"a":[1,null]}');
  expect(inline(undefined)).toBe('nothing');
  expect(inline('x'.repeat(20_000))).toHaveLength(10_000);
});

test('numbers have their noun', () => {
  expect([count(0, 'step'), count(1, 'step'), count(12_000, 'step')]).toEqual(['0 steps', '1 step', '12,000 steps']);
});

describe('an error', () => {
  const base = { name: 'Error', retryable: false };

  test('is told with what caused it and what failed inside it', () => {
    const error: ErrorData = {
      ...base,
      code: 'STEPS_FAILED',
      message: '1 of 2 failed',
      errors: {
        b: {
          ...base,
          code: 'AGENT_UNREACHABLE',
          message: 'could not\nreach it',
          cause: { ...base, code: 'STEP_FAILED', message: 'refused' },
        },
      },
    };
    expect(errorChain(error)).toEqual([
      { depth: 0, text: '1 of 2 failed (STEPS_FAILED)' },
      { depth: 1, text: 'b: could not reach it (AGENT_UNREACHABLE)' },
      { depth: 2, text: 'caused by: refused' },
    ]);
  });

  test('with hundreds of branches stays readable', () => {
    const errors = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`s${index}`, { ...base, code: 'TIMEOUT', message: 'late' }]),
    );
    expect(errorChain({ ...base, code: 'STEPS_FAILED', message: 'many', errors })).toHaveLength(40);
  });
});
