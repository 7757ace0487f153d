import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { CancelledError, TemplateError, TimeoutError } from '../../src/core/errors.ts';
import { callAgent, type AgentCall, type AgentTarget } from '../../src/http/agent.ts';
import { echo, failureOf, json, makeClient, serve, serveRaw, type TestServer } from './servers.ts';

function target(server: Pick<TestServer, 'url'>, more: Partial<AgentTarget> = {}): AgentTarget {
  return { name: 'researcher', url: server.url, headers: {}, ...more };
}

function call(more: Partial<AgentCall> = {}): AgentCall {
  return {
    input: { prompt: 'Research: tides' },
    timeoutMs: 5_000,
    idempotencyKey: 'order-17:fetch:1',
    attempt: 2,
    ...more,
  };
}

/** Calls an agent whose answer is this, as registered agents are: without allowed hosts. */
async function ask(server: TestServer, more: Partial<AgentCall> = {}) {
  return callAgent(makeClient({ allowHosts: [] }), target(server), call(more));
}

function answering(
  body: string | Buffer,
  headers: Record<string, string> = { 'content-type': 'application/json' },
  status = 200,
) {
  return serve((_request, response) => response.writeHead(status, headers).end(body));
}

/** An agent that answers with what it was sent. */
const parrot = () => serve((request, response) => wrapEcho(request, response));

async function wrapEcho(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body: unknown = JSON.parse(Buffer.concat(chunks).toString() || 'null');
  json(response, {
    response: 'ok',
    sent: { method: request.method, url: request.url, headers: request.headers, body },
  });
}

describe('a prompt', () => {
  test('is posted to /prompt with its fields, its key and its attempt', async () => {
    const { output, metadata } = await ask(await parrot(), { input: { prompt: 'p', context: { a: 1 } } });
    expect(output).toBe('ok');
    expect(metadata['sent']).toMatchObject({
      method: 'POST',
      url: '/prompt',
      body: { prompt: 'p', context: { a: 1 } },
      headers: {
        'content-type': 'application/json',
        'idempotency-key': 'order-17:fetch:1',
        'x-attempt': '2',
        accept: 'application/json, text/event-stream',
      },
    });
  });

  test.each([
    ['a text', 'tides', { prompt: 'tides' }],
    ['fields without prompt', { a: 1, b: ['x'] }, { prompt: '{"a":1,"b":["x"]}', a: 1, b: ['x'] }],
    ['a prompt that is data', { prompt: { a: 1 } }, { prompt: '{"a":1}' }],
    ['a list', [1, 2], { prompt: '[1,2]' }],
    ['a number', 0, { prompt: '0' }],
    ['false', false, { prompt: 'false' }],
  ])('input that is %s', async (_name, input, body) => {
    const { metadata } = await ask(await parrot(), { input });
    expect(metadata['sent']).toMatchObject({ body });
  });

  test.each([undefined, null, '', { prompt: undefined }, { prompt: null, a: 1 }, { prompt: '' }])(
    'with a hole is not sent: %j',
    async (input) => {
      const server = await parrot();
      expect(await failureOf(ask(server, { input }))).toBeInstanceOf(TemplateError);
      expect(server.connections()).toBe(0);
    },
  );

  test("goes to an agent below a path, with the agent's headers; those of the call win", async () => {
    const server = await parrot();
    const agent = target({ url: `${server.url}/agents/a` }, { headers: { 'X-Team': 'blue', 'X-Env': 'test' } });
    const { metadata } = await callAgent(makeClient(), agent, call({ headers: { 'x-env': 'live' } }));
    expect(metadata['sent']).toMatchObject({ url: '/agents/a/prompt', headers: { 'x-team': 'blue', 'x-env': 'live' } });
  });

  test('a target that is not trusted is under the address rules', async () => {
    const server = await parrot();
    const error = await failureOf(
      callAgent(makeClient({ allowHosts: [] }), target(server, { trusted: false }), call()),
    );
    expect(error).toMatchObject({ code: 'ADDRESS_BLOCKED', retryable: false });
    expect(server.connections()).toBe(0);
  });
});

