// @ts-check
/**
 * Judges a draft. Prompt: `Review this draft: <draft>`. Answers JSON text `{ content, score, feedback }`: `content` is
 * true when the critic is content, `feedback` lists what to improve as `{ code, message }`, the most important first.
 * @import { AgentDefinition } from '../types.ts'
 */
import { subjectOf } from '../lib/content.js';
import { MIN_WORDS, partsOf } from '../lib/draft.js';
import { plural, round2, words } from '../lib/text.js';

/** @type {AgentDefinition} */
export const critic = {
  name: 'critic',
  description: 'judges a draft and says what to improve',
  prompt({ prompt }) {
    const { title, body, sources } = partsOf(subjectOf(prompt));
    const count = words(body).length;
    const isShort = count < MIN_WORDS && !body.includes('The documents say no more about ');
    const points = [
      { code: 'too-short', wrong: isShort, message: `${plural(count, 'word')}, but a draft needs ${MIN_WORDS}` },
      { code: 'no-title', wrong: title === '', message: 'the draft needs a title in its first line ("# ...")' },
      { code: 'no-sources', wrong: sources === '', message: 'the draft must name its sources in its last line' },
    ];
    const feedback = points.filter(({ wrong }) => wrong).map(({ code, message }) => ({ code, message }));
    return { content: feedback.length === 0, score: round2(1 - feedback.length / points.length), feedback };
  },
};
