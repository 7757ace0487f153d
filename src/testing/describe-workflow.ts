/** The paths of a workflow as ordinary tests of the author's project: one test per path, under any runner with `describe` and `test`. */
import { toDefinition, type Workflow, type WorkflowDefinition } from '../definition/index.ts';
import { pathsOf } from '../verify/paths.ts';
import { runPath, type PathOverrides } from './path-run.ts';

export interface DescribeOptions extends PathOverrides {
  /** Of the test runner. @default the global `describe` and `test` */
  readonly describe?: (name: string, define: () => void) => void;
  readonly test?: (name: string, run: () => Promise<void>) => void;
  /** What has to hold at the end of a path; throws where it does not. */
  readonly expect?: (run: PathRunEnd) => void | Promise<void>;
}

/** How a path ended. */
export interface PathRunEnd {
  readonly path: string;
  readonly status: 'completed' | 'failed' | 'cancelled';
  /** Of a completed run. */
  readonly output: unknown;
}

/**
 * Makes a test for every path. One that no generated data leads down says so and passes: it says nothing of the workflow.
 * @throws TypeError when the runner has no global `describe` and `test`, and none is given
 */
export function describeWorkflow(workflow: Workflow | WorkflowDefinition, options: DescribeOptions = {}): void {
  const runner = globalThis as {
    readonly describe?: DescribeOptions['describe'];
    readonly test?: DescribeOptions['test'];
  };
  const { describe = runner.describe, test = runner.test, expect, ...overrides } = options;
  if (describe === undefined || test === undefined)
    throw new TypeError(
      'describeWorkflow needs the runner: describeWorkflow(workflow, { describe, test }), both from "vitest"',
    );
  const found = pathsOf(workflow);
  describe(`every path of ${toDefinition(workflow).name}`, () => {
    for (const path of found.paths) {
      test(path.name, async () => {
        const { status, problem, output } = await runPath(found, path, overrides);
        if (status === 'failed') throw new Error(problem ?? 'the path goes otherwise');
        if (status === 'passed') await expect?.({ path: path.name, status: path.end, output });
      });
    }
  });
}
