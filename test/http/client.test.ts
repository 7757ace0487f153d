import { createHash, randomBytes } from 'node:crypto';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { CancelledError, TimeoutError } from '../../src/core/errors.ts';
import type { HttpRequest } from '../../src/http/types.ts';
import { echo, failureOf, get, json, makeClient, serve, serveRaw } from './servers.ts';
import { cpuTimer } from '../support/cpu-time.ts';

describe('what is sent', () => {
  const bodies: readonly [string, Partial<HttpRequest>, string, string][] = [
    ['an object as JSON', { body: { a: [1, null] } }, '{"a":[1,null]}', 'application/json'],
    ['a list as JSON', { body: [1, 'x'] }, '[1,"x"]', 'application/json'],
    ['a number as JSON', { body: 0 }, '0', 'application/json'],
    ['a string as it is', { body: 'héllo' }, 'héllo', 'text/plain; charset=utf-8'],
    ['a string with its own type', { body: '<a/>', headers: { 'Content-Type': 'text/xml' } }, '<a/>', 'text/xml'],
    [
      'an object as a form where the type says so',
      { body: { a: 'x y', b: [1, 2], c: null }, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      'a=x+y&b=1&b=2',
      'application/x-www-form-urlencoded',
    ],
  ];
  test.each(bodies)('%s', async (_name, more, body, type) => {
    const server = await serve(echo);
    const answer = await makeClient().send({ ...get(server.url, more), method: 'post' });
    expect(answer.body).toMatchObject({ method: 'POST', body, headers: { 'content-type': type } });
  });

  test('no body for undefined and null', async () => {
    const server = await serve(echo);
    const answer = await makeClient().send({ ...get(server.url, { body: null }), method: 'POST' });
    expect(answer.body).toMatchObject({ body: '', headers: { 'content-length': '0' } });
  });

  test('the query is added to that of the URL', async () => {
    const server = await serve(echo);
    const query = { b: 'x&y', list: [1, 2], deep: { n: 1 }, no: undefined, nil: null, yes: true };
    const answer = await makeClient().send(get(`${server.url}/p?a=1#frag`, { query }));
    expect(answer.body).toMatchObject({ url: '/p?a=1&b=x%26y&list=1&list=2&deep=%7B%22n%22%3A1%7D&yes=true' });
  });

  test('a header of the request replaces a default, whatever its case', async () => {
    const server = await serve(echo);
    const answer = await makeClient().send(get(server.url, { headers: { 'User-Agent': 'mine', 'X-N': 3 } }));
    expect(answer.body).toMatchObject({ headers: { 'user-agent': 'mine', 'x-n': '3', accept: '*/*' } });
  });

  test.each([
    ['a cycle', cycle()],
    ['a bigint', { n: 1n }],
    ['a function', () => 1],
  ])('a body that is not JSON is refused: %s', async (_name, body) => {
    const error = await failureOf(makeClient().send({ ...get('http://127.0.0.1:1/', { body }), method: 'POST' }));
    expect(error).toMatchObject({ code: 'REQUEST_INVALID', retryable: false });
    expect(error.message).toMatch(/body/);
  });

  test.each([0, -1, Number.NaN, Infinity])('a timeout of %s is refused', async (timeoutMs) => {
    await expect(makeClient().send(get('http://127.0.0.1:1/', { timeoutMs }))).rejects.toThrow(/timeout/);
  });
});

function cycle(): unknown {
  const value: Record<string, unknown> = {};
  value['self'] = value;
  return value;
}

describe('what comes back', () => {
  const answers: readonly [string, string | undefined, string | Buffer, unknown, string | null][] = [
    ['JSON', 'application/json', '{"a":1}', { a: 1 }, '{"a":1}'],
    ['problem JSON', 'application/problem+json; charset="UTF-8"', '{"a":1}', { a: 1 }, '{"a":1}'],
    ['text', 'text/plain', 'hi', 'hi', 'hi'],
    ['XML', 'application/xml', '<a/>', '<a/>', '<a/>'],
    ['no content type', undefined, 'hi', 'hi', 'hi'],
    ['no body', 'application/json', '', null, null],
    ['anything else', 'image/png', Buffer.from([0, 255]), 'AP8=', null],
  ];
  test.each(answers)('%s', async (_name, type, sent, body, text) => {
    const server = await serve((_request, response) => {
      if (type !== undefined) response.setHeader('content-type', type);
      response.end(sent);
    });
    const answer = await makeClient().send(get(`${server.url}/x?q=1`));
    expect(answer).toMatchObject({ status: 200, body, text, url: `${server.url}/x` });
  });

  test('204 has no body', async () => {
    const server = await serve((_request, response) => response.writeHead(204).end());
    expect(await makeClient().send(get(server.url))).toMatchObject({ status: 204, body: null, text: null });
  });

  test('headers of one name are joined, and a header named like a prototype is only a header', async () => {
    const server = await serveRaw((socket) => {
      socket.once('data', () => {
        socket.end('HTTP/1.1 200 OK\r\nx-a: 1\r\nX-A: 2\r\n__proto__: evil\r\ncontent-length: 0\r\n\r\n');
      });
    });
    const { headers } = await makeClient().send(get(server.url));
    expect(headers['x-a']).toBe('1, 2');
    expect(Object.getPrototypeOf(headers)).toBeNull();
    expect(({} as Record<string, unknown>)['evil']).toBeUndefined();
  });

  test('a status other than 2xx is an answer, also when its JSON is broken or its charset is not ours', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(502, { 'content-type': 'application/json; charset=iso-8859-1' });
      response.end(Buffer.from([0x7b, 0xe9]));
    });
    expect(await makeClient().send(get(server.url))).toMatchObject({ status: 502, body: '{é', text: '{é' });
  });

  test('of an endless error page only the beginning is read', async () => {
    const server = await serveRaw((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 500 Oops\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n');
        flood(socket);
      });
    });
    const answer = await makeClient().send(get(server.url));
    expect(answer.text).toHaveLength(64 * 1024);
    await server.closed;
  });

  test.each([
    ['JSON that is not', 'application/json', '<html>', /JSON/, true],
    ['JSON without end', 'application/json', '[1,', /JSON/, true],
    ['JSON that is too deep', 'application/json', '['.repeat(600) + ']'.repeat(600), /500 levels/, true],
    ['another charset', 'text/plain; charset=iso-8859-1', Buffer.from([0xe9]), /charset 'iso-8859-1'/, false],
    ['bytes that are not utf-8', 'text/plain', Buffer.from([0xe9]), /utf-8/, false],
  ] as const)('%s fails the call', async (_name, type, sent, message, retryable) => {
    const server = await serve((_request, response) => {
      response.setHeader('content-type', type);
      response.end(sent);
    });
    const error = await failureOf(makeClient().send(get(server.url)));
    expect(error).toMatchObject({ code: 'HTTP_ERROR', retryable });
    expect(error.message).toMatch(message);
  });
});

