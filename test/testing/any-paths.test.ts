/**
 * The generated path tests of a workflow that is right are green, whatever workflow it is. A failure is a mistake of ours, and names its
 * seed: `SEED=17 SEEDS=1`; with `SEEDS=300 EVERY=1` all paths of more workflows are run.
 */
import { describe, expect, test } from 'vitest';
import { DefinitionError } from '../../src/core/errors.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { runPath } from '../../src/testing/path-run.ts';
import { pathsOf } from '../../src/verify/paths.ts';
import { verify } from '../../src/verify/verify.ts';
import { AnyFlow } from '../machines/any-flow.ts';
import { flow } from '../support/flow.ts';

const first = Number(process.env['SEED'] ?? 1);
const count = Number(process.env['SEEDS'] ?? 30);
const isEvery = process.env['EVERY'] === '1';
const seeds = Array.from({ length: count }, (_, index) => first + index);

/** Of one workflow: the others are much like them. */
const maxPaths = 8;
const maxStates = 150;

describe('generated path tests of any workflow', () => {
  test.each([['of agents, routers, loops, branches, waits and undoing', false]])(
    '%s',
    { timeout: 3_600_000 },
    async (_what, wide) => {
      const problems: string[] = [];
      for (const seed of seeds) {
        const definition = definitionOf(seed, wide);
        if (definition !== null)
          problems.push(...(await problemsOf(definition)).map((each) => `seed ${seed}: ${each}`));
      }
      expect(problems).toEqual([]);
    },
  );
});

function definitionOf(seed: number, wide: boolean): WorkflowDefinition | null {
  try {
    return flow(new AnyFlow(seed, { wide }).make());
  } catch (error) {
    if (error instanceof DefinitionError) return null;
    throw error;
  }
}

async function problemsOf(definition: WorkflowDefinition): Promise<readonly string[]> {
  const found = pathsOf(definition, { maxStates });
  const step = isEvery ? 1 : Math.ceil(found.paths.length / maxPaths);
  const problems: string[] = [];
  for (const path of found.paths.filter((_path, at) => at % step === 0)) {
    const { status, problem } = await runPath(found, path);
    if (status === 'failed' && !isMistakeOf(definition, problem ?? '')) problems.push(`${path.name}: ${problem ?? ''}`);
  }
  return problems;
}

/** Templates that read what is not there are mistakes of the workflow, and verifying says so too. */
function isMistakeOf(definition: WorkflowDefinition, problem: string): boolean {
  return /has no value here/.test(problem) && !verify(definition, { maxStates }).ok;
}
