/** `node examples/callbacks/main.js [topic]`: a step that an agent accepts (202) and completes later, over real HTTP. */
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { createEngine, createWorkflow, handleCallback } from 'dank-workflow';
import { startSlowAgent } from './slow-agent.js';

const topic = process.argv[2] ?? 'tides';

const flow = createWorkflow('report')
  .addStep('research', {
    type: 'agent',
    agentId: 'slow',
    input: { prompt: `Research: {{workflow.input.topic}}` },
    callback: true,
    // Without a sign of life for so long the attempt fails, and the agent is asked again.
    heartbeatTimeout: '30s',
    timeout: '1d',
    retry: { maxAttempts: 3 },
  })
  .setOutput('{{steps.research.output}}');

const callbacks = createServer((request, response) => void serve(request, response));
await listen(callbacks);

const agent = await startSlowAgent();
const engine = await createEngine({
  workflows: [flow],
  agents: { slow: urlOf(agent) },
  store: process.env.STORE ?? ':memory:',
  callbackBase: `${urlOf(callbacks)}/callbacks`,
});
const run = await engine.start(flow, { topic });
for await (const event of run.events()) console.log(event.type, 'step' in event ? event.step : '');
console.log(await run.result());
await engine.close();
agent.close();
callbacks.close();

/**
 * A server that speaks the web's Request and Response takes it as it is: `(request) => handleCallback(engine, request)`.
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
async function serve(request, response) {
  const answer = await handleCallback(engine, toRequest(request));
  response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
}

/**
 * A request of `node:http` as the web knows it.
 * @param {import('node:http').IncomingMessage} request
 */
function toRequest(request) {
  const headers = new Headers(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  const init = { method: request.method ?? 'GET', headers };
  const url = new URL(request.url ?? '/', urlOf(callbacks));
  if (init.method === 'GET' || init.method === 'HEAD') return new Request(url, init);
  return new Request(url, { ...init, body: /** @type {any} */ (Readable.toWeb(request)), duplex: 'half' });
}

/** @param {import('node:http').Server} server */
function listen(server) {
  return new Promise((resolve) => void server.listen(0, '127.0.0.1', () => resolve(undefined)));
}

/** @param {import('node:http').Server} server */
function urlOf(server) {
  return `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`;
}
