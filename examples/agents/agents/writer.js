// @ts-check
/**
 * Writes a draft and improves it, one point of the critic's feedback in each round. Prompt: `Write about: <topic>`;
 * fields `draft` (the last one; without it a first draft is written) and `feedback` (what the critic answered, or its
 * list of `{ code }`, as data or JSON text). Answers the draft as Markdown. It keeps no state: the same draft and
 * feedback always give the same next draft.
 * @import { AgentDefinition, Library } from '../types.ts'
 */
import { dataOf, topicOf } from '../lib/content.js';
import { isRecord } from '../lib/http.js';
import { capitalize, sentences, squeeze, words } from '../lib/text.js';
import { MIN_WORDS, partsOf } from '../lib/draft.js';

/** @param {Library} library @returns {AgentDefinition} */
export function createWriter(library) {
  return {
    name: 'writer',
    description: 'writes a draft and improves it by feedback',
    prompt({ prompt, params }) {
      const topic = topicOf(prompt);
      const passages = library.search(topic, 4);
      const { draft, feedback } = params;
      if (typeof draft !== 'string' || draft.trim() === '') {
        return (
          sentences(passages[0]?.text ?? '')
            .slice(0, 2)
            .join(' ') || `The documents say nothing about ${topic}.`
        );
      }
      const { title, body, sources } = partsOf(draft);
      const files = [...new Set(passages.map(({ file }) => file))];
      switch (firstCode(dataOf(feedback))) {
        case 'too-short':
          return join(
            title,
            lengthen(
              body,
              passages.flatMap(({ text }) => sentences(text)),
              topic,
            ),
            sources,
          );
        case 'no-title':
          return join(`# ${capitalize(topic)}`, body, sources);
        case 'no-sources':
          return join(title, body, `Sources: ${files.length === 0 ? 'none found' : files.join(', ')}`);
        default:
          return draft;
      }
    },
  };
}

/** The code of the first point of the feedback. @param {unknown} feedback @returns {string | undefined} */
function firstCode(feedback) {
  if (isRecord(feedback) && 'feedback' in feedback) return firstCode(dataOf(feedback['feedback']));
  const [first] = Array.isArray(feedback) ? feedback : [feedback];
  return isRecord(first) && typeof first['code'] === 'string' ? first['code'] : undefined;
}

/**
 * Adds sentences of the documents until the text is long enough, or says that they hold no more.
 * @param {string} body @param {readonly string[]} material @param {string} topic
 */
function lengthen(body, material, topic) {
  const parts = [body];
  for (const sentence of material) {
    if (words(parts.join(' ')).length >= MIN_WORDS) break;
    if (!squeeze(body).includes(squeeze(sentence))) parts.push(sentence);
  }
  if (words(parts.join(' ')).length < MIN_WORDS) parts.push(`The documents say no more about ${topic}.`);
  return parts.join(' ');
}

/** @param {string[]} parts */
function join(...parts) {
  return parts.filter((part) => part !== '').join('\n\n');
}
