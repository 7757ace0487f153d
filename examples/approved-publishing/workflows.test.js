/**
 * The tests of this project: what has to hold on every path, every path on the real engine, and a few runs as stories. Run them
 * with `npx vitest run examples/approved-publishing`; nothing outside is called, and nobody waits.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createTestEngine, describeWorkflow, replayHistory, rerunHistory, sequence } from 'dank-workflow/testing';
import { verify } from 'dank-workflow/verify';
import { approvedPublishing } from './workflows.js';

const draft = { title: 'Tides', text: 'The moon pulls at the sea.', style: 'neutral' };

const agents = {
  'content-generator': draft,
  grammar: { score: 1, issues: [] },
  'fact-checker': { score: 1, supported: [], unsupported: [] },
  tone: { tone: 'neutral' },
  editor: { ...draft, text: 'The moon pulls at the sea; so does the sun.', status: 'revised' },
  'blog-publisher': { published: true, target: 'blog' },
};

test('nothing goes wrong on any path, and the rules hold on all of them', () => {
  const { findings, bounds, rules } = verify(approvedPublishing);
  expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
  expect(bounds).toEqual([]);
  expect(rules).toEqual({ checked: 4, broken: 0 });
});

describeWorkflow(approvedPublishing, {
  describe,
  test,
  outputs: { generate: draft, revise: draft },
  expect({ status, output }) {
    if (status !== 'completed') return;
    const { decision, published } = /** @type {{ decision: string, published: unknown }} */ (output);
    if (decision !== 'approve') expect(published).toBeNull();
  },
});

describe('a run', () => {
  test('publishes what a person approves', async () => {
    await using engine = await createTestEngine({ workflows: [approvedPublishing], agents });
    const run = await engine.start(approvedPublishing, { topic: 'tides', publishTarget: 'blog' });
    await engine.answer('approve', { decision: 'approve' });
    expect(await engine.finish(run)).toEqual({ decision: 'approve', published: { published: true, target: 'blog' } });
    expect(engine.calls('blog-publisher')[0]?.input).toEqual({ content: draft });
  });

  test('revises what the reviewers do not like, and asks with the revised text', async () => {
    await using engine = await createTestEngine({
      workflows: [approvedPublishing],
      agents: { ...agents, 'fact-checker': sequence({ score: 0.5, unsupported: ['Nobody knows.'] }, { score: 1 }) },
    });
    await engine.start(approvedPublishing, { topic: 'tides', publishTarget: 'blog' });
    expect(engine.calls('editor')).toHaveLength(1);
    expect(engine.tasks()[0]?.message).toBe('The moon pulls at the sea; so does the sun.');
  });

  test('publishes nothing when nobody answers for two days', async () => {
    await using engine = await createTestEngine({ workflows: [approvedPublishing], agents });
    const run = await engine.start(approvedPublishing, { topic: 'tides', publishTarget: 'blog' });
    await engine.advanceBy('2d');
    expect(await engine.finish(run)).toEqual({ decision: 'reject', published: null });
    expect(engine.calls('blog-publisher')).toEqual([]);
  });
});

describe('a run of production', () => {
  // npx dank-workflow export revised-and-approved -o recorded/revised-and-approved.jsonl
  const recording = readFileSync(new URL('recorded/revised-and-approved.jsonl', import.meta.url), 'utf8');

  test('goes as it went', async () => {
    const { differences, notCompared } = await replayHistory(approvedPublishing, recording);
    expect(differences).toEqual([]);
    expect(notCompared).toEqual([]);
  });

  test('does and publishes the same, with what the agents answered then', async () => {
    const [rerun] = await rerunHistory(approvedPublishing, recording);
    expect(rerun?.differences).toEqual([]);
    expect(rerun?.calls.map(({ step }) => step)).toEqual([
      'generate',
      'grammar-check',
      'fact-check',
      'tone-analysis',
      'revise',
      'grammar-check',
      'fact-check',
      'tone-analysis',
      'publish-blog',
    ]);
  });
});
