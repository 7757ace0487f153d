// Two agents that need no model, no key and no network: each is a small HTTP server that answers `POST /prompt` with
// `{ response }`, as Dank agents do. They stop with the process.
import { createServer } from 'node:http';

const answers = {
  greeter: ({ name = 'World' }) => `Hello ${name}! It is good to see you here.`,
  analyst: ({ prompt }) => {
    const text = prompt.replace(/^Analyze:\s*/, '');
    const words = text.match(/\p{L}+/gu) ?? [];
    const longest = words.reduce((best, word) => (word.length > best.length ? word : best), '');
    return JSON.stringify({ words: words.length, letters: words.join('').length, longest });
  },
};

/** Starts them on free ports; gives their addresses by name. */
export async function startDemoAgents() {
  const names = Object.keys(answers);
  const urls = await Promise.all(names.map((name) => startAgent(answers[name])));
  return Object.fromEntries(names.map((name, index) => [name, urls[index]]));
}

function startAgent(answer) {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const timestamp = new Date().toISOString();
    if (request.method !== 'POST' || request.url !== '/prompt') {
      send(response, 404, { error: 'Not Found', availableEndpoints: ['POST /prompt'], timestamp });
      return;
    }
    const fields = JSON.parse(body);
    if (!fields.prompt) {
      send(response, 400, { error: 'Prompt is required', timestamp });
      return;
    }
    // Agents take their time; without this there is nothing to watch.
    setTimeout(() => send(response, 200, { response: answer(fields), metadata: { model: 'demo' }, timestamp }), 400);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`));
    // Does not keep the process alive.
    server.unref();
  });
}

function send(response, status, data) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(data));
}
