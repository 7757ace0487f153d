/**
 * Simulates the engine under faults, seed by seed, on all processors: `npm run simulate -- --seeds 2000 --from 1`. A seed that breaks
 * something is told at once, with how to run it again: `--seed N` tells all that happened. `--plants` plants bugs, to see that
 * they are found. Owns what is printed; what a seed does is src/testing/simulation, on what test/simulation/workload.ts.
 */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { plantedBugs, type PlantedBug } from '../test/simulation/planted-bugs.ts';
import { plantBug } from './simulation/plant.ts';
import type { SeedTold } from './simulation/seeds.ts';
import { inProcess, type Share } from './simulation/spread.ts';

const { values } = parseArgs({
  options: {
    /** How many; of planted bugs, at most for each. */
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    /** This one alone, with all that happened. */
    seed: { type: 'string' },
    /** Each seed twice: the same has to happen. */
    twice: { type: 'boolean', default: false },
    processes: { type: 'string', default: String(availableParallelism()) },
    /** All bugs that there are to plant, one after the other: each has to be found. */
    plants: { type: 'boolean', default: false },
    /** With this bug. */
    plant: { type: 'string' },
    /** A share of another process's work. */
    child: { type: 'string' },
  },
});

const defaultSeeds = 2_000;
const seedsPerPlant = 400;
/** Of planted bugs, that have to be found. */
const shareToFind = 0.95;
/** A bug that lets a seed go on for ever is not found. */
const plantWithinMs = 90_000;
/** Broken seeds that are told in full. */
const maxTold = 5;

const from = Number(values.from);
const processes = Number(values.processes);

function bugOf(name: string): PlantedBug {
  const bug = plantedBugs.find((each) => each.name === name);
  if (bug !== undefined) return bug;
  throw new Error(`no planted bug '${name}': ${plantedBugs.map((each) => each.name).join(', ')}`);
}

/** In a process of `inProcess`. What simulates is loaded only now: what is planted has to be there first. */
async function work({ plant, ...share }: Share): Promise<void> {
  if (plant !== null) plantBug(bugOf(plant));
  const { runSeeds } = await import('./simulation/seeds.ts');
  await runSeeds({ ...share, stopsAtFirst: plant !== null }, (told) => process.send?.(told));
  process.disconnect();
}

async function one(seed: number): Promise<void> {
  if (values.plant !== undefined) plantBug(bugOf(values.plant));
  const { runSeed } = await import('./simulation/seeds.ts');
  const { trace, ...told } = await runSeed(seed);
  for (const line of trace) console.log(line);
  tell(told, Number.POSITIVE_INFINITY);
  if (told.violations.length > 0) process.exitCode = 1;
}

async function many(): Promise<void> {
  const began = performance.now();
  const count = Number(values.seeds ?? defaultSeeds);
  const heard: SeedTold[] = [];
  let broken = 0;
  const hear = (told: SeedTold): void => {
    heard.push(told);
    if (told.violations.length === 0) return;
    broken += 1;
    if (broken <= maxTold) tell(told, 1_000);
  };
  const shares = Array.from({ length: Math.min(processes, count) }, (_, index) => ({
    from: from + index,
    count: count - index,
    every: processes,
    twice: values.twice,
    plant: values.plant ?? null,
    withinMs: null,
  }));
  const ended = await Promise.all(shares.map((share) => inProcess(share, hear)));
  for (const { output } of ended) if (output !== '') console.log(output.trimEnd());
  const isFine = broken === 0 && ended.every((each) => each.isFine) && heard.length === count;
  const result = isFine ? 'all hold' : `BROKEN: ${broken} of them`;
  console.log(`${heard.length} seeds from ${from} (${hashOf(heard)}): ${result} (${seconds(began)})`);
  console.log(`  ${seenText(heard)}`);
  if (!isFine) process.exitCode = 1;
}

function tell({ seed, hash, violations, ends }: SeedTold, longest: number): void {
  const planted = values.plant === undefined ? '' : ` --plant '${values.plant}'`;
  console.log(`seed ${seed} (${hash}) ${violations.length === 0 ? 'holds' : 'BREAKS'}: ${ends}`.slice(0, longest));
  for (const { invariant, message } of violations) console.log(`  ${invariant}: ${message}`.slice(0, longest));
  if (violations.length > 0) console.log(`  again: npm run simulate -- --seed ${seed}${planted}`);
}

/** Of all seeds: the same whatever process had which. */
function hashOf(heard: readonly SeedTold[]): string {
  const hash = createHash('sha256');
  for (const each of heard.toSorted((a, b) => a.seed - b.seed)) hash.update(`${each.seed} ${each.hash}\n`);
  return hash.digest('hex').slice(0, 16);
}

function seenText(heard: readonly SeedTold[]): string {
  const sums = new Map<string, number>();
  for (const { seen } of heard)
    for (const [what, times] of Object.entries(seen)) sums.set(what, (sums.get(what) ?? 0) + times);
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([what, times]) => `${what} ${times}`)
    .join(', ');
}

async function plants(): Promise<void> {
  const began = performance.now();
  const waiting = [...plantedBugs];
  const missed: string[] = [];
  const next = async (): Promise<void> => {
    for (let bug = waiting.shift(); bug !== undefined; bug = waiting.shift()) {
      const { name } = bug;
      const found = await foundBy(name);
      if (!found.isFound) missed.push(name);
      console.log(`${found.isFound ? 'found ' : 'MISSED'} ${name}: ${found.how}`);
    }
  };
  await Promise.all(Array.from({ length: processes }, next));
  const found = plantedBugs.length - missed.length;
  console.log(`${found} of ${plantedBugs.length} planted bugs found (${seconds(began)})`);
  if (found < plantedBugs.length * shareToFind) process.exitCode = 1;
}

async function foundBy(plant: string): Promise<{ readonly isFound: boolean; readonly how: string }> {
  const count = Number(values.seeds ?? seedsPerPlant);
  let breaks: SeedTold | null = null as SeedTold | null;
  const share = { from, count, every: 1, twice: false, plant, withinMs: plantWithinMs };
  const { isFine, output } = await inProcess(share, (told) => {
    if (told.violations.length > 0) breaks ??= told;
  });
  const [why] = breaks?.violations ?? [];
  if (breaks !== null && why !== undefined)
    return { isFound: true, how: `seed ${breaks.seed}, ${why.invariant}: ${why.message.slice(0, 150)}` };
  return { isFound: false, how: isFine ? `${count} seeds hold` : output.trim().slice(0, 500) };
}

function seconds(began: number): string {
  return `${((performance.now() - began) / 1_000).toFixed(1)} s`;
}

if (values.child !== undefined) await work(JSON.parse(values.child) as Share);
else if (values.plants) await plants();
else if (values.seed !== undefined) await one(Number(values.seed));
else await many();
