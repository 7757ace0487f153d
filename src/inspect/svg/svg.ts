/** A drawing as a picture: SVG that needs nothing else, holds no script, and has all text escaped. */
import type { Drawing, DrawingEdge } from '../drawing/drawing.ts';
import type { Marks } from '../drawing/marks.ts';
import type { DrawingTheme } from '../drawing/theme.ts';
import { boxOf, fonts } from './box.ts';
import { boxMarkup, edgeMarkup, legendMarkup } from './markup.ts';
import { layOut, type Layout } from './layout.ts';
import { styleOf } from './palette.ts';
import { cutText, escapeXml, textWidth, wrapText } from './text.ts';

const margin = 28;
const minWidth = 300;
/** Of the title, before it is cut. */
const maxTitle = 560;
/** Of the version, before it is cut. */
const maxVersion = 120;
const gap = 12;

export async function toSvg(drawing: Drawing, marks: Marks | null, theme: DrawingTheme): Promise<string> {
  const boxes = new Map(drawing.nodes.map((node) => [node.id, boxOf(node, marks?.nodes.get(node.id) ?? null)]));
  const layout = await layOut(drawing, boxes);
  return new Picture(drawing, marks, layout).text(theme);
}

class Picture {
  readonly #drawing: Drawing;
  readonly #marks: Marks | null;
  readonly #layout: Layout;
  readonly #version: string;
  readonly #width: number;

  constructor(drawing: Drawing, marks: Marks | null, layout: Layout) {
    this.#drawing = drawing;
    this.#marks = marks;
    this.#layout = layout;
    this.#version = cutText(`version ${drawing.version}`, fonts.detail, maxVersion);
    const head =
      Math.min(maxTitle, textWidth(drawing.title, fonts.heading)) + gap + textWidth(this.#version, fonts.detail);
    this.#width = Math.ceil(Math.max(layout.width, minWidth, head) + 2 * margin);
  }

  text(theme: DrawingTheme): string {
    const head = this.#head();
    const legend = legendMarkup(this.#marks?.legend ?? [], this.#width - 2 * margin);
    const top = head.height + margin;
    const bottom = top + this.#layout.height + margin;
    const height = Math.ceil(bottom + (legend.height === 0 ? 0 : legend.height + margin - 6));
    const left = Math.max(margin, (this.#width - this.#layout.width) / 2);
    const { title } = this.#drawing;
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${this.#width} ${height}" width="${this.#width}" height="${height}" role="img" aria-label="${escapeXml(`Workflow ${title}`)}">`,
      `<style>${styleOf(theme)}</style>`,
      `<rect class="page" width="${this.#width}" height="${height}" rx="12"/>`,
      head.markup,
      `<g transform="translate(${round(left)} ${round(top)})">`,
      ...this.#layout.boxes.filter(({ box }) => box.node.kind === 'group').map((placed) => boxMarkup(placed)),
      ...this.#layout.edges.map((placed) => edgeMarkup(placed, this.#isTaken(placed.edge))),
      ...this.#layout.boxes.filter(({ box }) => box.node.kind !== 'group').map((placed) => boxMarkup(placed)),
      '</g>',
      legend.height === 0 ? '' : `<g transform="translate(${margin} ${round(bottom)})">${legend.markup}</g>`,
      '</svg>',
      '',
    ].join('\n');
  }

  #isTaken(edge: DrawingEdge): boolean | null {
    return this.#marks === null ? null : this.#marks.taken.has(edge);
  }

  #head(): { readonly markup: string; readonly height: number } {
    const room = this.#width - 2 * margin;
    const { title, description } = this.#drawing;
    let y = margin + 14;
    const name = cutText(title, fonts.heading, room - gap - textWidth(this.#version, fonts.detail));
    const parts = [
      `<text class="x b" x="${margin}" y="${y}" font-size="${fonts.heading.size}">${escapeXml(name)}</text>`,
      `<text class="y" x="${this.#width - margin}" y="${y}" font-size="${fonts.detail.size}" text-anchor="end">${escapeXml(this.#version)}</text>`,
    ];
    const soft = (text: string): void => {
      y += 19;
      parts.push(`<text class="y" x="${margin}" y="${y}" font-size="${fonts.text.size}">${escapeXml(text)}</text>`);
    };
    if (description !== null) for (const line of wrapText(description, fonts.text, room, 3)) soft(line);
    if (this.#marks !== null) for (const line of wrapText(this.#marks.summary, fonts.text, room, 2)) soft(line);
    return { markup: parts.join('\n'), height: y };
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
