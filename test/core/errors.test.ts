import { describe, expect, test } from 'vitest';
import {
  CancelledError,
  DefinitionError,
  errorTable,
  InputError,
  InvariantError,
  RetryableError,
  TemplateError,
  TerminalError,
  TimeoutError,
  toErrorData,
  WorkflowError,
  type ErrorCode,
} from '../../src/core/errors.ts';
import { formatIssue } from '../../src/core/issue.ts';

describe('errors', () => {
  test.each<[WorkflowError, string, ErrorCode, boolean]>([
    [new WorkflowError('HTTP_ERROR', 'm'), 'WorkflowError', 'HTTP_ERROR', true],
    [new WorkflowError('HTTP_ERROR', 'm', { retryable: false }), 'WorkflowError', 'HTTP_ERROR', false],
    [new WorkflowError('CONFLICT', 'm'), 'WorkflowError', 'CONFLICT', false],
    [new RetryableError('m'), 'RetryableError', 'STEP_FAILED', true],
    [new TerminalError('m'), 'TerminalError', 'TERMINAL', false],
    [new TerminalError('m', { code: 'LIMIT_EXCEEDED' }), 'TerminalError', 'LIMIT_EXCEEDED', false],
    [new TimeoutError('m'), 'TimeoutError', 'TIMEOUT', true],
    [new CancelledError('m'), 'CancelledError', 'CANCELLED', false],
    [new TemplateError('m'), 'TemplateError', 'TEMPLATE_FAILED', false],
  ])('%s is %s with code %s', (error, name, code, retryable) => {
    expect({ name: error.name, code: error.code, retryable: error.retryable }).toEqual({ name, code, retryable });
    expect(toErrorData(error)).toMatchObject({ name, code, retryable, message: 'm' });
  });

  test('every code has an exit code and an HTTP status', () => {
    for (const { exit, http } of Object.values(errorTable)) {
      expect(exit).toBeGreaterThan(0);
      expect(http).toBeGreaterThanOrEqual(400);
    }
  });

  test('a DefinitionError lists its mistakes, not its warnings', () => {
    const mistake = { code: 'X', path: 'steps[0]', message: 'is wrong' };
    const warning = { code: 'W', path: '', message: 'looks odd', severity: 'warning' as const };
    const one = new DefinitionError("Workflow 'w'", [mistake, warning]);
    expect(one.message).toBe("Workflow 'w' has 1 mistake:\n  - steps[0]: is wrong");
    expect(one.issues).toHaveLength(2);
    expect(new DefinitionError('The list', [mistake, mistake]).message).toMatch(
      /^The list has 2 mistakes:\n {2}- .*\n {2}- /,
    );
  });

  test('an InputError lists all problems', () => {
    const error = new InputError('w', [{ code: 'X', path: 'topic', message: 'is required' }]);
    expect(error).toMatchObject({
      name: 'InputError',
      code: 'INPUT_INVALID',
      message: "The input of workflow 'w' is not valid:\n  - topic: is required",
    });
  });

  test('an InvariantError is no WorkflowError', () => {
    expect(new InvariantError('bug')).not.toBeInstanceOf(WorkflowError);
  });
});

describe('toErrorData', () => {
  test('of what is not ours: retryable, with the code it is given', () => {
    expect(toErrorData(new TypeError('oops'))).toEqual({
      name: 'TypeError',
      code: 'STEP_FAILED',
      message: 'oops',
      retryable: true,
    });
    expect(toErrorData(new TypeError('oops'), 'HANDLER_FAILED')).toMatchObject({
      code: 'HANDLER_FAILED',
      retryable: true,
    });
    expect(toErrorData(new Error('x'), 'CONDITION_FAILED')).toMatchObject({
      code: 'CONDITION_FAILED',
      retryable: false,
    });
  });

  test.each([
    ['a text', 'a text'],
    [{ a: 1 }, '{"a":1}'],
    [undefined, 'undefined'],
    [null, 'null'],
    [7, '7'],
    [10n, '[object BigInt]'],
    [() => 1, '() => 1'],
  ])('of %s that was thrown', (thrown, message) => {
    expect(toErrorData(thrown)).toMatchObject({ name: 'Error', message });
  });

  test('details, what to wait for and causes are kept', () => {
    const error = new WorkflowError('AGENT_ERROR', 'outer', {
      retryAfterMs: 500,
      details: { status: 503 },
      cause: new Error('inner', { cause: 'innermost' }),
    });
    expect(toErrorData(error)).toEqual({
      name: 'WorkflowError',
      code: 'AGENT_ERROR',
      message: 'outer',
      retryable: true,
      retryAfterMs: 500,
      details: { status: 503 },
      cause: {
        name: 'Error',
        code: 'STEP_FAILED',
        message: 'inner',
        retryable: true,
        cause: { name: 'Error', code: 'STEP_FAILED', message: 'innermost', retryable: true },
      },
    });
  });

  test('long messages and long chains of causes are cut', () => {
    expect(toErrorData(new Error('x'.repeat(10_000))).message).toHaveLength(4_000);
    const looped = new Error('loop');
    looped.cause = looped;
    let depth = 0;
    for (let data = toErrorData(looped); data.cause !== undefined; data = data.cause) depth += 1;
    expect(depth).toBe(8);
  });

  test('is JSON', () => {
    const data = toErrorData(new WorkflowError('HTTP_ERROR', 'm', { details: { a: [1] } }));
    expect(JSON.parse(JSON.stringify(data))).toEqual(data);
  });
});

describe('formatIssue', () => {
  test.each([
    [{ code: 'X', path: 'a.b', message: 'is wrong' }, 'a.b: is wrong'],
    [{ code: 'X', path: '', message: 'is wrong' }, 'is wrong'],
  ])('%j', (issue, text) => {
    expect(formatIssue(issue)).toBe(text);
  });

  test('tells what was expected, found and could be done', () => {
    const text = formatIssue({
      code: 'X',
      path: 'a',
      message: 'm',
      expected: 'a text',
      received: '7',
      hint: 'quote it',
    });
    for (const part of ['a: m', 'a text', '7', 'quote it']) expect(text).toContain(part);
  });
});
