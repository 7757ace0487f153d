// @ts-check
/**
 * What a prompt is about: the text behind its instruction ("Research: tides" -> "tides"), and the piece of content in
 * it, whether that came as plain text or as the JSON text of another agent's answer.
 */
import { isRecord } from './http.js';
import { squeeze } from './text.js';

const INSTRUCTION =
  /^\s*(?:research|analy[sz]e|summari[sz]e|extract|format|generate|check|fact[ -]?check|revise|review|write|improve|answer|publish)\b[^:\n]{0,60}:\s*/i;

/** Longer texts are judged by their first part: an agent answers while somebody waits. */
const MAX_SUBJECT_CHARS = 1_000_000;

/** The prompt without its leading instruction. @param {string} prompt */
export function subjectOf(prompt) {
  const text = prompt.slice(0, MAX_SUBJECT_CHARS);
  const subject = text.replace(INSTRUCTION, '').trim();
  return subject === '' ? text.trim() : subject;
}

/** A topic on one line and short enough to be put into a sentence. @param {string} prompt */
export function topicOf(prompt) {
  return squeeze(subjectOf(prompt).slice(0, 2000))
    .replace(/[\s.?!]+$/, '')
    .slice(0, 200);
}

/**
 * A piece of content: from an object with a `text`, from the JSON text of one, or from plain text.
 * @param {unknown} value
 * @returns {{ title: string, text: string, style: string }}
 */
export function contentOf(value) {
  const data = dataOf(value);
  if (!isRecord(data))
    return { title: '', text: typeof data === 'string' ? data : JSON.stringify(data ?? ''), style: '' };
  const { title, text, style } = data;
  return {
    title: typeof title === 'string' ? title : '',
    text: typeof text === 'string' ? text : JSON.stringify(data),
    style: typeof style === 'string' ? style : '',
  };
}

/** The value of a JSON object or array in text; undefined for any other text. @param {string} text @returns {unknown} */
export function parseJson(text) {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return /** @type {unknown} */ (JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Data that may come as itself or as JSON text. @param {unknown} value @returns {unknown} */
export function dataOf(value) {
  return typeof value === 'string' ? (parseJson(value) ?? value) : value;
}

/** A whole number from a field, kept between the two bounds. @param {unknown} value @param {number} fallback @param {number} max */
export function countParam(value, fallback, max) {
  const number = Math.floor(Number(value));
  return number >= 1 ? Math.min(number, max) : fallback;
}
