import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { agentEffect } from '../../src/effects/agent.ts';
import { agent, flow } from '../support/flow.ts';
import { agentsOf, callOf, FakeHttp, said } from './calls.ts';

const ask = (more: object = {}) =>
  flow({ steps: [{ id: 'z', type: 'transform', template: 1 }, agent('a', { agentId: 'writer', ...more })] });

describe('a prompt', () => {
  test('is posted to the agent, with its fields, the key and the number of the attempt', async () => {
    const http = new FakeHttp(said('fine', { metadata: { model: 'm' } }));
    const definition = ask({
      input: {
        prompt: 'about {{workflow.input.topic}}',
        tags: ['{{steps.z.output}}'],
        none: '{{workflow.input.none}}',
      },
    });
    const result = await agentEffect(
      callOf(definition, 'a', { http, input: { topic: 'tides' }, outputs: { z: 7 }, visit: 2, attempt: 3 }),
    );
    expect(result).toMatchObject({ output: 'fine', metadata: { model: 'm' } });
    expect(http.requests).toHaveLength(1);
    const [request] = http.requests;
    expect(request).toMatchObject({
      method: 'POST',
      url: 'http://writer.test/prompt',
      body: { prompt: 'about tides', tags: [7] },
      trusted: true,
    });
    const headers = Object.fromEntries(
      Object.entries(request?.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]),
    );
    expect(headers).toMatchObject({ 'idempotency-key': 'run-1:a:2', 'x-attempt': '3' });
  });

  test.each([
    ['a JSON object in the text is parsed', '{"score": 1}', { score: 1 }, {}],
    ['a JSON array too', '[1, 2]', [1, 2], {}],
    ['a number in the text stays text', '7', '7', {}],
    ["format 'text' leaves it alone", '{"score": 1}', '{"score": 1}', { format: 'text' }],
    ["format 'json' parses anything", '7', 7, { format: 'json' }],
  ])('%s', async (_name, text, output, more) => {
    const result = await agentEffect(callOf(ask(more), 'a', { http: new FakeHttp(said(text)) }));
    expect(result.output).toEqual(output);
  });

  test("format 'json' fails on what is none, which is worth another try", async () => {
    const call = callOf(ask({ format: 'json' }), 'a', { http: new FakeHttp(said('no json')) });
    await expect(agentEffect(call)).rejects.toMatchObject({ code: 'AGENT_RESPONSE_INVALID', retryable: true });
  });

  test.each([
    ['missing', '{{workflow.input.none}}'],
    ['null', '{{workflow.input.nothing}}'],
    ['empty', '{{workflow.input.empty}}'],
  ])('that comes out %s is never sent', async (_name, prompt) => {
    const http = new FakeHttp(said('x'));
    const call = callOf(ask({ input: { prompt } }), 'a', { http, input: { nothing: null, empty: '' } });
    await expect(agentEffect(call)).rejects.toMatchObject({ code: 'TEMPLATE_FAILED', retryable: false });
    expect(http.requests).toEqual([]);
  });

  test('an input without a prompt sends its JSON text as the prompt, fields kept', async () => {
    const http = new FakeHttp(said('x'));
    await agentEffect(
      callOf(ask({ input: { item: '{{workflow.input.item}}', index: 1 } }), 'a', { http, input: { item: { a: 1 } } }),
    );
    expect(http.requests[0]?.body).toEqual({ item: { a: 1 }, index: 1, prompt: '{"item":{"a":1},"index":1}' });
  });

  test('a function gives the input', async () => {
    const http = new FakeHttp(said('x'));
    const input = async (context: {
      readonly workflow: { readonly input: { readonly topic: string } };
    }): Promise<object> => Promise.resolve({ prompt: context.workflow.input.topic });
    await agentEffect(callOf(ask({ input }), 'a', { http, input: { topic: 'tides' } }));
    expect(http.requests[0]?.body).toEqual({ prompt: 'tides' });
  });

  test('a function whose code is not there fails for good', async () => {
    const definition = ask({ input: () => ({ prompt: 'x' }) });
    const [before, a] = definition.steps;
    const without = {
      ...definition,
      steps: [before, { ...a, input: { kind: 'function', place: 'steps.a.input', call: null, fingerprint: null } }],
    };
    await expect(agentEffect(callOf(without as typeof definition, 'a'))).rejects.toMatchObject({
      code: 'FUNCTION_MISSING',
      retryable: false,
    });
  });

  test('an unknown agent is named, with the known ones', async () => {
    const call = callOf(ask({ agentId: 'wirter' }), 'a', { agents: agentsOf({ name: 'writer' }, { name: 'critic' }) });
    await expect(agentEffect(call)).rejects.toMatchObject({
      code: 'DEFINITION_INVALID',
      message: "unknown agent 'wirter'; known agents: writer, critic; did you mean 'writer'?",
    });
    const none = callOf(ask({ agentId: 'x' }), 'a', { agents: agentsOf() });
    await expect(agentEffect(none)).rejects.toMatchObject({ message: "unknown agent 'x'; known agents: none" });
  });

  test('pieces of a streamed answer are handed on; the signal reaches the client', async () => {
    const http = new FakeHttp(said('x'));
    const pieces: string[] = [];
    const controller = new AbortController();
    await agentEffect(callOf(ask(), 'a', { http, signal: controller.signal, stream: (text) => pieces.push(text) }));
    http.requests[0]?.onChunk?.('piece');
    expect(pieces).toEqual(['piece']);
    expect(http.requests[0]?.signal).toBe(controller.signal);
  });

  test.each([
    [{}, 305_000],
    [{ timeout: '1s' }, 6_000],
  ])('the client has a deadline later than that of the machine: %j', async (more, timeoutMs) => {
    const http = new FakeHttp(said('x'));
    await agentEffect(callOf(ask(more), 'a', { http }));
    expect(http.requests[0]?.timeoutMs).toBe(timeoutMs);
  });

  test.each([
    [{}, 305_000, 2_000, 2_000],
    [{ timeout: '1m' }, 65_000, 2_000, 65_000],
    [{}, 305_000, 900_000, 305_000],
  ])("an agent's own timeout counts where the step sets none: %j", async (more, without, timeoutMs, expected) => {
    for (const [own, wanted] of [
      [null, without],
      [timeoutMs, expected],
    ] as const) {
      const http = new FakeHttp(said('x'));
      await agentEffect(callOf(ask(more), 'a', { http, agents: agentsOf({ name: 'writer', timeoutMs: own }) }));
      expect(http.requests[0]?.timeoutMs).toBe(wanted);
    }
  });
});

