/** Many seeds, one after the other: what `npm run simulate` does in each of its processes. */
import { simulateSeed } from '../../src/testing/simulation/simulate.ts';
import type { SimulationResult } from '../../src/testing/simulation/simulation.ts';
import type { Violation } from '../../src/testing/simulation/journal.ts';
import { planOf } from '../../test/simulation/workload.ts';

export interface Seeds {
  readonly from: number;
  readonly count: number;
  /** Every how many. */
  readonly every: number;
  /** Ends with the first seed that breaks something. */
  readonly stopsAtFirst: boolean;
  /** Runs each twice: the same has to happen. */
  readonly twice: boolean;
}

/** What came of one seed, as it is told between processes. */
export interface SeedTold {
  readonly seed: number;
  /** Of all that happened. */
  readonly hash: string;
  readonly violations: readonly Violation[];
  /** How its runs ended. */
  readonly ends: string;
  /** How often what happened, by its name. */
  readonly seen: Readonly<Record<string, number>>;
}

export async function runSeeds(seeds: Seeds, tell: (told: SeedTold) => void): Promise<void> {
  const { from, count, every, stopsAtFirst, twice } = seeds;
  for (let seed = from; seed < from + count; seed += every) {
    const result = await simulateSeed({ seed, plan: planOf(seed) });
    const again = twice ? await simulateSeed({ seed, plan: planOf(seed) }) : result;
    const told = toldOf(result);
    const differs = { invariant: 'I0', message: `it is not the same twice: ${result.hash}, ${again.hash}` };
    tell(again.hash === result.hash ? told : { ...told, violations: [...told.violations, differs] });
    if (stopsAtFirst && result.violations.length > 0) return;
  }
}

/** One seed, with all that happened. */
export async function runSeed(seed: number): Promise<SeedTold & { readonly trace: readonly string[] }> {
  const result = await simulateSeed({ seed, plan: planOf(seed) });
  return { ...toldOf(result), trace: result.trace };
}

function toldOf({ seed, hash, violations, runs, seen }: SimulationResult): SeedTold {
  const ends = runs.map(({ id, workflow, status }) => `${id} ${workflow} ${status}`).join(', ');
  return { seed, hash, violations, ends, seen };
}
