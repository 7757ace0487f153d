/** Puts the parts of an engine together. Owns the wiring only. */
import { InvariantError, type WorkflowError } from '../core/errors.ts';
import type { Clock, Logger, Random, Store } from '../core/ports.ts';
import type { AgentRegistry } from '../agents/registry.ts';
import { toDefinition, type Workflow, type WorkflowDefinition } from '../definition/index.ts';
import type { Services } from '../effects/call.ts';
import type { effectHandlers } from '../effects/index.ts';
import type { HttpClient } from '../http/types.ts';
import { RunInspector, type InspectionObserver } from '../inspect/live/run-inspector.ts';
import { Background, type RunReads } from './drive/background.ts';
import { Callbacks } from './steer/callbacks.ts';
import { Catalog } from './runs/catalog.ts';
import { Committer } from './drive/committer.ts';
import { Control } from './steer/control.ts';
import { Dispatcher } from './dispatch/dispatcher.ts';
import { LiveRuns } from './runs/live-runs.ts';
import { Forks } from './steer/fork.ts';
import type { Held } from './held.ts';
import { Migrations } from './steer/migrations.ts';
import { Messages } from './steer/messages.ts';
import type { EngineLimits } from './options.ts';
import { callPauseHandlers } from './below/pausing.ts';
import { Reader } from './read/reader.ts';
import { Recovery } from './runs/recovery.ts';
import type { RuleProofs } from './rule-proofs.ts';
import { RunsBelow } from './below/runs-below.ts';
import { StepCache } from './dispatch/step-cache.ts';
import type { RetentionPolicy } from './retention.ts';
import { Starter } from './runs/starter.ts';
import { TimerQueue } from './drive/timer-queue.ts';
import { Values } from './dispatch/values.ts';

export interface EngineParts {
  readonly workflows: readonly (Workflow | WorkflowDefinition)[];
  readonly store: Store;
  readonly durability: 'sync' | 'async';
  readonly agents: AgentRegistry;
  readonly http: HttpClient;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly handlers: typeof effectHandlers;
  /** What becomes of runs whose functions have changed. */
  readonly functions: 'record' | 'strict';
  readonly limits: Required<EngineLimits>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly proofs: RuleProofs;
  /** Calls back again and again until it is taken back; null: other processes are not listened to. */
  readonly poll: ((look: () => void) => () => void) | null;
  /** Null: no run is ever removed. */
  readonly retention: RetentionPolicy | null;
  /** Calls back again and again until it is taken back. */
  readonly sweep: (step: () => void) => () => void;
  /** Where callbacks are served, without closing slash; null: nowhere. */
  readonly callbackBase: string | null;
  /** Calls back at the end of the turn of the event loop. */
  readonly defer: (work: () => void) => void;
  /** Whether runs of processes that died meanwhile are continued. */
  readonly adopts: boolean;
  /** Told what runs do; null: nobody is. */
  readonly inspect: InspectionObserver | null;
  /** How long what is under way may take to end when the engine is closed. */
  readonly graceMs: number;
  /** How long a run rests before it is put to sleep. */
  readonly sleepAfterMs: number;
}

/** What the rooms tell the engine, and ask it. */
export interface EngineHooks {
  /** The store does not take commits now; null: it does again. */
  readonly onStall: (error: WorkflowError | null) => void;
  readonly onFailure: (error: unknown) => void;
  /** Interrupted runs were brought back. */
  readonly onRecovered: () => void;
  /** @throws WorkflowError when nothing new can be begun now */
  readonly checkOpen: () => void;
}

export interface Rooms {
  readonly catalog: Catalog;
  readonly values: Values;
  readonly committer: Committer;
  readonly timers: TimerQueue;
  readonly live: LiveRuns;
  readonly reads: RunReads;
  readonly reader: Reader;
  readonly recovery: Recovery;
  readonly starter: Starter;
  readonly messages: Messages;
  readonly callbacks: Callbacks;
  readonly forks: Forks;
  readonly migrations: Migrations;
  readonly held: () => Held;
}

