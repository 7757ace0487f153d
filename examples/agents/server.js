// @ts-check
/**
 * Turns an agent definition into a running HTTP server that answers as a Dank agent does: `POST /prompt`, the routes
 * the agent adds, `GET /health`, `/status`, `/metrics` and `/logs`, and 404 with the list of endpoints for the rest.
 * @import { AgentDefinition, AgentRequest, LoggedRequest, RunningAgent, RunningServer, StartOptions } from './types.ts'
 */
import { HttpFailure, isRecord, startServer, timestamp } from './lib/http.js';
import { words } from './lib/text.js';

const LOGGED_LINES = 100;

/**
 * @param {AgentDefinition} definition
 * @param {StartOptions} [options]
 * @returns {Promise<RunningAgent>}
 */
export async function startAgent(definition, options = {}) {
  const startedAt = Date.now();
  const counts = { requests: 0, prompts: 0, failures: 0, promptMs: 0 };
  /** @type {{ server?: RunningServer }} */
  const running = {};
  const { name, description } = definition;

  /** @type {Record<string, (request: AgentRequest) => object | Promise<object>>} */
  const routes = {
    ...(definition.prompt && { 'POST /prompt': (request) => answerPrompt(definition, request, counts) }),
    ...definition.routes,
    'GET /health': () => ({ status: 'healthy', agent: name, uptime: uptime(startedAt), timestamp: timestamp() }),
    'GET /status': () => ({
      agent: { name, description },
      status: 'running',
      uptime: uptime(startedAt),
      prompting: definition.prompt !== undefined,
      endpoints: Object.keys(routes),
      timestamp: timestamp(),
    }),
    'GET /metrics': () => ({ agent: name, uptime: uptime(startedAt), ...counts, timestamp: timestamp() }),
    'GET /logs': () => ({ agent: name, logs: logLines(running.server?.requests ?? []), timestamp: timestamp() }),
  };

  running.server = await startServer(
    name,
    (request) => {
      counts.requests += 1;
      const url = request.path.split('?', 1)[0] ?? '/';
      const key = `${request.method} ${url}`;
      const route = Object.hasOwn(routes, key) ? routes[key] : undefined;
      if (route) return route(toAgentRequest(request));
      const message = `Cannot ${request.method} ${url}`;
      throw new HttpFailure(404, { error: 'Not Found', message, availableEndpoints: Object.keys(routes) });
    },
    options,
  );
  return { ...running.server, description };
}

/**
 * @param {AgentDefinition} definition
 * @param {AgentRequest} request
 * @param {{ prompts: number, failures: number, promptMs: number }} counts
 */
async function answerPrompt(definition, request, counts) {
  if (request.prompt === '') throw new HttpFailure(400, { error: 'Prompt is required', timestamp: timestamp() });
  const started = performance.now();
  counts.prompts += 1;
  try {
    const result = await definition.prompt?.(request);
    const response = typeof result === 'string' ? result : JSON.stringify(result);
    const processingTime = Math.round(performance.now() - started);
    counts.promptMs += processingTime;
    const metadata = { usage: usageOf(request.prompt, response), model: `local/${definition.name}`, processingTime };
    return { response, metadata: { ...metadata, responseModified: false }, timestamp: timestamp() };
  } catch (error) {
    if (error instanceof HttpFailure) throw error;
    counts.failures += 1;
    const message = error instanceof Error ? error.message : String(error);
    throw new HttpFailure(500, { error: 'Failed to process prompt', message, timestamp: timestamp() });
  }
}

/** The local agents have no tokens; their usage counts words. @param {string} prompt @param {string} response */
function usageOf(prompt, response) {
  const promptTokens = words(prompt).length;
  const completionTokens = words(response).length;
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

/** @param {LoggedRequest} request @returns {AgentRequest} */
function toAgentRequest({ path, headers, body }) {
  const query = Object.fromEntries(new URLSearchParams(path.split('?').slice(1).join('?')));
  const { prompt, ...params } = { ...query, ...(isRecord(body) ? body : {}) };
  return { prompt: typeof prompt === 'string' ? prompt : '', params, headers };
}

/** Seconds. @param {number} startedAt */
function uptime(startedAt) {
  return Math.floor((Date.now() - startedAt) / 1000);
}

/** Method and path only: headers and bodies may hold what nobody should read in a log. @param {readonly LoggedRequest[]} requests */
function logLines(requests) {
  return requests.slice(-LOGGED_LINES).map(({ method, path, at }) => ({
    timestamp: new Date(at).toISOString(),
    level: 'info',
    message: `${method} ${path.split('?', 1)[0]}`,
  }));
}
