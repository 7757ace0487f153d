/** What the processes under fault run: steps of every kind that calls or waits for the world. */
import { parseDefinition, type WorkflowDefinition } from 'dank-workflow';

/** How long the step `pause` waits. */
export const waitMs = 30;
export const items: readonly string[] = ['i', 'j', 'k'];

type Data = Readonly<Record<string, unknown>>;

const input = { type: 'object', properties: { run: { type: 'string' } }, required: ['run'] };

/** @param receiver its address: the host of a call stands in the definition */
export function workflowsFor(receiver: string): readonly WorkflowDefinition[] {
  const call = (id: string, more: Data = {}): Data => ({
    id,
    type: 'http',
    method: 'POST',
    url: `${receiver}/${id}`,
    body: { step: id, run: '{{workflow.input.run}}', ...more },
    timeout: '10s',
    retry: { maxAttempts: 10, delay: 15 },
  });
  const child = { name: 'child', input, steps: [call('inner')], output: '{{steps.inner.output}}' };
  const work = {
    name: 'work',
    input,
    steps: [
      call('first'),
      { id: 'both', type: 'parallel', steps: [call('left'), call('right')] },
      { id: 'rounds', type: 'loop', items, as: 'item', parallel: 2, steps: [call('each', { item: '{{item}}' })] },
      { id: 'pause', type: 'wait', duration: waitMs },
      { id: 'go', type: 'signal', name: 'go' },
      { id: 'ok', type: 'human', message: 'go on?' },
      { id: 'sub', type: 'workflow', workflow: 'child', input: { run: '{{workflow.input.run}}' } },
      call('last', { first: '{{steps.first.output.n}}' }),
    ],
    output: {
      first: '{{steps.first.output}}',
      both: '{{steps.both.output}}',
      rounds: '{{steps.rounds.output}}',
      sub: '{{steps.sub.output}}',
      last: '{{steps.last.output}}',
    },
  };
  return [child, work].map((data) => {
    const { definition, issues } = parseDefinition(data);
    if (definition === undefined) throw new Error(JSON.stringify(issues));
    return definition;
  });
}
