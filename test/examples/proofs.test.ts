/** Every example is verified and path-tested, by the package as it is published. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { WorkflowDefinition } from '../../src/index.ts';
import type * as Testing from '../../src/testing/index.ts';
import type * as Verify from '../../src/verify/index.ts';
import { dank } from './project.ts';

const require = createRequire(import.meta.url);
const { verify } = require('dank-workflow/verify') as typeof Verify;
const { testPaths } = require('dank-workflow/testing') as typeof Testing;

/** Arrows that no data takes: a default behind an enum, a step that is chosen whenever it is come to. */
const neverTaken: Readonly<Record<string, number>> = { 'approved-publishing': 2 };

const agents = { researcher: 'http://127.0.0.1:1' };

test.each(['research-and-summarize', 'content-pipeline', 'approved-publishing', 'self-correction', 'yaml'])(
  '%s: nothing goes wrong on any path, and every path is taken',
  { timeout: 60_000 },
  async (folder) => {
    const path = fileURLToPath(new URL(`../../examples/${folder}`, import.meta.url));
    const { workflows } = await dank.loadWorkflows(path, {
      env: { API_KEY: 'k', PROCESS_URL: 'http://127.0.0.1:1' },
      agents,
    });
    expect(workflows.length).toBeGreaterThan(0);
    for (const workflow of workflows) {
      const { findings, bounds } = verify(workflow);
      expect(bounds).toEqual([]);
      expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
      const { results, coverage, told } = await testPaths(workflow);
      expect(
        results
          .filter(({ status }) => status !== 'passed')
          .map(({ path: each, problem }) => `${each.name}: ${problem ?? ''}`),
      ).toEqual([]);
      expect(coverage.missed).toEqual([]);
      const drawn = await dank.drawWorkflow(workflow, {
        format: 'mermaid',
        coverage: dank.coverageOfRuns(workflow, told),
      });
      const [, steps, ofSteps, arrows, ofArrows] =
        /(\d+) of (\d+) steps and (\d+) of (\d+) arrows seen/.exec(drawn) ?? [];
      expect([steps, Number(arrows)]).toEqual([ofSteps, Number(ofArrows) - (neverTaken[folder] ?? 0)]);
    }
  },
);

describe('never publish without approval', () => {
  const publishers = ['publish-blog', 'publish-social', 'publish-email'];
  const load = async (folder: string): Promise<WorkflowDefinition> => {
    const { workflows } = await dank.loadWorkflows(
      fileURLToPath(new URL(`../../examples/${folder}`, import.meta.url)),
      {},
    );
    return workflows[0] as WorkflowDefinition;
  };

  test.each(publishers)('breaks when %s loses its condition, and says how it comes to that', async (publisher) => {
    const definition = await load('approved-publishing');
    const steps = definition.steps.map((step) => (step.id === publisher ? { ...step, condition: null } : step));
    const broken = verify({ ...definition, steps }).findings.filter(({ code }) => code === 'RULE_BROKEN');
    expect(broken.map(({ message }) => message)).toEqual([
      `the rule 'never publish without approval' does not hold: '${publisher}' begins, and 'approve' (approve) has not come before`,
    ]);
    expect(broken[0]?.way.join()).toMatch(/approve times out|approve: reject/);
  });

  test('is no rule of the pipeline of the design: there it is approve or revise that comes before', async () => {
    const definition = await load('content-pipeline');
    const ruled = (...first: readonly string[]): WorkflowDefinition => ({
      ...definition,
      rules: [
        {
          kind: 'precedes',
          name: 'first',
          first: [{ steps: new Set(first), outcome: null }],
          second: [{ steps: new Set(publishers), outcome: null }],
          times: 0,
          path: 'rules[0]',
        },
      ],
    });
    expect(verify(ruled('approve', 'revise')).rules).toEqual({ checked: 1, broken: 0 });
    const [broken] = verify(ruled('approve')).findings;
    expect(broken?.way).toEqual(expect.arrayContaining(['review-decision: false', 'approve is skipped']));
  });
});
