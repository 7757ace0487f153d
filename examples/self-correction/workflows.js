/**
 * A writer writes, a critic reviews, and the writer improves the draft by the critic's feedback, until the critic is
 * content. Four rounds are enough for every topic here; a fifth would fail the run.
 */
import { createWorkflow } from 'dank-workflow';

const topic = { type: 'object', properties: { topic: { type: 'string', minLength: 1 } }, required: ['topic'] };

export const selfCorrection = createWorkflow('self-correction', { input: topic })
  .setDescription('Write a text and improve it until a critic is content')
  .setState({ scores: [] })
  .addStep('improve', {
    type: 'loop',
    until: '{{steps.review.output.content}} === true',
    maxIterations: 5,
    steps: [
      {
        id: 'write',
        type: 'agent',
        agentId: 'writer',
        input: {
          prompt: 'Write about: {{workflow.input.topic}}',
          // The last round's; in the first round there is none, and the fields are left out.
          draft: '{{steps.write.output}}',
          feedback: '{{steps.review.output.feedback}}',
        },
      },
      {
        id: 'review',
        type: 'agent',
        agentId: 'critic',
        input: { prompt: 'Review this draft: {{steps.write.output}}' },
        assign: { scores: { append: '{{steps.review.output.score}}' } },
      },
    ],
  })
  .setOutput({ text: '{{steps.write.output}}', scores: '{{state.scores}}' });

export const workflows = [selfCorrection];
