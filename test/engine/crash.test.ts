import { describe, expect, test } from 'vitest';
import type { LifecycleEvent } from '../../src/core/lifecycle-event.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { MemoryDatabase } from '../../src/store/memory.ts';
import { collect } from '../support/test-engine.ts';
import { bySequence } from '../support/trace.ts';
import { compileWorkflow } from '../../machines/workflow.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { answeredEffects, callKey, driveToDeath, live, type Death } from './crash.ts';
import { flows, type Flow } from './flows.ts';

/** Runs are unloaded whenever they may be, or stay in memory. */
const manners = [
  { manner: 'awake', sleepAfterMs: 5_000 },
  { manner: 'asleep whenever it can be', sleepAfterMs: 0 },
] as const;

async function undisturbed({ make, others, input = {}, mocks = {} }: Flow, sleepAfterMs?: number) {
  const clock = new VirtualClock();
  const life = await live(new MemoryDatabase(), [make(), ...(others?.() ?? [])], mocks, clock, {
    ...(sleepAfterMs === undefined ? {} : { sleepAfterMs }),
  });
  const run = await life.engine.start(make().name, input, { runId: 'run' });
  const report = await life.drive(run.id);
  const trace = await lifecycleOf(life.engine, make, run.id);
  // What is written when it closes is no part of it.
  const { batches } = life.store;
  await life.engine.close();
  return { report, trace, batches, keys: new Set(life.calls.map((call) => call.key)) };
}

/** The order between branches may be another one after a crash, within each it may not. */
async function lifecycleOf(engine: Engine, make: Flow['make'], run: string): Promise<object> {
  const events = (await collect(engine.run(run).events())) as unknown as readonly LifecycleEvent[];
  return bySequence(compileWorkflow(make()).program, events);
}

async function disturbed({ make, others, input = {}, mocks = {} }: Flow, death: Death, sleepAfterMs: number) {
  const clock = new VirtualClock();
  const database = new MemoryDatabase();
  const first = await live(database, [make(), ...(others?.() ?? [])], mocks, clock, {
    death,
    sleepAfterMs,
  });
  // Resolves only when it is stored.
  const starting = first.engine.start(make().name, input, { runId: 'run' }).catch(() => null);
  await driveToDeath(clock, first.store);
  await starting;
  const answered = answeredEffects(database);
  const stored = database.runs.has('run');
  await first.engine.close();

  const second = await live(database, [make(), ...(others?.() ?? [])], mocks, clock, { sleepAfterMs });
  if (!stored) await second.engine.start(make().name, input, { runId: 'run' });
  const report = await second.drive('run');
  const trace = await lifecycleOf(second.engine, make, 'run');
  await second.engine.close();
  return { report, trace, answered, calls: second.calls, firstCalls: first.calls };
}

/** The definition is another object each time it is made. */
const ids = { hash: '' };

describe.each(flows)('$name', (flow) => {
  test('put to sleep whenever it can be: the same as awake', async () => {
    const awake = await undisturbed(flow);
    const asleep = await undisturbed(flow, 0);
    expect({ ...asleep.report, ...ids }).toEqual({ ...awake.report, ...ids });
    expect(asleep.trace).toEqual(awake.trace);
    expect(asleep.keys).toEqual(awake.keys);
  });

  test.each(manners)(
    'FLT-UP-01: $manner, killed at every batch, and continued: same trace, same output, nothing completed is carried out again',
    async ({ sleepAfterMs }) => {
      const calm = await undisturbed(flow, sleepAfterMs);
      expect(calm.report).toMatchObject({ status: flow.status ?? 'completed' });
      if ('output' in flow) expect(calm.report).toMatchObject({ output: flow.output });
      for (let batch = 1; batch <= calm.batches; batch++) {
        for (const when of ['before', 'after'] as const) {
          if (when === 'after' && batch === calm.batches) continue;
          const place = `${when} batch ${batch} of ${calm.batches}`;
          const { report, trace, answered, calls, firstCalls } = await disturbed(flow, { batch, when }, sleepAfterMs);
          expect({
            place,
            status: report.status,
            output: 'output' in report ? report.output : undefined,
            error: 'error' in report ? report.error : undefined,
          }).toEqual({
            place,
            status: calm.report.status,
            output: 'output' in calm.report ? calm.report.output : undefined,
            error: 'error' in calm.report ? calm.report.error : undefined,
          });
          expect({ place, trace }).toEqual({ place, trace: calm.trace });
          expect({ place, again: calls.map(callKey).filter((key) => answered.has(key)) }).toEqual({ place, again: [] });
          for (const call of [...calls, ...firstCalls]) expect(calm.keys).toContain(call.key);
          // A repeated call says so by its key and attempt.
          const repeated = calls.filter((call) => firstCalls.some((before) => callKey(before) === callKey(call)));
          for (const call of repeated)
            expect(firstCalls.find((before) => callKey(before) === callKey(call))?.key).toBe(call.key);
        }
      }
    },
  );
});
