/** The workflow that both programs of this folder run. It knows nothing of them. */
import { createWorkflow } from 'dank-workflow';

export const flow = createWorkflow('brief')
  .addStep('research', {
    type: 'agent',
    agentId: 'researcher',
    input: { prompt: 'Research: {{workflow.input.topic}}' },
    retry: { maxAttempts: 2, delay: 200 },
  })
  .addStep('read', {
    type: 'parallel',
    steps: [
      {
        id: 'summary',
        type: 'agent',
        agentId: 'summarizer',
        input: { prompt: 'Summarize: {{steps.research.output}}' },
      },
      {
        id: 'keywords',
        type: 'agent',
        agentId: 'keyword',
        input: { prompt: 'Extract keywords from: {{steps.research.output}}', limit: 5 },
      },
    ],
  })
  .addStep('length', {
    type: 'conditional',
    condition: '{{steps.read.output.summary.length}} > 500',
    then: 'layout',
  })
  .addStep('layout', {
    type: 'agent',
    agentId: 'formatter',
    input: { prompt: 'Format long summary: {{steps.read.output.summary}}' },
  })
  .setOutput({
    text: '{{steps.layout.output}} || {{steps.read.output.summary}}',
    keywords: '{{steps.read.output.keywords}}',
  });
