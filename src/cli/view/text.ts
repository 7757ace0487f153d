/** Texts of others (agents, errors, data) made fit for a terminal: no control characters, one line, so many columns wide. */
import { stripVTControlCharacters } from 'node:util';

/** Keeps line breaks and tabs; everything else that steers a terminal is taken out. */
export function harmless(text: string): string {
  return stripVTControlCharacters(text.replaceAll('\r\n', '\n')).replaceAll(
    /(?![\n\t])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu,
    '',
  );
}

export function oneLine(text: string): string {
  return harmless(text).replaceAll(/\s+/g, ' ').trim();
}

/** Cut to so many columns, with `ellipsis` where something is missing. */
export function cut(text: string, columns: number, ellipsis: string): string {
  if (widthOf(text) <= columns) return text;
  let width = widthOf(ellipsis);
  let result = '';
  for (const character of text) {
    width += widthOf(character);
    if (width > columns) break;
    result += character;
  }
  return columns < widthOf(ellipsis) ? '' : result + ellipsis;
}

/** The end of a text. */
export function cutStart(text: string, columns: number, ellipsis: string): string {
  if (widthOf(text) <= columns) return text;
  let width = widthOf(ellipsis);
  let start = text.length;
  for (const character of [...text].reverse()) {
    width += widthOf(character);
    if (width > columns) break;
    start -= character.length;
  }
  return columns < widthOf(ellipsis) ? '' : ellipsis + text.slice(start);
}

const zeroWidth = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
const doubleWidth =
  /^[\p{Extended_Pictographic}\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]$/u;

/** Columns that a text without control characters takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x300) width += 1;
    else if (doubleWidth.test(character) && !isNarrowSymbol(code)) width += 2;
    else if (!zeroWidth.test(character)) width += 1;
  }
  return width;
}

/** Pictographs that terminals show in one column unless told otherwise, our own symbols among them. */
function isNarrowSymbol(code: number): boolean {
  return code < 0x2e80;
}
