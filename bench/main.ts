/**
 * `npm run bench [names...]`: prints one JSON line per measurement. Machines are noisy: compare the ratios, which are taken
 * against the bare database in the same minute, not the absolute figures.
 */
import { bigDefinition, bigLoop, longRun, wideParallel } from './scale.ts';
import { benchSteps } from './steps.ts';
import { benchVerify, verified } from './verify.ts';
import { recovery, waitingRuns } from './waiting.ts';

const benches: Readonly<Record<string, () => Promise<void>>> = {
  /** Runs of 10 steps, durable, one and fifty at a time. `ratio`: to rows per second of the bare database. */
  steps: async () => {
    for (const [inFlight, runs] of [
      [1, 300],
      [50, 2_000],
    ] as const) {
      const result = await benchSteps(inFlight, runs);
      print('steps', { ...result, ratio: Number((result.stepsPerSecond / result.rawPerSecond).toFixed(3)) });
    }
  },
  /** A step of a long run, against one of a short run. */
  long: async () => {
    const short = await longRun(10, 100);
    print('long', short);
    const long = await longRun(10_000);
    print('long', { ...long, ratio: Number((long.msPerStep / short.msPerStep).toFixed(3)) });
  },
  parallel: async () => {
    for (const branches of [10, 100]) print('parallel', await wideParallel(branches));
  },
  loop: async () => {
    for (const items of [1_000, 10_000]) print('loop', await bigLoop(items, 50));
  },
  /** Memory of runs that wait. */
  waiting: async () => {
    print('waiting', await waitingRuns(10_000));
  },
  /** A start over 11,000 unfinished runs. */
  recovery: async () => {
    print('recovery', await recovery(10_000, 1_000));
  },
  /** Proving a workflow before it runs. `ratio`: of an explored move to a bare one. */
  verify: () => {
    for (const name of Object.keys(verified)) print('verify', benchVerify(name));
    return Promise.resolve();
  },
  definition: () => {
    print('definition', bigDefinition(1_000));
    return Promise.resolve();
  },
};

function print(bench: string, figures: object): void {
  console.log(JSON.stringify({ bench, ...figures }));
}

const named = process.argv.slice(2);
for (const name of named.length === 0 ? Object.keys(benches) : named) {
  const bench = benches[name];
  if (bench === undefined) throw new Error(`no bench '${name}'; there are: ${Object.keys(benches).join(', ')}`);
  await bench();
}