describe('the answer of a prompt', () => {
  const outputs: readonly [string, unknown, AgentCall['format'], unknown][] = [
    ['text', 'High tide', 'auto', 'High tide'],
    ['a JSON object', ' {"score": 0.9}\n', 'auto', { score: 0.9 }],
    ['a JSON list', '[1]', 'auto', [1]],
    ['a JSON number stays text', '42', 'auto', '42'],
    ['a JSON string stays text', '"x"', 'auto', '"x"'],
    ['braces that are no JSON', '{tide}', 'auto', '{tide}'],
    ['too deep JSON stays text', '['.repeat(600) + ']'.repeat(600), 'auto', '['.repeat(600) + ']'.repeat(600)],
    ['JSON as text when asked for', '{"a":1}', 'text', '{"a":1}'],
    ['JSON when asked for', '42', 'json', 42],
    ['an empty text', '', 'auto', ''],
    ['data instead of text', { a: 1 }, 'auto', { a: 1 }],
    ['data instead of text, as text', { a: 1 }, 'text', '{"a":1}'],
    ['AGT-022: a NUL inside', 'a\u0000b', 'auto', 'a\u0000b'],
    ['AGT-023: three megabytes', 'x'.repeat(3 * 1024 * 1024), 'auto', 'x'.repeat(3 * 1024 * 1024)],
  ];
  test.each(outputs)('%s', async (_name, response, format, output) => {
    const server = await answering(JSON.stringify({ response }));
    expect((await ask(server, { format: format ?? 'auto' })).output).toEqual(output);
  });

  test('everything beside the response is metadata', async () => {
    const body = { response: 'r', metadata: { usage: { tokens: 3 }, model: 'm' }, timestamp: 't', extra: 1 };
    const { metadata } = await ask(await answering(JSON.stringify(body)));
    expect(metadata).toEqual({ usage: { tokens: 3 }, model: 'm', timestamp: 't', extra: 1 });
  });

  test('metadata that is no object is kept as it is', async () => {
    expect((await ask(await answering('{"response":"r","metadata":7}'))).metadata).toEqual({ metadata: 7 });
  });

  test.each([[{}], [{ 'content-type': 'text/plain' }]])(
    'JSON under the content type %j is understood',
    async (headers) => {
      expect((await ask(await answering('{"response":"r"}', headers))).output).toBe('r');
    },
  );

  const invalid: readonly [string, string | Buffer, Record<string, string>, number, RegExp, boolean][] = [
    ['AGT-003: HTML', '<html>502</html>', { 'content-type': 'text/html' }, 200, /content-type.*html/, true],
    ['plain text', 'hello', { 'content-type': 'text/plain' }, 200, /content-type text\/plain/, true],
    ['AGT-024: 204', '', {}, 204, /empty.*204/, true],
    ['no body', '', { 'content-type': 'application/json' }, 200, /empty/, true],
    ['no response', '{"text":"x"}', { 'content-type': 'application/json' }, 200, /no 'response'/, true],
    ['response null', '{"response":null}', { 'content-type': 'application/json' }, 200, /'response' is null/, true],
    [
      'response a number',
      '{"response":7}',
      { 'content-type': 'application/json' },
      200,
      /'response' is a number/,
      true,
    ],
    ['a list', '[1]', { 'content-type': 'application/json' }, 200, /found JSON a list/, true],
    ['null', 'null', { 'content-type': 'application/json' }, 200, /found JSON null/, true],
    ['broken JSON', '{"response":', { 'content-type': 'application/json' }, 200, /JSON/, true],
    [
      'AGT-028: another charset',
      Buffer.from('7b22726573706f6e7365223a22e9227d', 'hex'),
      { 'content-type': 'application/json; charset=iso-8859-1' },
      200,
      /charset/,
      false,
    ],
    ['202', '{"accepted":true}', { 'content-type': 'application/json' }, 202, /202.*callback: true/, false],
  ];
  test.each(invalid)('%s is not valid', async (_name, body, headers, status, message, retryable) => {
    const error = await failureOf(ask(await answering(body, headers, status)));
    expect(error).toMatchObject({ code: 'AGENT_RESPONSE_INVALID', retryable, details: { agent: 'researcher' } });
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/researcher/);
  });

  test("format 'json' demands JSON", async () => {
    const error = await failureOf(ask(await answering('{"response":"Sure! {}"}'), { format: 'json' }));
    expect(error).toMatchObject({ code: 'AGENT_RESPONSE_INVALID', retryable: true });
    expect(error.message).toMatch(/not JSON/);
  });
});

