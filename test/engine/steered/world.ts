/** What outlives a process in which runs are steered: the store, time, the agents, and what was seen of all of it. */
import type { RunRow } from '../../../src/core/run.ts';
import { endedStatuses } from '../../../src/core/run.ts';
import type { WorkflowDefinition } from '../../../src/definition/index.ts';
import { MemoryDatabase } from '../../../src/store/memory.ts';
import { Journal } from '../../../src/testing/simulation/journal.ts';
import { Mocks } from '../../support/mocks.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import type { Flow } from '../tested-flow.ts';

/** Tells of every timer, before and after what it leads to. */
class WatchedClock extends VirtualClock {
  happens: () => void = () => undefined;

  override schedule(callback: () => void, delayMs: number): () => void {
    return super.schedule(() => {
      this.happens();
      callback();
      this.happens();
    }, delayMs);
  }
}

const made = new WeakMap<Flow, readonly WorkflowDefinition[]>();

export class SteeredWorld {
  readonly database = new MemoryDatabase();
  readonly clock = new WatchedClock();
  readonly journal = new Journal();
  readonly mocks: Mocks;
  /** Of work that was accepted: the call, by what completes it. */
  readonly tokens = new Map<string, string>();
  /** Calls under way, by key and attempt. */
  readonly open = new Set<string>();
  /** What is wrong. */
  readonly broken: string[] = [];
  readonly workflows: readonly WorkflowDefinition[];

  constructor(flow: Flow) {
    this.mocks = new Mocks(flow.mocks ?? {}, this.clock);
    // Made once: compiling them takes longer than a run.
    this.workflows = made.get(flow) ?? [flow.make(), ...(flow.others?.() ?? [])];
    made.set(flow, this.workflows);
  }

  get now(): number {
    return this.clock.start + this.clock.elapsedMs;
  }

  get isOver(): boolean {
    return this.database.runs.size > 0 && this.rows.every(({ status }) => endedStatuses.has(status));
  }

  /** In the order in which they began. */
  get rows(): readonly RunRow[] {
    return [...this.database.runs.values()].map(({ row }) => JSON.parse(row) as RunRow);
  }

  row(id: string): RunRow | null {
    const run = this.database.runs.get(id);
    return run === undefined ? null : (JSON.parse(run.row) as RunRow);
  }
}