describe('content encodings', () => {
  const text = 'tide '.repeat(100_000);
  test.each([
    ['gzip', gzipSync(text)],
    ['x-gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['deflate', deflateRawSync(text)],
    ['br', brotliCompressSync(text)],
    ['identity', Buffer.from(text)],
  ])('%s is undone', async (encoding, body) => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': encoding });
      response.end(body);
    });
    expect((await makeClient().send(get(server.url))).text).toBe(text);
  });

  test('a large compressed answer that does not compress arrives whole', async () => {
    const bytes = randomBytes(4 * 1024 * 1024);
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-encoding': 'gzip' });
      response.end(gzipSync(bytes));
    });
    const { body } = await makeClient().send(get(server.url));
    expect(sha256(Buffer.from(String(body), 'base64'))).toBe(sha256(bytes));
  });

  test.each([
    ['gzip, gzip', gzipSync(gzipSync('x')), /more than one/],
    ['zstd', Buffer.from('x'), /'zstd' is not supported/],
    ['gzip', Buffer.from('not gzip'), /not valid gzip/],
    ['gzip', gzipSync('x'.repeat(1000)).subarray(0, 20), /not valid gzip/],
  ])('%s that cannot be undone fails the call', async (encoding, body, message) => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': encoding });
      response.end(body);
    });
    await expect(makeClient().send(get(server.url))).rejects.toThrow(message);
  });

  test('HEAD of an encoded answer is an empty answer', async () => {
    const server = await serve((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end());
    expect(await makeClient().send({ ...get(server.url), method: 'HEAD' })).toMatchObject({ status: 200, body: null });
  });
});

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Writes as fast as the other side reads. */
function flood(socket: import('node:net').Socket, head = ''): void {
  const block = Buffer.alloc(64 * 1024, 0x61);
  const chunk = Buffer.concat([Buffer.from('10000\r\n'), block, Buffer.from('\r\n')]);
  if (head !== '') socket.write(head);
  const more = () => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', more);
  more();
}

