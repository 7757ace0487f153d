/**
 * Who the agents are and where they live, from all places that name them: the API, the value of a `dank.config.js`,
 * environment variables, or a plain URL instead of a name. Owns the merging and finding; `read-agent.ts` reads entries.
 *
 * Which wins: an agent of the API stands for one with the same name in the configuration (and takes its id over when it
 * has none); a variable `DANK_AGENT_<NAME>_URL` then replaces the address. Names and ids are compared exactly.
 */
import { nearest } from '../core/nearest.ts';
import { DefinitionError } from '../core/errors.ts';
import { isPlainObject } from '../core/json.ts';
import { joinPath, type Issue } from '../core/issue.ts';
import type { Agent, AgentSource } from './agent.ts';
import { readAgentHost, readAgentUrls, variableKey, variableName, type Environment } from './environment.ts';
import { applyLimits, noLimits, type AgentLimits } from './limits.ts';
import { readAgent, readBaseUrl } from './read-agent.ts';

export type { Agent } from './agent.ts';
export type { AgentLimits } from './limits.ts';

/** An agent as the API takes it: a URL, or fields; in a list it needs a `name`. Agent objects of `dank-ai` fit too. */
export type AgentOption =
  | string
  | (AgentLimits & {
      readonly name?: string;
      readonly id?: string | null;
      readonly url?: string;
      /** On {@link AgentSources.env}'s `DANK_AGENT_HOST`, else this machine. */
      readonly port?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly timeoutMs?: number;
      /** Of agent objects of `dank-ai`. */
      readonly config?: object;
    });

export type AgentsOption =
  | Readonly<Record<string, AgentOption>>
  | ReadonlyMap<string, AgentOption>
  | readonly AgentOption[];

export interface AgentSources {
  readonly agents?: AgentsOption;
  /** What a `dank.config.js` exports: `{ agents, AGENT_IDS, agentLimits }`. */
  readonly config?: unknown;
  /** Where `config` was read, for messages. */
  readonly configFile?: string;
  /** @default {} */
  readonly env?: Environment;
  /**
   * Whether a plain URL in the place of a name may lead to local and private addresses. False for definitions that come
   * from strangers. @default true
   */
  readonly trustUrls?: boolean;
}

export interface AgentRegistry {
  /** By name, id, or http(s) URL; null when there is none. */
  find(idOrName: string): Agent | null;
  /** All names, sorted. */
  names(): readonly string[];
  /** The name that is most like it, for "did you mean"; null when none is. */
  suggest(name: string): string | null;
  /** `AGENT_IDS` of the configuration: constant -> id. */
  readonly agentIds: ReadonlyMap<string, string>;
}

/** @throws DefinitionError with every entry that cannot be used */
export function createAgentRegistry(sources: AgentSources = {}): AgentRegistry {
  const issues: Issue[] = [];
  const env = sources.env ?? {};
  const host = readAgentHost(env, issues);
  const urls = readAgentUrls(env, issues);
  const agentIds = readAgentIds(sources.config, issues);
  const api = readList(sources.agents, 'agents', { source: 'api', origin: 'agents', host, issues });
  const configList = isPlainObject(sources.config) ? sources.config['agents'] : undefined;
  const origin = sources.configFile ?? 'dank.config';
  const config = readList(configList, 'config.agents', { source: 'config', origin, host, issues });
  const merged = applyUrls(merge(api, config), urls, agentIds, issues);
  const agents = applyLimits(merged, isPlainObject(sources.config) ? sources.config['agentLimits'] : undefined, issues);
  checkDuplicates(agents, issues);
  if (issues.length > 0) throw new DefinitionError('The list of agents', issues);
  return new Registry(agents, agentIds, sources.trustUrls ?? true);
}

class Registry implements AgentRegistry {
  readonly agentIds: ReadonlyMap<string, string>;
  readonly #byName: ReadonlyMap<string, Agent>;
  readonly #byId: ReadonlyMap<string, Agent>;
  /** Agents that only an environment variable tells of: every name that leads to that variable is one of theirs. */
  readonly #byVariable: ReadonlyMap<string, Agent>;
  readonly #trustUrls: boolean;

  constructor(agents: readonly Agent[], agentIds: ReadonlyMap<string, string>, trustUrls: boolean) {
    this.agentIds = agentIds;
    this.#byName = new Map(agents.map((agent) => [agent.name, agent]));
    this.#byId = new Map(agents.flatMap((agent) => (agent.id === null ? [] : [[agent.id, agent]])));
    const named = agents.filter((agent) => agent.source === 'env');
    this.#byVariable = new Map(named.map((agent) => [variableKey(agent.name), agent]));
    this.#trustUrls = trustUrls;
  }

