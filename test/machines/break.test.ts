import { expect, test } from 'vitest';
import { parseDefinition } from '../../src/definition/index.ts';
import { createEngine } from '../../src/engine/create-engine.ts';
import { toMachine } from '../../src/engine/to-machine.ts';
import { createActor, toPromise } from 'xstate';

const flow = parseDefinition({
  id: 'break',
  steps: [
    {
      id: 'each',
      type: 'loop',
      items: '{{workflow.input.items}}',
      steps: [
        { id: 'value', type: 'transform', template: '{{loop.item}}' },
        { id: 'enough', type: 'conditional', condition: '{{steps.value.output}} >= 3', then: 'break' },
        { id: 'double', type: 'transform', template: { of: '{{loop.item}}' } },
      ],
    },
  ],
});

test("'break' in an items loop ends its round and lets no further round begin, with the engine and without", async () => {
  if (flow.definition === undefined) throw new Error(JSON.stringify(flow.issues));
  const input = { items: [1, 2, 3, 4, 5] };
  const engine = await createEngine({ workflows: [flow.definition], store: ':memory:', env: {} });
  const run = await engine.start('break', input);
  const output = await run.result();
  expect(output).toEqual([{ of: 1 }, { of: 2 }, 3]);
  await engine.close();
  const actor = createActor(toMachine(flow.definition), { input });
  actor.start();
  expect(await toPromise(actor)).toEqual(output);
});
