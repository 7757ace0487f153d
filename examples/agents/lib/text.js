// @ts-check
/**
 * Words, sentences and terms of plain text. Everything here is a pure function of its input, so that the agents
 * answer the same question the same way every time. Files and Markdown belong to library.js and markdown.js.
 */
import { createHash } from 'node:crypto';

const STOP_WORDS = new Set(
  (
    "a about above after again all almost also although always am an and any are aren't as at away be because been " +
    "before being below between both but by can can't cannot could couldn't did didn't do does doesn't doing don't " +
    'down during each either else enough even ever every few for from further get gets had has have having he her ' +
    "here hers him his how however i if in instead into is isn't it it's its itself just last later least less like " +
    'made make makes many may me might more most much must my near neither never next no nor not now of off often ' +
    'on once one only onto or other others our out over own per rather same she should since so some soon still ' +
    "such than that that's the their them then there these they they're this those though three through thus to too " +
    "two under until up upon us use used uses using very was wasn't we were what when where whether which while who " +
    "whole whose why will with within without won't would yet you your"
  ).split(' '),
);

const WORD = /[\p{L}\p{N}](?:[\p{L}\p{N}'’-]*[\p{L}\p{N}])?/gu;
const ABBREVIATION = /(?:^|[\s(])(?:e\.g|i\.e|etc|vs|cf|approx|mr|mrs|ms|dr|st|no|fig|\p{Lu})\.$/iu;
const SENTENCE_END = /(?<![.!?…])[.!?…]+["'”’)\]]*(?=\s)|[。！？]/gu;

/** Every word, as written. @param {string} text @returns {string[]} */
export function words(text) {
  return text.match(WORD) ?? [];
}

/** @param {string} word */
export function isStopWord(word) {
  return STOP_WORDS.has(word.toLowerCase().replaceAll('’', "'"));
}

/** A word without its plural or possessive ending, in lower case: `Tides'` and `tide` are the same term. @param {string} word */
export function stem(word) {
  const lower = word.toLowerCase().replaceAll('’', "'").replace(/'s?$/, '');
  if (lower.length > 4 && lower.endsWith('ies')) return `${lower.slice(0, -3)}y`;
  if (lower.length > 4 && /(?:s|x|z|ch|sh)es$/.test(lower)) return lower.slice(0, -2);
  if (lower.length > 3 && lower.endsWith('s') && !/(?:ss|us|is)$/.test(lower)) return lower.slice(0, -1);
  return lower;
}

/** The words that carry meaning, stemmed, in order, repeats kept. @param {string} text @returns {string[]} */
export function terms(text) {
  return words(text)
    .filter((word) => !isStopWord(word) && (word.length > 1 || /\p{Lo}/u.test(word)))
    .map(stem);
}

/** How often each item occurs, in order of first occurrence. @param {readonly string[]} items @returns {Map<string, number>} */
export function countOf(items) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

/**
 * The sentences of running text. They end at `. ! ? …` with a space behind, but not at common abbreviations and initials,
 * and other marks than a plain full stop only when the next word does not start in lower case (`"Stop!" he said`).
 * @param {string} text
 * @returns {string[]}
 */
export function sentences(text) {
  /** @type {string[]} */
  const found = [];
  let start = 0;
  for (const match of text.matchAll(SENTENCE_END)) {
    const end = match.index + match[0].length;
    const piece = text.slice(start, end);
    const next = text.slice(end, end + 40).trimStart();
    if ((match[0] !== '.' && /^\p{Ll}/u.test(next)) || ABBREVIATION.test(piece.slice(-12))) continue;
    found.push(piece.trim());
    start = end;
  }
  found.push(text.slice(start).trim());
  return found.filter((sentence) => sentence !== '');
}

/**
 * The full sentences of a text that may also hold headings, labels and lists: list markers and `[source]` marks are
 * removed, lines that begin with `[1] ` or do not end like a sentence are left out. A text without any full sentence is
 * one sentence.
 * @param {string} text
 * @returns {string[]}
 */
export function proseSentences(text) {
  const found = text
    .split(/\r?\n/)
    .filter((line) => !/^\[\d+\] /.test(line))
    .map((line) => line.replace(/^\s*(?:[-*+>]|\d{1,3}[.)])\s+/, '').replace(/(?<!\s)\s*\[[^\]\n]{1,200}\]\s*$/, ''))
    .flatMap(sentences)
    .filter((sentence) => /[.!?…。！？]["'”’)\]]*$/.test(sentence) && words(sentence).length > 3);
  const whole = squeeze(text);
  return found.length > 0 || whole === '' ? found : [whole];
}

/** One line, single spaces. @param {string} text */
export function squeeze(text) {
  return text.replace(/\s+/g, ' ').trim();
}

/** At most `limit` characters, cut between words and marked with `…`. @param {string} text @param {number} limit */
export function shorten(text, limit) {
  if (text.length <= limit) return text;
  const cut = text.slice(0, limit - 1);
  const space = cut.lastIndexOf(' ');
  const kept = space > limit / 2 ? cut.slice(0, space) : cut.replace(/[\uD800-\uDBFF]$/, '');
  return `${kept.replace(/[\s,;:.]+$/, '')}…`;
}

/** The first letter in upper case. @param {string} text */
export function capitalize(text) {
  return text.replace(/^(\P{L}*)(\p{Ll})/u, (_, before, letter) => `${before}${letter.toUpperCase()}`);
}

/** `1 document`, `2 documents`. @param {number} count @param {string} noun */
export function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** SHA-256 as hex. @param {string} text */
export function sha256(text) {
  return createHash('sha256').update(text).digest('hex');
}

/** Two decimals, as scores are given. @param {number} value */
export function round2(value) {
  return Math.round(value * 100) / 100;
}
