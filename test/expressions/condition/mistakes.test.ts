import { describe, expect, test } from 'vitest';
import { compileCondition } from '../../../src/expressions/index.ts';
import { foreignWords, mistakeOf } from '../syntax.ts';
import { mistakes, refused } from './cases.ts';
import { cpuTimer } from '../../support/cpu-time.ts';

describe('a wrong condition', () => {
  test.each(refused)('$id is refused in words about the condition', ({ condition, says }) => {
    const mistake = mistakeOf(() => compileCondition(condition));
    for (const pattern of says) expect(mistake.message).toMatch(pattern);
    expect(mistake.message).not.toMatch(foreignWords);
    expect(mistake.position.line).toBe(1);
  });

  test.each(mistakes)('$condition: $summary', ({ condition, summary, column, expected, received, hint }) => {
    const mistake = mistakeOf(() => compileCondition(condition));
    expect(mistake.summary).toBe(summary);
    expect(mistake.position).toMatchObject({ column, offset: column - 1 });
    expect(mistake.message).not.toMatch(foreignWords);
    if (expected !== undefined) expect(mistake.expected).toBe(expected);
    if (received !== undefined) expect(mistake.received).toBe(received);
    if (hint !== undefined) expect(mistake.hint).toMatch(hint);
  });

  test('has a caret under the place', () => {
    const mistake = mistakeOf(() => compileCondition('{{steps.a.output}} = 5'));
    expect(mistake.code).toBe('CONDITION_SYNTAX');
    expect(mistake.excerpt).toBe('{{steps.a.output}} = 5\n                   ^');
    expect(mistake.toIssue('steps[0].condition')).toEqual({
      code: 'CONDITION_SYNTAX',
      path: 'steps[0].condition',
      message: "unexpected '='",
      hint: 'use == or === to compare',
      position: { offset: 19, line: 1, column: 20 },
      excerpt: '{{steps.a.output}} = 5\n                   ^',
    });
  });

  test('on a later line is shown with that line', () => {
    const mistake = mistakeOf(() => compileCondition('{{vars.a}} > 1 &&\n  {{vars.b}} >\r\n'));
    expect(mistake.position).toEqual({ offset: 34, line: 3, column: 1 });
    expect(mistakeOf(() => compileCondition('1 &&\n\t2 = 3')).excerpt).toBe(' 2 = 3\n   ^');
  });

  test('reports the first mistake in reading order', () => {
    expect(mistakeOf(() => compileCondition('foo > 1 ; "abc')).summary).toBe("'foo' is not known here");
  });

  test.each([5, null, undefined, {}])('%s is no condition', (condition) => {
    const mistake = mistakeOf(() => compileCondition(condition as string));
    expect(mistake.message).toMatch(/string with an expression, or a function/);
    expect(mistake.received).toBe(condition === null ? 'null' : typeof condition);
  });
});

describe('the limits of conditions', () => {
  const levels = (level: (inner: string) => string, count: number): string => {
    let source = '1';
    for (let index = 0; index < count; index += 1) source = level(source);
    return source;
  };

  test.each<[string, (inner: string) => string]>([
    ['parentheses', (inner) => `(${inner})`],
    ['negations', (inner) => `!${inner}`],
    ['minus signs', (inner) => `- ${inner}`],
    ['calls', (inner) => `trim(${inner})`],
    ['lists', (inner) => `[${inner}]`],
    ['lists after in', (inner) => `1 in (${inner})`],
    ['ternaries', (inner) => `1 ? 2 : ${inner}`],
    ['sums to the right', (inner) => `1 + (${inner})`],
    ['alternatives to the right', (inner) => `1 || (2 && (${inner}))`],
  ])('64 levels of %s work, 200 are refused', (_name, level) => {
    expect(() => compileCondition(levels(level, 32))).not.toThrow();
    const mistake = mistakeOf(() => compileCondition(levels(level, 200)));
    expect(mistake.code).toBe('EXPRESSION_TOO_LARGE');
    expect(mistake.message).toMatch(/too complex.*limit 64, option 'maxConditionLevels'/s);
  });

  test.each([
    ['membership in membership', Array(100).fill('1').join(' in ')],
    ['operators of rising precedence', levels((inner) => `1 || 1 && 1 == 1 < 1 + 1 * (${inner})`, 20)],
  ])('%s counts by how deep it nests', (_name, condition) => {
    expect(mistakeOf(() => compileCondition(condition)).code).toBe('EXPRESSION_TOO_LARGE');
  });

  test('exactly 64 open parentheses work', () => {
    expect(compileCondition(levels((inner) => `(${inner})`, 64)).evaluate(() => null)).toBe(1);
    expect(() => compileCondition(levels((inner) => `(${inner})`, 65))).toThrow(/too complex/);
  });

  test('the limits can be lowered', () => {
    expect(() => compileCondition('((1))', { limits: { maxConditionLevels: 1 } })).toThrow(/limit 1,/);
    expect(() => compileCondition('12345', { limits: { maxConditionLength: 4 } })).toThrow(/limit 4,/);
  });

  test.each([
    ['sums', Array(1000).fill('1').join(' + '), 1000],
    ['sums and products', Array(680).fill('1').join('+1*'), 680],
    ['alternatives', Array(800).fill('0').join(' ||'), 0],
    ['conjunctions', Array(800).fill('1').join(' &&'), 1],
    ['comparisons', Array(1000).fill('1').join(' < '), false],
    ['equalities', Array(1000).fill('1').join('=='), true],
    ['list items', `1 in (${Array(2000).fill('2').join(',')})`, false],
  ])('a flat chain of %s works as long as it is allowed to be', (_name, condition, value) => {
    const took = cpuTimer();
    expect(condition.length).toBeLessThanOrEqual(4096);
    expect(compileCondition(condition).evaluate(() => undefined)).toBe(value);
    expect(took()).toBeLessThan(250);
  });

  test('the worst nesting that is allowed compiles on a stack that is already deep', () => {
    const worst = levels((inner) => `1 || (1 && (1 == (1 < (1 + (1 * (1 in [${inner}]))))))`, 8);
    const deep = (left: number): unknown => (left === 0 ? compileCondition(worst).evaluate(() => 1) : deep(left - 1));
    expect(deep(2000)).toBe(1);
  });
});
