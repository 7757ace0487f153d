// @ts-check
/**
 * An extractive summary: the most central sentences of the text, in their own order. Prompt: `Summarize: <text>`.
 *
 * The length follows the input: less than `RICH_CHARS` of prose gives a summary of less than 500 characters, more gives
 * one of more than 500.
 * @import { AgentDefinition } from '../types.ts'
 */
import { subjectOf } from '../lib/content.js';
import { rankSentences } from '../lib/rank.js';
import { proseSentences, shorten, squeeze } from '../lib/text.js';

const RICH_CHARS = 800;
const SHARE = 0.4;
/** A short summary keeps to this; a long one goes on until it has `LONG_CHARS` or its share of the text. */
const SHORT_CHARS = 480;
const LONG_CHARS = 600;
const MAX_CHARS = 2000;

/** @type {AgentDefinition} */
export const summarizer = {
  name: 'summarizer',
  description: 'an extractive summary, long for rich texts',
  prompt: ({ prompt }) => summarize(subjectOf(prompt)),
};

/** @param {string} text */
function summarize(text) {
  const found = proseSentences(text).map(squeeze);
  const size = found.join(' ').length;
  const order = rankSentences(found);
  return size < RICH_CHARS ? shortSummary(found, order, size) : longSummary(found, order, size);
}

/** @param {readonly string[]} found @param {readonly number[]} order @param {number} size */
function shortSummary(found, order, size) {
  const limit = Math.min(SHORT_CHARS, Math.max(size * SHARE, 160));
  /** @type {number[]} */
  const taken = [];
  let length = 0;
  for (const index of order) {
    const next = length + (found[index] ?? '').length + 1;
    if (taken.length > 0 && next > limit) break;
    taken.push(index);
    length = next;
  }
  return shorten(inOrder(found, taken), SHORT_CHARS);
}

/** @param {readonly string[]} found @param {readonly number[]} order @param {number} size */
function longSummary(found, order, size) {
  const target = Math.min(MAX_CHARS, Math.max(LONG_CHARS, size * SHARE));
  /** @type {number[]} */
  const taken = [];
  let length = 0;
  for (const index of order) {
    if (length >= target) break;
    taken.push(index);
    length += (found[index] ?? '').length + 1;
  }
  return shorten(inOrder(found, taken), MAX_CHARS * 2);
}

/** @param {readonly string[]} found @param {readonly number[]} indexes */
function inOrder(found, indexes) {
  return [...indexes]
    .sort((a, b) => a - b)
    .map((index) => found[index] ?? '')
    .join(' ');
}
