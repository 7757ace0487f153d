// @ts-check
/**
 * Which sentences of a text matter most, and which phrases: TextRank over sentences, counts of words and pairs of words.
 */
import { isStopWord, sentences, stem, terms } from './text.js';

/** TextRank compares each sentence with each other one: longer texts are judged by their first sentences. */
const MAX_SENTENCES = 300;
const MAX_PHRASE_CHARS = 200_000;
/** How much more a repeated pair of words counts than a single word. */
const PAIR_WEIGHT = 2;
const DAMPING = 0.85;
const ROUNDS = 20;

/**
 * Indexes of the sentences, most central first. A sentence is central when it shares terms with other central ones.
 * @param {readonly string[]} list
 * @returns {number[]}
 */
export function rankSentences(list) {
  const bags = list.slice(0, MAX_SENTENCES).map((sentence) => new Set(terms(sentence)));
  const links = bags.map((a, i) => bags.map((b, j) => (i === j ? 0 : similarity(a, b))));
  const totals = links.map((row) => row.reduce((sum, value) => sum + value, 0));
  let scores = bags.map(() => 1);
  for (let round = 0; round < ROUNDS; round += 1) {
    scores = links.map((row) => {
      const inflow = row.reduce(
        (sum, value, j) => (value === 0 ? sum : sum + (value / at(totals, j)) * at(scores, j)),
        0,
      );
      return 1 - DAMPING + DAMPING * inflow;
    });
  }
  // Rounded, so that the last digits of floating point never decide an order.
  const rounded = scores.map((score) => Math.round(score * 1e6));
  return rounded.map((_, index) => index).sort((a, b) => at(rounded, b) - at(rounded, a) || a - b);
}

/** @param {ReadonlySet<string>} a @param {ReadonlySet<string>} b */
function similarity(a, b) {
  const shared = [...a].filter((term) => b.has(term)).length;
  return shared === 0 ? 0 : shared / (Math.log(1 + a.size) + Math.log(1 + b.size));
}

/** @param {readonly number[]} list @param {number} index */
function at(list, index) {
  return list[index] ?? 0;
}

/**
 * Key phrases of one or two words, best first. A pair of words that meets again and again says more than either word;
 * a word that is already part of a chosen phrase is not listed again.
 * @param {string} text
 * @param {number} limit
 * @returns {string[]}
 */
export function keyPhrases(text, limit) {
  /** @type {Map<string, { phrase: string, parts: string[], count: number }>} */
  const candidates = new Map();
  for (const run of sentences(text.slice(0, MAX_PHRASE_CHARS)).flatMap(runsOf)) {
    for (const [index, word] of run.entries()) {
      for (const phrase of [[word], run.slice(index, index + 2)].slice(0, index + 1 < run.length ? 2 : 1)) {
        const parts = phrase.map(stem);
        const candidate = candidates.get(parts.join(' ')) ?? { phrase: phrase.join(' '), parts, count: 0 };
        candidate.count += 1;
        candidates.set(parts.join(' '), candidate);
      }
    }
  }
  /** @param {{ parts: string[], count: number }} candidate */
  const score = ({ parts, count }) => (parts.length === 1 ? count : count > 1 ? count * PAIR_WEIGHT : 0);
  /** @type {{ phrase: string, parts: string[] }[]} */
  const chosen = [];
  for (const candidate of [...candidates.values()].sort(
    (a, b) => score(b) - score(a) || (a.phrase < b.phrase ? -1 : 1),
  )) {
    if (chosen.length >= limit) break;
    const known = chosen.some(({ parts }) => candidate.parts.every((part) => parts.includes(part)));
    if (!known && score(candidate) > 0) chosen.push(candidate);
  }
  return chosen.map(({ phrase }) => phrase);
}

/** Runs of meaningful words between stop words and punctuation, in lower case. @param {string} sentence */
function runsOf(sentence) {
  /** @type {string[][]} */
  const runs = [[]];
  for (const part of sentence.toLowerCase().split(/[^\p{L}\p{N}\s'’-]+/u)) {
    for (const word of part.split(/\s+/)) {
      const kept = /^\p{L}[\p{L}\p{N}'’-]+\p{L}$/u.test(word) && !isStopWord(word);
      if (kept) runs.at(-1)?.push(word);
      else runs.push([]);
    }
    runs.push([]);
  }
  return runs.filter((run) => run.length > 0);
}
