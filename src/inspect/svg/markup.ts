/** The SVG of one box, one arrow, one legend. Classes are explained in `palette.ts`. */
import type { EdgeKind } from '../drawing/drawing.ts';
import type { Mark } from '../drawing/marks.ts';
import { chipHeight, fonts, type Box, type Chip, type Line } from './box.ts';
import { failureIcon, iconOf, markIcon } from './icons.ts';
import { labelHeight, type PlacedBox, type PlacedEdge, type Point } from './layout.ts';
import { categoryOf } from './palette.ts';
import { escapeXml, textWidth } from './text.ts';

const at = (value: number): string => String(Math.round(value * 10) / 10);

// Boxes.

export function boxMarkup({ box, x, y, width, height }: PlacedBox): string {
  const { node, mark } = box;
  const classes = [categoryOf(node), ...(mark === null ? [] : [`m-${mark.mark}`])].join(' ');
  const inside =
    node.kind === 'group' ? group(box, width, height) : node.kind === 'step' ? card(box, width, height) : point(box);
  return `<g class="${classes}" transform="translate(${at(x)} ${at(y)})"><title>${escapeXml(tooltip(box))}</title>${inside}</g>`;
}

function tooltip({ node, mark }: Box): string {
  return [
    node.label,
    [node.type, node.detail].filter((each) => each !== null).join(': '),
    node.condition === null ? '' : `if ${node.condition}`,
    ...node.notes,
    node.description ?? '',
    mark === null ? '' : [mark.mark, mark.text].filter((each) => each !== null).join(', '),
  ]
    .filter((line) => line !== '')
    .join('\n');
}

function card(box: Box, width: number, height: number): string {
  const { node, mark } = box;
  const isTentative = node.condition !== null || node.role === 'recovery' || node.role === 'compensation';
  const dash = isTentative ? ' stroke-dasharray="5 4"' : '';
  const stroke = mark === null || mark.mark === 'untouched' ? 1.2 : 2;
  const isChild = node.type === 'workflow';
  return [
    `<rect class="s" x="0" y="2" width="${width}" height="${height}" rx="10"/>`,
    `<rect class="c" width="${width}" height="${height}" rx="10" stroke-width="${stroke}"${dash}/>`,
    isChild
      ? `<rect class="c" x="3.5" y="3.5" width="${width - 7}" height="${height - 7}" rx="7" stroke-width="1"/>`
      : '',
    ...content(box, width),
  ].join('');
}

function group(box: Box, width: number, height: number): string {
  const dash = box.node.condition !== null || box.node.role !== 'step' ? ' stroke-dasharray="5 4"' : '';
  const outline =
    box.mark === null || box.mark.mark === 'untouched'
      ? ''
      : `<rect class="c" style="fill:none" width="${at(width)}" height="${at(height)}" rx="14" stroke-width="2"${dash}/>`;
  return [
    `<rect class="g" width="${at(width)}" height="${at(height)}" rx="14" stroke-width="1.2"${dash}/>`,
    outline,
    ...content(box, width),
  ].join('');
}

function content(box: Box, width: number): readonly string[] {
  const { node, mark } = box;
  const icon = node.type === null ? failureIcon : iconOf(node.type);
  return [
    '<rect class="t" x="11" y="11" width="28" height="28" rx="8"/>',
    `<path class="i" transform="translate(17 17)" d="${icon}"/>`,
    ...box.lines.map(lineMarkup),
    ...box.chips.map(chipMarkup),
    mark === null ? '' : badge(mark.mark, width - 2, 2),
  ];
}

function lineMarkup({ text, font, tone, x, y }: Line): string {
  const classes = {
    title: 'x b',
    type: 'k b',
    soft: font.style === 'mono' ? 'y code' : 'y',
  }[tone];
  return `<text class="${classes}" x="${at(x)}" y="${at(y)}" font-size="${font.size}">${escapeXml(text)}</text>`;
}

function chipMarkup({ text, x, y, width, tone }: Chip): string {
  const color = tone === 'mark' ? 'kt b' : 'y';
  return `<rect class="p" x="${at(x)}" y="${at(y)}" width="${width}" height="${chipHeight}" rx="6"/><text class="${color}" x="${at(x + 7)}" y="${at(y + 12.7)}" font-size="${fonts.chip.size}">${escapeXml(text)}</text>`;
}

function badge(mark: Mark, x: number, y: number): string {
  if (mark === 'untouched') return '';
  return `<g transform="translate(${at(x)} ${at(y)})"><circle class="d" r="9"/><path class="z" transform="translate(-8 -8)" d="${markIcon(mark)}"/></g>`;
}

