/** Makes an engine from its options: default ports, store, agents, HTTP client; then continues what was interrupted. */
import { createAgentRegistry, type AgentRegistry, type AgentsOption } from '../agents/registry.ts';
import { effectHandlers } from '../effects/index.ts';
import { createHttpClient, loadConnections } from '../http/client.ts';
import type { Store } from '../core/ports.ts';
import { openMemoryStore } from '../store/memory.ts';
import { openSqliteStore } from '../store/sqlite/open.ts';
import { consoleLogger, systemClock, systemDefer, systemPoll, systemRandom, systemSweep } from './default-ports.ts';
import { Engine } from './engine.ts';
import { checkRetention } from './retention.ts';
import { RuleProofs } from './rule-proofs.ts';
import {
  checkCallbackBase,
  checkFunctions,
  checkLimits,
  checkMs,
  checkVerify,
  defaultStoreFile,
  type EngineOptions,
} from './options.ts';

/** @throws DefinitionError, also when a rule of a workflow does not hold; WorkflowError STORE_* when the store cannot be opened */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const env = options.env ?? process.env;
  const clock = options.clock ?? systemClock;
  const agents = isRegistry(options.agents)
    ? options.agents
    : createAgentRegistry({
        ...(options.agents === undefined ? {} : { agents: options.agents }),
        ...(options.config === undefined ? {} : { config: options.config }),
        env,
      });
  const limits = checkLimits(options.limits);
  const retention = options.retention === undefined ? null : checkRetention(options.retention);
  const http = createHttpClient({ ...options.http, allowHosts: options.allowHosts ?? [], clock });
  const verify = checkVerify(options.verify);
  const store = openStore(options);
  const logger = options.logger ?? consoleLogger;
  const proofs = new RuleProofs({ store, clock, logger, verify });
  try {
    const engine = new Engine({
      workflows: options.workflows ?? [],
      store,
      durability: options.durability === 'async' ? 'async' : 'sync',
      agents,
      http,
      env,
      handlers: options.handlers === undefined ? effectHandlers : new Map([...effectHandlers, ...options.handlers]),
      limits,
      functions: checkFunctions(options.functions),
      inspect: options.inspect ?? null,
      clock,
      random: options.random ?? systemRandom,
      logger,
      proofs,
      poll: options.poll ?? (isShared(options) ? systemPoll : null),
      retention,
      sweep: options.sweep ?? systemSweep,
      callbackBase: checkCallbackBase(options.callbackBase),
      defer: options.defer ?? systemDefer,
      graceMs: checkMs('graceMs', options.graceMs),
      sleepAfterMs: checkMs('sleepAfterMs', options.sleepAfterMs),
      adopts: options.recover === undefined || options.recover === true,
    });
    store.acquire();
    await Promise.all([proofs.prove(engine.workflows), loadConnections()]);
    const { recover = true } = options;
    if (recover !== false) engine.recover(recover === true ? undefined : recover);
    engine.listen();
    return engine;
  } catch (error) {
    store.close();
    await http.close();
    throw error;
  }
}

function openStore({ store = defaultStoreFile, durability }: EngineOptions): Store {
  if (typeof store !== 'string') return store;
  return durability === 'none' || store === ':memory:' ? openMemoryStore() : openSqliteStore(store);
}

/** A file can be opened by other processes too. */
function isShared({ store = defaultStoreFile, durability }: EngineOptions): boolean {
  return typeof store === 'string' && store !== ':memory:' && durability !== 'none';
}

function isRegistry(agents: AgentsOption | AgentRegistry | undefined): agents is AgentRegistry {
  return (
    agents !== undefined && typeof (agents as Partial<AgentRegistry>).find === 'function' && !Array.isArray(agents)
  );
}
