import { describe, expect, test } from 'vitest';
import { excerptAt, ExpressionSyntaxError, positionAt } from '../../src/expressions/index.ts';

describe('a place in a source', () => {
  test.each([
    ['abc', 0, 1, 1],
    ['abc', 3, 1, 4],
    ['a\nbc', 2, 2, 1],
    ['a\n\nbc', 4, 3, 2],
    ['a\nb', 1, 1, 2],
    ['', 0, 1, 1],
  ])('%j at %i is line %i, column %i', (source, offset, line, column) => {
    expect(positionAt(source, offset)).toEqual({ offset, line, column });
  });

  test.each([
    ['abc', 1, 'abc\n ^'],
    ['one\ntwo\nthree', 5, 'two\n ^'],
    ['one\ntwo', 3, 'one\n   ^'],
    ['\tx\u001b[31m', 1, ' x [31m\n ^'],
    ['😀x', 2, '😀x\n ^'],
    ['', 0, '\n^'],
  ])('%j at %i is shown with a caret', (source, offset, excerpt) => {
    expect(excerptAt(source, offset)).toBe(excerpt);
  });

  test('a long line is cut around the caret', () => {
    const [line, caret] = excerptAt(`${'a'.repeat(500)}!${'b'.repeat(500)}`, 500).split('\n') as [string, string];
    expect(line).toBe(`…${'a'.repeat(60)}!${'b'.repeat(59)}…`);
    expect(line[caret.indexOf('^')]).toBe('!');
  });
});

describe('a syntax error', () => {
  const problem = { code: 'TEMPLATE_SYNTAX', summary: 'this is wrong', source: 'a b', offset: 2 } as const;

  test('tells everything in its message', () => {
    const error = new ExpressionSyntaxError({ ...problem, expected: 'x', received: 'y', hint: 'do z' });
    expect(error.name).toBe('ExpressionSyntaxError');
    expect(error.message).toBe('this is wrong (expected x, found y); do z\n    a b\n      ^');
    expect(error).toMatchObject({ summary: 'this is wrong', expected: 'x', received: 'y', hint: 'do z' });
  });

  test('becomes an issue of a definition', () => {
    const position = { offset: 2, line: 1, column: 3 };
    const issue = { code: 'TEMPLATE_SYNTAX', path: 'a.b', message: 'this is wrong', position, excerpt: 'a b\n  ^' };
    expect(new ExpressionSyntaxError(problem).toIssue('a.b')).toEqual(issue);
    expect(new ExpressionSyntaxError({ ...problem, hint: 'z' }).toIssue('a.b')).toEqual({ ...issue, hint: 'z' });
    expect(new ExpressionSyntaxError(problem).hint).toBeUndefined();
  });
});