describe('limits', () => {
  const chunked = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n';

  test('an endless answer fails at the limit, and its socket is closed', async () => {
    const server = await serveRaw((socket) => {
      socket.once('data', () => flood(socket, chunked));
    });
    const error = await failureOf(makeClient().send(get(server.url)));
    expect(error).toMatchObject({ code: 'RESPONSE_TOO_LARGE', retryable: false });
    expect(error.message).toMatch(/too large.*limit/);
    await server.closed;
  });

  test('50 MB of zeros as 48 KB of gzip fail at the limit of decoded bytes, in bounded memory', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    expect(bomb.length).toBeLessThan(60_000);
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(bomb);
    });
    const before = process.memoryUsage().rss;
    const took = cpuTimer();
    const error = await failureOf(makeClient({ maxResponseBytes: 1_000_000 }).send(get(server.url)));
    expect(error).toMatchObject({ code: 'RESPONSE_TOO_LARGE' });
    expect(took()).toBeLessThan(1_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  });

  test('an announced length above the limit fails at once', async () => {
    const server = await serveRaw((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 20000000\r\n\r\n'));
    });
    await expect(makeClient().send(get(server.url))).rejects.toMatchObject({ code: 'RESPONSE_TOO_LARGE' });
  });

  test('the limit of a request overrides that of the client', async () => {
    const server = await serve((_request, response) => response.end('x'.repeat(11)));
    const client = makeClient();
    await expect(client.send(get(server.url, { maxBytes: 10 }))).rejects.toThrow(/limit is 10 bytes/);
    expect((await client.send(get(server.url, { maxBytes: 11 }))).text).toHaveLength(11);
  });

  test('endless headers fail', async () => {
    const server = await serveRaw((socket) => {
      socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\n${'x-a: aaaaaaaaaaaaaaaaaaaa\r\n'.repeat(2_000)}`));
    });
    await expect(makeClient().send(get(server.url))).rejects.toMatchObject({ code: 'RESPONSE_TOO_LARGE' });
  });
});

describe('the deadline', () => {
  const never: readonly [string, (socket: import('node:net').Socket) => void][] = [
    ['never answers', () => {}],
    ['stops after its headers', (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab')],
    ['drips a byte every 20 ms', drip],
  ];
  test.each(never)('ends a call to a server that %s, and closes its socket', async (_name, answer) => {
    const server = await serveRaw((socket) => socket.once('data', () => answer(socket)));
    const error = await failureOf(makeClient().send(get(server.url, { timeoutMs: 200 })));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ retryable: true });
    expect(error.message).toMatch(/timed out after 200 ms/);
    await server.closed;
  });

  test('comes from the clock it is given', async () => {
    const server = await serveRaw(() => {});
    const due: (() => void)[] = [];
    const clock = { now: () => 7, schedule: (callback: () => void) => (due.push(callback), () => {}) };
    const sent = makeClient({ clock }).send(get(server.url, { timeoutMs: 86_400_000 }));
    due[0]?.();
    await expect(sent).rejects.toThrow(/timed out after 86400000 ms/);
  });

  test('while the connection is being opened: nothing is sent afterwards', async () => {
    let requests = 0;
    const server = await serve((_request, response) => {
      requests += 1;
      response.end();
    });
    let resolveName = () => {};
    const lookup = (
      _host: string,
      _options: unknown,
      callback: (error: null, all: { address: string; family: number }[]) => void,
    ) => {
      resolveName = () => callback(null, [{ address: '127.0.0.1', family: 4 }]);
    };
    const client = makeClient({ lookup, allowHosts: ['slow.test'] });
    const error = await failureOf(client.send(get(`http://slow.test:${server.port}/`, { timeoutMs: 50 })));
    expect(error).toBeInstanceOf(TimeoutError);
    resolveName();
    await server.closed;
    expect(requests).toBe(0);
  });

  test('spans all redirects', async () => {
    let hops = 0;
    const server = await serve((_request, response) => {
      hops += 1;
      const answer = () => response.writeHead(302, { location: '/again' }).end();
      setTimeout(answer, 80);
    });
    await expect(makeClient({ maxRedirects: 100 }).send(get(server.url, { timeoutMs: 200 }))).rejects.toThrow(
      /timed out/,
    );
    expect(hops).toBeLessThan(4);
  });
});

function drip(socket: import('node:net').Socket): void {
  socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n');
  const timer = setInterval(() => socket.write('x'), 20);
  socket.on('close', () => clearInterval(timer));
}

describe('cancelling', () => {
  test('ends the call, says so, and closes the socket', async () => {
    const controller = new AbortController();
    const server = await serveRaw((socket) =>
      socket.once('data', () => controller.abort(new Error('no longer needed'))),
    );
    const error = await failureOf(makeClient().send(get(server.url, { signal: controller.signal })));
    expect(error).toBeInstanceOf(CancelledError);
    expect(error.cause).toMatchObject({ message: 'no longer needed' });
    await server.closed;
  });

  test('before the call opens no connection', async () => {
    const server = await serve(echo);
    await expect(makeClient().send(get(server.url, { signal: AbortSignal.abort() }))).rejects.toBeInstanceOf(
      CancelledError,
    );
    expect(server.connections()).toBe(0);
  });

  test('after the call does nothing, and no listener is left behind', async () => {
    const server = await serve(echo);
    const controller = new AbortController();
    const client = makeClient();
    let listeners = 0;
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...given: Parameters<typeof add>) => ((listeners += 1), add(...given));
    signal.removeEventListener = (...given: Parameters<typeof remove>) => ((listeners -= 1), remove(...given));
    await client.send(get(server.url, { signal }));
    expect(listeners).toBe(0);
    controller.abort();
  });
});

