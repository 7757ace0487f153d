/** What an input says, as texts that runs are found by. */
import { describe, expect, test } from 'vitest';
import { attributesOf, attributeText, parseAttributePath } from '../../src/store/attributes.ts';

const of = (input: unknown, max = 100): readonly string[] | null => {
  const found = attributesOf(JSON.stringify({ input: { v: input } }), max);
  return found === null ? null : [...found].toSorted();
};

describe('attributes', () => {
  const cases: readonly (readonly [unknown, readonly string[]])[] = [
    [{}, []],
    [null, []],
    ['text', []],
    [[1, 2], []],
    [{ a: 1, b: 'x', c: true, d: null }, ['a=1', 'b=x', 'c=true', 'd=null']],
    [{ a: { b: { c: 1.5 } } }, ['a.b.c=1.5']],
    [{ a: [1, 1, [2], { b: 3 }] }, ['a.b=3', 'a=1']],
    [
      { 'a.b': 1, 'c=d': 2, '#e': 3, 'f\\': 4 },
      [String.raw`\#e=3`, String.raw`a\.b=1`, String.raw`c\=d=2`, String.raw`f\\=4`],
    ],
  ];
  test.each(cases)('of %j', (input, expected) => {
    expect(of(input)).toEqual(expected);
  });

  test('of deeply nested data end at 32 levels', () => {
    const nest = (levels: number): unknown => (levels === 0 ? 1 : { a: nest(levels - 1) });
    expect(of(nest(32))).toHaveLength(1);
    expect(of(nest(33))).toEqual([]);
    expect(attributesOf(`{"input":{"v":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_002)}`, 9)).toEqual(new Set());
  });

  test('of more than was asked for, or of no JSON, are none', () => {
    expect(of({ a: 1, b: 2 }, 2)).toHaveLength(2);
    expect(of({ a: 1, b: 2, c: 3 }, 2)).toBeNull();
    expect(attributesOf('{"input":', 9)).toBeNull();
    expect(attributesOf('{"input":{"o":{}}}', 9)).toEqual(new Set());
  });

  test('of long texts are short and differ', () => {
    const [one, other] = [attributeText(['a'], 'x'.repeat(500)), attributeText(['a'], `${'x'.repeat(499)}y`)];
    expect(one).not.toBe(other);
    expect(one).toHaveLength(45);
  });
});

describe('a path', () => {
  const cases: readonly (readonly [string, readonly string[] | null])[] = [
    ['a', ['a']],
    ['a.b', ['a', 'b']],
    [String.raw`a\.b.c`, ['a.b', 'c']],
    [String.raw`a\\.b`, ['a\\', 'b']],
    [String.raw`a\b`, [String.raw`a\b`]],
    ['größe.ö', ['größe', 'ö']],
    ['', null],
    ['a.', null],
    ['.a', null],
    ['a..b', null],
  ];
  test.each(cases)('%j is %j', (text, keys) => {
    expect(parseAttributePath(text)).toEqual(keys);
  });
});
