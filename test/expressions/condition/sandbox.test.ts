import { afterEach, describe, expect, test } from 'vitest';
import { InvariantError, WorkflowError } from '../../../src/core/errors.ts';
import { compileCondition } from '../../../src/expressions/index.ts';
import { compileSource } from '../../../src/expressions/condition/filtrex.ts';
import { emptyScope, scopeOf } from '../scopes.ts';

const prototypeNames = Object.getOwnPropertyNames(Object.prototype);

afterEach(() => {
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(prototypeNames);
  expect('pwn' in globalThis).toBe(false);
});

describe('a condition on hostile data', () => {
  test.each([
    ['SEC-EXP-04', '{{vars.a.__proto__}} != null', { a: {} }, false],
    ['SEC-EXP-04 constructor', '{{vars.a.constructor}} != null', { a: {} }, false],
    ['SEC-EXP-04 chain', '{{vars.a.constructor.prototype.polluted}} == null', { a: [] }, true],
    ['SEC-EXP-04 function', '{{vars.a.toString.name}} == null', { a: 'text' }, true],
    [
      'SEC-EXP-04 own data',
      '{{vars.a.__proto__.x}} === 1',
      { a: JSON.parse('{"__proto__":{"x":1}}') as unknown },
      true,
    ],
    ['SEC-EXP-06 valueOf', '{{vars.a}} == 1', { a: { valueOf: '1', toString: '1' } }, false],
    [
      'SEC-EXP-06 functions',
      '{{vars.a}} == 1 || {{vars.a}} > 0',
      { a: { valueOf: () => 1, toString: () => '1' } },
      false,
    ],
    ['SEC-EXP-08', `'"+(globalThis.pwn=1)+"' === "x"`, {}, false],
    ['quotes', String.raw`"'\\p0'\"" + {{vars.a}} === "x"`, { a: `'"\\` }, false],
    ['function', '{{vars.f}} === undefined', { f: () => true }, true],
    ['line separators', '{{vars.a}} === "\u2028\u2029</script>"', { a: '\u2028\u2029</script>' }, true],
  ])('%s: %s', (_id, condition, vars, expected) => {
    expect(compileCondition(condition).test(scopeOf(vars))).toBe(expected);
  });

  test('SEC-EXP-07: a getter that throws true is never called', () => {
    const a = Object.defineProperty({}, 'x', {
      enumerable: true,
      get() {
        throw true as unknown as Error;
      },
    });
    expect(compileCondition('{{vars.a.x}} == 1').test(scopeOf({ a }))).toBe(false);
    expect(compileCondition('{{vars.a.x}}').test(scopeOf({ a }))).toBe(false);
  });

  test('a scope that gives code gives nothing', () => {
    expect(compileCondition('{{vars.a}}').test(() => () => true)).toBe(false);
    expect(compileCondition('{{vars.a}}').test(() => Symbol('a'))).toBe(false);
  });

  test('names of our own symbols mean nothing in a condition', () => {
    for (const name of ['p0', 'c0', 'held', 'done', 'exists', 'abs']) {
      expect(() => compileCondition(`${name} == {{vars.a}}`)).toThrow(/not known/);
      expect(() => compileCondition(`${name}(1)`)).toThrow(/unknown function/);
    }
  });
});

describe('a condition that fails', () => {
  function failureOf(evaluate: () => unknown): WorkflowError {
    try {
      evaluate();
    } catch (error) {
      if (error instanceof WorkflowError) return error;
      throw error;
    }
    throw new Error('nothing failed');
  }

  test('because the scope throws says so and keeps the cause', () => {
    const cause = new Error('the store is gone');
    const condition = compileCondition('{{vars.a}} > 1');
    const failure = failureOf(() =>
      condition.test(() => {
        throw cause;
      }),
    );
    expect(failure).toMatchObject({ code: 'CONDITION_FAILED', retryable: false, cause });
    expect(failure.message).toBe('the condition failed: the store is gone');
    expect(failure.details).toEqual({ condition: '{{vars.a}} > 1' });
  });

  test.each([true, 'yes', 1, null, undefined])('because %s was thrown is never true', (thrown) => {
    const condition = compileCondition('{{vars.a}} || true');
    const failure = failureOf(() =>
      condition.test(() => {
        throw thrown as unknown as Error;
      }),
    );
    expect(failure.code).toBe('CONDITION_FAILED');
  });

  test('because the data is an error is never true', () => {
    const failure = failureOf(() => compileCondition('{{vars.a}}').test(scopeOf({ a: new Error('I am data') })));
    expect(failure).toMatchObject({ code: 'CONDITION_FAILED', message: 'the condition failed: I am data' });
  });

  test.each<[string, string, unknown]>([
    ['a bigint in a sum', '{{vars.a}} + 1', 1n],
    ['a cycle as text', '{{vars.a}} + ""', cyclic()],
    ['cycles compared', '{{vars.a}} == [[1]]', [[[]]].map(() => cyclic())],
  ])('because of %s', (name, source, a) => {
    const evaluate = () => compileCondition(source).evaluate(scopeOf({ a }));
    if (name === 'cycles compared') expect(evaluate()).toBe(false);
    else expect(failureOf(evaluate).code).toBe('CONDITION_FAILED');
  });

  test('because data nests deeper than the stack is a failure, or an answer, and nothing else', () => {
    const nest = () => JSON.parse('['.repeat(200_000) + ']'.repeat(200_000)) as unknown;
    const vars = { a: nest(), b: nest() };
    for (const source of [
      '{{vars.a}} == {{vars.b}}',
      '{{vars.a}} in [{{vars.b}}]',
      '{{vars.a}} + "x"',
      'length({{vars.a}})',
    ]) {
      const evaluate = () => compileCondition(source).evaluate(scopeOf(vars));
      if (source.startsWith('length')) expect(evaluate()).toBe(1);
      else expect(failureOf(evaluate).code).toBe('CONDITION_FAILED');
    }
  });

  test('because of a bug of ours is no failure of the condition', () => {
    const bug = new InvariantError('lost');
    const evaluate = () =>
      compileCondition('{{vars.a}}').test(() => {
        throw bug;
      });
    expect(evaluate).toThrow(bug);
  });
});

describe('filtrex below a condition', () => {
  const symbols = { constants: { c0: 'a' }, symbols: new Map() };

  test('refusing our text is a bug of ours', () => {
    expect(() => compileSource('1 +', symbols)).toThrow(InvariantError);
  });

  test('never gets to regular expressions', () => {
    expect(compileSource('c0 ~= c0', symbols)(emptyScope)).toBeInstanceOf(InvariantError);
  });
});

function cyclic(): unknown {
  const value: Record<string, unknown> = {};
  value['self'] = value;
  return value;
}
