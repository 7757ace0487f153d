/** The simulator itself: a seed decides everything, what must hold holds, and what is broken on purpose is seen. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { simulateSeed } from '../../src/testing/simulation/simulate.ts';
import { MemoryDatabase, MemoryStore } from '../../src/store/memory.ts';
import { Journal } from '../../src/testing/simulation/journal.ts';
import { judge } from '../../src/testing/simulation/judge.ts';
import { agent, flow } from '../support/flow.ts';
import { createTestEngine } from '../support/test-engine.ts';
import { plantedBugs } from './planted-bugs.ts';
import { planOf } from './workload.ts';

const timeout = 120_000;

test('the same seed is the same story, another seed another', { timeout }, async () => {
  const hashes: string[] = [];
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const first = await simulateSeed({ seed, plan: planOf(seed) });
    const again = await simulateSeed({ seed, plan: planOf(seed) });
    expect(again.trace).toEqual(first.trace);
    expect(again.hash).toBe(first.hash);
    hashes.push(first.hash);
  }
  expect(new Set(hashes).size).toBe(hashes.length);
});

test('SIM-01: what must hold holds, under everything that can go wrong', { timeout }, async () => {
  const seen = { deaths: 0, calls: 0, completed: 0, full: 0, jumps: 0 };
  for (let seed = 10; seed < 40; seed++) {
    const { violations, deaths, calls, runs, trace } = await simulateSeed({ seed, plan: planOf(seed) });
    expect({ seed, violations }).toEqual({ seed, violations: [] });
    seen.deaths += deaths;
    seen.calls += calls;
    seen.completed += runs.filter(({ status }) => status === 'completed').length;
    seen.full += trace.filter((line) => line === 'the disk is full').length;
    seen.jumps += trace.filter((line) => line.startsWith('clocks jump')).length;
  }
  // Something did go wrong, and runs came to their ends all the same.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(5);
});

describe('without faults', () => {
  test('every run completes, and nothing is called twice', { timeout }, async () => {
    const faults = { crashes: false, disk: false, clock: false, commands: false, agents: false, processes: false };
    const two = flow({ name: 'two', steps: [agent('a'), agent('b')] });
    const plan = { ...planOf(1), workflows: [two], starts: [{ workflow: 'two', input: {} }] };
    const { runs, calls, deaths, violations } = await simulateSeed({ seed: 7, plan, faults });
    expect(violations).toEqual([]);
    expect(deaths).toBe(0);
    expect(runs.length).toBeGreaterThan(0);
    expect(runs.every(({ status }) => status === 'completed')).toBe(true);
    expect(calls).toBe(runs.length * 2);
  });
});

describe('what is broken is told', () => {
  const one = flow({ name: 'one', steps: [agent('a')] });

  async function history(): Promise<{ readonly database: MemoryDatabase; readonly journal: Journal }> {
    const database = new MemoryDatabase();
    const journal = new Journal();
    class Noted extends MemoryStore {
      override commit(batch: Parameters<MemoryStore['commit']>[0]): void {
        super.commit(batch);
        journal.committed(batch);
      }
    }
    await using lab = await createTestEngine({ workflows: [one], store: new Noted(database), mocks: { a: 'x' } });
    await lab.engine.start(one, {}, { runId: 'run' });
    await lab.drive('run');
    const call = { run: 'run', step: 'a', visit: 1, attempt: 1, key: 'run:a:1', at: 0, committed: 1 };
    journal.calls.push(call);
    journal.gave(call, 'x');
    return { database, journal };
  }

  const plan = { ...planOf(1), workflows: [one] };
  const told = (journal: Journal): readonly string[] => journal.violations.map(({ invariant }) => invariant);

  test('nothing, of a run that went well', async () => {
    const { database, journal } = await history();
    judge(journal, database, plan);
    expect(journal.violations).toEqual([]);
  });

  test('an event that is lost', async () => {
    const { database, journal } = await history();
    database.runs.get('run')?.events.pop();
    judge(journal, database, plan);
    expect(told(journal)).toContain('I2');
  });

  test('a result that nobody gave, a call before its commit, another key', async () => {
    const { database, journal } = await history();
    journal.answers.clear();
    journal.calls.push({ run: 'run', step: 'a', visit: 1, attempt: 1, key: 'run:a:1:again', at: 0, committed: 0 });
    judge(journal, database, plan);
    expect(journal.violations.map(({ message }) => message)).toEqual([
      "run 'run', event 2: nobody gave this result of a (attempt 1)",
      'run:a:1:again (attempt 1) was called when 0 events were committed; it begins with event 1',
      'run|a|1 was called with the keys run:a:1 and run:a:1:again',
    ]);
  });

  test('a command that was acknowledged and is lost', async () => {
    const { database, journal } = await history();
    journal.commands.push({ by: 'c1', kind: 'run.paused', run: 'run', state: 'acknowledged' });
    journal.commands.push({ by: 'c2', kind: 'run.paused', run: 'run', state: 'refused' });
    journal.commands.push({ by: 'c3', kind: 'start', run: 'other', input: {}, state: 'acknowledged' });
    judge(journal, database, plan);
    expect(journal.violations.map(({ message }) => message)).toEqual([
      "c1: run.paused to run 'run' was acknowledged, and is lost",
      "the start of run 'other' was acknowledged, and it is not there",
    ]);
  });

  test('a fork that repeats work of which that was not said, and a migration that is told of only', async () => {
    const { database, journal } = await history();
    const store = new MemoryStore(database);
    const noted = store.commit.bind(store);
    store.commit = (batch) => {
      noted(batch);
      journal.committed(batch);
    };
    await using lab = await createTestEngine({ workflows: [one], store, mocks: { a: 'x' } });
    await lab.engine.fork('run', { at: 1, runId: 'fork' });
    await lab.drive('fork');
    journal.calls.push({ run: 'fork', step: 'a', visit: 1, attempt: 1, key: 'fork:a:1', at: 0, committed: 2 });
    journal.gave({ run: 'fork', step: 'a', visit: 1, attempt: 1 }, 'x');
    const calls = journal.calls.filter(({ run }) => run === 'run');
    journal.forks.push({ run: 'fork', repeats: new Set(['a']), calls });
    judge(journal, database, plan);
    expect(journal.violations).toEqual([]);
    journal.forks.push({ run: 'fork', repeats: new Set(), calls });
    journal.commands.push({ by: 'c1', kind: 'run.rebased', run: 'run', state: 'acknowledged' });
    judge(journal, database, plan);
    expect(journal.violations.map(({ message }) => message)).toEqual([
      "c1: run.rebased to run 'run' was acknowledged, and is lost",
      "the fork 'fork' repeats a, visit 1, of which it was not said",
    ]);
  });

  test('an output that is not what the plan expects', async () => {
    const { database, journal } = await history();
    judge(journal, database, { ...plan, expect: ({ output }) => (output === 'x' ? 'not x again' : null) });
    expect(journal.violations).toEqual([{ invariant: 'I14', message: "run 'run' (one): not x again" }]);
  });
});

test('SIM-02: what is planted still has its place in the source', () => {
  const root = new URL('../../', import.meta.url);
  const stale = plantedBugs.flatMap(({ name, edits }) =>
    edits.filter(({ file, find }) => !readFileSync(new URL(file, root), 'utf8').includes(find)).map(() => name),
  );
  expect(stale).toEqual([]);
});
