/** How something is said to runs in a simulation, and what those who say it need to know. */
import type { Engine } from '../../engine/engine.ts';
import type { MemoryDatabase } from '../../store/memory.ts';
import type { Journal, SeenCommand } from './journal.ts';
import type { SimulationPlan } from './plan.ts';
import type { SimProcess } from './sim-process.ts';
import type { World } from './world.ts';

export interface PeopleOptions {
  readonly world: World;
  readonly journal: Journal;
  readonly plan: SimulationPlan;
  readonly database: MemoryDatabase;
}

/** Sends something, under a name of its own, and hears what becomes of it. */
export type Say = (
  host: SimProcess,
  sent: Pick<SeenCommand, 'kind' | 'run' | 'input' | 'name'>,
  action: (engine: Engine, by: string) => Promise<unknown>,
) => void;