describe('statuses', () => {
  test('AGT-005: what the agent says is told, 4xx is not retried', async () => {
    const error = await failureOf(
      ask(await answering('{"error":"bad prompt"}', { 'content-type': 'application/json' }, 400)),
    );
    expect(error).toMatchObject({
      code: 'AGENT_ERROR',
      retryable: false,
      details: { agent: 'researcher', status: 400 },
    });
    expect(error.message).toMatch(/researcher.*400: bad prompt/);
  });

  test('a failed model is told with its message and retried', async () => {
    const body = '{"error":"Failed to process prompt","message":"quota exceeded","timestamp":"t"}';
    const error = await failureOf(ask(await answering(body, { 'content-type': 'application/json' }, 500)));
    expect(error).toMatchObject({ code: 'AGENT_ERROR', retryable: true });
    expect(error.message).toMatch(/500: Failed to process prompt: quota exceeded/);
  });

  test('AGT-008: a date to wait for is honoured up to the limit', async () => {
    const error = await failureOf(ask(await answering('', { 'retry-after': 'Wed, 21 Oct 2099 07:28:00 GMT' }, 503)));
    expect(error).toMatchObject({ code: 'AGENT_ERROR', retryable: true, retryAfterMs: 3_600_000 });
    expect(error.message).toMatch(/503/);
  });

  test('a rate limit says how long to wait', async () => {
    const error = await failureOf(ask(await answering('Too many requests', { 'retry-after': '3' }, 429)));
    expect(error).toMatchObject({ retryable: true, retryAfterMs: 3_000 });
  });

  test('404 on /prompt says that prompting may be disabled, and what the agent offers', async () => {
    const body = JSON.stringify({
      error: 'Not Found',
      message: 'no route',
      availableEndpoints: ['GET /health', { method: 'GET', path: '/x' }],
    });
    const error = await failureOf(ask(await answering(body, { 'content-type': 'application/json' }, 404)));
    expect(error).toMatchObject({
      retryable: false,
      details: { availableEndpoints: ['GET /health', { method: 'GET', path: '/x' }] },
    });
    expect(error.message).toMatch(
      /404: Not Found: no route \(prompting may be disabled .*GET \/health, \{"method":"GET","path":"\/x"\}\)/,
    );
  });

  test('an error page of a proxy is told shortly', async () => {
    const error = await failureOf(
      ask(await answering(`<html>${'x'.repeat(9_000)}`, { 'content-type': 'text/html' }, 502)),
    );
    expect(error).toMatchObject({ code: 'AGENT_ERROR', retryable: true });
    expect(error.message.length).toBeLessThan(400);
  });
});

describe('the network', () => {
  test('an agent that is not there: its name and the address that was tried', async () => {
    const error = await failureOf(callAgent(makeClient(), target({ url: 'http://127.0.0.1:1' }), call()));
    expect(error).toMatchObject({
      code: 'AGENT_UNREACHABLE',
      retryable: true,
      details: { agent: 'researcher', address: '127.0.0.1:1' },
    });
    expect(error.message).toBe("agent 'researcher': could not reach http://127.0.0.1:1/prompt: connection refused");
  });

  test.each([
    ['AGT-010: accepts and never answers', (_socket: import('node:net').Socket) => {}],
    ['AGT-011: drips a byte now and then', drip],
  ])('%s: the deadline ends it and the socket is closed', async (_name, answer) => {
    const server = await serveRaw((socket) => socket.once('data', () => answer(socket)));
    const error = await failureOf(ask(server, { timeoutMs: 150 }));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ retryable: true, details: { agent: 'researcher', timeoutMs: 150 } });
    expect(error.message).toMatch(/researcher.*timed out/);
    await server.closed;
  });

  test('AGT-012: half an answer, then a reset', async () => {
    const server = await serveRaw((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"response":"half', () => socket.resetAndDestroy());
      });
    });
    const error = await failureOf(ask(server));
    expect(error).toMatchObject({ code: 'AGENT_UNREACHABLE', retryable: true });
    expect(error.message).toMatch(/closed|reset/);
  });

  test('AGT-015: an endless answer', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const block = Buffer.alloc(65_536, 0x20);
      const more = () => {
        while (!response.destroyed && response.write(block));
      };
      response.on('drain', more);
      more();
    });
    const error = await failureOf(ask(server));
    expect(error).toMatchObject({ code: 'RESPONSE_TOO_LARGE', details: { agent: 'researcher' } });
    expect(error.message).toMatch(/too large.*limit/);
    await server.closed;
  });

  test('AGT-016: 50 MB of zeros as 48 KB of gzip', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const error = await failureOf(
      ask(await answering(bomb, { 'content-type': 'application/json', 'content-encoding': 'gzip' })),
    );
    expect(error).toMatchObject({ code: 'RESPONSE_TOO_LARGE' });
  });

  test('a cancelled call is cancelled, not unreachable', async () => {
    const controller = new AbortController();
    const server = await serveRaw((socket) => socket.once('data', () => controller.abort()));
    expect(await failureOf(ask(server, { signal: controller.signal }))).toBeInstanceOf(CancelledError);
    await server.closed;
  });
});

function drip(socket: import('node:net').Socket): void {
  socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n');
  const timer = setInterval(() => socket.write(' '), 20);
  socket.on('close', () => clearInterval(timer));
}

