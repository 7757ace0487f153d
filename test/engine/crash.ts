/** Engines that die: a store in memory that is killed at one of its batches, and the world outside that outlives it. */
import type { Commit } from '../../src/core/ports.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { decodeEvent } from '../../src/engine/drive/codec.ts';
import type { EngineOptions } from '../../src/engine/options.ts';
import { type MemoryDatabase, MemoryStore } from '../../src/store/memory.ts';
import type { MockCall, MockTable } from '../support/mocks.ts';
import { createTestEngine, type TestEngine } from '../support/test-engine.ts';
import { driveUntil, type VirtualClock } from '../support/virtual-clock.ts';

/** Of a batch, dying before it is written, or after it was and before anything followed from it. */
export interface Death {
  /** 1-based. */
  readonly batch: number;
  readonly when: 'before' | 'after';
}

/** A memory store that is killed. */
export class MortalStore extends MemoryStore {
  /** Batches written. */
  batches = 0;
  isDead = false;
  readonly #death: Death | null;

  constructor(database: MemoryDatabase, death: Death | null = null) {
    super(database);
    this.#death = death;
  }

  override commit(batch: readonly Commit[]): void {
    const isLast = this.#death?.batch === this.batches + 1;
    if (!isLast || this.#death?.when === 'after') {
      super.commit(batch);
      this.batches += 1;
    }
    if (!isLast) return;
    this.isDead = true;
    this.crash();
    // What a dead process does not do any more: our commits fail from now on.
    super.commit(batch);
  }
}

/** Which effects have their result in the history, or were accepted by the other side: `run|effect|visit|attempt`. */
export function answeredEffects(database: MemoryDatabase): ReadonlySet<string> {
  const answered = new Set<string>();
  for (const [run, { events }] of database.runs) {
    for (const stored of events) {
      const { event } = decodeEvent(stored);
      if (event.type === 'effect.completed' || event.type === 'effect.failed' || event.type === 'effect.accepted')
        answered.add(effectKey(run, event.effect, event));
    }
  }
  return answered;
}

function effectKey(
  run: string,
  effect: string,
  { visit, attempt }: { readonly visit: number; readonly attempt: number },
): string {
  return `${run}|${effect}|${visit}|${attempt}`;
}

export function callKey({ run, step, visit, attempt }: MockCall): string {
  return effectKey(run, step, { visit, attempt });
}

export interface Life extends TestEngine {
  readonly calls: readonly MockCall[];
}

/** One process on the database. */
export async function live(
  database: MemoryDatabase,
  definitions: WorkflowDefinition | readonly WorkflowDefinition[],
  mocks: MockTable,
  clock: VirtualClock,
  options: { readonly death?: Death } & Pick<EngineOptions, 'durability' | 'sleepAfterMs'> = {},
): Promise<Life & { readonly store: MortalStore }> {
  const store = new MortalStore(database, options.death ?? null);
  const lab = await createTestEngine({
    mocks,
    store,
    clock,
    workflows: [definitions].flat(),
    ...(options.durability === undefined ? {} : { durability: options.durability }),
    ...(options.sleepAfterMs === undefined ? {} : { sleepAfterMs: options.sleepAfterMs }),
  });
  return { ...lab, store, calls: lab.mocks.calls };
}

/** Lets time pass until the process is dead; it must not end before. */
export async function driveToDeath(clock: VirtualClock, store: MortalStore): Promise<void> {
  await driveUntil(
    clock,
    () => store.isDead,
    () => `the store lives after ${store.batches} batches`,
  );
  await clock.settle();
}
