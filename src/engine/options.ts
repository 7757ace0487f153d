/** The options of an engine, with their defaults. */
import { WorkflowError } from '../core/errors.ts';
import { readBaseUrl } from '../agents/read-agent.ts';
import type { AgentRegistry, AgentsOption } from '../agents/registry.ts';
import type { WorkflowDefinition } from '../definition/definition.ts';
import type { Workflow } from '../definition/index.ts';
import type { Clock, Logger, Random, Store } from '../core/ports.ts';
import type { EffectHandler } from '../effects/call.ts';
import type { HttpClientOptions } from '../http/types.ts';
import type { RetentionOptions } from './retention.ts';
import type { InspectionObserver } from '../inspect/live/run-inspector.ts';

export interface EngineLimits {
  /** Effects at once, of all runs; more wait in line. @default 1_000 */
  readonly maxEffects?: number;
  /** Runs in memory (rounds not counted); a start beyond it is refused. @default 100_000 */
  readonly maxRuns?: number;
  /** Runs in memory that just wait; beyond it the one that waited longest sleeps at once. @default 1_000 */
  readonly maxRestingRuns?: number;
  /** Of one output, in characters of JSON. @default 10 Mi */
  readonly maxOutputBytes?: number;
  /** Of the input of a run, in characters of JSON. @default 10 Mi */
  readonly maxInputBytes?: number;
  /** What conditions read of one output, in characters of JSON. @default 256 Ki */
  readonly maxKeptBytes?: number;
  /** Of the state of one run, in characters of JSON; one that would be larger fails. @default 1 Mi */
  readonly maxStateBytes?: number;
  /** Of the history of one run; one that goes on beyond it fails. @default 1_000_000 */
  readonly maxEvents?: number;
  /** After so many events the state of a run that goes on is stored again whole, so that no more than these are ever replayed. @default 10_000 */
  readonly maxEpochEvents?: number;
  /**
   * Of a run that goes on and on: events of before its state was stored last that are kept, beside those that it still refers to.
   * @default 100_000
   */
  readonly maxEarlierEvents?: number;
  /** Events that a reader of `run.events()` may be behind. @default 10_000 */
  readonly maxBufferedEvents?: number;
}

export interface EngineOptions {
  /** Workflows that can be started by name, and whose interrupted runs are continued. @default [] */
  readonly workflows?: readonly (Workflow | WorkflowDefinition)[];
  /** The agents, by name: URLs or objects, or a list; or a registry. @default {} */
  readonly agents?: AgentsOption | AgentRegistry;
  /** What a `dank.config.js` exports. */
  readonly config?: unknown;
  /** A file, `':memory:'`, or a store. @default '.dank/workflows.db' */
  readonly store?: string | Store;
  /**
   * `'sync'`: effects start after the commit is on disk. `'async'`: commits follow in the background, in order; a crash may forget
   * the last moments. `'none'`: nothing is written; for tests.
   * @default 'sync'
   */
  readonly durability?: 'sync' | 'async' | 'none';
  /** Hosts that `http` steps may call although they are local or private, as `'localhost:4000'`. @default [] */
  readonly allowHosts?: readonly string[];
  /** What `{{env.NAME}}` names, and where agents' addresses may stand. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Whether interrupted runs are continued at once: all, none, or those with these ids. @default true */
  readonly recover?: boolean | readonly string[];
  /**
   * How long a run that waits for the world (a person, a signal, a child run, a timer that is not near, the end of a pause) stays
   * in memory, in milliseconds; then it is in the store only, until something happens to it. @default 5_000
   */
  readonly sleepAfterMs?: number;
  /**
   * How long effects under way may take to end when the engine is closed, in milliseconds; then they are aborted, and carried out
   * again by whoever continues their runs. @default 5_000
   */
  readonly graceMs?: number;
  /**
   * What becomes of an unfinished run when the code of its functions is not what it was: with `'record'` it goes on with them, and its
   * history says so (`function.changed`); with `'strict'` it is left as it is (FUNCTION_CHANGED) until code that it knows is there.
   * @default 'record'
   */
  readonly functions?: 'record' | 'strict';
  /** Handlers of further kinds of effects, by the name of the actor; one of `loop`, `workflow`, `undo` or `emit` is given `own`. */
  readonly handlers?: ReadonlyMap<string, EffectHandler>;
  readonly limits?: EngineLimits;
  /**
   * Calls back again and again, until it is taken back: the engine then looks at what other processes left for its runs, and
   * adopts those of processes that died. @default every 100 ms for a store that is a file, never for others
   */
  readonly poll?: (look: () => void) => () => void;
  /** Calls back at the end of the turn of the event loop: what was applied until then is written as one. */
  readonly defer?: (work: () => void) => void;
  /** Removes runs that ended long ago, in the background: `{ completed: '30d', failed: '90d', keepLast: 100 }`. @default none is removed */
  readonly retention?: RetentionOptions;
  /**
   * Calls back again and again, until it is taken back: retention then does a few milliseconds of work.
   * @default every 200 ms while there is a `retention`
   */
  readonly sweep?: (step: () => void) => () => void;
  /**
   * Where {@link handleCallback} is served, as `'https://flows.example.com/callbacks'`: what agents are sent to complete their work
   * later is below it. @default they are sent a token only
   */
  readonly callbackBase?: string;
  readonly http?: Omit<HttpClientOptions, 'allowHosts' | 'clock'>;
  /**
   * Told what runs do as XState tells it of actors, after each commit: `inspector.inspect` of `@statelyai/inspect`, or any function
   * that `createActor(machine, { inspect })` takes. Runs are actors, rounds and child runs their children; secrets are masked.
   * @default nobody
   */
  readonly inspect?: InspectionObserver;
  /**
   * Whether workflows whose rules do not hold are refused, by `createEngine` and by the start of a run. What was proven is kept in the
   * store, so that it is found out once for each workflow and its rules. `'off'`: rules are not looked at.
   * @default 'rules'
   */
  readonly verify?: 'rules' | 'off';
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
}

