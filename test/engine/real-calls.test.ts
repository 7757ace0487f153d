/** The engine with its own client, real servers on loopback and the real clock. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createEngine } from '../../src/engine/create-engine.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { EngineOptions } from '../../src/engine/options.ts';
import { openMemoryStore } from '../../src/store/memory.ts';
import { agent, flow } from '../support/flow.ts';
import { collect, MemoryLog } from '../support/test-engine.ts';

interface Server {
  readonly url: string;
  readonly host: string;
  /** When the first connection was closed. */
  readonly closed: Promise<void>;
}

async function serve(listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  server.on('connection', (socket) => socket.on('close', () => resolve()));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, host: `127.0.0.1:${port}`, closed };
}

async function engineWith(options: EngineOptions): Promise<Engine> {
  const engine = await createEngine({ store: openMemoryStore(), logger: new MemoryLog(), env: {}, ...options });
  onTestFinished(() => engine.close());
  return engine;
}

function answer(text: string): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ response: text }));
  };
}

describe('an agent', () => {
  test('that hangs: its step times out and the connection is closed', async () => {
    const server = await serve(() => undefined);
    const engine = await engineWith({ agents: { any: server.url } });
    const run = await engine.start(flow({ steps: [agent('a', { timeout: 50 })] }));
    await expect(run.result()).rejects.toMatchObject({ code: 'TIMEOUT' });
    await server.closed;
  });

  test('whose run is cancelled: the connection is closed', async () => {
    const { promise: called, resolve: onCall } = Promise.withResolvers<void>();
    const server = await serve(() => onCall());
    const engine = await engineWith({ agents: { any: server.url } });
    const run = await engine.start(flow({ steps: [agent('a')] }));
    await called;
    await run.cancel({ by: 'kim', why: 'enough' });
    await server.closed;
    await expect(run.result()).rejects.toMatchObject({
      name: 'CancelledError',
      message: 'the run was cancelled by kim: enough',
    });
    expect(run.steps().map(({ status }) => status)).toEqual(['cancelled']);
  });

  test('is asked once, whatever onStepComplete does', async () => {
    let requests = 0;
    const server = await serve((request, response) => {
      requests += 1;
      answer('paid for')(request, response);
    });
    let handled = 0;
    const engine = await engineWith({ agents: { any: server.url } });
    const run = await engine.start(
      flow({
        steps: [agent('a', { retry: { maxAttempts: 3, delay: 1 } })],
        onStepComplete: {
          a: () => {
            handled += 1;
            throw new Error('the handler is broken');
          },
        },
      }),
    );
    await expect(run.result()).rejects.toMatchObject({ error: { code: 'HANDLER_FAILED' } });
    expect([requests, handled]).toEqual([1, 3]);
  });

  test('that answers in pieces: they are told while the step runs', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const text of ['Hel', 'lo ', 'there']) response.write(`data: ${JSON.stringify({ delta: text })}\n\n`);
      response.end('data: [DONE]\n\n');
    });
    const engine = await engineWith({ agents: { any: server.url } });
    const run = await engine.start(flow({ steps: [agent('a')] }));
    const events = await collect(run.events());
    expect(events.map((event) => (event.type === 'step.chunk' ? event.text : event.type))).toEqual([
      'run.started',
      'step.started',
      'Hel',
      'lo ',
      'there',
      'step.completed',
      'run.completed',
    ]);
    expect(await run.result()).toBe('Hello there');
  });
});

describe('an http step', () => {
  const get = (url: string, more: object = {}) => flow({ steps: [{ id: 'h', type: 'http', url, ...more }] });

  test('to this machine is refused, unless the host is allowed', async () => {
    let requests = 0;
    const server = await serve((request, response) => {
      requests += 1;
      answer(String(request.url))(request, response);
    });
    const strict = await engineWith({});
    const refused = await strict.start(get(`${server.url}/x`));
    await expect(refused.result()).rejects.toMatchObject({ code: 'ADDRESS_BLOCKED' });
    expect(requests).toBe(0);
    const open = await engineWith({ allowHosts: [server.host] });
    const allowed = await open.start(get(`${server.url}/x`));
    expect(await allowed.result()).toEqual({ response: '/x' });
  });

  test("values in the URL are percent-encoded; a line break in a header is refused; pick: 'response' gives all of it", async () => {
    const server = await serve((request, response) => {
      response.setHeader('x-url', String(request.url));
      answer('ok')(request, response);
    });
    const engine = await engineWith({ allowHosts: [server.host] });
    const encoded = await engine.start(
      get(`${server.url}/a/{{workflow.input.id}}?q={{workflow.input.q}}`, { pick: 'response' }),
      {
        id: 'x/../y?z#',
        q: 'a&b=c d',
      },
    );
    expect(await encoded.result()).toMatchObject({
      status: 200,
      headers: { 'x-url': '/a/x%2F..%2Fy%3Fz%23?q=a%26b%3Dc%20d' },
      body: { response: 'ok' },
    });
    const split = await engine.start(get(`${server.url}/`, { headers: { 'x-note': '{{workflow.input.note}}' } }), {
      note: 'a\r\nx-evil: 1',
    });
    await expect(split.result()).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });
});

test('a parallel step of a hundred branches has all of them under way at once', async () => {
  const held: (() => void)[] = [];
  const server = await serve((request, response) => {
    held.push(() => answer('x')(request, response));
    if (held.length === 100) for (const release of held) release();
  });
  const engine = await engineWith({ agents: { any: server.url } });
  const steps = Array.from({ length: 100 }, (_, n) => agent(`b${n}`));
  const run = await engine.start(flow({ steps: [{ id: 'p', type: 'parallel', steps }] }));
  expect(Object.keys((await run.result()) as object)).toHaveLength(100);
});
