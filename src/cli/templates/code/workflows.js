// The workflows of this project. Run this one with: npx dank-workflow run hello name=Kim
import { createWorkflow } from 'dank-workflow';
import { AGENT_IDS } from './dank.config.js';

const hello = createWorkflow('hello')
  .setDescription('Greets somebody and looks at the greeting')

  // An agent step posts its input to the agent. {{...}} puts a value in its place: of the run's input, or of a step before.
  .addStep('greet', {
    type: 'agent',
    agentId: AGENT_IDS.GREETER,
    input: {
      prompt: 'Write a greeting',
      name: '{{workflow.input.name}} || "World"',
    },
    // Another try when the agent fails or takes longer than that.
    timeout: '30s',
    retry: { maxAttempts: 3, delay: 1000, backoff: 'exponential' },
  })

  // Steps inside `parallel` run at the same time.
  .addStep('look', {
    type: 'parallel',
    steps: [
      {
        id: 'analyze',
        type: 'agent',
        agentId: AGENT_IDS.ANALYST,
        input: { prompt: 'Analyze: {{steps.greet.output}}' },
      },
      {
        id: 'shout',
        type: 'transform',
        input: '{{steps.greet.output}}',
        transform: (greeting) => greeting.toUpperCase(),
      },
    ],
  })

  // Goes on with one of two steps. The agent answers JSON text, so that its fields can be used.
  .addStep('is-it-long', {
    type: 'conditional',
    condition: '{{steps.analyze.output.words}} > 9',
    then: 'keep-short',
    else: 'keep-all',
  })
  .addStep('keep-short', { type: 'transform', template: 'Hello!', output: 'greeting' })
  .addStep('keep-all', { type: 'transform', template: '{{steps.greet.output}}', output: 'greeting' })

  .setOutput({
    greeting: '{{vars.greeting}}',
    loud: '{{steps.shout.output}}',
    words: '{{steps.analyze.output.words}}',
  });

export default { workflows: [hello] };
