/** Networks and agents that misbehave (FLT-NW, FLT-AG), over real sockets on loopback: the run ends as it should all the same. */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, createServer, type AddressInfo, type LookupFunction, type Server, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createEngine } from '../../src/engine/create-engine.ts';
import type { EngineOptions } from '../../src/engine/options.ts';
import { silentLogger } from '../../src/engine/default-ports.ts';
import { decodeEvent } from '../../src/engine/drive/codec.ts';
import { checkHeaderName } from '../../src/http/headers.ts';
import { openMemoryStore } from '../../src/store/memory.ts';
import { agent, flow } from '../support/flow.ts';

/** What happens to a connection; gets both ends of it. */
type Toxic = (client: Socket, open: () => Socket) => void;

const pass: Toxic = (client, open) => {
  const server = open();
  client.pipe(server).pipe(client);
};

/** Answers go through `write` in pieces of so many bytes. */
function sliced(bytes: number, delayMs: (index: number) => number): Toxic {
  return (client, open) => {
    const server = open();
    client.pipe(server);
    let line = Promise.resolve();
    let index = 0;
    server.on('data', (data: Buffer) => {
      for (let at = 0; at < data.length; at += bytes) {
        const piece = data.subarray(at, at + bytes);
        const wait = delayMs(index++);
        line = line
          .then(() => new Promise((resolve) => setTimeout(resolve, wait)))
          .then(() => void client.write(piece));
      }
    });
    server.on('end', () => void line.then(() => client.end()));
  };
}

const reset: Toxic = (client) => client.resetAndDestroy();
const swallow: Toxic = (client) => void client.resume();

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Toxics of the first connections, in order; the last one stays. */
function proxy(port: number, ...toxics: readonly Toxic[]): Promise<number> {
  let count = 0;
  return listening(
    createServer((client) => {
      const toxic = toxics[Math.min(count++, toxics.length - 1)] ?? pass;
      toxic(client, () => {
        const server = connect(port, '127.0.0.1');
        server.on('error', () => client.destroy());
        client.on('close', () => server.destroy());
        return server;
      });
    }),
  );
}

interface Asked {
  readonly key: string;
  readonly attempt: number;
}

class Agent {
  readonly asked: Asked[] = [];
  port = 0;

  static async start(
    answer: (response: ServerResponse, index: number, request: IncomingMessage) => void,
  ): Promise<Agent> {
    const made = new Agent();
    made.port = await listening(
      createHttpServer((request, response) => {
        request.resume();
        const { 'idempotency-key': key, 'x-attempt': attempt } = request.headers;
        made.asked.push({ key: String(key), attempt: Number(attempt) });
        answer(response, made.asked.length - 1, request);
      }),
    );
    return made;
  }
}

function say(response: ServerResponse, text: string, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ response: text }));
}

/** Runs one step (or more) against the port, and checks what holds whatever the network does (I2, I3, I4). */
async function run(
  port: number,
  more: Readonly<Record<string, unknown>> = {},
  steps = ['s'],
  engineOptions: EngineOptions = {},
) {
  const store = openMemoryStore();
  const options = { retry: { maxAttempts: 8, delay: 20 }, timeout: 20_000, ...more };
  const workflow = flow({ steps: steps.map((id) => agent(id, { ...options, input: { prompt: id } })) });
  await using engine = await createEngine({
    workflows: [workflow],
    agents: { any: `http://127.0.0.1:${port}` },
    env: {},
    store,
    logger: silentLogger,
    ...engineOptions,
  });
  const handle = await engine.start(workflow, {}, { runId: 'r' });
  const output = await handle.result().catch((error: unknown) => error);
  const events = store.readEvents('r', 1).map(decodeEvent);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  const done = events.flatMap(({ event }) =>
    event.type === 'effect.completed' || event.type === 'effect.failed'
      ? [`${event.effect} ${event.visit} ${event.attempt}`]
      : [],
  );
  expect(new Set(done).size).toBe(done.length);
  return { output, attempts: handle.steps().map(({ attempt }) => attempt), status: handle.status().status };
}

function keysOf({ asked }: Agent): ReadonlySet<string> {
  return new Set(asked.map(({ key }) => key));
}

