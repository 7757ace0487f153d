/**
 * The generated path tests of a workflow that is right are green, whatever workflow it is. A failure is a mistake of ours, and names its
 * seed: `SEED=17 SEEDS=1`; with `SEEDS=300 EVERY=1` all paths of more workflows are run.
 */
import { describe, expect, test } from 'vitest';
import { DefinitionError } from '../../src/core/errors.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { ledElsewhere, runPath, type PathResult } from '../../src/testing/path-run.ts';
import { pathsOf } from '../../src/verify/paths.ts';
import { AnyFlow } from '../machines/any-flow.ts';
import { flow } from '../support/flow.ts';

const first = Number(process.env['SEED'] ?? 1);
const count = Number(process.env['SEEDS'] ?? 18);
const isEvery = process.env['EVERY'] === '1';
const seeds = Array.from({ length: count }, (_, index) => first + index);

/** Of one workflow: the others are much like them. */
const maxPaths = 8;
const maxStates = 150;

const limit = { timeout: 3_600_000 };

describe('generated path tests of any workflow', () => {
  test('of agents, routers, loops, branches, waits and undoing go as they are planned', limit, async () => {
    const led = await problemsOfAll(false, ({ status, problem }) => status === 'failed' || isLedElsewhere(problem));
    expect(led).toEqual([]);
  });

  test('with people, signals, children, functions and events as well are never red', limit, async () => {
    expect(await problemsOfAll(true, ({ status }) => status === 'failed')).toEqual([]);
  });
});

function isLedElsewhere(problem: string | null): boolean {
  return problem?.startsWith(ledElsewhere) ?? false;
}

async function problemsOfAll(wide: boolean, isProblem: (result: PathResult) => boolean): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const seed of seeds) {
    const definition = definitionOf(seed, wide);
    if (definition !== null)
      problems.push(...(await problemsOf(definition, isProblem)).map((each) => `seed ${seed}: ${each}`));
  }
  return problems;
}

function definitionOf(seed: number, wide: boolean): WorkflowDefinition | null {
  try {
    return flow(new AnyFlow(seed, { wide }).make());
  } catch (error) {
    if (error instanceof DefinitionError) return null;
    throw error;
  }
}

async function problemsOf(
  definition: WorkflowDefinition,
  isProblem: (result: PathResult) => boolean,
): Promise<readonly string[]> {
  const found = pathsOf(definition, { maxStates });
  const step = isEvery ? 1 : Math.ceil(found.paths.length / maxPaths);
  const problems: string[] = [];
  for (const path of found.paths.filter((_path, at) => at % step === 0)) {
    const result = await runPath(found, path);
    const { problem } = result;
    if (isProblem(result) && !isMistakeOf(definition, problem ?? '')) problems.push(`${path.name}: ${problem ?? ''}`);
  }
  return problems;
}

/** Templates that must not read what is not there, and do, are mistakes of the workflow. */
function isMistakeOf({ missing }: WorkflowDefinition, problem: string): boolean {
  return missing === 'error' && /has no value here/.test(problem);
}