/** @throws DefinitionError */
export function assemble(parts: EngineParts, hooks: EngineHooks): Rooms {
  const { store, clock, logger, limits } = parts;
  const catalog = new Catalog(parts.workflows.map(toDefinition), parts.agents, store);
  const timers = new TimerQueue(clock);
  const leaveFor = (run: string, error: unknown): void => {
    leave(run, error instanceof Error ? error : new InvariantError(String(error)));
  };
  const committer = new Committer({
    store,
    clock,
    defer: parts.defer,
    ...hooks,
    onRefused: (run, error) => leave(run, error),
    onError: leaveFor,
  });
  const background = parts.durability === 'sync' ? null : new Background(committer, store, leaveFor);
  const reads = background ?? store;
  const values = new Values(reads);
  const callbacks = new Callbacks({
    store,
    random: parts.random,
    clock,
    env: parts.env,
    base: parts.callbackBase,
    maxBytes: limits.maxOutputBytes,
    rooms: () => ({ reader, messages }),
  });
  const cache = new StepCache({ store, clock, timers, logger });
  const dispatcher = createDispatcher(parts, { timers, values, callbacks, cache }, () => ({ below, messages }));
  const live: LiveRuns = new LiveRuns({
    store,
    catalog,
    reads,
    maxEarlierEvents: limits.maxEarlierEvents,
    isStrict: parts.functions === 'strict',
    sleep: { timers, afterMs: parts.sleepAfterMs, maxResting: limits.maxRestingRuns },
    below: (): RunsBelow => below,
    flush: () => {
      committer.flush();
    },
    onUnloaded: (id) => {
      values.forget(id);
    },
    onLeft: (id, why) => {
      background?.forget(id);
      recovery.left(id, why);
    },
    onAdopted: (ids) => {
      messages.adopted();
      recovery.later(ids);
    },
    onPause: (driver, kind) => void callPauseHandlers(driver, kind, { values, logger }),
    ports: {
      committer: background ?? committer,
      timers,
      clock,
      logger,
      maxEvents: limits.maxEvents,
      maxEpochEvents: limits.maxEpochEvents,
      maxStateBytes: limits.maxStateBytes,
      maxKeptBytes: limits.maxKeptBytes,
      inspector: createInspector(parts, values),
      startEffect: (driver, effect) => dispatcher.start(driver, effect),
      isLimited: (effect) => dispatcher.isLimited(effect),
    },
  });
  const leave = (run: string, error: Error): void => {
    const driver = live.get(run);
    if (driver === undefined) live.failed(run, error);
    else driver.leave(error);
  };
  const common = { store, live, catalog, reads, values, clock, logger };
  const below = new RunsBelow({ ...common, limits });
  const control = new Control({ ...common, committer: background ?? committer });
  const forks = new Forks({
    ...common,
    committer: background ?? committer,
    random: parts.random,
    limits,
  });
  const migrations = new Migrations({ ...common, maxBytes: limits.maxInputBytes });
  const messages = new Messages({ ...common, control, maxBytes: limits.maxInputBytes });
  const reader = new Reader({ ...common, maxBufferedEvents: limits.maxBufferedEvents });
  const starter = new Starter({
    ...common,
    proofs: parts.proofs,
    random: parts.random,
    limits,
    checkOpen: hooks.checkOpen,
  });
  const recovery = new Recovery({
    ...common,
    below,
    maxRuns: limits.maxRuns,
    defer: parts.defer,
    onRecovered: hooks.onRecovered,
  });
  return {
    catalog,
    values,
    committer,
    timers,
    live,
    reads,
    reader,
    recovery,
    starter,
    messages,
    callbacks,
    forks,
    migrations,
    held: () => ({
      ...live.held,
      timers: timers.size,
      places: dispatcher.places,
      making: cache.making,
      commits: committer.size,
    }),
  };
}

function createInspector({ inspect, env, logger }: EngineParts, loader: Values): RunInspector | null {
  if (inspect === null) return null;
  return new RunInspector({
    observer: inspect,
    loader,
    env,
    onError: (run, error) => {
      logger.warn('what a run did could not be told to the inspector', { run, error: String(error) });
    },
  });
}

function createDispatcher(
  parts: EngineParts,
  { timers, values, callbacks, cache }: Pick<Rooms, 'timers' | 'values' | 'callbacks'> & { readonly cache: StepCache },
  rooms: () => { readonly below: RunsBelow; readonly messages: Messages },
): Dispatcher {
  const { http, agents, env, clock, logger, limits } = parts;
  const services: Services = { http, agents, env, clock, logger };
  return new Dispatcher({
    handlers: parts.handlers,
    runs: (driver, effect, signal, loader) => rooms().below.carryOut(driver, effect, signal, loader),
    emit: (name, payload) => rooms().messages.publish(name, payload),
    services,
    values,
    random: parts.random,
    timers,
    callbacks,
    cache,
    isUnderWay: (effect) => rooms().below.hasChild(effect),
    maxEffects: limits.maxEffects,
    limits,
  });
}
