/** What stands in a box, and how much room that takes. Owns sizes and lines of text; where boxes stand is the layout's. */
import type { DrawingNode } from '../drawing/drawing.ts';
import type { NodeMark } from '../drawing/marks.ts';
import { cutText, textWidth, wrapText, type Font } from './text.ts';

export const fonts = {
  title: { size: 13, style: 'bold' },
  type: { size: 11, style: 'bold' },
  detail: { size: 11, style: 'regular' },
  code: { size: 10.5, style: 'mono' },
  chip: { size: 10.5, style: 'regular' },
  markedChip: { size: 10.5, style: 'bold' },
  label: { size: 11, style: 'bold' },
  heading: { size: 19, style: 'bold' },
  text: { size: 12.5, style: 'regular' },
} as const satisfies Readonly<Record<string, Font>>;

export interface Line {
  readonly text: string;
  readonly font: Font;
  readonly tone: 'title' | 'type' | 'soft';
  readonly x: number;
  /** Of the baseline. */
  readonly y: number;
}

export interface Chip {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly tone: 'plain' | 'mark';
}

export const chipHeight = 18;

export interface Box {
  readonly node: DrawingNode;
  readonly mark: NodeMark | null;
  /** Of a group: of its heading. */
  readonly width: number;
  readonly height: number;
  readonly lines: readonly Line[];
  readonly chips: readonly Chip[];
}

const padding = 11;
const tile = 28;
const textLeft = padding + tile + 10;
const minWidth = 172;
const maxText = 252;
const chipGap = 5;

export function boxOf(node: DrawingNode, mark: NodeMark | null): Box {
  if (node.kind !== 'step' && node.kind !== 'group') return pointOf(node, mark);
  const lines: Line[] = [];
  let y = padding + 13;
  lines.push({ text: cutText(node.label, fonts.title, maxText), font: fonts.title, tone: 'title', x: textLeft, y });
  for (const row of detailRows(node)) {
    y += 15.5;
    lines.push(...row.map((line) => ({ ...line, x: line.x + textLeft, y })));
  }
  const textRight = Math.max(...lines.map(({ text, font, x }) => x + textWidth(text, font)));
  const head = Math.max(y + 5, padding + tile);
  const placed = placeChips(chipTexts(node, mark), Math.max(textRight, textLeft + 190), head + 7);
  const right = Math.max(textRight, ...placed.chips.map(({ x, width }) => x + width));
  const markRoom = mark === null ? 0 : 10;
  return {
    node,
    mark,
    width: Math.ceil(Math.max(minWidth, right + padding + 3 + markRoom)),
    height: Math.ceil((placed.chips.length === 0 ? head : placed.bottom) + padding),
    lines,
    chips: placed.chips,
  };
}

/** Where a run begins and ends. */
function pointOf(node: DrawingNode, mark: NodeMark | null): Box {
  const width = Math.ceil(textWidth(node.label, fonts.label) + 40);
  const line: Line = { text: node.label, font: fonts.label, tone: 'title', x: 27, y: 18 };
  return { node, mark, width, height: 28, lines: [line], chips: [] };
}

type Part = Omit<Line, 'y'>;

/** The type, and what it works on beside it or below. */
function detailRows({ type, detail, isCode, description }: DrawingNode): readonly (readonly Part[])[] {
  const rows: Part[][] = [];
  if (type !== null) {
    const name: Part = { text: cutText(type, fonts.type, maxText), font: fonts.type, tone: 'type', x: 0 };
    const after = textWidth(`${name.text} `, fonts.type) + 3;
    const font = isCode ? fonts.code : fonts.detail;
    if (detail === null) rows.push([name]);
    else if (after + textWidth(detail, font) <= maxText)
      rows.push([name, { text: detail, font, tone: 'soft', x: after }]);
    else {
      rows.push([name]);
      for (const text of wrapText(detail, font, maxText, 3)) rows.push([{ text, font, tone: 'soft', x: 0 }]);
    }
  }
  if (description !== null)
    for (const text of wrapText(description, fonts.detail, maxText, 2))
      rows.push([{ text, font: fonts.detail, tone: 'soft', x: 0 }]);
  return rows;
}

function chipTexts(
  { condition, notes }: DrawingNode,
  mark: NodeMark | null,
): readonly Omit<Chip, 'x' | 'y' | 'width'>[] {
  return [
    ...(mark?.text == null ? [] : [{ text: mark.text, tone: 'mark' as const }]),
    ...(condition === null ? [] : [{ text: `if ${condition}`, tone: 'plain' as const }]),
    ...notes.map((text) => ({ text, tone: 'plain' as const })),
  ];
}

function placeChips(
  texts: readonly Omit<Chip, 'x' | 'y' | 'width'>[],
  right: number,
  top: number,
): { readonly chips: readonly Chip[]; readonly bottom: number } {
  const chips: Chip[] = [];
  let x = padding;
  let y = top;
  for (const { text: whole, tone } of texts) {
    const font = tone === 'mark' ? fonts.markedChip : fonts.chip;
    const text = cutText(whole, font, maxText);
    const width = Math.ceil(textWidth(text, font) + 14);
    if (x > padding && x + width > right) {
      x = padding;
      y += chipHeight + chipGap;
    }
    chips.push({ text, tone, x, y, width });
    x += width + chipGap;
  }
  return { chips, bottom: y + chipHeight };
}
