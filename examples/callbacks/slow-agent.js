/** An agent that accepts its work, and completes it later. Node.js only, no framework. */
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Gives the server when it listens.
 * @param {number} [workMs] how long it works
 */
export async function startSlowAgent(workMs = 300) {
  const server = createServer((request, response) => void accept(request, response, workMs));
  await new Promise((resolve) => void server.listen(0, '127.0.0.1', () => resolve(undefined)));
  return server;
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 * @param {number} workMs
 */
async function accept(request, response, workMs) {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const { prompt } = JSON.parse(body);
  const callback = String(request.headers['x-callback-url']);
  response.writeHead(202).end();
  await work(callback, prompt, workMs);
}

/**
 * @param {string} callback
 * @param {string} prompt
 * @param {number} workMs
 */
async function work(callback, prompt, workMs) {
  for (let done = 0; done < 3; done += 1) {
    await sleep(workMs / 3);
    const { status } = await post(`${callback}/heartbeat`, {});
    // Nobody waits for it any more: the run was cancelled, or another attempt has begun.
    if (status === 409) return;
  }
  await post(callback, { response: `A long report on: ${prompt}`, metadata: { model: 'slow' } });
}

/**
 * @param {string} url
 * @param {object} body
 */
function post(url, body) {
  const headers = { 'content-type': 'application/json' };
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
}
