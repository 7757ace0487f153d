/**
 * Simulates the engine under faults, seed by seed, on all processors: `npm run simulate -- --seeds 2000 --from 1`. A seed that breaks
 * something is printed; `--seed N` runs it again and tells all that happened. `--plants` plants bugs, to see that they are
 * found. Owns the processes; what a seed does is src/testing/simulation, on what test/simulation/workload.ts.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { plantBug } from './simulation/plant.ts';
import { plantedBugs } from '../test/simulation/planted-bugs.ts';

const { values } = parseArgs({
  options: {
    /** How many; of planted bugs, at most for each. */
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    every: { type: 'string', default: '1' },
    seed: { type: 'string' },
    twice: { type: 'boolean', default: false },
    processes: { type: 'string', default: String(availableParallelism()) },
    plants: { type: 'boolean', default: false },
    plant: { type: 'string' },
  },
});

const defaultSeeds = 2_000;
const seedsPerPlant = 400;
/** Planted bugs that may go unfound. */
const mayMiss = 1;

const from = Number(values.from);
const say = (line: string): void => {
  console.log(line.length > 1_000 && values.seed === undefined ? `${line.slice(0, 1_000)} ...` : line);
};

/** Seeds within this process. Loaded only now: what is planted has to be there first. */
async function here(): Promise<void> {
  const { runSeed, runSeeds } = await import('./simulation/seeds.ts');
  const broken =
    values.seed === undefined
      ? await runSeeds(
          {
            from,
            count: Number(values.seeds ?? defaultSeeds),
            every: Number(values.every),
            twice: values.twice,
            stopsAtFirst: values.plant !== undefined,
          },
          say,
        )
      : await runSeed(Number(values.seed), say);
  process.exitCode = broken === 0 ? 0 : 1;
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

function child(args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const started = spawn(process.execPath, [fileURLToPath(import.meta.url), ...args, '--processes', '1'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [started.stdout, started.stderr]) stream.on('data', (text) => (output += String(text)));
    started.on('error', reject);
    started.on('close', (code) => {
      resolve({ code, output });
    });
  });
}

async function spread(processes: number): Promise<void> {
  const began = performance.now();
  const count = Number(values.seeds ?? defaultSeeds);
  const shares = Array.from({ length: processes }, (_, index) => [
    ...['--from', String(from + index), '--seeds', String(count - index), '--every', String(processes)],
    ...(values.twice ? ['--twice'] : []),
  ]);
  const ended = await Promise.all(shares.map(child));
  for (const { output } of ended) if (output !== '') say(output.trimEnd());
  const isFine = ended.every(({ code }) => code === 0);
  say(`${count} seeds from ${from}: ${isFine ? 'all hold' : 'BROKEN'} (${seconds(began)})`);
  process.exitCode = isFine ? 0 : 1;
}

async function plants(processes: number): Promise<void> {
  const began = performance.now();
  const waiting = [...plantedBugs];
  const missed: string[] = [];
  const work = async (): Promise<void> => {
    for (let bug = waiting.shift(); bug !== undefined; bug = waiting.shift()) {
      const seeds = values.seeds ?? String(seedsPerPlant);
      const { code, output } = await child(['--plant', bug.name, '--from', String(from), '--seeds', seeds]);
      const isFound = code === 1 && /^seed \d+ /m.test(output);
      if (!isFound) missed.push(bug.name);
      say(`${isFound ? 'found ' : 'MISSED'} ${bug.name}: ${foundText(output)}`);
    }
  };
  await Promise.all(Array.from({ length: processes }, work));
  say(`${plantedBugs.length - missed.length} of ${plantedBugs.length} planted bugs found (${seconds(began)})`);
  process.exitCode = missed.length <= mayMiss ? 0 : 1;
}

function foundText(output: string): string {
  const seed = /^seed (\d+) /m.exec(output)?.[1];
  const why = /^ {2}(I\d+: .*)$/m.exec(output)?.[1];
  return seed === undefined
    ? output.trim().slice(0, 500) || 'nothing was broken'
    : `seed ${seed}, ${(why ?? '').slice(0, 160)}`;
}

function seconds(began: number): string {
  return `${((performance.now() - began) / 1_000).toFixed(1)} s`;
}

if (values.plant !== undefined) {
  const bug = plantedBugs.find(({ name }) => name === values.plant);
  if (bug === undefined)
    throw new Error(`no planted bug '${values.plant}': ${plantedBugs.map(({ name }) => name).join(', ')}`);
  plantBug(bug);
}
const processes = Number(values.processes);
if (values.plants) await plants(processes);
else if (values.seed !== undefined || processes === 1) await here();
else await spread(processes);
