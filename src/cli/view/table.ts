/** Rows in columns, as wide as what is in them. */
import type { Style } from './style.ts';
import { cut, widthOf } from './text.ts';

/** @param columns of the terminal; null: lines are not cut. */
export function tableLines(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  style: Style,
  columns: number | null,
): readonly string[] {
  const widths = heads.map((head, index) => Math.max(...[head, ...rows.map((row) => row[index] ?? '')].map(widthOf)));
  const line = (cells: readonly string[]): string => {
    const text = cells
      .map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - widthOf(cell)))
      .join('  ')
      .trimEnd();
    return columns === null ? text : cut(text, columns, style.symbols.ellipsis);
  };
  return [style.dim(line(heads)), ...rows.map(line)];
}
