// @ts-check
/**
 * Finds the passages of the documents that fit a topic best. Prompt: `Research: <topic>`; field `limit` (default 6).
 * @import { AgentDefinition, Library } from '../types.ts'
 */
import { countParam, topicOf } from '../lib/content.js';
import { plural } from '../lib/text.js';

/** @param {Library} library @returns {AgentDefinition} */
export function createResearcher(library) {
  return {
    name: 'researcher',
    description: 'finds the best passages about a topic',
    prompt({ prompt, params }) {
      const topic = topicOf(prompt);
      const passages = library.search(topic, countParam(params['limit'], 6, 20));
      const searched = plural(library.files.length, 'document');
      if (passages.length === 0) return `Research on "${topic}": no passage in ${searched}.`;
      const used = plural(new Set(passages.map(({ file }) => file)).size, 'document');
      const blocks = passages.map(
        ({ file, heading, text }, index) => `[${index + 1}] ${file}${heading === '' ? '' : ` — ${heading}`}\n${text}`,
      );
      const head = `Research on "${topic}": ${plural(passages.length, 'passage')} from ${used} of ${library.files.length}.`;
      return [head, ...blocks].join('\n\n');
    },
  };
}
