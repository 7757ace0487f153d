/** Simulations of somebody's own workflow: answers made up from schemas, a crash at every write, seeds that say the same again. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createWorkflow, toDataSchema, toDefinition } from '../../src/definition/index.ts';
import { sampleOf } from '../../src/testing/sample.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { crashWorkflow, simulateWorkflow, simulateWorkflowSeed } from '../../src/testing/index.ts';

const review = toDefinition(
  createWorkflow('review', { input: z.object({ topic: z.string(), words: z.number().int().min(100).max(200) }) })
    .addStep('draft', {
      type: 'agent',
      agentId: 'writer',
      input: { prompt: '{{workflow.input.topic}} in {{workflow.input.words}} words' },
      schema: z.object({ text: z.string(), score: z.number().min(0).max(1), tags: z.array(z.enum(['a', 'b'])) }),
      retry: { maxAttempts: 3, delay: '5s' },
    })
    .addStep('approve', { type: 'human', title: 'fine?', timeout: '2d', onTimeout: 'reject' })
    .addStep('go', { type: 'signal', name: 'go', timeout: '1d', onError: 'continue' })
    .setOutput('{{steps.draft.output.text}}'),
);

test('every course of things keeps what is promised', { timeout: 60_000 }, async () => {
  const { seeds, ends, calls, crashes, broken } = await simulateWorkflow({ workflow: review }, 1, 15);
  expect(broken).toEqual([]);
  expect(seeds).toBe(15);
  expect(ends['completed']).toBeGreaterThan(3);
  expect(calls).toBeGreaterThan(15);
  expect(crashes).toBeGreaterThan(3);
});

test('a seed says the same again', { timeout: 60_000 }, async () => {
  const first = await simulateWorkflowSeed({ workflow: review, input: { topic: 'tides', words: 120 } }, 4);
  const again = await simulateWorkflowSeed({ workflow: review, input: { topic: 'tides', words: 120 } }, 4);
  expect(again.hash).toBe(first.hash);
  expect(again.trace).toEqual(first.trace);
});

test('a crash at any write changes nothing', { timeout: 60_000 }, async () => {
  const { writes, broken } = await crashWorkflow({ workflow: review }, 2);
  expect(writes).toBeGreaterThan(5);
  expect(broken).toEqual([]);
});

test('values are made up that fit their schema', () => {
  const random = new SeededRandom(3);
  const draw = { below: (n: number) => Math.floor(random.next() * n) };
  const schemas = [
    z.object({ a: z.string().min(3).max(5), b: z.number().int().min(-4).max(4), c: z.boolean().nullable() }),
    z.array(z.object({ id: z.uuid(), mail: z.email() })).min(2),
    z.union([z.literal('x'), z.number().gt(2).lt(3)]),
    z.object({ inner: z.object({ deep: z.enum(['p', 'q']) }).optional() }),
  ];
  for (const schema of schemas) {
    const made = toDataSchema(schema);
    if (!('schema' in made)) throw new Error('no schema');
    for (let time = 0; time < 30; time++) expect(sampleOf(made.schema, draw)).not.toBeNull();
  }
});

test('what functions print is told with the seed, and not printed', { timeout: 60_000 }, async () => {
  let count = 0;
  const noisy = toDefinition(
    createWorkflow('noisy').addStep('tell', {
      type: 'transform',
      transform: () => {
        count += 1;
        console.log('made %d', count);
        console.warn('two\nlines');
        return 'done';
      },
    }),
  );
  const printed: unknown[] = [];
  const { log, warn } = console;
  console.log = console.warn = (...values: unknown[]) => void printed.push(values);
  try {
    const [first, again] = await Promise.all([
      simulateWorkflowSeed({ workflow: noisy }, 3),
      simulateWorkflowSeed({ workflow: noisy }, 3),
    ]);
    expect(first.trace).toContain('prints lines');
    expect(first.trace.some((line) => line.startsWith('prints made '))).toBe(true);
    // It is another text each time, and the same seed.
    expect(again.hash).toBe(first.hash);
    expect(await crashWorkflow({ workflow: noisy }, 1)).toMatchObject({ broken: [] });
    expect(printed).toEqual([]);
    console.log('heard');
    expect(printed).toEqual([['heard']]);
  } finally {
    Object.assign(console, { log, warn });
  }
});
