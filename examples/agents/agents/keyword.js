// @ts-check
/**
 * Key phrases of a text as a JSON array, best first. Prompt: `Extract keywords from: <text>`; field `limit` (default 10).
 * @import { AgentDefinition } from '../types.ts'
 */
import { countParam, subjectOf } from '../lib/content.js';
import { keyPhrases } from '../lib/rank.js';
import { proseSentences } from '../lib/text.js';

/** @type {AgentDefinition} */
export const keyword = {
  name: 'keyword',
  description: 'key phrases as a JSON array',
  prompt: ({ prompt, params }) =>
    keyPhrases(proseSentences(subjectOf(prompt)).join('\n'), countParam(params['limit'], 10, 50)),
};
