// @ts-check
/**
 * An agent that fails before it works: the first two tries of each query end in 500, the third finds the sentence of the
 * documents closest to the query. A query is known by its `Idempotency-Key` header, without one by its prompt.
 * @import { AgentDefinition, Library } from '../types.ts'
 */
import { topicOf } from '../lib/content.js';
import { plural, sentences, sha256, terms, words } from '../lib/text.js';

/** Only the latest queries are remembered. */
const MAX_QUERIES = 10_000;

/** @param {Library} library @param {{ readonly failures?: number }} [options] @returns {AgentDefinition} */
export function createUnreliable(library, { failures = 2 } = {}) {
  /** @type {Map<string, number>} */
  const tries = new Map();
  return {
    name: 'unreliable',
    description: `fails ${failures} times, then answers a query`,
    prompt({ prompt, headers }) {
      const key = sha256(headers['idempotency-key'] ?? prompt);
      const attempt = (tries.get(key) ?? 0) + 1;
      tries.delete(key);
      tries.set(key, attempt);
      const [oldest] = tries.keys();
      if (tries.size > MAX_QUERIES && oldest !== undefined) tries.delete(oldest);
      if (attempt <= failures) throw new Error(`The model is overloaded (try ${attempt} of this query)`);
      return answer(library, topicOf(prompt));
    },
  };
}

/** @param {Library} library @param {string} query */
function answer(library, query) {
  const wanted = new Set(terms(query));
  const candidates = library
    .search(query, 5)
    .flatMap(({ file, text }) =>
      sentences(text).map((sentence) => ({ file, sentence, score: closeness(sentence, wanted) })),
    )
    .sort((a, b) => b.score - a.score);
  const size = plural(words(query).length, 'word');
  const [best] = candidates;
  if (!best || best.score === 0) return `Nothing in the documents is close to this query of ${size}.`;
  return `${best.sentence} (${best.file}; the query has ${size})`;
}

/** How much of the query the sentence holds, less for long sentences. @param {string} sentence @param {ReadonlySet<string>} wanted */
function closeness(sentence, wanted) {
  const own = new Set(terms(sentence));
  const shared = [...wanted].filter((term) => own.has(term)).length;
  return shared / Math.sqrt(Math.max(1, wanted.size) * Math.max(1, own.size));
}
