// @ts-check
/**
 * Looks for each sentence of a piece in the documents. Prompt: `Fact check: <text or JSON content>`. Answers JSON text
 * `{ score, supported: [{ sentence, source }], unsupported: [sentence] }`; the score is the share that is supported.
 * @import { AgentDefinition, Library } from '../types.ts'
 */
import { contentOf, subjectOf } from '../lib/content.js';
import { round2, sentences, terms } from '../lib/text.js';

/** A sentence is supported when one passage holds this share of its meaningful words. */
const MIN_SHARE = 0.6;
const MAX_SENTENCES = 200;

/** @param {Library} library @returns {AgentDefinition} */
export function createFactChecker(library) {
  return {
    name: 'fact-checker',
    description: 'share of sentences found in the documents',
    prompt({ prompt }) {
      const checked = sentences(contentOf(subjectOf(prompt)).text)
        .filter((sentence) => terms(sentence).length > 1)
        .slice(0, MAX_SENTENCES)
        .map((sentence) => ({ sentence, source: sourceOf(library, sentence) }));
      const supported = checked.filter(({ source }) => source !== undefined);
      const unsupported = checked.filter(({ source }) => source === undefined).map(({ sentence }) => sentence);
      return { score: round2(checked.length === 0 ? 0 : supported.length / checked.length), supported, unsupported };
    },
  };
}

/** The file that supports the sentence, if one does. @param {Library} library @param {string} sentence */
function sourceOf(library, sentence) {
  const wanted = [...new Set(terms(sentence))];
  return library.search(sentence, 3).find(({ heading, text }) => {
    const held = new Set(terms(`${heading} ${text}`));
    return wanted.filter((term) => held.has(term)).length / wanted.length >= MIN_SHARE;
  })?.file;
}
