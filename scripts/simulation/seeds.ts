/** Many seeds, one after the other: what `npm run simulate` does in each of its processes. */
import { simulateSeed, type SimulationResult } from '../../src/testing/simulation/simulate.ts';
import { planOf } from '../../test/simulation/workload.ts';

export interface Seeds {
  readonly from: number;
  readonly count: number;
  /** Every how many. @default 1 */
  readonly every?: number;
  /** Ends with the first seed that breaks something. @default false */
  readonly stopsAtFirst?: boolean;
  /** Runs each twice: the same has to happen. @default false */
  readonly twice?: boolean;
}

/** Tells of each seed that breaks something; gives how many did. */
export async function runSeeds(seeds: Seeds, tell: (line: string) => void): Promise<number> {
  const { from, count, every = 1, stopsAtFirst = false, twice = false } = seeds;
  let broken = 0;
  for (let seed = from; seed < from + count; seed += every) {
    const result = await simulateSeed({ seed, plan: planOf(seed) });
    const again = twice ? await simulateSeed({ seed, plan: planOf(seed) }) : result;
    if (again.hash !== result.hash) tell(`seed ${seed} is not the same twice: ${result.hash}, ${again.hash}`);
    if (result.violations.length === 0 && again.hash === result.hash) continue;
    broken += 1;
    tellResult(result, tell);
    if (stopsAtFirst) break;
  }
  return broken;
}

function tellResult({ seed, hash, violations, runs }: SimulationResult, tell: (line: string) => void): void {
  const ends = runs.map(({ id, workflow, status }) => `${id} ${workflow} ${status}`).join(', ');
  tell(`seed ${seed} (${hash}) ${violations.length === 0 ? 'holds' : 'BREAKS'}: ${ends}`);
  for (const { invariant, message } of violations) tell(`  ${invariant}: ${message}`);
}

/** One seed, with all that happened. */
export async function runSeed(seed: number, tell: (line: string) => void): Promise<number> {
  const result = await simulateSeed({ seed, plan: planOf(seed) });
  for (const line of result.trace) tell(line);
  tellResult(result, tell);
  return result.violations.length;
}
