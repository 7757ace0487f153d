// @ts-check
/**
 * Turns the researcher's passages (or any text) into findings: the central sentences with their sources, the recurring
 * terms and the counts. Prompt: `Analyze this research: <passages>`; when the prompt holds none, field `context`.
 * @import { AgentDefinition } from '../types.ts'
 */
import { subjectOf } from '../lib/content.js';
import { rankSentences } from '../lib/rank.js';
import { countOf, plural, proseSentences, terms, words } from '../lib/text.js';

const MAX_FINDINGS = 10;
const MAX_LISTED = 8;

/** @type {AgentDefinition} */
export const analyst = {
  name: 'analyst',
  description: 'key findings, terms and sources of research',
  prompt({ prompt, params }) {
    const subject = subjectOf(prompt);
    const context = params['context'];
    const text = !hasPassages(subject) && typeof context === 'string' && hasPassages(context) ? context : subject;
    const { title, passages } = readResearch(text);
    const found = passages.flatMap(({ file, body }) => proseSentences(body).map((sentence) => ({ file, sentence })));
    if (found.length === 0) return `Analysis of ${title}\n\nThere is nothing to analyse in it.`;
    const wanted = Math.min(MAX_FINDINGS, Math.max(1, Math.ceil(found.length / 2)));
    const findings = rankSentences(found.map(({ sentence }) => sentence))
      .slice(0, wanted)
      .flatMap((index) => found[index] ?? [])
      .map(({ file, sentence }, index) => `${index + 1}. ${sentence}${file === '' ? '' : ` [${file}]`}`);
    return [
      `Analysis of ${title}`,
      `Basis: ${plural(passages.length, 'passage')}, ${plural(found.length, 'sentence')}, ${plural(words(passages.map(({ body }) => body).join(' ')).length, 'word')}`,
      `Key findings:\n${findings.join('\n')}`,
      `Recurring terms: ${listed(terms(found.map(({ sentence }) => sentence).join(' ')), 2) || 'none'}`,
      `Sources: ${listed(
        passages.map(({ file }) => (file === '' ? 'the text itself' : file)),
        1,
      )}`,
    ].join('\n\n');
  },
};

/** @param {string} text */
function hasPassages(text) {
  return /^\[\d+\] /m.test(text);
}

/**
 * The passages of a research text; a text in another form is one passage without a file.
 * @param {string} text
 * @returns {{ title: string, passages: { file: string, body: string }[] }}
 */
function readResearch(text) {
  const topic = /^Research on "(.{1,200})":/.exec(text)?.[1];
  const title = topic === undefined ? 'the text' : `the research on "${topic}"`;
  if (!hasPassages(text)) return { title, passages: topic === undefined ? [{ file: '', body: text }] : [] };
  const passages = text.split(/^(?=\[\d+\] )/m).flatMap((block) => {
    const match = /^\[\d+\] ([^\n]*)\n([\s\S]*)$/.exec(block);
    return match ? [{ file: (match[1] ?? '').split(' — ', 1)[0] ?? '', body: (match[2] ?? '').trim() }] : [];
  });
  return { title, passages };
}

/** The most frequent items with their counts. @param {readonly string[]} items @param {number} atLeast */
function listed(items, atLeast) {
  return [...countOf(items)]
    .filter(([, count]) => count >= atLeast)
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, MAX_LISTED)
    .map(([item, count]) => `${item} (${count})`)
    .join(', ');
}
