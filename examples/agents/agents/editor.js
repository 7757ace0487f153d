// @ts-check
/**
 * Revises a piece as its reviewers asked. Prompt: `Revise this content: <text or JSON content>`; field `feedback`: the
 * reviewers' answers in any nesting (`issues` of grammar, `unsupported` sentences, `tone`), as data or JSON text.
 * Without feedback every fault of grammar is repaired. Answers JSON text `{ title, text, status: 'revised', changes }`.
 * @import { AgentDefinition } from '../types.ts'
 */
import { contentOf, dataOf, subjectOf } from '../lib/content.js';
import { findIssues, repairIssues } from '../lib/grammar-rules.js';
import { isRecord } from '../lib/http.js';
import { plural, sentences, squeeze } from '../lib/text.js';

const MAX_DEPTH = 8;

/** @type {AgentDefinition} */
export const editor = {
  name: 'editor',
  description: 'revises a piece as its reviewers asked',
  prompt({ prompt, params }) {
    const { title, text } = contentOf(subjectOf(prompt));
    const asked = collect(dataOf(params['feedback']));
    const codes = asked.reviewed ? asked.codes : new Set(findIssues(text).map(({ code }) => code));
    /** @type {string[]} */
    const changes = [];

    const kept = sentences(text).filter((sentence) => !asked.unsupported.has(squeeze(sentence)));
    const removed = sentences(text).length - kept.length;
    if (removed > 0) changes.push(`removed ${plural(removed, 'unsupported sentence')}`);
    let revised = removed > 0 ? kept.join(' ') : text;
    if (revised === '') revised = 'None of its statements could be confirmed.';

    const repaired = repairIssues(revised, codes);
    if (repaired !== revised) changes.push(`repaired ${[...codes].join(', ')}`);
    const calm = asked.tone === 'enthusiastic' ? repaired.replace(/!+/g, '.') : repaired;
    if (calm !== repaired) changes.push('calmed the tone');
    return { title, text: calm, status: 'revised', changes };
  },
};

/**
 * Everything the reviewers asked for, wherever it stands in their answers.
 * @param {unknown} feedback
 */
function collect(feedback) {
  /** @type {Set<string>} */
  const codes = new Set();
  /** @type {Set<string>} */
  const unsupported = new Set();
  const found = { codes, unsupported, tone: '', reviewed: false };

  /** @param {unknown} value @param {number} depth */
  const visit = (value, depth) => {
    if (depth > MAX_DEPTH) return;
    if (Array.isArray(value)) value.forEach((item) => visit(dataOf(item), depth + 1));
    if (!isRecord(value)) return;
    for (const [key, item] of Object.entries(value)) {
      const data = dataOf(item);
      if (key === 'issues' && Array.isArray(data)) {
        found.reviewed = true;
        for (const issue of data) if (isRecord(issue) && typeof issue['code'] === 'string') codes.add(issue['code']);
      } else if (key === 'unsupported' && Array.isArray(data)) {
        found.reviewed = true;
        for (const sentence of data) if (typeof sentence === 'string') unsupported.add(squeeze(sentence));
      } else if (key === 'tone' && typeof data === 'string') found.tone = data;
      else visit(data, depth + 1);
    }
  };
  visit(feedback, 0);
  return found;
}
