/**
 * The model check: any workflow, run by the engine in any world, does nothing that exploring does not know. A failure names its
 * seed: `SEED=4711 SEEDS=1`. Its seeds are spread over files, which run side by side.
 */
import { expect, test } from 'vitest';
import { checkSeed, madeFrom } from './check-seed.ts';

const first = Number(process.env['SEED'] ?? 1);
const count = Number(process.env['SEEDS'] ?? 500);

/** Of the refused workflows, no more than this share: the others are too few. */
const maxRefused = 1 / 3;

export function modelCheck(part: number, parts: number): void {
  const seeds = Array.from({ length: count }, (_, index) => first + index).filter((seed) => seed % parts === part);
  test.skipIf(seeds.length === 0)('every history of the engine is a path that exploring has', timeLimit, async () => {
    const problems: string[] = [];
    let refused = 0;
    for (const seed of seeds) {
      const { isRefused, problem } = await checkSeed(seed);
      if (isRefused) refused += 1;
      if (problem === null) continue;
      const workflow = count === 1 ? `\n${JSON.stringify(madeFrom(seed).workflow)}` : '';
      problems.push(`seed ${seed}: ${problem}${workflow}`);
    }
    expect(problems).toEqual([]);
    expect(refused).toBeLessThanOrEqual(Math.ceil(seeds.length * maxRefused));
  });
}

const timeLimit = { timeout: 3_600_000 };
