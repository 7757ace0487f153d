/** Every flow of the engine's own tests, recorded: it goes as it went, also when it is run again. */
import { describe, expect, test } from 'vitest';
import { MemoryDatabase } from '../../src/store/memory.ts';
import { exportRuns } from '../../src/store/archive/export.ts';
import { replayHistory, rerunHistory } from '../../src/testing/index.ts';
import { live } from '../engine/crash.ts';
import { flows, type Flow } from '../engine/flows.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

async function record({ make, others, input = {}, mocks = {} }: Flow): Promise<string> {
  const workflows = [make(), ...(others?.() ?? [])];
  const life = await live(new MemoryDatabase(), workflows, mocks, new VirtualClock(), {});
  const run = await life.engine.start(make().name, input, { runId: 'run' });
  await life.drive(run.id);
  const text = [...exportRuns(life.store, ['run'])].join('\n');
  await life.engine.close();
  return text;
}

describe.each(flows)('$name', (flow) => {
  test('goes as it went', async () => {
    const recording = await record(flow);
    const workflows = [flow.make(), ...(flow.others?.() ?? [])];
    const { runs, differences, notCompared } = await replayHistory(workflows, recording);
    expect(runs).toBeGreaterThan(0);
    expect(differences.map(({ message }) => message)).toEqual([]);
    expect(notCompared).toEqual([]);
    const reruns = await rerunHistory(workflows, recording);
    expect(reruns.flatMap((each) => each.differences)).toEqual([]);
  });
});