describe('FLT-NW: a network that', () => {
  let seed = 7;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;

  test.each<[string, readonly Toxic[], number, Readonly<Record<string, unknown>>?]>([
    ['NW-02: resets what it accepted', [reset, reset, pass], 3],
    ['NW-05: is late, by random times', [sliced(1_000, () => Math.floor(random() * 80))], 1],
    ['NW-06: is slow', [sliced(20, () => 10)], 1],
    ['NW-07: drops all packets, and says nothing', [swallow, pass], 2, { timeout: 700 }],
    ['NW-08: sends byte by byte', [sliced(1, () => 0)], 1],
  ])('%s', async (_name, toxics, attempts, more) => {
    const given = await Agent.start((response) => say(response, 'fine'));
    const result = await run(await proxy(given.port, ...toxics), more);
    expect(result).toMatchObject({ output: 'fine', status: 'completed' });
    expect(result.attempts[0]).toBeGreaterThanOrEqual(attempts);
    expect(keysOf(given).size).toBe(1);
  });

  test('NW-01: refuses connections for a while', async () => {
    const given = await Agent.start((response) => say(response, 'fine'));
    const free = createServer();
    const port = await listening(free);
    await new Promise((resolve) => free.close(resolve));
    const late = createServer((client) => pass(client, () => connect(given.port, '127.0.0.1')));
    onTestFinished(() => void late.close());
    setTimeout(() => late.listen(port, '127.0.0.1'), 150);
    const result = await run(port, { retry: { maxAttempts: 1_000, delay: 20 } });
    expect(result).toMatchObject({ output: 'fine' });
    expect(result.attempts[0]).toBeGreaterThan(1);
  });

  test('NW-10: does not know the name of the host for a while', async () => {
    const given = await Agent.start((response) => say(response, 'fine'));
    let asked = 0;
    const lookup: LookupFunction = (host, options, callback) => {
      asked += 1;
      const code = asked === 1 ? 'ENOTFOUND' : 'EAI_AGAIN';
      if (asked < 4) callback(Object.assign(new Error(`getaddrinfo ${code} ${host}`), { code }), '', 0);
      else if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
      else callback(null, '127.0.0.1', 4);
    };
    const options = { agents: { any: `http://agent.test:${given.port}` }, http: { lookup } };
    expect(await run(given.port, {}, ['s'], options)).toMatchObject({ output: 'fine', attempts: [4] });
    expect(given.asked).toHaveLength(1);
  });

  test('NW-14: never says 100 Continue is not waited for: it is not asked to', async () => {
    const heads: string[] = [];
    const port = await listening(
      createServer((socket) => {
        let text = '';
        socket.on('data', (data) => {
          text += data.toString();
          const [head = '', body = ''] = text.split('\r\n\r\n');
          if (!body.endsWith('}')) return;
          heads.push(head);
          socket.end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{"response":"fine"}');
        });
      }),
    );
    expect(await run(port)).toMatchObject({ output: 'fine', attempts: [1] });
    expect(heads).toHaveLength(1);
    expect(heads[0]).not.toMatch(/^expect:/im);
    expect(checkHeaderName('Expect')).toMatch(/not allowed: the HTTP client sets it/);
  });

  test('NW-15: ends an answer by closing, as HTTP/1.0 does', async () => {
    const port = await listening(
      createServer((socket) => {
        socket.once('data', () =>
          socket.end('HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{"response":"old"}'),
        );
      }),
    );
    expect(await run(port)).toMatchObject({ output: 'old', attempts: [1] });
  });

  test('NW-13, AG-02: brings answers twice gives none of them to another request', async () => {
    const port = await listening(
      createServer((socket) => {
        socket.on('data', (data) => {
          const prompt = /"prompt":"(\w+)"/.exec(data.toString())?.[1];
          if (prompt === undefined) return;
          const body = JSON.stringify({ response: `to ${prompt}` });
          const answer = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
          socket.write(answer + answer);
        });
      }),
    );
    expect(await run(port, {}, ['a', 'b', 'c', 'd'])).toMatchObject({ output: 'to d', status: 'completed' });
  });
});

