/** One process in which runs are steered: a real engine, of which the world hears until it dies. */
import type { Commit } from '../../../src/core/ports.ts';
import { idempotencyKey, type EffectCall } from '../../../src/effects/call.ts';
import type { EffectResult } from '../../../src/core/effect.ts';
import { createEngine } from '../../../src/engine/create-engine.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { type MemoryDatabase, MemoryStore } from '../../../src/store/memory.ts';
import { anyAgents } from '../../../src/testing/any-agents.ts';
import { MemoryLog } from '../../../src/testing/memory-log.ts';
import { checkBegin, checkCall } from '../../../src/testing/simulation/check-call.ts';
import type { Journal, SeenCall } from '../../../src/testing/simulation/journal.ts';
import { SeededRandom } from '../../support/seeded-random.ts';
import type { SteeredWorld } from './world.ts';

class WatchedStore extends MemoryStore {
  readonly #journal: Journal;

  constructor(database: MemoryDatabase, journal: Journal) {
    super(database);
    this.#journal = journal;
  }

  override commit(batch: readonly Commit[]): void {
    super.commit(batch);
    this.#journal.committed(batch);
  }
}

export interface LifeOptions {
  readonly world: SteeredWorld;
  readonly sleepAfterMs: number;
  /** Told before and after each batch is written. */
  happens(): void;
}

export class Life {
  readonly engine: Engine;
  readonly log: MemoryLog;
  readonly #state: { isAlive: boolean };
  readonly #store: WatchedStore;

  private constructor(engine: Engine, log: MemoryLog, state: { isAlive: boolean }, store: WatchedStore) {
    this.engine = engine;
    this.log = log;
    this.#state = state;
    this.#store = store;
  }

  static async begin({ world, sleepAfterMs, happens }: LifeOptions): Promise<Life> {
    const store = new WatchedStore(world.database, world.journal);
    const log = new MemoryLog();
    const state = { isAlive: true };
    const tell = (): void => {
      if (state.isAlive) happens();
    };
    const handler = (call: EffectCall): Promise<EffectResult> => carryOut(world, call, state);
    const engine = await createEngine({
      workflows: world.workflows,
      agents: anyAgents,
      env: {},
      random: new SeededRandom(),
      graceMs: 0,
      verify: 'off',
      sleepAfterMs,
      store,
      clock: world.clock,
      logger: log,
      defer: (work) =>
        setImmediate(() => {
          // What is in line is not written yet.
          tell();
          work();
          queueMicrotask(tell);
        }),
      handlers: new Map([
        ['agent', handler],
        ['http', handler],
      ]),
    });
    return new Life(engine, log, state, store);
  }

  get isAlive(): boolean {
    return this.#state.isAlive;
  }

  /** As `kill -9`. */
  kill(): void {
    this.#state.isAlive = false;
    this.#store.crash();
  }
}

const never = (): Promise<never> => new Promise(() => undefined);

async function carryOut(
  { journal, database, mocks, open, tokens, now }: SteeredWorld,
  call: EffectCall,
  life: { readonly isAlive: boolean },
): Promise<EffectResult> {
  if (!life.isAlive) return never();
  const { info, visit, attempt, context } = call.input;
  if (info === null) return mocks.handle(call);
  const run = context.run.id;
  checkBegin(journal, database, run, call.input.effect);
  const key = idempotencyKey(call.input);
  const seen: SeenCall = { run, step: info.step.id, visit, attempt, key, committed: journal.lengthOf(run), at: now };
  journal.calls.push(seen);
  checkCall(journal, database, seen);
  const name = nameOf(seen);
  open.add(name);
  call.signal.addEventListener('abort', () => open.delete(name));
  try {
    const result = await mocks.handle(call);
    if (!life.isAlive) return await never();
    if (result.isAccepted) tokens.set(call.callback?.token ?? '', name);
    else journal.gave(seen, result.output);
    return result;
  } finally {
    open.delete(name);
  }
}

export function nameOf({ key, attempt }: Pick<SeenCall, 'key' | 'attempt'>): string {
  return `${key} (attempt ${attempt})`;
}
