/**
 * The model check: any workflow, run by the engine in any world, does nothing that exploring does not know. A failure names its
 * seed: `SEEDS=1 SEED=4711`.
 */
import { expect, test } from 'vitest';
import { DefinitionError } from '../../src/core/errors.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { explore } from '../../src/verify/explore.ts';
import { AnyFlow, anyMocks } from '../machines/any-flow.ts';
import { flow } from '../support/flow.ts';
import { createTestEngine } from '../support/test-engine.ts';
import { follow } from './support/follow.ts';
import { historyOf, nameOfTransition } from './support/histories.ts';

const first = Number(process.env['SEED'] ?? 1);
const seeds = Array.from({ length: Number(process.env['SEEDS'] ?? 10) }, (_, index) => first + index);

function definitionOf(seed: number): WorkflowDefinition | null {
  try {
    return flow(new AnyFlow(seed).make());
  } catch (error) {
    if (error instanceof DefinitionError) return null;
    throw error;
  }
}

test('every history of the engine is a path that exploring has', { timeout: 600_000 }, async () => {
  let checked = 0;
  const problems: string[] = [];
  for (const seed of seeds) {
    const definition = definitionOf(seed);
    if (definition === null) continue;
    await using engine = await createTestEngine({ mocks: anyMocks(definition, seed), workflows: [definition] });
    await engine.engine.start(definition, {}, { runId: 'run' });
    await engine.drive('run');
    const { told, taken } = historyOf(definition, engine.store, 'run');
    const begun = performance.now();
    const problem = follow(definition, told);
    if (performance.now() - begun > 1000) console.log('SLOW follow', seed, performance.now() - begun);
    if (problem !== null) {
      problems.push(`seed ${seed}: ${problem}`);
      continue;
    }
    const begun2 = performance.now();
    const graph = explore(definition, { maxStates: Number(process.env['MAX'] ?? 300) });
    if (performance.now() - begun2 > 1000) console.log('SLOW explore', seed, performance.now() - begun2);
    if (graph.bounds.length === 0) {
      const known = new Set(
        graph.transitions.map(({ source, event, targets }) => nameOfTransition(source, event, targets)),
      );
      const missing = [...taken].filter((each) => !known.has(each));
      if (missing.length > 0) problems.push(`seed ${seed}: transitions of the chart: ${missing.join('; ')}`);
    }
    checked += 1;
  }
  console.log('checked', checked);
  expect(problems).toEqual([]);
  expect(checked).toBeGreaterThan(seeds.length / 3);
});
