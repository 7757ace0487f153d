/** Durable steps per second and overhead per step, next to what the database alone does in the same minute. */
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { createEngine } from '../src/engine/create-engine.ts';
import { silentLogger } from '../src/engine/default-ports.ts';
import { sequence, text100, withFolder } from './support.ts';

/** Rows per second of the bare database: one insert per row, `rowsPerCommit` rows per transaction, fsync at each commit. */
export function rawRowsPerSecond(file: string, rowsPerCommit: number, commits: number): number {
  const db = new DatabaseSync(file);
  db.exec(
    'pragma journal_mode=WAL; pragma synchronous=FULL; create table if not exists raw(run integer, seq integer, at integer, type text, data text, primary key(run, seq)) without rowid',
  );
  const insert = db.prepare('insert into raw values(?,?,?,?,?)');
  const start = performance.now();
  const base = Math.floor(start * 1000);
  for (let i = 0; i < commits; i++) {
    db.exec('begin');
    for (let k = 0; k < rowsPerCommit; k++) insert.run(base + k, i, 1_700_000_000_000, 'effect.completed', text100);
    db.exec('commit');
  }
  const seconds = (performance.now() - start) / 1000;
  db.close();
  return (rowsPerCommit * commits) / seconds;
}

export interface StepsResult {
  readonly inFlight: number;
  readonly runs: number;
  readonly stepsPerSecond: number;
  readonly rawPerSecond: number;
  readonly microsecondsPerStep: number;
}

/** `runs` runs of `steps` steps, `inFlight` at a time; steps per second. */
export async function stepsPerSecond(file: string, steps: number, runs: number, inFlight: number): Promise<number> {
  const flow = sequence(steps);
  const engine = await createEngine({ workflows: [flow], store: file, env: {}, logger: silentLogger });
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < runs) {
      next += 1;
      const run = await engine.start(flow, {});
      await run.result();
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: inFlight }, work));
  const seconds = (performance.now() - start) / 1000;
  await engine.close();
  return (runs * steps) / seconds;
}

export async function benchSteps(inFlight: number, runs: number): Promise<StepsResult> {
  return withFolder(async (folder) => {
    await stepsPerSecond(join(folder, 'warm.db'), 10, Math.min(200, runs), inFlight);
    const before = rawRowsPerSecond(join(folder, 'raw.db'), inFlight, 300);
    const measured = await stepsPerSecond(join(folder, 'bench.db'), 10, runs, inFlight);
    const after = rawRowsPerSecond(join(folder, 'raw.db'), inFlight, 300);
    return {
      inFlight,
      runs,
      stepsPerSecond: Math.round(measured),
      rawPerSecond: Math.round((before + after) / 2),
      microsecondsPerStep: Math.round(1e6 / measured),
    };
  });
}
