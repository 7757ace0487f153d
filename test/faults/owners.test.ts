/** Two real processes on one file: a run has one owner, also while that one is stopped. */
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Checks } from '../../faults/checks.ts';
import { Commands } from '../../faults/commands.ts';
import { EngineLife } from '../../faults/engine-life.ts';
import { Receiver } from '../../faults/receiver.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../store/sqlite/files.ts';

let directory: TemporaryDirectory;
let receiver: Receiver;
let lives: EngineLife[];
let complaints: string[];
const commands = new Commands();
beforeEach(async () => {
  directory = temporaryDirectory();
  // Every call succeeds, after some milliseconds.
  receiver = await Receiver.open(() => 0.5);
  lives = [];
  complaints = [];
});
afterEach(async () => {
  for (const life of lives) life.kill();
  await Promise.all(lives.map((life) => life.ended));
  receiver.close();
  directory.remove();
});

async function begin(): Promise<EngineLife> {
  const life = new EngineLife({
    file: directory.file(),
    receiver: receiver.url,
    durability: 'sync',
    commands,
    complain: (what) => void complaints.push(what),
  });
  lives.push(life);
  expect(await life.begin(null)).toBe(true);
  return life;
}

function look<T>(read: (store: ReturnType<typeof openSqliteStore>) => T): T {
  const store = openSqliteStore(directory.file(), { readOnly: true });
  try {
    return read(store);
  } finally {
    store.close();
  }
}

const eventually = { timeout: 60_000, interval: 50 };

test(
  'FLT-CK-04: a process that is stopped keeps its runs; what others say to them waits, and is taken when it goes on',
  { timeout: 200_000 },
  async () => {
    const one = await begin();
    const runs = Array.from({ length: 4 }, (_, index) => `run-${index}`);
    for (const run of runs) one.tell(commands.make('start', run));
    // They wait for a signal.
    await vi.waitFor(() => {
      for (const run of runs) expect(look((store) => store.readRun(run)?.waitingFor)).toBe('signal');
    }, eventually);
    one.stop();
    const callsBefore = receiver.calls.size;

    const two = await begin();
    const told = runs.map((run) => commands.make('signal', run));
    for (const command of told) two.tell(command);
    // Time for several looks of the other one for dead owners.
    const db = new DatabaseSync(directory.file(), { readOnly: true });
    await vi.waitFor(() => {
      expect(db.prepare('select count(*) as n from inbox').get()).toEqual({ n: runs.length });
    }, eventually);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(db.prepare('select count(distinct owner) as n from runs where owner is not null').get()).toEqual({ n: 1 });
    expect(receiver.calls.size).toBe(callsBefore);
    for (const run of runs) expect(look((store) => store.readRun(run)?.waitingFor)).toBe('signal');
    db.close();

    one.goOn();
    await vi.waitFor(() => {
      for (const run of runs) expect(look((store) => store.readRun(run)?.waitingFor)).toBe('human');
    }, eventually);
    for (const run of runs) two.tell(commands.make('answer', run));
    await vi.waitFor(() => {
      for (const run of runs) expect(look((store) => store.readRun(run)?.status)).toBe('completed');
    }, eventually);
    // Nothing was done by both.
    for (const [key, { calls }] of receiver.calls) expect([key, calls]).toEqual([key, 1]);
    for (const life of [one, two]) life.tell(commands.make('close'));
    await Promise.all([one.ended, two.ended]);
    const checks = new Checks(directory.file(), commands, receiver);
    checks.look(true);
    expect([...checks.broken, ...complaints]).toEqual([]);
  },
);

test(
  'FLT-CC-07: of two processes on one file, the one that lives takes over what the dead one drove, and nothing else',
  { timeout: 200_000 },
  async () => {
    const one = await begin();
    const two = await begin();
    one.tell(commands.make('start', 'of-one'));
    two.tell(commands.make('start', 'of-two'));
    await vi.waitFor(() => {
      for (const run of ['of-one', 'of-two']) expect(look((store) => store.readRun(run)?.waitingFor)).toBe('signal');
    }, eventually);
    one.kill();
    await one.ended;
    for (const run of ['of-one', 'of-two']) two.tell(commands.make('signal', run));
    await vi.waitFor(() => {
      for (const run of ['of-one', 'of-two']) expect(look((store) => store.readRun(run)?.waitingFor)).toBe('human');
    }, eventually);
    for (const run of ['of-one', 'of-two']) two.tell(commands.make('answer', run));
    await vi.waitFor(() => {
      for (const run of ['of-one', 'of-two']) expect(look((store) => store.readRun(run)?.status)).toBe('completed');
    }, eventually);
    two.tell(commands.make('close'));
    await two.ended;
    for (const [key, { calls }] of receiver.calls) expect([key, calls]).toEqual([key, 1]);
    const checks = new Checks(directory.file(), commands, receiver);
    checks.look(true);
    expect([...checks.broken, ...complaints]).toEqual([]);
  },
);
