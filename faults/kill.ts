/**
 * `npm run faults:kill -- [--kills 300] [--seed n] [--side 2] [--batch 75]`: processes on files are killed with SIGKILL at all kinds
 * of moments, again and again, in batches of one store each, some side by side (batch.ts). `--plants` plants bugs instead, to see that
 * they are found; `--plant NAME` one of them. Prints its seed; exits 1 when an invariant is broken.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runBatch, type BatchResult } from './batch.ts';
import { Commands } from './commands.ts';
import { EngineLife } from './engine-life.ts';
import { plantedBugs } from './planted-bugs.ts';

const { values } = parseArgs({
  options: {
    /** In all. */
    kills: { type: 'string', default: '300' },
    /** Of the first batch; the next ones have the numbers after it. */
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    side: { type: 'string', default: '2' },
    /** Kills of one store. */
    batch: { type: 'string', default: '75' },
    // 'async' forgets what it acknowledged: to see that it is found.
    durability: { type: 'string', default: 'sync' },
    plant: { type: 'string' },
    plants: { type: 'boolean', default: false },
    'no-resources': { type: 'boolean', default: false },
  },
});

const firstSeed = Number(values.seed);
const killsPerBatch = Number(values.batch);
const startedAt = performance.now();

const codeFolder = mkdtempSync(join(tmpdir(), 'dank-kill-code-'));
const codeCache = join(codeFolder, 'cache');
try {
  await fillCodeCache();
  await (values.plants ? runPlants() : runKills());
} finally {
  rmSync(codeFolder, { recursive: true });
}

/** A process that is killed writes none. */
async function fillCodeCache(): Promise<void> {
  const commands = new Commands();
  const life = new EngineLife({
    file: join(codeFolder, 'store.db'),
    receiver: 'http://127.0.0.1:9',
    durability: 'sync',
    codeCache,
    commands,
    complain: (what) => {
      throw new Error(what);
    },
  });
  await life.begin(null);
  life.tell(commands.make('close'));
  await life.ended;
}

async function runKills(): Promise<void> {
  const { plant, durability } = values;
  const kills = Number(values.kills);
  console.log(`seed ${firstSeed}, ${kills} kills${plant === undefined ? '' : `, with a bug: ${plant}`}`);
  const deaths = new Map<string, number>();
  const results: BatchResult[] = [];
  const onDeath = (kind: string): void => {
    deaths.set(kind, (deaths.get(kind) ?? 0) + 1);
    if (total(deaths) % 100 === 0) console.log(`${total(deaths)} kills, ${seconds()}`);
  };
  const batches = Array.from({ length: Math.ceil(kills / killsPerBatch) }, (_, index) => ({
    seed: firstSeed + index,
    kills: Math.min(killsPerBatch, kills - index * killsPerBatch),
    durability,
    ...(plant === undefined ? {} : { plant }),
    codeCache,
    resources: index === 0 && !values['no-resources'],
    onDeath,
  }));
  await sideBySide(async () => {
    const options = batches.shift();
    if (options === undefined || results.some(({ broken }) => broken.length > 0)) return false;
    results.push(await runBatch(options));
    return true;
  });
  report(deaths, results);
}

function report(deaths: ReadonlyMap<string, number>, results: readonly BatchResult[]): void {
  const sum = (key: 'runs' | 'events' | 'calls' | 'repeated' | 'acked' | 'refused'): number =>
    results.reduce((all, result) => all + result[key], 0);
  console.log(
    `${total(deaths)} kills of ${results.length} stores, ${seconds()}: ${sum('runs')} runs, ${sum('events')} events, ${sum('acked')} commands acknowledged (${sum('refused')} refused), ${sum('calls')} calls (${sum('repeated')} of them repeated under their key)`,
  );
  for (const [kind, count] of [...deaths].toSorted(([, a], [, b]) => b - a)) console.log(`  ${count} ${kind}`);
  const broken = results.filter((result) => result.broken.length > 0);
  for (const result of broken) {
    for (const what of result.broken.slice(0, 20)) console.log(what.slice(0, 2_000));
    console.log(`the store is kept in ${result.folder}`);
  }
  if (broken.length === 0) console.log('0 invariants broken');
  else {
    const seed = /^seed (\d+)/.exec(broken[0]?.broken[0] ?? '')?.[1] ?? '';
    const flags = [
      `--seed ${seed} --kills ${Math.min(Number(values.kills), killsPerBatch)}`,
      ...(values.durability === 'sync' ? [] : [`--durability ${values.durability}`]),
      ...(values.plant === undefined ? [] : [`--plant '${values.plant}'`]),
    ];
    console.log(`broken; again with: npm run faults:kill -- ${flags.join(' ')}`);
    process.exitCode = 1;
  }
}

/** Each bug in a batch of its own, that ends when it is found. */
async function runPlants(): Promise<void> {
  const waiting = [...plantedBugs];
  const missed: string[] = [];
  await sideBySide(async () => {
    const bug = waiting.shift();
    if (bug === undefined) return false;
    let kills = 0;
    const { broken, folder } = await runBatch({
      seed: firstSeed,
      kills: killsPerBatch,
      durability: 'sync',
      plant: bug.name,
      codeCache,
      resources: false,
      onDeath: () => void (kills += 1),
    });
    if (broken.length === 0) missed.push(bug.name);
    const what = broken[0]?.slice(0, 200) ?? 'nothing was broken';
    console.log(`${broken.length > 0 ? 'found ' : 'MISSED'} ${bug.name}, after ${kills} kills: ${what} (${folder})`);
    return true;
  });
  console.log(`${plantedBugs.length - missed.length} of ${plantedBugs.length} planted bugs found, ${seconds()}`);
  if (missed.length > 0) process.exitCode = 1;
}

/** @param work false: there is none left */
async function sideBySide(work: () => Promise<boolean>): Promise<void> {
  const worker = async (): Promise<void> => {
    while (await work());
  };
  await Promise.all(Array.from({ length: Number(values.side) }, worker));
}

function total(deaths: ReadonlyMap<string, number>): number {
  return [...deaths.values()].reduce((sum, count) => sum + count, 0);
}

function seconds(): string {
  return `${Math.round((performance.now() - startedAt) / 1_000)} s`;
}
