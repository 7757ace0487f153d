/**
 * The first workflow of the design, letter for letter (which is why no formatter may touch it), and what it leaves out: the
 * four steps that `route-by-type` names, and leave to call a service on this machine, between the marks. Where that service
 * lives is read from the environment when the call is made.
 */
// @ts-nocheck: plain JavaScript, as the design has it
const { createWorkflow } = require('dank-workflow');
const { AGENT_IDS } = require('./dank.config'); // Import agent IDs

// prettier-ignore
module.exports = {
  workflows: [
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

      // >>> added: the steps that the switch names
      .addStep('research-path', {
        type: 'agent',
        agentId: AGENT_IDS.RESEARCH_AGENT,
        input: { prompt: 'Research: {{workflow.input.query}}' }
      })

      .addStep('analysis-path', {
        type: 'agent',
        agentId: AGENT_IDS.ANALYSIS_AGENT,
        input: { prompt: 'Analyze this research: {{steps.fetch-research.output}}' }
      })

      .addStep('summary-path', {
        type: 'agent',
        agentId: AGENT_IDS.SUMMARIZER_AGENT,
        input: { prompt: 'Summarize: {{steps.fetch-research.output}}' }
      })

      .addStep('default-path', {
        type: 'transform',
        input: '{{workflow.input.type}}',
        transform: (type) => `There is no path of its own for '${String(type ?? '')}'.`
      })
      // <<< added

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
        url: '{{env.PROCESS_URL}}', // in the design: 'https://api.example.com/process'
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
      .setOutput('{{steps.transform-data.output}}')
  ]
};

// >>> added: calls to addresses of this machine and of private networks are refused unless they are listed
module.exports.allowHosts = ['127.0.0.1:4100'];
// <<< added
