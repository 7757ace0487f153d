import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createEventStream } from '../../src/http/sse.ts';
import { failureOf, get, makeClient, serve, type TestServer } from './servers.ts';

function read(text: string, size = 1_000) {
  const pieces: string[] = [];
  const stream = createEventStream((piece) => pieces.push(piece));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) stream.push(bytes.subarray(at, at + size));
  return { pieces, failure: stream.failure, done: stream.isDone, ...stream.end() };
}

describe('the text of events', () => {
  const cases: readonly [string, string, readonly string[]][] = [
    ['plain text', 'data: Hello\n\ndata:  world\n\n', ['Hello', ' world']],
    [
      'delta, text and response',
      'data: {"delta":"a"}\n\ndata: {"text":"b"}\n\ndata: {"response":"c"}\n\n',
      ['a', 'b', 'c'],
    ],
    ['several lines of one event', 'data: a\ndata: b\n\n', ['a\nb']],
    ['carriage returns', 'data: a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
    ['comments and other fields', ': hi\nid: 1\nretry: 5\ndata: a\n\n', ['a']],
    ['nothing after [DONE]', 'data: a\n\ndata: [DONE]\n\ndata: b\n\n', ['a']],
    ['a last event without its blank line', 'data: a\n\ndata: b', ['a', 'b']],
    ['JSON that is no object, or broken, is text', 'data: [1]\n\ndata: {"a\n\ndata: 7\n\n', ['[1]', '{"a', '7']],
    [
      'a closing response that repeats all is left out',
      'data: {"delta":"a"}\n\ndata: {"delta":"b"}\n\ndata: {"response":"ab"}\n\n',
      ['a', 'b'],
    ],
    ['pings are no text', 'event: ping\ndata: now\n\nevent: token\ndata: a\n\n', ['a']],
    ['empty data', 'data:\n\ndata: a\n\n', ['a']],
  ];
  test.each(cases)('%s', (_name, text, pieces) => {
    expect(read(text).pieces).toEqual(pieces);
    expect(read(text, 1)).toMatchObject({ pieces, text: pieces.join('') });
  });

  test('characters that are cut in two bytes are joined', () => {
    expect(read('data: tïdé 🌊\n\n', 1).text).toBe('tïdé 🌊');
  });

  test('other fields are kept, of equal names the last', () => {
    const { fields, events } = read(
      'data: {"delta":"a","model":"x"}\n\ndata: {"usage":{"n":1}}\n\ndata: {"usage":{"n":2},"__proto__":1}\n\n',
    );
    expect(events).toBe(3);
    expect(Object.entries(fields)).toEqual([
      ['model', 'x'],
      ['usage', { n: 2 }],
      ['__proto__', 1],
    ]);
  });

  test.each([
    ['event: error\ndata: out of tokens\n\n', 'out of tokens'],
    ['event: error\ndata: {"error":"Failed","message":"no model"}\n\n', 'no model'],
    ['event: error\ndata: {"code":7}\n\n', '{"code":7}'],
  ])('an event error: %j', (text, failure) => {
    expect(read(`data: a\n\n${text}data: b\n\n`)).toMatchObject({ failure, pieces: ['a'] });
  });
});

describe('streams over the wire', () => {
  function stream(...pieces: readonly string[]): Promise<TestServer> {
    return serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      for (const piece of pieces) response.write(piece);
      response.end();
    });
  }

  test('the joined text is the answer, and pieces are passed on', async () => {
    const server = await stream(
      'data: {"delta":"Hel"}\n\n',
      'data: {"delta":"lo","usage":{"tokens":3}}\n\n',
      'data: [DONE]\n\n',
    );
    const pieces: string[] = [];
    const answer = await makeClient().send(get(server.url, { onChunk: (text) => pieces.push(text) }));
    expect(answer).toMatchObject({
      text: 'Hello',
      body: 'Hello',
      sse: { events: 3, fields: { usage: { tokens: 3 } } },
    });
    expect(pieces).toEqual(['Hel', 'lo']);
  });

  test('a compressed stream', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
      response.end(gzipSync('data: a\n\ndata: b\n\n'));
    });
    expect((await makeClient().send(get(server.url))).text).toBe('ab');
  });

  test('a server that ends properly after [DONE] keeps its connection', async () => {
    const server = await stream('data: a\n\ndata: [DONE]\n\n');
    const client = makeClient();
    for (let call = 0; call < 3; call += 1) {
      await client.send(get(server.url));
      await new Promise(setImmediate);
    }
    expect(server.connections()).toBe(1);
  });

  test('[DONE] ends the answer although the server does not', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: a\n\ndata: [DONE]\n\n');
    });
    expect((await makeClient().send(get(server.url))).text).toBe('a');
    await server.closed;
  });

  test('a stream without end is ended by the deadline', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const timer = setInterval(() => response.write('data: a\n\n'), 10);
      response.on('close', () => clearInterval(timer));
    });
    const pieces: string[] = [];
    const error = await failureOf(
      makeClient().send(get(server.url, { timeoutMs: 150, onChunk: (text) => pieces.push(text) })),
    );
    expect(error).toMatchObject({ code: 'TIMEOUT' });
    expect(pieces.length).toBeGreaterThan(1);
    await server.closed;
  });

  test.each([
    ['many events', 'data: aaaaaaaaaaaaaaaaaaaa\n\n'.repeat(100)],
    ['one line without end', `data: ${'a'.repeat(3_000)}`],
    ['comments', ': aaaaaaaaaaaaaaaaaaaa\n'.repeat(100)],
  ])('the size limit counts: %s', async (_name, text) => {
    const server = await stream(text);
    await expect(makeClient().send(get(server.url, { maxBytes: 1_000 }))).rejects.toMatchObject({
      code: 'RESPONSE_TOO_LARGE',
    });
  });

  test('an event error fails the call', async () => {
    const server = await stream('data: a\n\n', 'event: error\ndata: {"message":"no model"}\n\n');
    const error = await failureOf(makeClient().send(get(server.url)));
    expect(error).toMatchObject({ code: 'HTTP_ERROR', retryable: true });
    expect(error.message).toMatch(/no model/);
  });

  test('an event error is masked before it is cut', async () => {
    const server = await stream(`event: error\ndata: ${'x'.repeat(995)}CANARY-9f2c\n\n`);
    const secrets = new Map([['API_KEY', 'CANARY-9f2c']]);
    expect((await failureOf(makeClient().send(get(server.url, { secrets })))).message).not.toMatch(/CAN/);
  });

  test('a stream that breaks fails the call', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: a\n\n', () => response.destroy());
    });
    await expect(makeClient().send(get(server.url))).rejects.toMatchObject({
      code: 'HTTP_UNREACHABLE',
      retryable: true,
    });
  });

  test('a listener that throws fails the call', async () => {
    const server = await stream('data: a\n\n');
    const onChunk = () => {
      throw new Error('my listener');
    };
    const error = await failureOf(makeClient().send(get(server.url, { onChunk })));
    expect(error).toMatchObject({ code: 'STEP_FAILED', cause: { message: 'my listener' } });
  });

  test('a secret cut by events is masked in the pieces and in the text', async () => {
    const server = await stream('data: {"delta":"key CANA"}\n\n', 'data: {"delta":"RY-9f2c."}\n\n');
    const pieces: string[] = [];
    const secrets = new Map([['API_KEY', 'CANARY-9f2c']]);
    const answer = await makeClient().send(get(server.url, { secrets, onChunk: (text) => pieces.push(text) }));
    expect(answer.text).toBe('key {{env.API_KEY}}.');
    expect(pieces).toEqual(['key ', '{{env.API_KEY}}.']);
  });

  test('an error answer with the content type of a stream is an ordinary answer', async () => {
    const server = await serve((_request, response) =>
      response.writeHead(500, { 'content-type': 'text/event-stream' }).end('data: x\n\n'),
    );
    const answer = await makeClient().send(get(server.url));
    expect(answer).toMatchObject({ status: 500, body: 'data: x\n\n' });
    expect(answer.sse).toBeUndefined();
  });
});
