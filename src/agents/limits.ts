/** How much of an agent may be used: calls at a time, calls in a stretch of time. Owns reading; who waits is the engine's. */
import { parseDuration, type DurationInput } from '../core/duration.ts';
import { joinPath, type Issue } from '../core/issue.ts';
import { isPlainObject } from '../core/json.ts';
import type { Agent } from './agent.ts';

export interface AgentLimits {
  /** Calls of it at a time, of all runs of an engine. @default any number */
  readonly maxConcurrency?: number;
  /** At most `limit` calls of it in any `per` (milliseconds, or `'1m'`), of all runs of an engine. @default any number */
  readonly rateLimit?: { readonly limit: number; readonly per: DurationInput };
}

type Limits = Pick<Agent, 'maxConcurrency' | 'rateLimit'>;

export const noLimits: Limits = { maxConcurrency: null, rateLimit: null };

const maxCount = 1_000_000;

/** Of the fields of an agent, or of an entry of `agentLimits`. Mistakes become issues. */
export function readAgentLimits(fields: object, path: string, issues: Issue[]): Limits {
  return {
    maxConcurrency: readCount(fields, 'maxConcurrency', path, issues),
    rateLimit: readRate(Reflect.get(fields, 'rateLimit'), joinPath(path, 'rateLimit'), issues),
  };
}

/** `agentLimits` of a configuration, by the name or id of an agent: for lists whose agent objects hold none. What they say wins. */
export function applyLimits(agents: readonly Agent[], given: unknown, issues: Issue[]): readonly Agent[] {
  if (given === undefined || given === null) return agents;
  const path = 'config.agentLimits';
  if (!isPlainObject(given)) {
    report(issues, path, 'agentLimits is an object', '{ name: { maxConcurrency, rateLimit } }', given);
    return agents;
  }
  const limited = new Map<Agent, Limits>();
  for (const [word, entry] of Object.entries(given)) {
    const at = joinPath(path, word);
    const agent = agents.find(({ name, id }) => name === word || id === word);
    if (agent === undefined) {
      const known = agents.map(({ name }) => name).join(', ');
      report(issues, at, `there is no agent '${word}'`, `one of ${known === '' ? 'none' : known}`, word);
    } else if (!isPlainObject(entry)) report(issues, at, 'these are no limits', '{ maxConcurrency, rateLimit }', entry);
    else limited.set(agent, readAgentLimits(entry, at, issues));
  }
  return agents.map((agent) => {
    const limits = limited.get(agent);
    if (limits === undefined) return agent;
    return {
      ...agent,
      maxConcurrency: limits.maxConcurrency ?? agent.maxConcurrency,
      rateLimit: limits.rateLimit ?? agent.rateLimit,
    };
  });
}

function readCount(fields: object, name: string, path: string, issues: Issue[]): number | null {
  const value: unknown = Reflect.get(fields, name);
  if (value === undefined || value === null) return null;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= maxCount) return value;
  return report(issues, joinPath(path, name), `${name} is no count`, `a whole number from 1 to ${maxCount}`, value);
}

function readRate(value: unknown, path: string, issues: Issue[]): Agent['rateLimit'] {
  if (value === undefined || value === null) return null;
  if (!isPlainObject(value)) return report(issues, path, 'this is no rate limit', "{ limit: 10, per: '1m' }", value);
  const limit = readCount(value, 'limit', path, issues);
  const per = parseDuration(value['per']);
  if ('problem' in per)
    return report(issues, joinPath(path, 'per'), `per ${per.problem}`, "such as '1m'", value['per']);
  if (limit !== null) return { limit, perMs: per.ms };
  return value['limit'] === undefined
    ? report(issues, joinPath(path, 'limit'), 'limit is required', 'a count', undefined)
    : null;
}

function report(issues: Issue[], path: string, message: string, expected: string, received: unknown): null {
  const found = typeof received === 'object' && received !== null ? 'an object' : JSON.stringify(received);
  issues.push({ code: 'AGENT_INVALID', path, message, expected, ...(found === undefined ? {} : { received: found }) });
  return null;
}