/** Where a run begins and ends. */
function point(box: Box): string {
  const { width, height, node, mark } = box;
  const stroke = mark === null ? 1.2 : 2;
  const dot =
    node.kind === 'start' || node.kind === 'failure'
      ? '<circle class="k kt" cx="16" cy="14" r="4.5"/>'
      : '<circle class="i kt" cx="16" cy="14" r="5"/><circle class="k kt" cx="16" cy="14" r="2.6"/>';
  return `<rect class="c" width="${width}" height="${height}" rx="14" stroke-width="${stroke}"/>${dot}${box.lines.map(lineMarkup).join('')}`;
}

// Arrows.

const kindClasses: Readonly<Record<EdgeKind, string>> = {
  flow: '',
  back: ' back',
  error: ' bad dash',
  timeout: ' late dash',
  compensation: ' bad dash',
};

/** @param isTaken null: nothing is marked */
export function edgeMarkup({ edge, points, label }: PlacedEdge, isTaken: boolean | null): string {
  const kind = isTaken === null ? kindClasses[edge.kind] : isTaken ? ' on' : ` off${dashOf(edge.kind)}`;
  const head = arrowHead(points);
  const line = `<path class="e${kind}" d="${roundedPath([...points.slice(0, -1), head.base])}"/>`;
  const arrow = `<path class="a${kind}" d="${head.path}"/>`;
  if (label === null) return line + arrow;
  const { x, y, width, text } = label;
  return [
    line,
    arrow,
    `<rect class="l" x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${labelHeight}" rx="${labelHeight / 2}"/>`,
    `<text class="y b" x="${at(x + width / 2)}" y="${at(y + 13.3)}" font-size="${fonts.label.size}" text-anchor="middle">${escapeXml(text)}<title>${escapeXml(edge.labels.join(', '))}</title></text>`,
  ].join('');
}

function dashOf(kind: EdgeKind): string {
  return kind === 'flow' || kind === 'back' ? '' : ' dash';
}

function arrowHead(points: readonly Point[]): { readonly path: string; readonly base: Point } {
  const tip = points.at(-1) as Point;
  const before = points.at(-2) ?? tip;
  const length = Math.hypot(tip.x - before.x, tip.y - before.y) || 1;
  const along = { x: (tip.x - before.x) / length, y: (tip.y - before.y) / length };
  const base = { x: tip.x - along.x * 7, y: tip.y - along.y * 7 };
  const side = { x: -along.y * 4.2, y: along.x * 4.2 };
  const corner = (sign: 1 | -1): string => `${at(base.x + sign * side.x)} ${at(base.y + sign * side.y)}`;
  return { path: `M${at(tip.x)} ${at(tip.y)}L${corner(1)}L${corner(-1)}Z`, base };
}

const cornerRadius = 9;

function roundedPath(points: readonly Point[]): string {
  const first = points[0] as Point;
  const parts = [`M${at(first.x)} ${at(first.y)}`];
  for (let index = 1; index < points.length; index++) {
    const corner = points[index] as Point;
    const next = points[index + 1];
    if (next === undefined) {
      parts.push(`L${at(corner.x)} ${at(corner.y)}`);
      continue;
    }
    const start = towards(corner, points[index - 1] as Point);
    const end = towards(corner, next);
    parts.push(`L${at(start.x)} ${at(start.y)}Q${at(corner.x)} ${at(corner.y)} ${at(end.x)} ${at(end.y)}`);
  }
  return parts.join('');
}

function towards(from: Point, to: Point): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const reach = Math.min(cornerRadius, length / 2) / length;
  return { x: from.x + (to.x - from.x) * reach, y: from.y + (to.y - from.y) * reach };
}

// Legend.

const legendTexts: Readonly<Record<Mark, string>> = {
  completed: 'completed',
  running: 'running',
  failed: 'failed',
  skipped: 'skipped',
  cancelled: 'cancelled',
  untouched: 'not reached',
  covered: 'seen',
  missed: 'not seen',
};

export function legendMarkup(
  marks: readonly Mark[],
  room: number,
): { readonly markup: string; readonly height: number } {
  let x = 0;
  let y = 0;
  const parts = marks.map((mark) => {
    const text = legendTexts[mark];
    const width = 28 + textWidth(text, fonts.detail);
    if (x > 0 && x + width > room) {
      x = 0;
      y += 24;
    }
    const sign =
      mark === 'untouched'
        ? '<circle class="c" cx="9" cy="9" r="8.4"/>'
        : `<g transform="translate(9 9)">${badge(mark, 0, 0)}</g>`;
    const part = `<g class="m-${mark}" transform="translate(${at(x)} ${at(y)})">${sign}<text class="y" x="24" y="13" font-size="${fonts.detail.size}">${text}</text></g>`;
    x += width + 18;
    return part;
  });
  return { markup: parts.join(''), height: marks.length === 0 ? 0 : y + 20 };
}
