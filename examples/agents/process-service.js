// @ts-check
/**
 * A small local HTTP service, not an agent: `POST /process` with `Authorization: Bearer <key>` takes any JSON and
 * answers what it received, how many words that holds, a checksum and the time.
 * @import { RunningServer, StartOptions } from './types.ts'
 */
import { timingSafeEqual } from 'node:crypto';

import { HttpFailure, isRecord, startServer, timestamp } from './lib/http.js';
import { sha256, words } from './lib/text.js';

/**
 * @param {StartOptions & { readonly apiKey: string }} options
 * @returns {Promise<RunningServer>}
 */
export function startProcessService({ apiKey, ...options }) {
  return startServer(
    'process-service',
    ({ method, path, headers, body }) => {
      const route = `${method} ${path.split('?', 1)[0]}`;
      if (route === 'GET /health') return { status: 'healthy', timestamp: timestamp() };
      if (route !== 'POST /process') {
        throw new HttpFailure(404, { error: 'Not Found', availableEndpoints: ['POST /process', 'GET /health'] });
      }
      if (!isAllowed(headers['authorization'] ?? '', apiKey)) {
        throw new HttpFailure(401, { error: 'Unauthorized', message: 'Send Authorization: Bearer <key>' });
      }
      if (body === undefined) throw new HttpFailure(400, { error: 'A JSON body is required' });
      const text = canonical(body);
      return { received: body, words: wordsIn(body), checksum: sha256(text), processedAt: timestamp() };
    },
    options,
  );
}

/** Compares hashes, so that the time it takes says nothing about the key. @param {string} header @param {string} apiKey */
function isAllowed(header, apiKey) {
  return timingSafeEqual(Buffer.from(sha256(header)), Buffer.from(sha256(`Bearer ${apiKey}`)));
}

/** JSON with sorted keys: the same data has the same checksum. @param {unknown} value */
function canonical(value) {
  return JSON.stringify(value, (_key, /** @type {unknown} */ item) =>
    isRecord(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item,
  );
}

/** Words in all texts of the data. @param {unknown} value @returns {number} */
function wordsIn(value) {
  if (typeof value === 'string') return words(value).length;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((/** @type {number} */ sum, item) => sum + wordsIn(item), 0);
}
