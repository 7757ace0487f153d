// @ts-check
/**
 * The three publishers. They are called by route, not by prompt: `POST /api/publish` with `{ content }` (an object with
 * `title` and `text`, its JSON text, or plain text). The same content always gets the same id.
 * @import { AgentDefinition, AgentRequest } from '../types.ts'
 */
import { contentOf } from '../lib/content.js';
import { HttpFailure, timestamp } from '../lib/http.js';
import { keyPhrases } from '../lib/rank.js';
import { capitalize, sha256, shorten, squeeze, terms, words } from '../lib/text.js';

const POST_CHARS = 280;

/** @typedef {{ title: string, text: string }} Piece */

export const publishers = [
  createPublisher('blog', 'publishes as a blog article', ({ title, text }) => `# ${title}\n\n${text}`),
  createPublisher('social', 'publishes as a short post', ({ title, text }) => {
    const tags = keyPhrases(text, 3).map(
      (phrase) =>
        `#${words(phrase)
          .map(capitalize)
          .join('')
          .replace(/[^\p{L}\p{N}]/gu, '')}`,
    );
    const tail = ` ${tags.join(' ')}`;
    return `${shorten(squeeze(`${title}. ${text}`), POST_CHARS - tail.length)}${tail}`.slice(0, POST_CHARS);
  }),
  createPublisher(
    'email',
    'publishes as a newsletter',
    ({ title, text }) => `Subject: ${title}\n\nHello,\n\n${text}\n`,
  ),
];

/**
 * @param {'blog' | 'social' | 'email'} target
 * @param {string} description
 * @param {(piece: Piece) => string} render
 * @returns {AgentDefinition}
 */
function createPublisher(target, description, render) {
  return {
    name: `${target}-publisher`,
    description,
    routes: {
      'POST /api/publish': ({ params }) => {
        const piece = pieceOf(params);
        const body = render(piece);
        const id = sha256(`${target}\n${piece.title}\n${piece.text}`).slice(0, 12);
        const slug = terms(piece.title).slice(0, 6).join('-');
        const url = `https://${target}.example/${[slug, id].filter((part) => part !== '').join('-')}`;
        return { published: true, target, id, url, title: piece.title, length: body.length, body };
      },
    },
  };
}

/** @param {AgentRequest['params']} params @returns {Piece} */
function pieceOf({ content }) {
  const { title, text } = contentOf(content ?? '');
  if (text.trim() === '') throw new HttpFailure(400, { error: 'Content is required', timestamp: timestamp() });
  return { title: title === '' ? shorten(squeeze(text), 60) : title, text };
}
