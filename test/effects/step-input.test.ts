/** `stepInput`: what actors of the user's own are told of the step they stand for. */
import { describe, expect, test } from 'vitest';
import { createActor, fromPromise, toPromise } from 'xstate';
import { createWorkflow } from '../../src/definition/index.ts';
import { stepInput } from '../../src/effects/actors.ts';
import { toMachine } from '../../src/engine/to-machine.ts';
import type { EffectInput } from '../../machines/effect-input.ts';

const flow = createWorkflow('own-actors')
  .addStep('ask', {
    type: 'agent',
    agentId: 'writer',
    input: {
      prompt: 'Write about {{workflow.input.topic}}',
      tags: ['{{workflow.input.topic}}'],
      rest: '{{workflow.input.none}}',
    },
  })
  .addStep('send', {
    type: 'http',
    method: 'PUT',
    url: 'https://api.example.com/items/{{workflow.input.topic}}',
    headers: { Authorization: 'Bearer {{env.KEY}}' },
    query: { from: '{{steps.ask.attempts}}' },
    body: '{{steps.ask.output}}',
  })
  .addStep('hole', {
    type: 'agent',
    agentId: 'writer',
    input: { prompt: 'About {{workflow.input.none}}' },
    onError: 'continue',
  })
  .setOutput('{{steps.hole.error.code}}');

describe('stepInput', () => {
  test('gives the filled-in input of agent steps and the request of http steps, and fails on a hole in a text', async () => {
    const told: unknown[] = [];
    const own = fromPromise<unknown, EffectInput>(async ({ input }) => {
      told.push(await stepInput(input, { KEY: 'secret' }));
      return { text: 'done' };
    });
    const actor = createActor(toMachine(flow).provide({ actors: { agent: own, http: own } }), {
      input: { topic: 'the sea' },
    });
    actor.start();
    expect(await toPromise(actor)).toBe('TEMPLATE_FAILED');
    expect(told).toEqual([
      { prompt: 'Write about the sea', tags: ['the sea'] },
      {
        method: 'PUT',
        url: 'https://api.example.com/items/the%20sea',
        headers: { Authorization: 'Bearer secret' },
        query: { from: 1 },
        body: { text: 'done' },
      },
    ]);
  });
});
