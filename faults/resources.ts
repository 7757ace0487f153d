/** I10: a process that has worked has as much open afterwards as before, and holds as much memory. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command, Commands, Measured } from './commands.ts';
import type { EngineLife } from './engine-life.ts';
import type { Fail } from './end-checks.ts';

export interface ResourcesOptions {
  readonly engine: EngineLife;
  readonly commands: Commands;
  readonly start: () => Command;
  /** Resolves when all runs have ended. */
  readonly endAll: () => Promise<void>;
  readonly fail: Fail;
}

const runsPerLoad = 12;
/** Until connections that nobody uses are closed, and runs that ended are forgotten. */
const settleMs = 15_000;
const lookMs = 500;
/** What code that was run once more, and caches with a bound, may add. */
const heapRoomBytes = 4 * 1024 * 1024;

/** The first load makes warm; after the second there is as much as after the first. */
export async function checkResources(options: ResourcesOptions): Promise<void> {
  const before = await load(options, () => true);
  const after = await load(options, (now) => isBack(before, now));
  if (before.fds !== null && after.fds !== null && after.fds > before.fds)
    options.fail('I10', `${after.fds} files are open after ${runsPerLoad} runs, ${before.fds} were before`);
  const grown = after.heapBytes - before.heapBytes;
  if (grown > heapRoomBytes) options.fail('I10', `memory grew by ${grown} bytes with ${runsPerLoad} runs`);
}

function isBack(before: Measured, now: Measured): boolean {
  return (now.fds ?? 0) <= (before.fds ?? 0) && now.heapBytes - before.heapBytes <= heapRoomBytes;
}

/** What is open after some runs: when it is enough, or does not become less any more. */
async function load(options: ResourcesOptions, isEnough: (now: Measured) => boolean): Promise<Measured> {
  const { engine, start, endAll } = options;
  for (let count = 0; count < runsPerLoad; count += 1) engine.tell(start());
  // Until all are there to be waited for.
  await sleep(lookMs);
  await endAll();
  const until = performance.now() + settleMs;
  let now = await measure(options);
  for (let before = now; performance.now() < until; before = now) {
    await sleep(lookMs);
    now = await measure(options);
    if (isEnough(now) && now.fds === before.fds) break;
  }
  return now;
}

async function measure({ engine, commands }: ResourcesOptions): Promise<Measured> {
  commands.measured = null;
  engine.tell(commands.make('measure'));
  while (engine.isAlive && (commands.measured as Measured | null) === null) await sleep(5);
  return commands.measured ?? { fds: null, heapBytes: 0 };
}
