/** Runs that people retry, killed at every batch on the way: every command counts once, and nothing completed is done again. */
import { expect, test } from 'vitest';
import { endedStatuses } from '../../src/core/run.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { MemoryDatabase } from '../../src/store/memory.ts';
import { agent, flow } from '../support/flow.ts';
import type { MockCall } from '../support/mocks.ts';
import { driveUntil, VirtualClock } from '../support/virtual-clock.ts';
import { answeredEffects, callKey, live, type Death } from './crash.ts';

const run = 'run';

const definitions = (): readonly WorkflowDefinition[] => [
  flow({
    name: 'main',
    steps: [
      agent('a'),
      {
        id: 'p',
        type: 'parallel',
        steps: [
          agent('x'),
          { id: 'l', type: 'loop', items: [0, 1, 2], parallel: 2, steps: [agent('r1'), agent('r2')] },
          { id: 'c', type: 'workflow', workflow: 'below' },
        ],
      },
      agent('z'),
    ],
    output: '{{steps.p.output}}',
  }),
  flow({ name: 'below', steps: [agent('b1'), agent('b2')], output: '{{steps.b2.output}}' }),
];

/** What is down is so until its second visit. */
const mended = (call: MockCall): unknown => {
  if (call.visit === 1) throw new Error('down');
  return `${call.step} ${call.visit}`;
};
const mocks = {
  r2: (call: MockCall) => (call.run.endsWith('/1') ? mended(call) : 'r2'),
  b2: mended,
  x: mended,
};
const output = { x: 'x 2', l: ['r2', 'r2 2', 'r2'], c: 'b2 2' };

/** Drives it, and retries it when it fails, until it completes, or the process is dead. */
async function lifeOf(database: MemoryDatabase, clock: VirtualClock, death?: Death) {
  const life = await live(database, definitions(), mocks, clock, death === undefined ? {} : { death });
  const status = () => database.runs.get(run)?.status;
  const ends = async (): Promise<void> => {
    await driveUntil(
      clock,
      () => life.store.isDead || endedStatuses.has(status() ?? 'pending'),
      () => `it is ${status() ?? 'nowhere'}`,
    );
    await clock.settle();
  };
  if (!database.runs.has(run)) void life.engine.start('main', {}, { runId: run }).catch(() => undefined);
  await ends();
  if (!life.store.isDead && status() === 'failed') {
    void life.engine.retry(run, { by: 'ann' }).catch(() => undefined);
    await clock.settle();
    await ends();
  }
  await life.engine.close();
  return life;
}

test('killed at every batch of a run that fails and is retried', { timeout: 60_000 }, async () => {
  const calm = await lifeOf(new MemoryDatabase(), new VirtualClock());
  expect(calm.mocks.counts).toEqual({ a: 1, x: 2, r1: 3, r2: 4, b1: 1, b2: 2, z: 1 });
  const keys = new Set(calm.calls.map(({ key }) => key));
  for (let batch = 1; batch <= calm.store.batches; batch++) {
    for (const when of ['before', 'after'] as const) {
      if (when === 'after' && batch === calm.store.batches) continue;
      const database = new MemoryDatabase();
      const clock = new VirtualClock();
      await lifeOf(database, clock, { batch, when });
      const answered = answeredEffects(database);
      const second = await lifeOf(database, clock);
      const place = `${when} batch ${batch} of ${calm.store.batches}`;
      const row = JSON.parse(database.runs.get(run)?.row ?? '{}') as { readonly status?: string };
      expect({ place, status: row.status }).toEqual({ place, status: 'completed' });
      expect({ place, again: second.calls.map(callKey).filter((key) => answered.has(key)) }).toEqual({
        place,
        again: [],
      });
      for (const { key } of second.calls)
        expect({ place, key, isKnown: keys.has(key) }).toEqual({ place, key, isKnown: true });
      const third = await live(database, definitions(), mocks, clock);
      expect({ place, report: third.engine.report(run) }).toMatchObject({ report: { output } });
      expect(third.engine.steps(run).every(({ status }) => status === 'completed')).toBe(true);
      await third.engine.close();
    }
  }
});