const defaultLimits: Required<EngineLimits> = {
  maxEffects: 1_000,
  maxRuns: 100_000,
  maxRestingRuns: 1_000,
  maxOutputBytes: 10 * 1024 * 1024,
  maxInputBytes: 10 * 1024 * 1024,
  maxKeptBytes: 256 * 1024,
  maxStateBytes: 1024 * 1024,
  maxEvents: 1_000_000,
  maxEpochEvents: 10_000,
  maxEarlierEvents: 100_000,
  maxBufferedEvents: 10_000,
};

/** Of an option, with the default of those there are. @throws WorkflowError REQUEST_INVALID */
export function checkMs(option: 'sleepAfterMs' | 'graceMs', ms: number = 5_000): number {
  if (typeof ms === 'number' && ms >= 0) return ms;
  throw new WorkflowError('REQUEST_INVALID', `${option} takes a number of milliseconds from 0 on, or Infinity`);
}

/** @throws WorkflowError REQUEST_INVALID */
export function checkFunctions(functions: EngineOptions['functions'] = 'record'): 'record' | 'strict' {
  if (functions === 'record' || functions === 'strict') return functions;
  throw new WorkflowError('REQUEST_INVALID', `functions takes 'record' or 'strict', not ${JSON.stringify(functions)}`);
}

/** @throws WorkflowError REQUEST_INVALID */
export function checkVerify(verify: EngineOptions['verify'] = 'rules'): 'rules' | 'off' {
  if (verify === 'rules' || verify === 'off') return verify;
  throw new WorkflowError('REQUEST_INVALID', `verify takes 'rules' or 'off', not ${JSON.stringify(verify)}`);
}

/** Without closing slash; null: there is none. @throws WorkflowError REQUEST_INVALID */
export function checkCallbackBase(base: string | undefined): string | null {
  if (base === undefined) return null;
  const parsed = readBaseUrl(base);
  if ('url' in parsed) return parsed.url;
  throw new WorkflowError('REQUEST_INVALID', `callbackBase cannot be used: ${parsed.problem}`);
}

export const defaultStoreFile = '.dank/workflows.db';

/** With the defaults. @throws WorkflowError REQUEST_INVALID for a limit that is none */
export function checkLimits(given: EngineLimits = {}): Required<EngineLimits> {
  const limits: { -readonly [Name in keyof EngineLimits]-?: number } = { ...defaultLimits };
  for (const [name, value] of Object.entries(given) as [keyof EngineLimits, unknown][]) {
    if (value === undefined) continue;
    if (!Object.hasOwn(defaultLimits, name)) {
      const known = Object.keys(defaultLimits).join(', ');
      throw new WorkflowError('REQUEST_INVALID', `there is no limit '${name}'; there are ${known}`);
    }
    if (typeof value !== 'number' || !(value >= 1) || (Number.isFinite(value) && !Number.isInteger(value))) {
      throw new WorkflowError('REQUEST_INVALID', `limits.${name} takes a whole number from 1 on, or Infinity`);
    }
    limits[name] = value;
  }
  return limits;
}
