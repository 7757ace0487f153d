/** Every example is verified and path-tested, by the package as it is published. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type * as Testing from '../../src/testing/index.ts';
import type * as Verify from '../../src/verify/index.ts';
import { dank } from './project.ts';

const require = createRequire(import.meta.url);
const { verify } = require('dank-workflow/verify') as typeof Verify;
const { testPaths } = require('dank-workflow/testing') as typeof Testing;

const agents = { researcher: 'http://127.0.0.1:1' };

test.each(['research-and-summarize', 'content-pipeline', 'self-correction', 'yaml'])(
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
      const { results, coverage } = await testPaths(workflow);
      expect(
        results
          .filter(({ status }) => status !== 'passed')
          .map(({ path: each, problem }) => `${each.name}: ${problem ?? ''}`),
      ).toEqual([]);
      expect(coverage.missed).toEqual([]);
    }
  },
);
