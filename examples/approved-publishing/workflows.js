/**
 * The content pipeline with a guarantee: nothing is published that a person has not approved. A draft that the reviewers do not
 * like is revised and reviewed again, twice at most; then a person decides, and only what is approved goes out. What has to hold
 * on every path stands below the steps, as rules.
 */
import { createWorkflow } from 'dank-workflow';

const input = {
  type: 'object',
  properties: {
    topic: { type: 'string', minLength: 1 },
    style: { enum: ['neutral', 'brief', 'casual', 'enthusiastic'], default: 'neutral' },
    publishTarget: { enum: ['blog', 'social', 'email'] },
  },
  required: ['topic', 'publishTarget'],
};

/** What a reviewer has to answer; the decision below relies on it. */
const review = { type: 'object', properties: { score: { type: 'number' } }, required: ['score'] };

const isApproved = '{{steps.approve.output.decision}} === "approve"';

/** @param {string} id @param {string} agentId @param {string} prompt */
function reviewer(id, agentId, prompt) {
  return /** @type {const} */ ({
    id,
    type: 'agent',
    agentId,
    input: { prompt: `${prompt}: {{state.draft}}` },
    schema: review,
  });
}

/** @param {'blog' | 'social' | 'email'} target */
function publisher(target) {
  return /** @type {const} */ ({
    type: 'agent',
    agentId: `${target}-publisher`,
    action: 'http',
    endpoint: '/api/publish',
    input: { content: '{{state.draft}}' },
    condition: isApproved,
    tags: ['publishes'],
  });
}

export const approvedPublishing = createWorkflow('approved-publishing', { input })
  .setDescription('Write a piece, have it reviewed and revised, and publish it when a person approves')
  .setState({ draft: null, revisions: 0 })
  .addStep('generate', {
    type: 'agent',
    agentId: 'content-generator',
    input: { prompt: 'Generate content about: {{workflow.input.topic}}', style: '{{workflow.input.style}}' },
    assign: { draft: '{{steps.generate.output}}' },
  })
  .addStep('review', {
    type: 'parallel',
    steps: [
      reviewer('grammar-check', 'grammar', 'Check grammar'),
      reviewer('fact-check', 'fact-checker', 'Fact check'),
      { id: 'tone-analysis', type: 'agent', agentId: 'tone', input: { prompt: 'Analyze tone: {{state.draft}}' } },
    ],
  })
  .addStep('review-decision', {
    type: 'conditional',
    condition:
      '{{state.revisions}} >= 2 || {{steps.grammar-check.output.score}} > 0.8 && {{steps.fact-check.output.score}} > 0.9',
    then: 'approve',
    else: 'revise',
  })
  .addStep('revise', {
    type: 'agent',
    agentId: 'editor',
    input: { prompt: 'Revise this content: {{state.draft}}', feedback: '{{steps.review.output}}' },
    assign: { draft: '{{steps.revise.output}}', revisions: { expr: '{{state.revisions}} + 1' } },
  })
  .addStep('review-again', {
    type: 'conditional',
    condition: '{{steps.review-decision.branch}} === "else"',
    then: 'review',
  })
  .addStep('approve', {
    type: 'human',
    title: 'Publish "{{state.draft.title}}" ({{workflow.input.publishTarget}})?',
    message: '{{state.draft.text}}',
    timeout: '2d',
    onTimeout: 'reject',
  })
  .addStep('publish-route', {
    type: 'switch',
    value: '{{workflow.input.publishTarget}}',
    cases: { blog: 'publish-blog', social: 'publish-social', email: 'publish-email' },
  })
  .addStep('publish-blog', publisher('blog'))
  .addStep('publish-social', publisher('social'))
  .addStep('publish-email', publisher('email'))
  .addRule({
    name: 'never publish without approval',
    precedes: [{ step: 'approve', outcome: 'approve' }, { tag: 'publishes' }],
  })
  .addRule({
    name: 'what is approved is published',
    leadsTo: [{ step: 'approve', outcome: 'approve' }, { tag: 'publishes' }],
  })
  .addRule({ name: 'publish once', atMost: [{ tag: 'publishes' }, 1] })
  .addRule({ name: 'two revisions at most', atMost: ['revise', 2] })
  .setOutput({
    decision: '{{steps.approve.output.decision}}',
    published:
      '{{steps.publish-blog.output}} || {{steps.publish-social.output}} || {{steps.publish-email.output}} || null',
  });

export const workflows = [approvedPublishing];
