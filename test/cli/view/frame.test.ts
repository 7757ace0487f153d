import { describe, expect, test } from 'vitest';
import { Frame } from '../../../src/cli/view/frame.ts';
import { Screen } from './screen.ts';

function frameOn(screen: Screen, size = { columns: 40 }): { readonly frame: Frame; readonly written: string[] } {
  const written: string[] = [];
  const write = (text: string): void => {
    written.push(text);
    screen.write(text);
  };
  return { frame: new Frame({ write, columns: () => size.columns }), written };
}

describe('a frame', () => {
  test('shows its newest lines, below what was there before', () => {
    const screen = new Screen(40, 10);
    screen.write('$ run\n');
    const { frame } = frameOn(screen);
    for (const lines of [['a', 'b'], ['a', 'B', 'c'], ['x'], ['x', 'y', 'z']]) {
      frame.draw(lines);
      expect(screen.lines).toEqual(['$ run', ...lines]);
    }
  });

  test('writes nothing when nothing changed, and only the lines that did', () => {
    const { frame, written } = frameOn(new Screen(40, 10));
    frame.draw(['one', 'two', 'three']);
    frame.draw(['one', 'two', 'three']);
    expect(written).toHaveLength(1);
    frame.draw(['one', 'TWO', 'three']);
    expect(written[1]).toContain('TWO');
    expect(written[1]).not.toMatch(/one|three/);
  });

  test('keeps its place at the bottom of a screen that scrolls', () => {
    const screen = new Screen(40, 4);
    screen.write('1\n2\n3\n');
    const { frame } = frameOn(screen);
    frame.draw(['a', 'b', 'c']);
    frame.draw(['a', 'b2', 'c2']);
    expect(screen.lines).toEqual(['1', '2', '3', 'a', 'b2', 'c2']);
  });

  test('makes room for what others write', () => {
    const screen = new Screen(40, 10);
    const { frame } = frameOn(screen);
    frame.draw(['a', 'b']);
    frame.erase();
    screen.write('a line of a handler\n');
    frame.draw(['a', 'b']);
    expect(screen.lines).toEqual(['a line of a handler', 'a', 'b']);
  });

  test('is drawn anew when the terminal is resized', () => {
    const screen = new Screen(40, 10);
    const size = { columns: 40 };
    const { frame, written } = frameOn(screen, size);
    frame.draw(['a', 'b']);
    size.columns = 30;
    frame.draw(['a', 'b']);
    expect(screen.lines).toEqual(['a', 'b']);
    expect(written).toHaveLength(3);
  });

  test('hides the cursor while it is there and gives it back once', () => {
    const screen = new Screen(40, 10);
    const { frame, written } = frameOn(screen);
    frame.draw(['a']);
    expect(screen.isCursorShown).toBe(false);
    frame.end();
    frame.end();
    expect(screen.isCursorShown).toBe(true);
    expect(written).toHaveLength(2);
  });
});
