/** The example workflows of the design, completed, through every branch that a reader expects. */
import { beforeEach, afterEach, describe, expect, vi } from 'vitest';
import { WorkflowError } from '../../src/core/errors.ts';
import { createWorkflow, type WorkflowDefinition } from '../../src/definition/index.ts';
import { contentGenerationPipeline, researchAndSummarize } from '../definition/design-examples.js';
import { bothWays, type Case } from '../support/both-ways.ts';
import { fails, replies, type MockCall } from '../support/mocks.ts';
import { stepRecord } from '../support/outcome.ts';

// The handlers of the examples print, and their functions read the clock.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 0, 1) });
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const env = { API_KEY: 'k3y-of-the-api' };
const echo = ({ input }: MockCall): unknown => input;

describe('research-and-summarize', () => {
  const paths = ['research-path', 'analysis-path', 'summary-path', 'default-path'];
  const complete = (): WorkflowDefinition => {
    const flow = researchAndSummarize(createWorkflow);
    for (const id of paths) flow.addStep(id, { type: 'agent', agentId: 'any', input: { prompt: 'Go' } });
    return flow.build();
  };
  const run = (
    name: string,
    more: Partial<Case> & { readonly type?: string; readonly summary?: string; readonly path: string },
  ): Case => {
    const { summary = 'short', type, path, mocks = {}, ...rest } = more;
    const isLong = summary.length > 500;
    return {
      name,
      flow: complete,
      env,
      input: { topic: 'tides', query: 'when?', ...(type === undefined ? {} : { type }) },
      mocks: { summarize: summary, 'generate-keywords': ['moon', 'sea'], 'external-api': { accepted: true }, ...mocks },
      statuses: {
        'long-summary': isLong ? 'completed' : 'skipped',
        'short-summary': isLong ? 'skipped' : 'completed',
        ...Object.fromEntries(paths.map((id) => [id, id === path ? 'completed' : 'skipped'])),
      },
      elapsedMs: 5000,
      ...rest,
      check: ({ output, mocks: { calls }, context, program }) => {
        expect(output).toMatchObject({
          summary,
          keywords: ['moon', 'sea'],
          timestamp: expect.stringMatching(/^\d{4}-/) as unknown,
        });
        const called = (id: string): unknown => calls.find(({ step }) => step === id)?.input;
        expect(called('fetch-research')).toEqual({ prompt: 'Research: tides' });
        expect(called('analyze-research')).toEqual({
          prompt: 'Analyze this research: fetch-research',
          context: 'fetch-research',
        });
        expect(called('external-api')).toMatchObject({
          url: 'https://api.example.com/process',
          headers: { Authorization: 'Bearer k3y-of-the-api' },
          body: output,
        });
        expect(called(isLong ? 'long-summary' : 'short-summary')).toEqual({
          prompt: `Format ${isLong ? 'long' : 'short'} summary: ${summary}`,
        });
        expect(called('retry-step')).toEqual({ prompt: 'when?' });
        expect(JSON.stringify(context.steps)).not.toContain('k3y-of-the-api');
        expect(stepRecord({ program, context }, 'external-api')).toMatchObject({ status: 'completed' });
      },
    };
  };
  const down = fails(new WorkflowError('AGENT_ERROR', 'status 503', { details: { status: 503 } }));
  bothWays([
    run('a short summary, of type research', { type: 'research', path: 'research-path' }),
    run('a long summary, of type analysis', { type: 'analysis', path: 'analysis-path', summary: 'x'.repeat(501) }),
    run('a summary of exactly 500 characters is short', {
      type: 'summary',
      path: 'summary-path',
      summary: 'x'.repeat(500),
    }),
    run('of another type: default', { type: 'poem', path: 'default-path' }),
    run('of no type: default', { path: 'default-path' }),
    run('an unreliable agent that answers at the third attempt', {
      path: 'default-path',
      mocks: { 'retry-step': replies(down, down, 'at last') },
      elapsedMs: 8000,
    }),
    {
      name: 'an unreliable agent that does not answer fails the run',
      flow: complete,
      env,
      input: { topic: 'tides', query: 'when?' },
      mocks: { 'retry-step': down },
      status: 'failed',
      error: { code: 'AGENT_ERROR', details: { step: 'retry-step', attempt: 3 } },
    },
  ]);
});

describe('content-generation-pipeline', () => {
  const complete = (): WorkflowDefinition => {
    const flow = contentGenerationPipeline(createWorkflow);
    flow.addStep('publish-email', {
      type: 'agent',
      agentId: 'any',
      action: 'http',
      endpoint: '/send',
      input: { content: '{{steps.approve.output}} || {{steps.revise.output}}' },
      condition: '{{steps.publish-route.output}} === "email"',
    });
    return flow.build();
  };
  const text = { title: 'Tides', body: 'The moon.' };
  const publishers = ['publish-blog', 'publish-social', 'publish-email'];
  const run = (target: string | undefined, isGood: boolean, publisher: string): Case => ({
    name: `${isGood ? 'approved' : 'revised'}, target ${String(target)}: ${publisher}`,
    flow: complete,
    input: { topic: 'tides', style: 'plain', ...(target === undefined ? {} : { publishTarget: target }) },
    mocks: {
      generate: text,
      'grammar-check': { score: 0.9 },
      'fact-check': { score: isGood ? 0.95 : 0.2 },
      'tone-analysis': { score: 1 },
      revise: { title: 'Tides, again' },
      'publish-blog': echo,
      'publish-social': echo,
      'publish-email': echo,
    },
    statuses: {
      approve: isGood ? 'completed' : 'skipped',
      revise: isGood ? 'skipped' : 'completed',
      ...Object.fromEntries(publishers.map((id) => [id, id === publisher ? 'completed' : 'skipped'])),
    },
    check: ({ output, mocks: { calls } }) => {
      const content = isGood
        ? { ...text, status: 'approved', approvedAt: expect.any(String) as unknown }
        : { title: 'Tides, again' };
      expect(calls.at(-1)).toMatchObject({ step: publisher, input: { content } });
      // The design's output names the blog and the social publisher only.
      if (publisher === 'publish-email') expect(output).toBeNull();
      else expect(output).toEqual({ content });
    },
  });
  bothWays([
    run('blog', true, 'publish-blog'),
    run('blog', false, 'publish-blog'),
    run('social', true, 'publish-social'),
    run('social', false, 'publish-social'),
    run('email', true, 'publish-email'),
    run('other', true, 'publish-blog'),
    run(undefined, false, 'publish-blog'),
  ]);
});