  find(idOrName: string): Agent | null {
    const known = this.#byName.get(idOrName) ?? this.#byId.get(idOrName);
    if (known !== undefined) return known;
    if (/^https?:\/\//i.test(idOrName)) return urlAgent(idOrName, this.#trustUrls);
    return this.#byVariable.get(variableKey(idOrName)) ?? null;
  }

  names(): readonly string[] {
    return [...this.#byName.keys()].sort();
  }

  suggest(name: string): string | null {
    return nearest(name, this.names()) ?? null;
  }
}

function urlAgent(text: string, trusted: boolean): Agent | null {
  const parsed = readBaseUrl(text);
  if ('problem' in parsed) return null;
  const { url } = parsed;
  return {
    name: url,
    id: null,
    url,
    headers: {},
    promptEnabled: true,
    timeoutMs: null,
    ...noLimits,
    trusted,
    source: 'url',
    origin: 'url',
  };
}

interface ListContext {
  readonly source: AgentSource;
  readonly origin: string;
  readonly host: string;
  readonly issues: Issue[];
}

/** A list, or entries by name. */
function readList(list: unknown, path: string, context: ListContext): readonly Agent[] {
  if (list === undefined || list === null) return [];
  if (Array.isArray(list)) {
    return list.flatMap(
      (entry: unknown, index) => readAgent(entry, { ...context, path: joinPath(path, index), key: null }) ?? [],
    );
  }
  const entries =
    list instanceof Map ? [...(list as Map<unknown, unknown>)] : isPlainObject(list) ? Object.entries(list) : null;
  if (entries === null) {
    const expected = 'a list, or an object of name -> agent';
    context.issues.push({
      code: 'AGENT_INVALID',
      path,
      message: 'these are no agents',
      expected,
      received: typeof list,
    });
    return [];
  }
  return entries.flatMap(([key, entry]) => {
    const name = String(key);
    return readAgent(entry, { ...context, path: joinPath(path, name), key: name }) ?? [];
  });
}

function readAgentIds(config: unknown, issues: Issue[]): ReadonlyMap<string, string> {
  const ids = new Map<string, string>();
  const given = isPlainObject(config) ? config['AGENT_IDS'] : undefined;
  if (given === undefined || given === null) return ids;
  const path = 'config.AGENT_IDS';
  if (!isPlainObject(given)) {
    issues.push({
      code: 'AGENT_INVALID',
      path,
      message: 'AGENT_IDS is an object',
      expected: '{ NAME: id }',
      received: typeof given,
    });
    return ids;
  }
  for (const [name, id] of Object.entries(given)) {
    if (typeof id === 'string' && id !== '') ids.set(name, id);
    else
      issues.push({
        code: 'AGENT_INVALID',
        path: joinPath(path, name),
        message: 'this is no id',
        expected: 'a text',
        received: String(id),
      });
  }
  return ids;
}

function merge(api: readonly Agent[], config: readonly Agent[]): readonly Agent[] {
  const configured = new Map(config.map((agent) => [agent.name, agent]));
  const names = new Set(api.map((agent) => agent.name));
  const own = api.map((agent) => ({ ...agent, id: agent.id ?? configured.get(agent.name)?.id ?? null }));
  return [...own, ...config.filter((agent) => !names.has(agent.name))];
}

/** A variable is about the agent with that name or with the id of that constant; about none: it names a new one. */
function applyUrls(
  agents: readonly Agent[],
  urls: ReadonlyMap<string, string>,
  agentIds: ReadonlyMap<string, string>,
  issues: Issue[],
): readonly Agent[] {
  const result = [...agents];
  for (const [key, url] of urls) {
    const id = [...agentIds].find(([constant]) => variableKey(constant) === key)?.[1] ?? null;
    const origin = variableName(key);
    const named = result.filter((agent) => agent.source !== 'env' && variableKey(agent.name) === key);
    const about = named.length > 0 ? named : result.filter((agent) => agent.id !== null && agent.id === id);
    if (about.length > 1) issues.push(ambiguous(origin, about));
    for (const agent of about) result[result.indexOf(agent)] = { ...agent, url, origin };
    if (about.length === 0) result.push(variableAgent(key, id, url));
  }
  return result;
}

function variableAgent(key: string, id: string | null, url: string): Agent {
  const name = key.toLowerCase().replaceAll('_', '-');
  const origin = variableName(key);
  return {
    name,
    id,
    url,
    headers: {},
    promptEnabled: true,
    timeoutMs: null,
    ...noLimits,
    trusted: true,
    source: 'env',
    origin,
  };
}

function ambiguous(variable: string, agents: readonly Agent[]): Issue {
  const names = agents.map((agent) => `'${agent.name}'`).join(' and ');
  return {
    code: 'AGENT_AMBIGUOUS',
    path: `env.${variable}`,
    message: `the variable stands for several agents: ${names}`,
  };
}

function checkDuplicates(agents: readonly Agent[], issues: Issue[]): void {
  const seen = new Map<string, Agent>();
  for (const agent of agents) {
    for (const word of new Set([agent.name, agent.id])) {
      if (word === null) continue;
      const first = seen.get(word);
      if (first === undefined) seen.set(word, agent);
      else issues.push(duplicate(word, first, agent));
    }
  }
}

function duplicate(word: string, first: Agent, second: Agent): Issue {
  const what = (agent: Agent) =>
    word === agent.name ? `the name of one (${agent.url})` : `the id of '${agent.name}' (${agent.url})`;
  return {
    code: 'AGENT_DUPLICATE',
    path: 'agents',
    message: `two agents are called '${word}': it is ${what(first)} and ${what(second)}`,
    hint: 'give each agent its own name and id',
  };
}
