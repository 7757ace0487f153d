// @ts-check
/**
 * Names the tone of a piece. Prompt: `Analyze tone: <text or JSON content>`. Answers JSON text `{ tone, score, marks }`:
 * the tone with the most marks per sentence, and how marked it is from 0 to 1; without marks it is `neutral`.
 * @import { AgentDefinition } from '../types.ts'
 */
import { contentOf, subjectOf } from '../lib/content.js';
import { round2, sentences } from '../lib/text.js';

const MARKS = {
  enthusiastic: /!|\b(?:amazing|awesome|best|ever|fantastic|forever|great(?:est)?|incredible|love|wonderful)\b/gi,
  casual:
    /\b\p{L}+['’](?:s not|t|re|ll|ve|d)\b|\b(?:it|that|there)['’]s\b|\b(?:you|your|guys|kind of|okay|stuff|well,|yeah)\b/giu,
  formal:
    /\b(?:accordingly|consequently|furthermore|hence|however|moreover|must not|nevertheless|shall|therefore|thus|whereas)\b/gi,
};

/** @type {AgentDefinition} */
export const tone = {
  name: 'tone',
  description: 'names the tone of a piece',
  prompt({ prompt }) {
    const { text } = contentOf(subjectOf(prompt));
    const size = Math.max(1, sentences(text).length);
    const marks = Object.entries(MARKS).map(([name, pattern]) => ({ name, count: (text.match(pattern) ?? []).length }));
    const best = marks.reduce((a, b) => (b.count > a.count ? b : a));
    return {
      tone: best.count === 0 ? 'neutral' : best.name,
      score: round2(Math.min(1, best.count / size)),
      marks: Object.fromEntries(marks.map(({ name, count }) => [name, count])),
    };
  },
};