describe('the network', () => {
  test('a refused connection says which address was tried', async () => {
    const { port } = await closedPort();
    const error = await failureOf(makeClient().send(get(`http://127.0.0.1:${port}/prompt?secret=1`)));
    expect(error).toMatchObject({
      code: 'HTTP_UNREACHABLE',
      retryable: true,
      details: { address: `127.0.0.1:${port}` },
    });
    expect(error.message).toBe(`could not reach http://127.0.0.1:${port}/prompt: connection refused`);
  });

  test('a name with several addresses says all that were tried', async () => {
    const { port } = await closedPort();
    const lookup = (
      _host: string,
      _options: unknown,
      callback: (error: null, addresses: { address: string; family: number }[]) => void,
    ) =>
      callback(null, [
        { address: '::1', family: 6 },
        { address: '127.0.0.1', family: 4 },
      ]);
    const client = makeClient({ lookup, allowHosts: ['agents.test'] });
    const error = await failureOf(client.send(get(`http://agents.test:${port}/`)));
    expect(error.message).toMatch(/connection refused \(tried \[::1\]:\d+, 127\.0\.0\.1:\d+\)/);
  });

  test('an unknown host name', async () => {
    const lookup = (_host: string, _options: unknown, callback: (error: Error) => void) =>
      callback(Object.assign(new Error('getaddrinfo ENOTFOUND x.test'), { code: 'ENOTFOUND' }));
    const error = await failureOf(makeClient({ lookup: lookup as never }).send(get('http://x.test/')));
    expect(error).toMatchObject({
      code: 'HTTP_UNREACHABLE',
      message: 'could not reach http://x.test/: the host name is not known',
    });
  });

  test.each([
    ['before the answer', (socket: import('node:net').Socket) => socket.destroy()],
    ['by reset before the answer', (socket: import('node:net').Socket) => socket.resetAndDestroy()],
    [
      'in the middle of the answer',
      (socket: import('node:net').Socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabcde', () => socket.resetAndDestroy());
      },
    ],
    [
      'without the last chunk',
      (socket: import('node:net').Socket) => {
        socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n');
      },
    ],
  ])('a connection that is closed %s', async (_name, answer) => {
    const server = await serveRaw((socket) => socket.once('data', () => answer(socket)));
    const error = await failureOf(makeClient().send(get(server.url)));
    expect(error).toMatchObject({ code: 'HTTP_UNREACHABLE', retryable: true });
    expect(error.message).toMatch(/closed|reset/);
  });

  test('a server that does not speak HTTP', async () => {
    const server = await serveRaw((socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH\r\n')));
    await expect(makeClient().send(get(server.url))).rejects.toThrow(
      /could not reach .*: it does not speak proper HTTP/,
    );
  });

  test('connections are used again', async () => {
    const server = await serve(echo);
    const client = makeClient();
    for (let call = 0; call < 5; call += 1) {
      await client.send({ ...get(server.url, { body: { call } }), method: 'POST' });
      await new Promise(setImmediate);
    }
    expect(server.connections()).toBe(1);
  });

  test('calls beyond the connections to one host wait for one', async () => {
    let busy = 0;
    let most = 0;
    const server = await serve((_request, response) => {
      busy += 1;
      most = Math.max(most, busy);
      setTimeout(() => {
        busy -= 1;
        json(response, {});
      }, 5);
    });
    const client = makeClient({ connectionsPerHost: 3 });
    await Promise.all(Array.from({ length: 12 }, () => client.send(get(server.url))));
    expect(server.connections()).toBe(3);
    expect(most).toBeLessThanOrEqual(3);
  });

  test('closing the client ends what is under way', async () => {
    const server = await serveRaw(() => {});
    const client = makeClient();
    const sent = failureOf(client.send(get(server.url)));
    await client.close();
    await client.close();
    expect((await sent).message).toMatch(/the HTTP client was closed/);
    await expect(client.send(get(server.url))).rejects.toThrow(/the HTTP client was closed/);
  });
});

/** A port on which nobody listens. */
async function closedPort(): Promise<{ port: number }> {
  const { createServer } = await import('node:net');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return { port: typeof address === 'object' && address !== null ? address.port : 0 };
}
