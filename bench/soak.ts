/**
 * A soak: runs at a steady pace for a while, to see that nothing grows: `node --expose-gc bench/soak.ts --minutes 10 --rate 100`
 * prints a JSON line each half minute, and one at the end with what grew since the first. Retention removes what has ended, as in
 * a process that lives long.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createEngine } from '../src/engine/create-engine.ts';
import { silentLogger } from '../src/engine/default-ports.ts';
import { round, sequence, withFolder } from './support.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, rate: { type: 'string', default: '100' } },
});
const steps = 10;
const sampleMs = 30_000;
const mb = 1024 * 1024;

interface Sample {
  readonly minutes: number;
  readonly runs: number;
  readonly rssMb: number;
  readonly heapMb: number;
  readonly files: number;
  readonly walMb: number;
  readonly storeMb: number;
  /** Of the engine: what it holds of runs. */
  readonly held: object;
}

await withFolder(async (folder) => {
  const file = join(folder, 'soak.db');
  const flow = sequence(steps);
  const retention = { completed: '1m' } as const;
  const engine = await createEngine({ workflows: [flow], store: file, env: {}, logger: silentLogger, retention });
  const start = performance.now();
  const end = start + Number(values.minutes) * 60_000;
  const everyMs = (1_000 * steps) / Number(values.rate);
  let runs = 0;
  let first: Sample | null = null;
  let nextSample = start + sampleMs;

  const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const sample = (): Sample => {
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    return {
      minutes: round((performance.now() - start) / 60_000),
      runs,
      rssMb: round(rss / mb, 1),
      heapMb: round(heapUsed / mb, 1),
      files: readdirSync('/proc/self/fd').length,
      walMb: round(sizeOf(`${file}-wal`) / mb, 1),
      storeMb: round(sizeOf(file) / mb, 1),
      held: engine.held,
    };
  };

  const under = new Set<Promise<unknown>>();
  while (performance.now() < end) {
    const due = Math.floor((performance.now() - start) / everyMs);
    for (; runs < due; runs += 1) {
      const ended = engine.start(flow, {}).then((run) => run.result());
      under.add(ended);
      void ended.finally(() => under.delete(ended));
    }
    if (performance.now() >= nextSample) {
      nextSample += sampleMs;
      const now = sample();
      first ??= now;
      console.log(JSON.stringify({ bench: 'soak', ...now }));
    }
    await sleep(Math.min(everyMs, 20));
  }
  await Promise.all(under);
  const last = sample();
  const before = first ?? last;
  console.log(
    JSON.stringify({
      bench: 'soak',
      ...last,
      stepsPerSecond: round((runs * steps * 1_000) / (performance.now() - start), 1),
      rssGrowthMb: round(last.rssMb - before.rssMb, 1),
      fileGrowth: last.files - before.files,
    }),
  );
  await engine.close();
});
