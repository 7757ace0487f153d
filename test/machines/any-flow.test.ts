/** The engine and a plain machine agree about any workflow in any world. A failure names its seed: `SEEDS=17 SEED=4711`. */
import { describe, expect, test } from 'vitest';
import { DefinitionError } from '../../src/core/errors.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { expectSame } from '../support/both-ways.ts';
import { flow } from '../support/flow.ts';
import { runPlain } from '../support/run-plain.ts';
import { runOnEngine } from '../support/test-engine.ts';
import { AnyFlow } from './any-flow.ts';
import { anyMocks } from './any-world.ts';

const first = Number(process.env['SEED'] ?? 1);
const seeds = Array.from({ length: Number(process.env['SEEDS'] ?? 200) }, (_, index) => first + index);

function definitionOf(seed: number): WorkflowDefinition | null {
  try {
    return flow(new AnyFlow(seed).make());
  } catch (error) {
    if (error instanceof DefinitionError) return null;
    throw error;
  }
}

describe('any workflow', () => {
  test('most of them are valid', () => {
    const valid = seeds.filter((seed) => definitionOf(seed) !== null);
    expect(valid.length).toBeGreaterThan(seeds.length / 3);
  });

  test('SIM-04: runs to its end, the same with the engine and without', { timeout: 120_000 }, async () => {
    for (const seed of seeds) {
      const definition = definitionOf(seed);
      if (definition === null) continue;
      const mocks = anyMocks(definition, seed);
      try {
        const onEngine = await runOnEngine(definition, {}, mocks);
        const plain = await runPlain(definition, {}, mocks);
        expect(plain.status).toBe(onEngine.status);
        expectSame(onEngine, plain);
      } catch (error) {
        throw new Error(
          `seed ${seed}: ${(error as Error).message}\n${JSON.stringify(new AnyFlow(seed).make(), null, 1)}`,
          { cause: error },
        );
      }
    }
  });
});
