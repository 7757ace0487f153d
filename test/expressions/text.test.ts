import { describe, expect, test } from 'vitest';
import { Choice } from '../../src/core/choice.ts';
import { toText } from '../../src/expressions/text.ts';

describe('the text of a value', () => {
  test.each<[unknown, string]>([
    ['<a> & "b"', '<a> & "b"'],
    [0, '0'],
    [-0, '0'],
    [1.5, '1.5'],
    [NaN, 'NaN'],
    [true, 'true'],
    [false, 'false'],
    [null, ''],
    [undefined, ''],
    [10n, '10'],
    [{ a: [1, null] }, '{"a":[1,null]}'],
    [[], '[]'],
    [{ toJSON: () => undefined }, ''],
    [new Choice('publish', ['blog']), 'publish'],
    [new Choice(null), ''],
  ])('%o is %s', (value, text) => {
    expect(toText(value)).toBe(text);
  });
});
