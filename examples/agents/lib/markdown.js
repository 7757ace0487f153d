// @ts-check
/**
 * Markdown (or plain text) to paragraphs of readable prose, each with the heading above it. Code, tables, front matter
 * and markup are left out: the agents work on sentences.
 * @import { Passage } from '../types.ts'
 */
import { sentences } from './text.js';

/** A longer paragraph is cut into several passages, between sentences. */
const MAX_PASSAGE_CHARS = 1200;

/**
 * @param {string} source
 * @returns {Omit<Passage, 'file'>[]}
 */
export function paragraphsOf(source) {
  /** @type {Omit<Passage, 'file'>[]} */
  const found = [];
  let heading = '';
  for (const block of blocksOf(source)) {
    const title = /^#{1,6}\s+(.*?)\s*#*$/.exec(block[0] ?? '')?.[1];
    if (title !== undefined) heading = inlineText(title).trim();
    const text = block
      .slice(title === undefined ? 0 : 1)
      .map(lineText)
      .filter((line) => line !== '')
      .join(' ');
    for (const piece of pieces(text)) found.push({ heading, text: piece });
  }
  return found;
}

/** Groups of lines between blank lines and before headings, without code and tables. @param {string} source */
function blocksOf(source) {
  /** @type {string[][]} */
  const blocks = [[]];
  let fence = '';
  for (const line of withoutFrontMatter(source).split('\n')) {
    const mark = /^\s*(```+|~~~+)/.exec(line)?.[1] ?? '';
    if (fence !== '') {
      if (mark.startsWith(fence)) fence = '';
      continue;
    }
    fence = mark;
    if (mark !== '' || /^\s*(?:\||<|\[[^\]]+\]:\s)/.test(line)) continue;
    if (line.trim() === '' || line.startsWith('#')) blocks.push([]);
    if (line.trim() !== '') blocks.at(-1)?.push(line);
  }
  return blocks.filter((block) => block.length > 0);
}

/** @param {string} source */
function withoutFrontMatter(source) {
  const text = source.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  if (!text.startsWith('---\n')) return text;
  const end = text.indexOf('\n---\n', 3);
  return end < 0 ? text : text.slice(end + 5);
}

/** A line's words; a list item ends with a full stop, so that it stays a sentence of its own. @param {string} line */
function lineText(line) {
  const item = /^\s*(?:[-*+]|\d{1,3}[.)])\s+(.*)$/.exec(line)?.[1];
  const text = inlineText((item ?? line).replace(/^\s*(?:>\s?)+/, '')).trim();
  return item !== undefined && /[\p{L}\p{N}]$/u.test(text) ? `${text}.` : text;
}

/** Links, images, emphasis and code spans as plain words. @param {string} line */
function inlineText(line) {
  return line
    .replace(/!\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .replace(/\*\*|__|`/g, '')
    .replace(/(^|[\s(])[*_]([^\s*_][^*_]*)[*_](?=$|[\s).,;:!?])/g, '$1$2');
}

/** @param {string} text */
function pieces(text) {
  if (text.length <= MAX_PASSAGE_CHARS) return /\p{L}/u.test(text) ? [text] : [];
  /** @type {string[]} */
  const parts = [''];
  for (const sentence of sentences(text)) {
    const last = parts.at(-1) ?? '';
    if (last !== '' && last.length + sentence.length >= MAX_PASSAGE_CHARS) parts.push(sentence);
    else parts[parts.length - 1] = last === '' ? sentence : `${last} ${sentence}`;
  }
  return parts;
}
