import { describe, expect, test } from 'vitest';
import { cut, cutStart, harmless, oneLine, widthOf } from '../../../src/cli/view/text.ts';

describe('texts of others', () => {
  test.each([
    ['colours', '\u001b[31mred\u001b[0m', 'red'],
    ['a title of the window', '\u001b]0;owned\u0007text', 'text'],
    ['moves of the cursor', 'a\u001b[2J\u001b[1;1Hb', 'ab'],
    ['a bell, a backspace, a carriage return', 'a\u0007b\u0008c\rd', 'abcd'],
    ['C1 controls', 'a\u009b31mb', 'ab'],
    ['marks that turn the direction', 'a\u202eb\u2066c', 'abc'],
  ])('lose %s', (_, text, expected) => {
    expect(harmless(text)).toBe(expected);
  });

  test('keep their lines and tabs', () => {
    expect(harmless('a\r\nb\n\tc')).toBe('a\nb\n\tc');
    expect(oneLine('  a\r\nb\n\tc  ')).toBe('a b c');
  });
});

describe('the width of a text', () => {
  test.each([
    ['abc', 3],
    ['äöü', 3],
    ['e\u0301', 1],
    ['日本語', 6],
    ['한국', 4],
    ['🎉', 2],
    ['✔ done', 6],
    ['…', 1],
  ])('%s takes %i columns', (text, width) => {
    expect(widthOf(text)).toBe(width);
  });

  test.each([
    ['short', 10, 'short'],
    ['exactly ten', 11, 'exactly ten'],
    ['much too long', 6, 'much …'],
    ['日本語日本語', 5, '日本…'],
    ['anything', 1, '…'],
    ['anything', 0, ''],
  ])('cut(%s, %i) is %s', (text, columns, expected) => {
    expect(cut(text, columns, '…')).toBe(expected);
  });

  test.each([
    ['short', 10, 'short'],
    ['much too long', 6, '… long'],
    ['日本語日本語', 5, '…本語'],
    ['anything', 0, ''],
  ])('cutStart(%s, %i) is %s', (text, columns, expected) => {
    expect(cutStart(text, columns, '…')).toBe(expected);
  });
});
