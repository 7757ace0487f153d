/** Real agents for machines without an engine. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createActor, toPromise } from 'xstate';
import { createActors } from '../../src/effects/actors.ts';
import { toMachine } from '../../src/engine/to-machine.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import type { RunContext } from '../../machines/context.ts';
import { agent, flow } from '../support/flow.ts';

let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/prompt') {
      response.setHeader('content-type', 'text/event-stream');
      response.end('data: {"delta": "one "}\n\ndata: {"delta": "two"}\n\n');
    } else
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ path: request.url, key: request.headers['x-key'] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
});

async function run(
  definition: WorkflowDefinition,
  actors: ReturnType<typeof createActors>,
): Promise<RunContext & { readonly result: unknown }> {
  const actor = createActor(toMachine(definition).provide({ actors: { ...actors } }), { input: { id: 'a b' } });
  actor.start();
  await toPromise(actor);
  const snapshot = actor.getSnapshot();
  return { ...(snapshot.context as RunContext), result: snapshot.output as unknown };
}

describe('createActors', () => {
  test('agents by name and URL, streamed answers, hosts that are allowed, values of the environment', async () => {
    const pieces: string[] = [];
    const actors = createActors({
      agents: { writer: url },
      allowHosts: [url.slice('http://'.length)],
      env: { KEY: 'the-key-itself' },
      onChunk: (step, text) => pieces.push(`${step}: ${text}`),
    });
    const definition = flow({
      steps: [
        agent('a', { agentId: 'writer' }),
        agent('b', { agentId: url }),
        { id: 'h', type: 'http', url: `${url}/items/{{workflow.input.id}}`, headers: { 'X-Key': '{{env.KEY}}' } },
      ],
      output: ['{{steps.a.output}}', '{{steps.b.output}}', '{{steps.h.output}}'],
    });
    const { result, error } = await run(definition, actors);
    expect(error).toBeNull();
    expect(result).toEqual(['one two', 'one two', { path: '/items/a%20b', key: '{{env.KEY}}' }]);
    expect(pieces.join('')).toBe('a: one a: twob: one b: two');
  });

  test('a host that is not allowed is not called', async () => {
    const { error } = await run(flow({ steps: [{ id: 'h', type: 'http', url }] }), createActors({ env: {} }));
    expect(error).toMatchObject({ code: 'ADDRESS_BLOCKED' });
  });

  test('agents come from a configuration too; a wrong one is refused at once', async () => {
    const config = { agents: [{ name: 'writer', id: 'a1', url }] };
    const { result } = await run(
      flow({ steps: [agent('a', { agentId: 'writer' })] }),
      createActors({ config, env: {} }),
    );
    expect(result).toBe('one two');
    expect(() => createActors({ agents: { writer: 'no url' }, env: {} })).toThrow('The list of agents');
  });
});