describe("action 'http'", () => {
  test('calls the endpoint with the input as JSON; the output is the body', async () => {
    const http = new FakeHttp({ headers: { 'content-type': 'application/json' }, body: { published: true } });
    const definition = ask({ action: 'http', endpoint: '/api/publish', input: { content: '{{steps.z.output}}' } });
    const result = await agentEffect(callOf(definition, 'a', { http, outputs: { z: [1] } }));
    expect(result.output).toEqual({ published: true });
    expect(http.requests[0]).toMatchObject({
      method: 'POST',
      url: 'http://writer.test/api/publish',
      body: '{"content":[1]}',
    });
  });

  test('GET sends it as the query', async () => {
    const http = new FakeHttp({ body: 'x' });
    await agentEffect(
      callOf(ask({ action: 'http', endpoint: '/find', method: 'GET', input: { q: 'a b' } }), 'a', { http }),
    );
    expect(http.requests[0]).toMatchObject({ method: 'GET', url: 'http://writer.test/find', query: { q: 'a b' } });
  });
});

describe('secrets', () => {
  const definition = ask({ input: { prompt: 'x', key: '{{env.KEY}}', text: 'Bearer {{env.KEY}} {{env.OTHER}}' } });

  test('are put in at the moment of the call, and told to the client that masks them', async () => {
    const http = new FakeHttp(said('ok'));
    await agentEffect(
      callOf(definition, 'a', { http, env: { KEY: 's3cr3t-value', OTHER: 'other-value', UNUSED: 'unused' } }),
    );
    expect(http.requests[0]?.body).toEqual({
      prompt: 'x',
      key: 's3cr3t-value',
      text: 'Bearer s3cr3t-value other-value',
    });
    expect(http.requests[0]?.secrets).toEqual(
      new Map([
        ['KEY', 's3cr3t-value'],
        ['OTHER', 'other-value'],
      ]),
    );
  });

  test('one that is not set leaves no hole in a text', async () => {
    const http = new FakeHttp(said('ok'));
    const call = callOf(definition, 'a', { http, env: { KEY: 's3cr3t-value' } });
    await expect(agentEffect(call)).rejects.toMatchObject({
      code: 'TEMPLATE_FAILED',
      message: expect.stringContaining('env.OTHER') as unknown,
    });
    await expect(agentEffect(call)).rejects.not.toMatchObject({
      message: expect.stringContaining('s3cr3t') as unknown,
    });
    expect(http.requests).toEqual([]);
  });

  test('only own names of the environment', async () => {
    const call = callOf(ask({ input: { prompt: 'x{{env.toString}}' } }), 'a', { env: {} });
    await expect(agentEffect(call)).rejects.toMatchObject({ code: 'TEMPLATE_FAILED' });
  });
});

