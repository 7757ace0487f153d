import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createActor, waitFor } from 'xstate';
import { createActors, type CreateActorsOptions } from '../../src/effects/actors.ts';
import { evaluate } from '../../src/effects/evaluate.ts';
import { DefinitionError } from '../../src/core/errors.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { toMachine } from '../../src/engine/to-machine.ts';
import { emptyContext, type RunContext } from '../../machines/context.ts';
import { EffectInput } from '../../machines/effect-input.ts';
import { inlineLoader } from '../../machines/evaluate.ts';
import { compileWorkflow } from '../../machines/workflow.ts';
import { agent, flow } from '../support/flow.ts';

interface Asked {
  readonly url: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

async function serve(reply: object): Promise<{ readonly url: string; readonly asked: readonly Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (piece: Buffer) => (text += piece.toString()));
    request.on('end', () => {
      asked.push({ url: String(request.url), headers: request.headers, body: text === '' ? null : JSON.parse(text) });
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(reply));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

async function run(definition: WorkflowDefinition, options: CreateActorsOptions, input: object = {}) {
  const actor = createActor(toMachine(definition).provide({ actors: { ...createActors(options) } }), { input });
  actor.start();
  const snapshot = await waitFor(actor, ({ status }) => status !== 'active', { timeout: 5_000 });
  return { output: snapshot.output as unknown, error: (snapshot.context as RunContext).error };
}

describe('createActors', () => {
  test('calls agents and services from a plain machine, under the keys of its run', async () => {
    const server = await serve({ response: 'tides come and go' });
    const host = server.url.slice('http://'.length);
    const definition = flow({
      steps: [
        agent('a', { input: { prompt: '{{workflow.input.q}}' } }),
        { id: 'h', type: 'http', url: `${server.url}/x?k={{env.KEY}}` },
      ],
      output: { a: '{{steps.a.output}}', h: '{{steps.h.output.response}}' },
    });
    const { output } = await run(
      definition,
      { agents: { any: server.url }, allowHosts: [host], env: { KEY: 's3cret-key' } },
      { q: 'what of tides?' },
    );
    expect(output).toEqual({ a: 'tides come and go', h: 'tides come and go' });
    const [first, second] = server.asked;
    expect(first).toMatchObject({ url: '/prompt', body: { prompt: 'what of tides?' }, headers: { 'x-attempt': '1' } });
    expect(String(first?.headers['idempotency-key'])).toMatch(/:a:1$/);
    expect(second?.url).toBe('/x?k=s3cret-key');
  });

  test('an unknown agent fails its step; a wrong list of agents is refused at once', async () => {
    const { error } = await run(flow({ steps: [agent('a')] }), { agents: { other: 'http://127.0.0.1:1' }, env: {} });
    expect(error).toMatchObject({ code: 'DEFINITION_INVALID', message: "unknown agent 'any'; known agents: other" });
    expect(() => createActors({ agents: { any: 'not a url' }, env: {} })).toThrow(DefinitionError);
  });
});

test('the handler of evaluations hands the engine what its handlers threw at the end of a run', async () => {
  const told: unknown[] = [];
  const definition = flow({
    steps: [agent('a')],
    onWorkflowComplete: () => {
      throw new Error('nobody listens');
    },
  });
  const { program } = compileWorkflow(definition);
  const result = await evaluate({
    input: new EffectInput(program, { ...emptyContext, output: { v: 1 } }, null, 'complete'),
    loader: inlineLoader,
    signal: new AbortController().signal,
    services: { clock: { now: () => 0 }, logger: { error: (message: string) => told.push(message) } } as never,
    stream: () => undefined,
  });
  expect(result.output).toBeUndefined();
  expect(told).toEqual(['a handler of the workflow threw; the run goes on']);
});