describe('FLT-AG: an agent that', () => {
  const down = (response: ServerResponse): void => {
    response.writeHead(500, { 'content-type': 'application/json' });
    response.end('{"error":"down"}');
  };

  test('AG-04: fails all but the last time', async () => {
    const given = await Agent.start((response, index) => (index < 4 ? down(response) : say(response, 'at last')));
    expect(await run(given.port, { retry: { maxAttempts: 5, delay: 10 } })).toMatchObject({ output: 'at last' });
    expect(given.asked.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5]);
    expect(keysOf(given).size).toBe(1);
  });

  test('AG-05: always fails is asked as often as the step says', async () => {
    const given = await Agent.start(down);
    const { output, status } = await run(given.port, { retry: { maxAttempts: 3, delay: 10 } });
    expect([status, given.asked.length]).toEqual(['failed', 3]);
    expect(output).toMatchObject({ code: 'AGENT_ERROR', message: expect.stringMatching(/answered 500: down/) });
  });

  test('AG-06, AG-13: never answers, or never ends its stream, runs into the timeout', async () => {
    const hangs = await Agent.start(() => undefined);
    const streams = await Agent.start((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const timer = setInterval(() => response.write('data: on and on\n\n'), 20);
      response.on('close', () => clearInterval(timer));
    });
    for (const given of [hangs, streams]) {
      const { output, status } = await run(given.port, { timeout: 400, retry: { maxAttempts: 2, delay: 10 } });
      expect([status, given.asked.length]).toEqual(['failed', 2]);
      expect(output).toMatchObject({ code: 'TIMEOUT' });
    }
  });

  test('AG-08: answers with 10 MB is heard', async () => {
    const given = await Agent.start((response) => say(response, 'x'.repeat(10_000_000)));
    const { output } = await run(given.port);
    expect(String(output)).toHaveLength(10_000_000);
  });

  test('AG-14: is at work when the run is cancelled is cut off, and what it says then is not heard', async () => {
    const { promise: isAtWork, resolve: begins } = Promise.withResolvers<ServerResponse>();
    const { promise: isCutOff, resolve: cutOff } = Promise.withResolvers<void>();
    const given = await Agent.start((response) => {
      response.on('close', cutOff);
      begins(response);
    });
    const store = openMemoryStore();
    const workflow = flow({ name: 'w', steps: [agent('s', { retry: { maxAttempts: 5, delay: 1 } }), agent('after')] });
    await using engine = await createEngine({
      workflows: [workflow],
      agents: { any: `http://127.0.0.1:${given.port}` },
      env: {},
      store,
      logger: silentLogger,
    });
    const handle = await engine.start('w', {}, { runId: 'r' });
    const response = await isAtWork;
    await engine.cancel('r', { why: 'enough' });
    await isCutOff;
    say(response, 'too late');
    await expect(handle.result()).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(handle.status().status).toBe('cancelled');
    expect(store.readEvents('r', 1).map(({ type }) => type)).toEqual(['run.started', 'run.cancelled']);
    expect(given.asked).toHaveLength(1);
  });

  test('AG-10: remembers keys gives the same answer to a repeated call', async () => {
    const answers = new Map<string, string>();
    const given = await Agent.start((response, index, { headers }) => {
      const key = String(headers['idempotency-key']);
      const known = answers.get(key);
      answers.set(key, known ?? `made at call ${index}`);
      // The first answer is lost on the way.
      if (known === undefined) response.socket?.destroy();
      else say(response, known);
    });
    expect(await run(given.port)).toMatchObject({ output: 'made at call 0', attempts: [2] });
  });

  test('AG-12: has a clock that is a day ahead is left alone for as long as it means', async () => {
    const ahead = Date.now() + 86_400_000;
    const headers = { date: new Date(ahead).toUTCString(), 'retry-after': new Date(ahead + 1_000).toUTCString() };
    const given = await Agent.start((response, index) => {
      if (index > 0) say(response, 'fine');
      else response.writeHead(429, headers).end();
    });
    expect(await run(given.port)).toMatchObject({ output: 'fine', attempts: [2] });
  });
});
