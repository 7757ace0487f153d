/**
 * Workflows whose compiled machines and histories are kept as files. A difference shows that the format of compiled machines or
 * of histories has changed: then `machineFormat` has to be raised, and the histories of the format before stay here.
 */
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { agent, flow } from '../support/flow.ts';
import { after, fails, hangs, replies, type MockTable } from '../support/mocks.ts';

export interface Golden {
  readonly name: string;
  readonly definition: WorkflowDefinition;
  readonly input?: unknown;
  readonly mocks?: MockTable;
}

export const goldens: readonly Golden[] = [
  {
    name: 'life-of-a-step',
    definition: flow({
      name: 'life-of-a-step',
      state: { tries: 0 },
      steps: [
        agent('first', {
          output: 'draft',
          retry: { maxAttempts: 3, delay: '1s', backoff: 'exponential' },
          timeout: '30s',
          totalTimeout: '5m',
        }),
        agent('gated', { condition: '{{vars.draft.score}} > 0.5', assign: { tries: { expr: '{{state.tries}} + 1' } } }),
        agent('mended', {
          onError: { id: 'mender', type: 'transform', template: { instead: '{{steps.mended.error.code}}' } },
        }),
        agent('tolerated', { onError: 'continue' }),
        { id: 'pause', type: 'wait', duration: '2s' },
      ],
      output: { draft: '{{vars.draft}}', mended: '{{steps.mended.output}}', tries: '{{state.tries}}' },
    }),
    mocks: {
      first: replies(fails('busy'), hangs(), { score: 0.9, text: 'long '.repeat(30) }),
      mended: fails('broken'),
      tolerated: fails('also'),
    },
  },
  {
    name: 'routing',
    definition: flow({
      name: 'routing',
      missing: 'empty',
      steps: [
        agent('write', { input: { prompt: 'Write, mind: {{steps.review.output}}' } }),
        agent('review'),
        {
          id: 'verdict',
          type: 'conditional',
          condition: '{{steps.review.output}} === "good"',
          then: 'publish',
          else: 'write',
        },
        {
          id: 'publish',
          type: 'switch',
          value: '{{workflow.input.target}}',
          cases: { blog: 'to-blog', none: 'end' },
          default: 'to-blog',
        },
        agent('to-blog'),
        agent('to-nowhere', { condition: '{{steps.publish.output}} === "none"' }),
      ],
    }),
    input: { target: 'blog' },
    mocks: { review: replies('bad', 'good') },
  },
  {
    name: 'side-by-side',
    definition: flow({
      name: 'side-by-side',
      steps: [
        {
          id: 'both',
          type: 'parallel',
          maxConcurrency: 2,
          onError: 'continue',
          steps: [agent('a'), { id: 'group', type: 'sequential', steps: [agent('b'), agent('c')] }, agent('d')],
        },
        { id: 'race', type: 'parallel', join: 'any', steps: [agent('fast'), agent('slow')] },
      ],
    }),
    mocks: { a: after(10, 'A'), b: after(5, 'B'), c: fails('no c'), fast: after(1, 'F'), slow: hangs() },
  },
  {
    name: 'rounds',
    definition: flow({
      name: 'rounds',
      state: { sum: 0 },
      steps: [
        {
          id: 'refine',
          type: 'loop',
          until: '{{steps.critic.output.score}} > 0.8',
          maxIterations: 5,
          steps: [agent('draft'), agent('critic')],
        },
        {
          id: 'each',
          type: 'loop',
          items: '{{workflow.input.prices}}',
          onItemError: 'skip',
          step: agent('price', {
            input: { prompt: 'p {{loop.item}}' },
            assign: { sum: { expr: '{{state.sum}} + {{loop.item}}' } },
          }),
        },
      ],
      output: { sum: '{{state.sum}}', each: '{{steps.each.output}}' },
    }),
    input: { prices: [3, 4, 5] },
    mocks: { critic: replies({ score: 0.2 }, { score: 0.9 }), price: replies('three', fails('no'), 'five') },
  },
];
