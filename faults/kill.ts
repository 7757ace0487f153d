/**
 * `npm run faults:kill -- [--rounds 300] [--seed n] [--points]`: starts an engine on a file, gives it work and commands, kills it
 * with SIGKILL after 20 to 200 ms, or (with `--points`) at a named point of the way to the disk, and looks at what it left; again and
 * again. At the end everything must have come to its end, each thing once. Prints its seed; exits 1 when an invariant is broken.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openSqliteStore } from '../src/store/sqlite/open.ts';
import { Checks } from './checks.ts';
import { Commands, type Command } from './commands.ts';
import { crashPoints } from './crash-points.ts';
import { EngineLife } from './engine-life.ts';
import { Receiver } from './receiver.ts';
import { seededRandom } from './seeded-random.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '300' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    points: { type: 'boolean', default: false },
    // 'async' forgets what it acknowledged: to see that it is found.
    durability: { type: 'string', default: 'sync' },
  },
});
const rounds = Number(values.rounds);
const seed = Number(values.seed);

const runsAtOnce = 16;
const livesAhead = 3;
/** What is under way when nobody kills any more has to end within. */
const endMs = 120_000;
/** A point that is not passed in this time is none of this life's. */
const pointMs = 1_500;

const random = seededRandom(seed);
const receiver = await Receiver.open(seededRandom(seed + 1));
const folder = mkdtempSync(join(tmpdir(), 'dank-kill-'));
const file = join(folder, 'store.db');
const commands = new Commands();
const checks = new Checks(file, commands, receiver);
const waiting: EngineLife[] = [];
let runs = 0;
let deathsInRecovery = 0;

console.log(`seed ${seed}, ${rounds} rounds${values.points ? ', at named points' : ''}`);
const startedAt = performance.now();
try {
  for (let round = 1; round <= rounds && checks.broken.length === 0; round += 1) {
    await live(round);
    checks.look(false);
    if (round % 50 === 0)
      console.log(`${round} rounds, ${runs} runs, ${Math.round((performance.now() - startedAt) / 1000)} s`);
  }
  if (checks.broken.length === 0) await end();
} finally {
  for (const life of waiting) life.kill();
  receiver.close();
}
const repeated = [...receiver.calls.values()].filter(({ calls }) => calls > 1).length;
console.log(
  `${rounds} rounds, ${runs} runs, ${receiver.calls.size} calls (${repeated} of them repeated under their key), ${deathsInRecovery} deaths before ready, ${Math.round((performance.now() - startedAt) / 1000)} s`,
);
if (checks.broken.length > 0) {
  console.log(`broken (seed ${seed}, the store is kept in ${folder}):\n${checks.broken.slice(0, 20).join('\n')}`);
  process.exit(1);
}
rmSync(folder, { recursive: true });
console.log('0 invariants broken');

/** One life of the process. */
async function live(round: number): Promise<void> {
  const point = values.points ? `${pick(crashPoints)}#${1 + Math.floor(random() * random() * 40)}` : null;
  const engine = nextLife();
  const isReady = await engine.begin(point);
  if (!isReady) deathsInRecovery += 1;
  else {
    const until = performance.now() + (point === null ? 20 + random() * 180 : pointMs);
    // Commands come in a few portions, so that some meet runs in the middle of something.
    for (let portion = 0; portion < 3 && engine.isAlive && performance.now() < until; portion += 1) {
      for (const command of nextCommands(round * 3 + portion)) engine.tell(command);
      await Promise.race([sleep(Math.max(0, (until - performance.now()) / (3 - portion))), engine.ended]);
    }
  }
  engine.kill();
  await engine.ended;
}

function nextCommands(turn: number): readonly Command[] {
  const open = checks.open;
  const wanted: Command[] = [];
  for (let count = open.length; count < runsAtOnce && wanted.length < 4; count += 1)
    wanted.push(commands.make('start', `run-${seed}-${++runs}`));
  for (const run of open) {
    const chance = random();
    // Whoever was not heard asks again: the same start, the same run.
    if (chance < 0.05) wanted.push(commands.make('start', run));
    else if (chance < 0.3) wanted.push(commands.make('signal', run));
    else if (chance < 0.55) wanted.push(commands.make('answer', run));
    else if (chance < 0.6) wanted.push(commands.make('pause', run));
    else if (chance < 0.75) wanted.push(commands.make('resume', run));
    else if (chance < 0.755 && turn > 10) wanted.push(commands.make('cancel', run));
  }
  return wanted;
}

/** Nobody kills any more: all runs come to their end. */
async function end(): Promise<void> {
  const engine = nextLife();
  if (!(await engine.begin(null))) {
    checks.broken.push('I6: the engine does not start any more');
    return;
  }
  const until = performance.now() + endMs;
  for (let open = unfinished(); open.length > 0 && performance.now() < until; open = unfinished()) {
    for (const run of open)
      for (const what of ['resume', 'signal', 'answer'] as const) engine.tell(commands.make(what, run));
    await sleep(300);
  }
  engine.tell(commands.make('close'));
  await Promise.race([engine.ended, sleep(20_000)]);
  if (engine.isAlive) checks.broken.push('I6: the engine does not close');
  engine.kill();
  await engine.ended;
  checks.look(true);
}

/** Processes that have loaded their code, and wait to be let begin. */
function nextLife(): EngineLife {
  while (waiting.length < livesAhead) {
    const { durability } = values;
    const complain = (what: string): void => void checks.broken.push(what);
    waiting.push(new EngineLife({ file, receiver: receiver.url, durability, commands, complain }));
  }
  return waiting.shift() as EngineLife;
}

function unfinished(): readonly string[] {
  const store = openSqliteStore(file, { readOnly: true });
  try {
    return store
      .listRuns({ kind: ['run'], status: ['pending', 'running', 'paused'], limit: 1_000 })
      .map(({ id }) => id);
  } finally {
    store.close();
  }
}

function pick<T>(list: readonly T[]): T {
  return list[Math.floor(random() * list.length)] as T;
}
