/**
 * The second workflow of the design, letter for letter (which is why no formatter may touch it), and the step that
 * `publish-route` names but the design leaves out, between the marks.
 */
// @ts-nocheck: plain JavaScript, as the design has it
const { createWorkflow } = require('dank-workflow');
const { AGENT_IDS } = require('./dank.config'); // Import agent IDs

// prettier-ignore
const contentPipeline =
createWorkflow('content-generation-pipeline')
  .setId('660e8400-e29b-41d4-a716-446655440001')
  .setDescription('Generate, review, and publish content')

  // Step 1: Generate content
  .addStep('generate', {
    type: 'agent',
    agentId: AGENT_IDS.CONTENT_GENERATOR,
    action: 'prompt',
    input: {
      prompt: 'Generate content about: {{workflow.input.topic}}',
      style: '{{workflow.input.style}}'
    },
    output: 'generatedContent'
  })

  // Step 2: Parallel review tasks
  .addStep('review', {
    type: 'parallel',
    steps: [
      {
        id: 'grammar-check',
        type: 'agent',
        agentId: AGENT_IDS.GRAMMAR_AGENT,
        action: 'prompt',
        input: {
          prompt: 'Check grammar: {{steps.generate.output}}'
        }
      },
      {
        id: 'fact-check',
        type: 'agent',
        agentId: AGENT_IDS.FACT_CHECKER,
        action: 'prompt',
        input: {
          prompt: 'Fact check: {{steps.generate.output}}'
        }
      },
      {
        id: 'tone-analysis',
        type: 'agent',
        agentId: AGENT_IDS.TONE_ANALYZER,
        action: 'prompt',
        input: {
          prompt: 'Analyze tone: {{steps.generate.output}}'
        }
      }
    ],
    output: 'reviewResults'
  })

  // Step 3: Decision based on review
  .addStep('review-decision', {
    type: 'conditional',
    condition: (context) => {
      const reviews = context.steps.review.output;
      return reviews['grammar-check'].score > 0.8 &&
             reviews['fact-check'].score > 0.9;
    },
    then: 'approve',
    else: 'revise'
  })

  // Step 4a: Revise if needed
  .addStep('revise', {
    type: 'agent',
    agentId: AGENT_IDS.EDITOR_AGENT,
    action: 'prompt',
    input: {
      prompt: 'Revise this content: {{steps.generate.output}}',
      feedback: '{{steps.review.output}}'
    },
    condition: '{{steps.review-decision.output}} === "revise"',
    output: 'revisedContent'
  })

  // Step 4b: Approve if good
  .addStep('approve', {
    type: 'transform',
    input: '{{steps.generate.output}}',
    transform: (data) => ({
      ...data,
      status: 'approved',
      approvedAt: new Date().toISOString()
    }),
    condition: '{{steps.review-decision.output}} === "approve"',
    output: 'approvedContent'
  })

  // Step 5: Switch based on publish target
  .addStep('publish-route', {
    type: 'switch',
    value: '{{workflow.input.publishTarget}}',
    cases: {
      'blog': 'publish-blog',
      'social': 'publish-social',
      'email': 'publish-email'
    },
    default: 'publish-blog'
  })

  // Step 6: Publish (conditional based on route)
  .addStep('publish-blog', {
    type: 'agent',
    agentId: AGENT_IDS.BLOG_PUBLISHER,
    action: 'http',
    endpoint: '/api/publish',
    input: {
      content: '{{steps.approve.output}} || {{steps.revise.output}}'
    },
    condition: '{{steps.publish-route.output}} === "blog"'
  })

  .addStep('publish-social', {
    type: 'agent',
    agentId: AGENT_IDS.SOCIAL_PUBLISHER,
    action: 'http',
    endpoint: '/api/publish',
    input: {
      content: '{{steps.approve.output}} || {{steps.revise.output}}'
    },
    condition: '{{steps.publish-route.output}} === "social"'
  })

  // >>> added: the step that the switch names
  .addStep('publish-email', {
    type: 'agent',
    agentId: AGENT_IDS.EMAIL_PUBLISHER,
    action: 'http',
    endpoint: '/api/publish',
    input: {
      content: '{{steps.approve.output}} || {{steps.revise.output}}'
    },
    condition: '{{steps.publish-route.output}} === "email"'
  })
  // <<< added

  // Event handlers
  .onStepError('generate', (stepId, error, context) => {
    console.error('Content generation failed:', error);
    // Could trigger fallback step
  })

  .onWorkflowComplete((output, context) => {
    console.log('Content pipeline completed successfully');
    // Could trigger notifications, analytics, etc.
  })

  .setOutput('{{steps.publish-blog.output}} || {{steps.publish-social.output}}');

module.exports = { workflows: [contentPipeline] };
