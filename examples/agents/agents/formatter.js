// @ts-check
/**
 * Sets a summary as Markdown. Prompt: `Format long summary: <text>` or `Format short summary: <text>`; any other prompt
 * is set by its length.
 * @import { AgentDefinition } from '../types.ts'
 */
import { subjectOf } from '../lib/content.js';
import { keyPhrases } from '../lib/rank.js';
import { capitalize, plural, sentences, squeeze, words } from '../lib/text.js';

const LONG_CHARS = 500;

/** @type {AgentDefinition} */
export const formatter = {
  name: 'formatter',
  description: 'sets a long or short summary as Markdown',
  prompt({ prompt }) {
    const asked = /^\s*format\s+(?:as\s+)?(?:a\s+)?(long|short)\b/i.exec(prompt)?.[1]?.toLowerCase();
    const text = squeeze(subjectOf(prompt));
    const found = sentences(text);
    const phrases = keyPhrases(text, 2);
    const long = asked === undefined ? text.length > LONG_CHARS : asked === 'long';
    return long ? longForm(found, phrases) : shortForm(text, phrases);
  },
};

/** @param {readonly string[]} found @param {readonly string[]} phrases */
function longForm(found, phrases) {
  const [first = '', ...rest] = found;
  const points = rest.length === 0 ? [] : ['## Details', rest.map((sentence) => `- ${sentence}`).join('\n')];
  const size = `_${plural(found.length, 'sentence')}, ${plural(words(found.join(' ')).length, 'word')}_`;
  return [`# ${capitalize(phrases.join(', ') || 'Summary')}`, '## In brief', first, ...points, size].join('\n\n');
}

/** @param {string} text @param {readonly string[]} phrases */
function shortForm(text, phrases) {
  return `**${capitalize(phrases[0] ?? 'Summary')}:** ${text}`;
}
