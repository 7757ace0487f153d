// @ts-check
/**
 * The faults that the grammar agent finds and the editor repairs: one rule each, with its check and its repair side by
 * side. A repaired text passes the check of its rule, which is what lets a loop of check and repair come to an end.
 * @import { GrammarIssue } from '../types.ts'
 */
import { capitalize, sentences, shorten, squeeze, words } from './text.js';

export const MAX_SENTENCE_WORDS = 40;
const MAX_ISSUES = 50;
const PAIRS = /** @type {const} */ ([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
]);
const DOUBLE_SPACE = /(?<!\S)(\S+)[ \t]{2,}(\S+)/g;
const REPEATED_WORD = /(?<![\p{L}\p{N}'’-])(?!(?:that|had)\s)(\p{L}+)\s+\1(?![\p{L}\p{N}'’-])/giu;
/** A plain word in lower case; names as they stand in code (`retry:`, `onStart`) may begin a sentence. */
const LOWER_START = /^\p{Ll}+(?=[\s,;.!?]|$)/u;

/** @type {readonly { code: GrammarIssue['code'], message: string, find: (text: string) => string[], repair: (text: string) => string }[]} */
const RULES = [
  {
    code: 'repeated-word',
    message: 'The same word stands twice in a row',
    find: (text) => matches(text, REPEATED_WORD),
    repair: (text) => untilStable(text, (value) => value.replace(REPEATED_WORD, '$1')),
  },
  {
    code: 'double-space',
    message: 'More than one space between two words',
    find: (text) => matches(text, DOUBLE_SPACE),
    repair: (text) => text.replace(/(\S)[ \t]{2,}(?=\S)/g, '$1 '),
  },
  {
    code: 'unmatched-bracket',
    message: 'A bracket without its partner',
    find: (text) => sentences(text).filter((sentence) => balanced(sentence) !== sentence),
    repair: (text) => eachSentence(text, balanced),
  },
  {
    code: 'long-sentence',
    message: `A sentence of more than ${MAX_SENTENCE_WORDS} words`,
    find: (text) => sentences(text).filter(isLong),
    repair: (text) => eachSentence(text, (sentence) => split(sentence)),
  },
  {
    code: 'sentence-start',
    message: 'A sentence starts in lower case',
    find: (text) => sentences(text).filter((sentence) => LOWER_START.test(sentence)),
    repair: (text) => eachSentence(text, (sentence) => (LOWER_START.test(sentence) ? capitalize(sentence) : sentence)),
  },
];

/** All faults of the text, by rule. @param {string} text @returns {GrammarIssue[]} */
export function findIssues(text) {
  return RULES.flatMap(({ code, message, find }) =>
    find(text).map((found) => ({ code, message, excerpt: shorten(squeeze(found), 120) })),
  ).slice(0, MAX_ISSUES);
}

/** Repairs the faults of the named rules. @param {string} text @param {ReadonlySet<string>} codes */
export function repairIssues(text, codes) {
  return RULES.filter(({ code }) => codes.has(code)).reduce((value, { repair }) => repair(value), text);
}

/** @param {string} text @param {RegExp} pattern */
function matches(text, pattern) {
  return [...text.matchAll(pattern)].map((match) => match[0]);
}

/** @param {string} value @param {(value: string) => string} step @returns {string} */
function untilStable(value, step) {
  const next = step(value);
  return next === value ? value : untilStable(next, step);
}

/** Keeps the line breaks of the text. @param {string} text @param {(sentence: string) => string} change */
function eachSentence(text, change) {
  return text
    .split('\n')
    .map((line) => {
      const parts = sentences(line);
      const changed = parts.map(change);
      return parts.some((part, index) => part !== changed[index]) ? changed.join(' ') : line;
    })
    .join('\n');
}

/** Drops closing brackets that nothing opened and closes those left open, before the end of the sentence. @param {string} sentence */
function balanced(sentence) {
  /** @type {string[]} */
  const open = [];
  let kept = '';
  for (const character of sentence) {
    const opened = PAIRS.find(([left]) => left === character);
    const closed = PAIRS.find(([, right]) => right === character);
    if (opened) open.push(opened[1]);
    if (!closed || open.at(-1) === character) kept += character;
    if (closed && open.at(-1) === character) open.pop();
  }
  return open.length === 0 ? kept : kept.replace(/(?<![.!?…])([.!?…]*)$/, `${open.reverse().join('')}$1`);
}

/** @param {string} sentence */
function isLong(sentence) {
  return words(sentence).length > MAX_SENTENCE_WORDS;
}

/** Breaks a long sentence at the semicolon, colon or comma nearest its middle, else between two words, never inside brackets. @param {string} sentence @returns {string} */
function split(sentence) {
  if (!isLong(sentence)) return sentence;
  const middle = sentence.length / 2;
  const [best] = [/[;:,]\s+(?:(?:and|but|so|while)\s+)?/g, /\s+/g]
    .map((pattern) =>
      [...sentence.matchAll(pattern)].filter((match) => match.index > middle / 2 && match.index < middle * 1.5),
    )
    .map((found) => found.sort((a, b) => Math.abs(a.index - middle) - Math.abs(b.index - middle))[0])
    .filter((match) => match !== undefined)
    .map((match) => [sentence.slice(0, match.index), capitalize(sentence.slice(match.index + match[0].length))])
    .filter(([first = '', second]) => balanced(first) === first && sentences(`${first}. ${second}`).length > 1);
  return best ? best.map((part, index) => split(index === 0 ? `${part}.` : part)).join(' ') : sentence;
}
