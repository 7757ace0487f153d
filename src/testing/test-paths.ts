/** All paths of a workflow, run one after another, and what they have seen of it. */
import type { Workflow, WorkflowDefinition } from '../definition/index.ts';
import { coverageOf, type PathCoverage } from '../verify/coverage.ts';
import type { Bound } from '../verify/graph.ts';
import { pathsOf } from '../verify/paths.ts';
import { runPath, type PathOverrides, type PathResult } from './path-run.ts';

export interface PathTests {
  readonly workflow: string;
  readonly results: readonly PathResult[];
  /** Of the paths that passed. */
  readonly coverage: PathCoverage;
  /** Empty: every situation was explored. */
  readonly bounds: readonly Bound[];
}

export interface TestPathsOptions extends PathOverrides {
  /** Situations to explore, at most. @default 50_000 */
  readonly maxStates?: number;
  /** Told of each as it is done. */
  readonly onResult?: (result: PathResult) => void;
}

export async function testPaths(
  workflow: Workflow | WorkflowDefinition,
  options: TestPathsOptions = {},
): Promise<PathTests> {
  const { maxStates, onResult, ...overrides } = options;
  const found = pathsOf(workflow, maxStates === undefined ? {} : { maxStates });
  const results: PathResult[] = [];
  for (const path of found.paths) {
    const result = await runPath(found, path, overrides);
    onResult?.(result);
    results.push(result);
  }
  const passed = results.filter(({ status }) => status === 'passed').map(({ path }) => path);
  return {
    workflow: found.definition.name,
    results,
    coverage: coverageOf(found.graph, passed),
    bounds: found.graph.bounds,
  };
}
