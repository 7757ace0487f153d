/** Who an agent is, wherever it was named. */
import type { AgentTarget } from '../http/agent.ts';

/** Where an agent was named; an address that an environment variable gives does not change it. */
export type AgentSource = 'api' | 'config' | 'env' | 'url';

/** At most `limit` calls in any `perMs`. */
export interface AgentRate {
  readonly limit: number;
  readonly perMs: number;
}

export interface Agent extends AgentTarget {
  readonly name: string;
  /** Null: it has none (yet), and is found by name only. */
  readonly id: string | null;
  /** Base URL, without closing slash. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** False: the configuration says that `/prompt` is off. */
  readonly promptEnabled: boolean;
  /** Of its calls where a step sets none, in milliseconds. Null: the general default. */
  readonly timeoutMs: number | null;
  /** The most calls of the agent at a time, by all runs of an engine; null: no limit. */
  readonly maxConcurrency: number | null;
  /** The most calls of the agent within a stretch of time, by all runs of an engine; null: no limit. */
  readonly rateLimit: AgentRate | null;
  /** Whether the address rules of outgoing calls leave it alone. */
  readonly trusted: boolean;
  readonly source: AgentSource;
  /** What gave the URL: an option, a file, the name of a variable. For messages. */
  readonly origin: string;
}
