/**
 * How wide text is, without a browser. Widths are those of DejaVu Sans, the widest of the fonts that a picture may be shown in, so
 * that text fits wherever it is seen. Also cuts and wraps text, and escapes it for XML.
 */

export interface Font {
  readonly size: number;
  readonly style: 'regular' | 'bold' | 'mono';
}

/** Thousandths of the size, of the characters from space to `~`. */
const regular =
  '318401460838636950780275390390500838318361318337636636636636636636636636636636337337838838838531' +
  '999684686698770632575775752295295656557863748787603787695635611732684989685611685390337390838500' +
  '500613635550635615352635634278278579278974634612635635411521392634592818592592525636337636838';
const bold =
  '348456521838696999872306457457523838380415380365696696696696696696696696696696400400838838838580' +
  '999774762734830683683821837372372775637995837850733850770720682812774999771724725457365457838500' +
  '500675716593716678435716712343343665343999712687716716493595478712652924645652582712365712838';

const tables = { regular: widths(regular), bold: widths(bold) };

function widths(text: string): readonly number[] {
  return Array.from({ length: text.length / 3 }, (_, index) => Number(text.slice(index * 3, index * 3 + 3)));
}

/** Letters of other alphabets, signs, ideographs and pictures: never less than any font gives them. */
const other = { narrow: 870, wide: 1_300 };

/** In pixels. */
export function textWidth(text: string, { size, style }: Font): number {
  let thousandths = 0;
  for (const character of text) thousandths += characterWidth(character.codePointAt(0) ?? 32, style);
  return (thousandths * size) / 1_000;
}

function characterWidth(code: number, style: Font['style']): number {
  if (code >= 0x300 && code < 0x370) return 0;
  if (code > 126) return code < 0x1100 ? other.narrow : other.wide;
  if (style === 'mono') return 620;
  // Half of `W` and its like is rounded away in the tables.
  return (tables[style][code - 32] ?? 600) * 1.01;
}

/** With an ellipsis where it is cut. */
export function cutText(text: string, font: Font, maxWidth: number): string {
  if (textWidth(text, font) <= maxWidth) return text;
  const characters = [...text];
  const room = maxWidth - textWidth('…', font);
  let width = 0;
  const kept = characters.findIndex((character) => (width += textWidth(character, font)) > room);
  return `${characters.slice(0, Math.max(1, kept)).join('').trimEnd()}…`;
}

/** Lines that fit; broken at blanks, else after a sign, else anywhere. The last one is cut when there are more. */
export function wrapText(text: string, font: Font, maxWidth: number, maxLines: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<= )|(?<=[.,/&|_-])(?=\S)/)) {
    if (line !== '' && textWidth((line + word).trimEnd(), font) > maxWidth) {
      lines.push(line.trimEnd());
      line = '';
    }
    line += word;
    while (textWidth(line.trimEnd(), font) > maxWidth && [...line].length > 1) {
      const head = headThatFits(line, font, maxWidth);
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  if (line.trim() !== '') lines.push(line.trimEnd());
  if (lines.length <= maxLines) return lines;
  const last = cutText(lines.slice(maxLines - 1).join(' '), font, maxWidth);
  return [...lines.slice(0, maxLines - 1), last];
}

function headThatFits(text: string, font: Font, maxWidth: number): string {
  let head = '';
  let width = 0;
  for (const character of text) {
    width += textWidth(character, font);
    if (width > maxWidth && head !== '') break;
    head += character;
  }
  return head;
}

/** For text and attributes. Characters that XML cannot hold are left out. */
export function escapeXml(text: string): string {
  return [...text].map((character) => escapes[character] ?? (isXml(character) ? character : '')).join('');
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function isXml(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd;
  return code < 0xd800 || (code > 0xdfff && code !== 0xfffe && code !== 0xffff);
}
