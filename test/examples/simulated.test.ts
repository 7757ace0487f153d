/** Every example keeps what is promised of runs under all that can go wrong, and comes to the same end after a crash at any write. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type * as Testing from '../../src/testing/index.ts';
import { dank } from './project.ts';

const require = createRequire(import.meta.url);
const { simulateWorkflow, crashWorkflow } = require('dank-workflow/testing') as typeof Testing;

const examples = ['research-and-summarize', 'content-pipeline', 'approved-publishing', 'self-correction', 'yaml'];
const seeds = 20;

test.each(examples)('%s', { timeout: 120_000 }, async (folder) => {
  const path = fileURLToPath(new URL(`../../examples/${folder}`, import.meta.url));
  const { workflows } = await dank.loadWorkflows(path, {
    env: { API_KEY: 'k', PROCESS_URL: 'http://127.0.0.1:1' },
    agents: { researcher: 'http://127.0.0.1:1' },
  });
  expect(workflows.length).toBeGreaterThan(0);
  for (const workflow of workflows) {
    const { broken, ends, crashes } = await simulateWorkflow({ workflow, workflows }, 1, seeds);
    expect(broken).toEqual([]);
    expect(Object.values(ends).reduce((sum, times) => sum + times, 0)).toBeGreaterThanOrEqual(seeds);
    expect(crashes).toBeGreaterThan(seeds);
    const matrix = await crashWorkflow({ workflow, workflows }, 1);
    expect(matrix.writes).toBeGreaterThan(2);
    expect(matrix.broken).toEqual([]);
  }
});