describe('streamed answers', () => {
  const events = (...data: readonly string[]) => data.map((text) => `data: ${text}\n\n`).join('');
  const stream = { 'content-type': 'text/event-stream' };

  test('pieces are passed on, the output is the joined text', async () => {
    const server = await answering(
      events('{"delta":"Hel"}', '{"delta":"lo","metadata":{"model":"m"}}', '[DONE]'),
      stream,
    );
    const pieces: string[] = [];
    expect(await ask(server, { onChunk: (text) => pieces.push(text) })).toEqual({
      output: 'Hello',
      metadata: { model: 'm' },
    });
    expect(pieces).toEqual(['Hel', 'lo']);
  });

  test('joined JSON is data', async () => {
    expect((await ask(await answering(events('{"delta":"{\\"a\\":"}', '{"delta":"1}"}'), stream))).output).toEqual({
      a: 1,
    });
  });

  test('an error in the stream is an error of the agent; an empty stream is not valid', async () => {
    const failing = await answering(`${events('a')}event: error\ndata: {"error":"no model"}\n\n`, stream);
    const error = await failureOf(ask(failing));
    expect(error).toMatchObject({ code: 'AGENT_ERROR', retryable: true });
    expect(error.message).toMatch(/researcher.*no model/);
    const empty = await failureOf(ask(await answering(events('[DONE]'), stream)));
    expect(empty).toMatchObject({ code: 'AGENT_RESPONSE_INVALID' });
    expect(empty.message).toMatch(/empty/);
  });
});

describe("action 'http'", () => {
  const http = (more: Partial<AgentCall> = {}) =>
    call({ action: 'http', endpoint: '/hook?x=1', input: { a: [1], b: 'ü' }, ...more });

  test('posts the input as JSON by default', async () => {
    const { output, metadata } = await callAgent(makeClient(), target(await serve(echo)), http());
    expect(output).toMatchObject({
      method: 'POST',
      url: '/hook?x=1',
      body: '{"a":[1],"b":"ü"}',
      headers: { 'idempotency-key': 'order-17:fetch:1', 'content-type': 'application/json' },
    });
    expect(metadata).toEqual({ status: 200 });
  });

  test.each([
    ['PUT', { a: 1 }, '{"a":1}'],
    ['DELETE', { a: 1 }, '{"a":1}'],
    ['POST', 'text', '"text"'],
    ['POST', undefined, ''],
  ])('%s sends %j', async (method, input, body) => {
    const { output } = await callAgent(makeClient(), target(await serve(echo)), http({ method, input }));
    expect(output).toMatchObject({ method, body });
  });

  test('GET sends the input as query', async () => {
    const { output } = await callAgent(makeClient(), target(await serve(echo)), http({ method: 'GET' }));
    expect(output).toMatchObject({ method: 'GET', url: '/hook?x=1&a=1&b=%C3%BC', body: '' });
  });

  test('GET with input that is no object is refused', async () => {
    const error = await failureOf(
      callAgent(makeClient(), target({ url: 'http://127.0.0.1:1' }), http({ method: 'GET', input: 'x' })),
    );
    expect(error).toMatchObject({ code: 'REQUEST_INVALID', retryable: false });
  });

  test.each(['health', '@evil.example/x', '//evil.example/x', '/../x', '\\\\evil.example'])(
    'an endpoint never leaves the agent: %s',
    async (endpoint) => {
      const server = await serve(echo);
      const { output } = await callAgent(makeClient(), target(server), http({ method: 'GET', endpoint, input: null }));
      expect(output).toMatchObject({ headers: { host: `127.0.0.1:${server.port}` } });
    },
  );

  test.each([
    [204, '', null],
    [202, '{"queued":true}', { queued: true }],
    [200, '"text"', 'text'],
  ])('whatever the route answers is the output: %i', async (status, body, output) => {
    const server = await answering(body, { 'content-type': 'application/json' }, status);
    expect(await callAgent(makeClient(), target(server), http())).toEqual({ output, metadata: { status } });
  });
});

describe('secrets', () => {
  const secrets = new Map([['API_KEY', 'CANARY-9f2c']]);

  test('of the call and in the headers of the agent are masked, also where only parsing shows them', async () => {
    const agent = { headers: { Authorization: 'Bearer agent-token-77' } };
    const inner = '{"key":"\\u0043ANARY-9f2c","auth":"agent-token-77"}';
    const server = await answering(JSON.stringify({ response: inner, echoed: 'Bearer agent-token-77' }));
    const result = await callAgent(makeClient(), target(server, agent), call({ secrets }));
    expect(result).toEqual({
      output: { key: '{{env.API_KEY}}', auth: '[secret]' },
      metadata: { echoed: 'Bearer [secret]' },
    });
  });

  test('in errors', async () => {
    const server = await answering('{"error":"bad key CANARY-9f2c"}', { 'content-type': 'application/json' }, 401);
    const error = await failureOf(ask(server, { secrets }));
    expect(error.message).toMatch(/bad key \{\{env\.API_KEY\}\}/);
    expect(JSON.stringify(error['details'])).not.toContain('CANARY');
  });
});
