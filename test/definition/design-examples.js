/** The two example workflows of the design, letter for letter: JavaScript, as their author wrote them. */

const AGENT_IDS = {
  ANALYSIS_AGENT: 'analysis-agent',
  BLOG_PUBLISHER: 'blog-publisher',
  CONTENT_GENERATOR: 'content-generator',
  EDITOR_AGENT: 'editor-agent',
  FACT_CHECKER: 'fact-checker',
  FORMATTER_AGENT: 'formatter-agent',
  GRAMMAR_AGENT: 'grammar-agent',
  KEYWORD_AGENT: 'keyword-agent',
  RESEARCH_AGENT: 'research-agent',
  SOCIAL_PUBLISHER: 'social-publisher',
  SUMMARIZER_AGENT: 'summarizer-agent',
  TONE_ANALYZER: 'tone-analyzer',
  UNRELIABLE_AGENT: 'unreliable-agent',
};

export const researchAndSummarize = (createWorkflow) =>
  createWorkflow('research-and-summarize')
    .setId('550e8400-e29b-41d4-a716-446655440000') // Optional UUIDv4
    .setDescription('Research a topic and summarize findings')

    // Sequential steps
    .addStep('fetch-research', {
      type: 'agent',
      agentId: AGENT_IDS.RESEARCH_AGENT,
      action: 'prompt',
      input: {
        prompt: 'Research: {{workflow.input.topic}}'
      },
      output: 'researchData'
    })

    .addStep('analyze-research', {
      type: 'agent',
      agentId: AGENT_IDS.ANALYSIS_AGENT,
      action: 'prompt',
      input: {
        prompt: 'Analyze this research: {{steps.fetch-research.output}}',
        context: '{{steps.fetch-research.output}}'
      },
      output: 'analysisData'
    })

    // Parallel execution
    .addStep('parallel-tasks', {
      type: 'parallel',
      steps: [
        {
          id: 'summarize',
          type: 'agent',
          agentId: AGENT_IDS.SUMMARIZER_AGENT,
          action: 'prompt',
          input: {
            prompt: 'Summarize: {{steps.analyze-research.output}}'
          }
        },
        {
          id: 'generate-keywords',
          type: 'agent',
          agentId: AGENT_IDS.KEYWORD_AGENT,
          action: 'prompt',
          input: {
            prompt: 'Extract keywords from: {{steps.analyze-research.output}}'
          }
        }
      ],
      output: 'parallelResults'
    })

    // Conditional logic
    .addStep('decision', {
      type: 'conditional',
      condition: '{{steps.parallel-tasks.output.summarize.length}} > 500',
      then: 'long-summary',
      else: 'short-summary'
    })

    .addStep('long-summary', {
      type: 'agent',
      agentId: AGENT_IDS.FORMATTER_AGENT,
      action: 'prompt',
      input: {
        prompt: 'Format long summary: {{steps.parallel-tasks.output.summarize}}'
      },
      condition: '{{steps.decision.output}} === "long-summary"'
    })

    .addStep('short-summary', {
      type: 'agent',
      agentId: AGENT_IDS.FORMATTER_AGENT,
      action: 'prompt',
      input: {
        prompt: 'Format short summary: {{steps.parallel-tasks.output.summarize}}'
      },
      condition: '{{steps.decision.output}} === "short-summary"'
    })

    // Switch/case logic
    .addStep('route-by-type', {
      type: 'switch',
      value: '{{workflow.input.type}}',
      cases: {
        'research': 'research-path',
        'analysis': 'analysis-path',
        'summary': 'summary-path'
      },
      default: 'default-path'
    })

    // Data transformation
    .addStep('transform-data', {
      type: 'transform',
      input: '{{steps.parallel-tasks.output}}',
      transform: (data) => {
        return {
          summary: data.summarize,
          keywords: data['generate-keywords'],
          timestamp: new Date().toISOString()
        };
      },
      output: 'finalData'
    })

    // HTTP endpoint call
    .addStep('external-api', {
      type: 'http',
      method: 'POST',
      url: 'https://api.example.com/process',
      headers: {
        'Authorization': 'Bearer {{env.API_KEY}}'
      },
      body: '{{steps.transform-data.output}}',
      output: 'apiResponse'
    })

    // Wait/delay
    .addStep('wait', {
      type: 'wait',
      duration: 5000 // milliseconds
    })

    // Retry logic
    .addStep('retry-step', {
      type: 'agent',
      agentId: AGENT_IDS.UNRELIABLE_AGENT,
      action: 'prompt',
      input: { prompt: '{{workflow.input.query}}' },
      retry: {
        maxAttempts: 3,
        delay: 1000,
        backoff: 'exponential'
      },
      timeout: 30000
    })

    // Event handlers (similar to agent handlers)
    .onStepStart('fetch-research', (stepId, context) => {
      console.log(`Starting step: ${stepId}`);
      console.log('Context:', context);
    })

    .onStepComplete('fetch-research', (stepId, output, context) => {
      console.log(`Step ${stepId} completed:`, output);
    })

    .onStepError('fetch-research', (stepId, error, context) => {
      console.error(`Step ${stepId} failed:`, error);
      // Can modify context or throw to stop workflow
    })

    .onWorkflowStart((input, context) => {
      console.log('Workflow started with input:', input);
    })

    .onWorkflowComplete((output, context) => {
      console.log('Workflow completed:', output);
    })

    .onWorkflowError((error, context) => {
      console.error('Workflow failed:', error);
    })

    // Final output mapping
    .setOutput('{{steps.transform-data.output}}');

export const contentGenerationPipeline = (createWorkflow) =>
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