describe('a schema', () => {
  const schema = z.object({ score: z.number().min(0).max(1), note: z.string().default('none') });

  test('checks the output and gives what it makes of it', async () => {
    const result = await agentEffect(callOf(ask({ schema }), 'a', { http: new FakeHttp(said('{"score": 0.5}')) }));
    expect(result).toMatchObject({ output: { score: 0.5, note: 'none' } });
  });

  test('a JSON Schema does too', async () => {
    const jsonSchema = { type: 'object', properties: { score: { type: 'number' } }, required: ['score'] };
    const call = callOf(ask({ schema: jsonSchema }), 'a', { http: new FakeHttp(said('{"points": 1}')) });
    await expect(agentEffect(call)).rejects.toMatchObject({ code: 'OUTPUT_INVALID', retryable: true });
  });

  test('a mismatch is a failure worth another try, with all that is wrong and an excerpt', async () => {
    const call = callOf(ask({ schema }), 'a', { http: new FakeHttp(said('{"score": 7}')) });
    await expect(agentEffect(call)).rejects.toMatchObject({
      code: 'OUTPUT_INVALID',
      retryable: true,
      message: expect.stringMatching(
        /^the answer of agent 'writer' does not fit the schema of step 'a': score: /,
      ) as unknown,
      details: { excerpt: '{"score":7}', issues: [{ path: 'score' }] },
    });
  });

  test('repair: the agent is asked again with the mistakes, each time under a key of its own', async () => {
    const http = new FakeHttp(
      said('no json at all'),
      said('{"score": 7}'),
      said('{"score": 0.7}', { metadata: { model: 'm' } }),
    );
    const result = await agentEffect(
      callOf(ask({ schema, repair: 2, input: { prompt: 'Rate it', style: 'plain' } }), 'a', { http }),
    );
    expect(result).toMatchObject({ output: { score: 0.7, note: 'none' }, metadata: { model: 'm', repairs: 2 } });
    const keys = http.requests.map(
      ({ headers }) => Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === 'idempotency-key')?.[1],
    );
    expect(keys).toEqual(['run-1:a:1', 'run-1:a:1:r1', 'run-1:a:1:r2']);
    const bodies = http.requests.map(({ body }) => body as { readonly prompt: string; readonly style: string });
    expect(bodies.map(({ style }) => style)).toEqual(['plain', 'plain', 'plain']);
    expect(bodies[0]?.prompt).toBe('Rate it');
    expect(bodies[1]?.prompt).toMatch(
      /^Rate it\n\nYour last answer was:\nno json at all\n\nIt is not valid:\n- .+\n\nAnswer again/,
    );
    // Not a repair of a repair: the question stays what it was.
    expect(bodies[2]?.prompt).toMatch(/^Rate it\n\nYour last answer was:\n\{"score":7\}\n/);
  });

  test('repair that does not help fails', async () => {
    const http = new FakeHttp(said('{"score": 7}'));
    const call = callOf(ask({ schema, repair: 1, input: { question: 'how good?' } }), 'a', { http });
    await expect(agentEffect(call)).rejects.toMatchObject({ code: 'OUTPUT_INVALID' });
    expect(http.requests).toHaveLength(2);
    expect(JSON.stringify(http.requests[1]?.body)).toContain('how good?');
  });
});

test('it is for agent steps only', async () => {
  await expect(agentEffect(callOf(ask(), 'z'))).rejects.toThrow('not an agent step: transform');
});
