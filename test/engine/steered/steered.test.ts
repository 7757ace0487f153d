/**
 * Whatever people say, whenever they say it: the run comes to its end, nothing is held, and what it did is undone once. Two to four
 * things, at moments that a seed decides. A failure names its seed: `SEED=4711 SEEDS=1`.
 */
import { expect, test } from 'vitest';
import { SeededRandom } from '../../support/seeded-random.ts';
import { deeds } from './deeds.ts';
import { steeredFlows } from './flows.ts';
import { steered, type Act } from './steered.ts';

const first = Number(process.env['SEED'] ?? 1);
const seeds = Array.from({ length: Number(process.env['SEEDS'] ?? 120) }, (_, index) => first + index);

/** Most follow each other closely. */
function actsOf(random: SeededRandom, moments: number): readonly Act[] {
  const below = (n: number): number => Math.floor(random.next() * n);
  let at = 1 + below(moments + 4);
  return Array.from({ length: 2 + below(3) }, () => {
    const act = { deed: deeds[below(deeds.length)] ?? 'pause', at };
    at += random.next() < 0.6 ? below(4) : below(moments);
    return act;
  });
}

const bends = /cancelled|terminated|rebased/;

test.each(steeredFlows)('$name, steered', { timeout: 120_000 }, async (flow) => {
  const calm = await steered(flow, [], 5_000);
  expect(calm.broken).toEqual([]);
  for (const seed of seeds) {
    const random = new SeededRandom(seed);
    const acts = actsOf(random, calm.moments);
    const sleepAfterMs = random.next() < 0.5 ? 0 : 5_000;
    const { broken, outcome, said } = await steered(flow, acts, sleepAfterMs);
    expect({ seed, acts, sleepAfterMs, broken }).toEqual({ seed, acts, sleepAfterMs, broken: [] });
    // Pauses, deaths and help change nothing of how it ends.
    const isBent = said.some((kind) => bends.test(kind));
    if (!isBent)
      expect({ seed, acts, sleepAfterMs, outcome }).toEqual({ seed, acts, sleepAfterMs, outcome: calm.outcome });
  }
});
