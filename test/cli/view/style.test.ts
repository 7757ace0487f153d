import { describe, expect, test } from 'vitest';
import { createStyle, wantsColor } from '../../../src/cli/view/style.ts';

describe('colours', () => {
  test.each([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
    [{ FORCE_COLOR: 'false' }, true, false],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, true, false],
    [{ TERM: 'dumb' }, true, false],
  ])('with %j on a terminal: %s', (env, isTTY, expected) => {
    expect(wantsColor(env, isTTY)).toBe(expected);
  });

  test('and symbols can be done without', () => {
    const plain = createStyle(false, false);
    expect(plain.red('x') + plain.symbols.completed + plain.symbols.ellipsis).toBe('x+...');
    expect(createStyle(true, true).red('x')).toBe('\u001b[31mx\u001b[39m');
  });
});
