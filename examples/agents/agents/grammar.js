// @ts-check
/**
 * Checks a piece for faults: doubled spaces and words, sentence starts, brackets, overlong sentences. Prompt:
 * `Check grammar: <text or JSON content>`. Answers JSON text `{ score, issues }`; 1 is faultless.
 * @import { AgentDefinition } from '../types.ts'
 */
import { contentOf, subjectOf } from '../lib/content.js';
import { findIssues } from '../lib/grammar-rules.js';
import { round2, sentences } from '../lib/text.js';

/** @type {AgentDefinition} */
export const grammar = {
  name: 'grammar',
  description: 'finds faults of grammar, with a score',
  prompt({ prompt }) {
    const { text } = contentOf(subjectOf(prompt));
    const issues = findIssues(text);
    return { score: round2(Math.max(0, 1 - issues.length / Math.max(1, sentences(text).length))), issues };
  },
};
