// @ts-check
/**
 * Writes a piece about a topic out of sentences of the documents. Prompt: `Generate content about: <topic>`; field
 * `style`: `neutral` (default), `brief`, `casual`, or `enthusiastic`, which adds claims that no document supports.
 * Answers JSON text `{ title, text, style }`.
 * @import { AgentDefinition, Library, RankedPassage } from '../types.ts'
 */
import { topicOf } from '../lib/content.js';
import { capitalize, sentences } from '../lib/text.js';

const CASUAL_WORDS = /** @type {const} */ ([
  [/\b(do|does|did|is|are|was|were|has|have|had|could|should|would) not\b/g, "$1n't"],
  [/\bcannot\b/g, "can't"],
  [/\b([Ii]t|[Tt]hat|[Tt]here) is\b/g, "$1's"],
  [/\b([Tt]hey|[Ww]e|[Yy]ou) are\b/g, "$1're"],
  [/\btherefore\b/g, 'so'],
  [/\bsuch as\b/g, 'like'],
  [/\b(?:many|a great number of)\b/g, 'lots of'],
  [/\bas well\b/g, 'too'],
  [/\bwhile\b/g, 'and'],
]);

/** @param {Library} library @returns {AgentDefinition} */
export function createContentGenerator(library) {
  return {
    name: 'content-generator',
    description: 'writes a piece about a topic in a style',
    prompt({ prompt, params }) {
      const topic = topicOf(prompt);
      const style = typeof params['style'] === 'string' && params['style'] !== '' ? params['style'] : 'neutral';
      const passages = library.search(topic, 4);
      const [first] = passages;
      if (!first) return { title: capitalize(topic), text: `The documents say nothing about ${topic}.`, style };
      return { title: titleOf(topic, first.heading), text: inStyle(passages, topic, style.toLowerCase()), style };
    },
  };
}

/** @param {string} topic @param {string} heading of the best passage */
function titleOf(topic, heading) {
  if (heading.toLowerCase().includes(topic.toLowerCase())) return heading;
  return heading === '' ? capitalize(topic) : `${capitalize(topic)}: ${heading}`;
}

/** @param {readonly RankedPassage[]} passages @param {string} topic @param {string} style */
function inStyle(passages, topic, style) {
  const perPassage = style === 'brief' ? 1 : 2;
  const text = passages.map((passage) => sentences(passage.text).slice(0, perPassage).join(' ')).join(' ');
  if (style === 'casual') {
    return CASUAL_WORDS.reduce((value, [pattern, replacement]) => value.replace(pattern, replacement), text);
  }
  if (style !== 'enthusiastic') return text;
  return `Nothing in the whole universe is more amazing than ${topic}! ${text} Every expert on Earth agrees that ${topic} will change everybody's life forever!`;
}
