/**
 * The classic mistake, put at random into the two workflows of the design: a step reads one that stands on a branch which did not
 * run. Ten seeds for each workflow; the mended twin asks whether it ran, or has a last resort.
 */
import { describe, expect, test } from 'vitest';
import { createWorkflow, type WorkflowDefinition } from '../../src/definition/index.ts';
import { verify, type Finding } from '../../src/verify/index.ts';
import { contentGenerationPipeline, researchAndSummarize } from '../definition/design-examples.js';
import { SeededRandom } from '../support/seeded-random.ts';

type Loose = { addStep(id: string, step: object): Loose; build(): WorkflowDefinition };

interface Case {
  /** Adds its own steps, the missing ones last. */
  readonly make: (create: typeof createWorkflow) => Loose;
  /** Steps that run on a branch only, each with a step after which it can be read. */
  readonly branches: Readonly<Record<string, readonly string[]>>;
}

const stub = { type: 'agent', agentId: 'any', input: { prompt: 'Go' } };
const paths = ['research-path', 'analysis-path', 'summary-path', 'default-path'];

const cases: Readonly<Record<string, Case>> = {
  'research-and-summarize': {
    make: (create) => paths.reduce<Loose>((all, id) => all.addStep(id, stub), researchAndSummarize(create)),
    branches: {
      'long-summary': ['short-summary', 'route-by-type', 'transform-data', 'external-api', 'wait'],
      'short-summary': ['short-summary', 'route-by-type', 'wait', 'analysis-path'],
      'research-path': ['research-path', 'analysis-path', 'default-path'],
      'default-path': ['default-path'],
    },
  },
  'content-generation-pipeline': {
    make: (create) => contentGenerationPipeline(create).addStep('publish-email', stub),
    branches: {
      revise: ['revise', 'approve', 'publish-route', 'publish-blog', 'publish-email'],
      approve: ['approve', 'publish-route', 'publish-social'],
      'publish-blog': ['publish-blog', 'publish-social', 'publish-email'],
      'publish-social': ['publish-social', 'publish-email'],
    },
  },
};

/** Readers, by how they read: as it goes wrong, and mended. */
const readers: Readonly<Record<string, (id: string) => readonly [wrong: object, mended: object]>> = {
  'in a prompt': (id) => [
    { ...stub, input: { prompt: `Use {{steps.${id}.output}}` } },
    { ...stub, input: { prompt: `Use {{steps.${id}.output}}` }, condition: `{{steps.${id}.status}} === "completed"` },
  ],
  'as a prompt': (id) => [
    { ...stub, input: { prompt: `{{steps.${id}.output}}` } },
    { ...stub, input: { prompt: `{{steps.${id}.output}} || "nothing"` } },
  ],
  'in a URL': (id) => [
    { type: 'http', url: `https://a.example/{{steps.${id}.output}}` },
    {
      type: 'http',
      url: `https://a.example/{{steps.${id}.output}}`,
      condition: `{{steps.${id}.status}} === "completed"`,
    },
  ],
  'as items': (id) => [
    { type: 'loop', items: `{{steps.${id}.output}}`, step: { id: 'each', ...stub } },
    {
      type: 'loop',
      items: `{{steps.${id}.output}}`,
      step: { id: 'each', ...stub },
      condition: `{{steps.${id}.status}} === "completed"`,
    },
  ],
  'in a loop': (id) => [
    { type: 'loop', items: [1, 2], step: { id: 'each', ...stub, input: { prompt: `Use {{steps.${id}.output}}` } } },
    {
      type: 'loop',
      items: [1, 2],
      step: { id: 'each', ...stub, input: { prompt: `Use {{steps.${id}.output}}` } },
      condition: `{{steps.${id}.status}} === "completed"`,
    },
  ],
};

/** `createWorkflow` for an author who adds one more step after another one. */
function withStepAfter(place: string, id: string, step: object): typeof createWorkflow {
  return ((name: string, options: object) => {
    const wrap = (builder: object): object =>
      new Proxy(builder, {
        get(target, key) {
          const value: unknown = Reflect.get(target, key);
          if (typeof value !== 'function') return value;
          return (...given: unknown[]): unknown => {
            const result: unknown = (value as (...all: unknown[]) => unknown).apply(target, given);
            if (key === 'build' || typeof result !== 'object' || result === null) return result;
            const added = key === 'addStep' && given[0] === place ? (result as Loose).addStep(id, step) : result;
            return wrap(added);
          };
        },
      });
    return wrap(createWorkflow(name, options));
  }) as typeof createWorkflow;
}

function one<T>(random: SeededRandom, all: readonly T[]): T {
  return all[Math.floor(random.next() * all.length)] as T;
}

function problemsOf({ make }: Case, place: string, step: object): readonly Finding[] {
  const { findings } = verify(make(withStepAfter(place, 'reader', step)).build());
  return findings.filter(({ severity }) => severity !== 'info');
}

describe.each(Object.entries(cases))('%s', (_name, each) => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('seed %i', (seed) => {
    const random = new SeededRandom(seed * 7_919);
    const branch = one(random, Object.keys(each.branches));
    const place = one(random, each.branches[branch] ?? []);
    const [wrong, mended] = one(random, Object.values(readers))(branch);
    const found = problemsOf(each, place, wrong);
    expect(found).toHaveLength(1);
    expect(found[0]?.message).toContain(`'${branch}' was skipped`);
    expect(found[0]?.way).toContain(`${branch} is skipped`);
    expect(problemsOf(each, place, mended)).toEqual([]);
  });
});
