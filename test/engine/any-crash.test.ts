/** Any workflow, killed anywhere and continued: as if nothing had happened. A failure names its seed: `SEED=4711 SEEDS=1`. */
import { expect, test } from 'vitest';
import { DefinitionError } from '../../src/core/errors.ts';
import { endedStatuses } from '../../src/core/run.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { MemoryDatabase } from '../../src/store/memory.ts';
import { flow } from '../support/flow.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { driveUntil, VirtualClock } from '../support/virtual-clock.ts';
import { AnyFlow } from '../machines/any-flow.ts';
import { anyMocks } from '../machines/any-world.ts';
import { live, type Death } from './crash.ts';

const first = Number(process.env['SEED'] ?? 1);
const seeds = Array.from({ length: Number(process.env['SEEDS'] ?? 60) }, (_, index) => first + index);

function definitionOf(seed: number): WorkflowDefinition | null {
  try {
    return flow(new AnyFlow(seed, { timed: false }).make());
  } catch (error) {
    if (error instanceof DefinitionError) return null;
    throw error;
  }
}

async function outcomeOf(
  seed: number,
  deaths: readonly Death[],
  sleepAfterMs: number,
): Promise<{ readonly seen: object; readonly batches: number }> {
  const database = new MemoryDatabase();
  const clock = new VirtualClock();
  const make = (): WorkflowDefinition => definitionOf(seed) as WorkflowDefinition;
  const mocks = anyMocks(make(), seed);
  for (const death of deaths) {
    const life = await live(database, make(), mocks, clock, { death, sleepAfterMs });
    const starting = database.runs.has('run')
      ? null
      : life.engine.start('test', {}, { runId: 'run' }).catch(() => null);
    await driveUntil(
      clock,
      () => life.store.isDead || endedStatuses.has(database.runs.get('run')?.status ?? 'pending'),
      () => `seed ${seed}`,
    );
    await clock.settle();
    await starting;
    await life.engine.close();
  }
  const last = await live(database, make(), mocks, clock, { sleepAfterMs });
  if (!database.runs.has('run')) await last.engine.start('test', {}, { runId: 'run' });
  const report = await last.drive('run');
  const steps = last.engine
    .run('run')
    .steps()
    .map(({ id, status, visit, attempt, branch }) => ({ id, status, visit, attempt, branch }));
  await last.engine.close();
  const { status } = report;
  return {
    seen: {
      status,
      output: 'output' in report ? report.output : null,
      error: 'error' in report ? report.error.message : null,
      steps,
    },
    batches: last.store.batches,
  };
}

test('any workflow', { timeout: 120_000 }, async () => {
  for (const seed of seeds) {
    if (definitionOf(seed) === null) continue;
    const { seen, batches } = await outcomeOf(seed, [], 5_000);
    const random = new SeededRandom(seed);
    if (batches < 2) continue;
    for (let trial = 0; trial < 3; trial++) {
      const death = (): Death => ({
        batch: 1 + Math.floor(random.next() * (batches - 1)),
        when: random.next() < 0.5 ? 'before' : 'after',
      });
      const deaths = Array.from({ length: 1 + trial }, death);
      const sleepAfterMs = trial === 1 ? 5_000 : 0;
      const again = await outcomeOf(seed, deaths, sleepAfterMs);
      expect({ seed, deaths, sleepAfterMs, seen: again.seen }).toEqual({ seed, deaths, sleepAfterMs, seen });
    }
  }
});
