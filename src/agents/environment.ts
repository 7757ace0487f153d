/**
 * Agents and addresses from environment variables, given as an object: `DANK_AGENT_<NAME>_URL` (the address of the agent
 * with that name, or of a new one) and `DANK_AGENT_HOST` (the host of agents of a configuration file). Empty variables
 * count as not set.
 */
import { isIP } from 'node:net';
import type { Issue } from '../core/issue.ts';
import { readBaseUrl, withoutCredentials } from './read-agent.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const defaultHost = '127.0.0.1';

/** The part of a variable's name that stands for an agent: upper case, `_` for all but letters and digits. */
export function variableKey(name: string): string {
  return name.toUpperCase().replace(/[^A-Z0-9]/g, '_');
}

export function variableName(key: string): string {
  return `DANK_AGENT_${key}_URL`;
}

/** Base URLs by {@link variableKey}. */
export function readAgentUrls(env: Environment, issues: Issue[]): ReadonlyMap<string, string> {
  const urls = new Map<string, string>();
  for (const [variable, value] of Object.entries(env)) {
    const key = /^DANK_AGENT_([A-Z0-9_]+)_URL$/.exec(variable)?.[1];
    if (key === undefined || value === undefined || value === '') continue;
    const parsed = readBaseUrl(value);
    if ('url' in parsed) urls.set(key, parsed.url);
    else issues.push(variableIssue(variable, parsed.problem, 'http://host:port', withoutCredentials(value)));
  }
  return urls;
}

/** As it stands in a URL. */
export function readAgentHost(env: Environment, issues: Issue[]): string {
  const host = env['DANK_AGENT_HOST'] ?? '';
  if (host === '') return defaultHost;
  if (isIP(host) === 6) return `[${host}]`;
  const url = /^[^\s:/?#@\\[\]]+$/.test(host) ? URL.parse(`http://${host}`) : null;
  if (url !== null) return url.hostname;
  issues.push(variableIssue('DANK_AGENT_HOST', 'this is no host', "a name or address, such as 'agents.local'", host));
  return defaultHost;
}

function variableIssue(variable: string, message: string, expected: string, received: string): Issue {
  return {
    code: 'AGENT_INVALID',
    path: `env.${variable}`,
    message,
    expected,
    received: JSON.stringify(received.slice(0, 200)),
  };
}
