// @ts-check
/**
 * The way in: all agents by name, and `startAll`, which starts them with the process service.
 * @import { AgentDefinition, Library, RunningAgent, RunningAgents, RunningServer, StartAllOptions } from './types.ts'
 */
import { fileURLToPath } from 'node:url';

import { analyst } from './agents/analyst.js';
import { createContentGenerator } from './agents/content-generator.js';
import { critic } from './agents/critic.js';
import { editor } from './agents/editor.js';
import { createFactChecker } from './agents/fact-checker.js';
import { formatter } from './agents/formatter.js';
import { grammar } from './agents/grammar.js';
import { keyword } from './agents/keyword.js';
import { publishers } from './agents/publishers.js';
import { createResearcher } from './agents/researcher.js';
import { summarizer } from './agents/summarizer.js';
import { tone } from './agents/tone.js';
import { createUnreliable } from './agents/unreliable.js';
import { createWriter } from './agents/writer.js';
import { loadLibrary } from './lib/library.js';
import { startProcessService } from './process-service.js';
import { startAgent } from './server.js';

export { loadLibrary, startAgent, startProcessService };

export const sampleDocuments = fileURLToPath(new URL('documents', import.meta.url));
export const projectDocuments = fileURLToPath(new URL('../..', import.meta.url));

/** @param {Library} library @returns {Record<string, AgentDefinition>} */
export function createAgents(library) {
  const all = [
    createResearcher(library),
    analyst,
    summarizer,
    keyword,
    formatter,
    createUnreliable(library),
    createContentGenerator(library),
    grammar,
    createFactChecker(library),
    tone,
    editor,
    ...publishers,
    createWriter(library),
    critic,
  ];
  return Object.fromEntries(all.map((agent) => [agent.name, agent]));
}

export const agentNames = Object.keys(createAgents({ folder: '', files: [], passages: [], search: () => [] }));

/** @param {StartAllOptions} options @returns {Promise<RunningAgents>} */
export async function startAll({ documents, names = agentNames, apiKey = 'demo-key', firstPort = 0, ...options }) {
  const unknown = names.filter((name) => !agentNames.includes(name));
  if (unknown.length > 0) {
    throw new Error(`There is no agent called ${unknown.join(', ')}; there are ${agentNames.join(', ')}`);
  }
  const library = await loadLibrary(documents);
  const definitions = createAgents(library);
  /** @type {RunningServer[]} */
  const started = [];
  const close = async () => {
    await Promise.all(started.map((server) => server.close()));
  };
  try {
    const service = await startProcessService({ apiKey, port: firstPort, ...options });
    started.push(service);
    /** @type {Record<string, RunningAgent>} */
    const agents = {};
    for (const name of new Set(names)) {
      const definition = definitions[name];
      if (!definition) continue;
      const port = firstPort === 0 ? 0 : firstPort + 1 + agentNames.indexOf(name);
      const agent = await startAgent(definition, { port, ...options });
      started.push(agent);
      agents[name] = agent;
    }
    return { agents, service, library, close };
  } catch (error) {
    await close();
    throw error;
  }
}
