import { describe, expect, test } from 'vitest';
import { httpEffect } from '../../src/effects/http.ts';
import { flow } from '../support/flow.ts';
import { callOf, FakeHttp } from './calls.ts';

const request = (more: object = {}) =>
  flow({ steps: [{ id: 'h', type: 'http', url: 'https://api.test/items', ...more }] });
const json = (body: unknown, more: object = {}) => ({ headers: { 'content-type': 'application/json' }, body, ...more });

describe('a request', () => {
  test('method, query, headers and body are filled in; what is missing is left out', async () => {
    const http = new FakeHttp(json({ ok: true }));
    const definition = request({
      method: 'POST',
      query: { q: '{{workflow.input.q}}', none: '{{workflow.input.none}}' },
      headers: { 'X-Topic': '{{workflow.input.q}}', 'X-N': 7 },
      body: { q: '{{workflow.input.q}}', list: ['{{workflow.input.n}}'] },
    });
    const result = await httpEffect(callOf(definition, 'h', { http, input: { q: 'a b', n: 1 }, attempt: 2 }));
    expect(result.output).toEqual({ ok: true });
    expect(http.requests[0]).toMatchObject({
      method: 'POST',
      url: 'https://api.test/items',
      query: { q: 'a b' },
      body: { q: 'a b', list: [1] },
    });
    const headers = Object.fromEntries(
      Object.entries(http.requests[0]?.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]),
    );
    expect(headers).toMatchObject({ 'x-topic': 'a b', 'x-n': '7', 'idempotency-key': 'run-1:h:1', 'x-attempt': '2' });
  });

  test.each([
    [
      'values inside a URL are percent-encoded',
      'https://api.test/items/{{workflow.input.id}}?q={{workflow.input.q}}',
      { id: 'a/b?c#d', q: 'x&y=z' },
      'https://api.test/items/a%2Fb%3Fc%23d?q=x%26y%3Dz',
    ],
    [
      'dots in them are no steps',
      'https://api.test/{{workflow.input.id}}/../x?p={{workflow.input.p}}',
      { id: 'a..b', p: '..' },
      'https://api.test/a..b/../x?p=..',
    ],
    [
      'objects as their JSON',
      'https://api.test/?o={{workflow.input.o}}',
      { o: { a: 1 } },
      'https://api.test/?o=%7B%22a%22%3A1%7D',
    ],
    [
      'a URL that comes whole from data is taken as it is',
      '{{workflow.input.url}}',
      { url: 'https://other.test/a?b=c' },
      'https://other.test/a?b=c',
    ],
  ])('%s', async (_name, url, input, expected) => {
    const http = new FakeHttp(json(1));
    await httpEffect(callOf(request({ url }), 'h', { http, input }));
    expect(http.requests[0]?.url).toBe(expected);
  });

  test.each([[7], [null], [{ a: 1 }]])('a URL that comes from data and is no text fails the step: %j', async (url) => {
    const http = new FakeHttp(json(1));
    const call = callOf(request({ url: '{{workflow.input.url}}' }), 'h', { http, input: { url } });
    await expect(httpEffect(call)).rejects.toMatchObject({ code: 'TEMPLATE_FAILED' });
    expect(http.requests).toEqual([]);
  });

  test.each(['.', '..'])('a value %j in a path would lead elsewhere, and fails the step', async (id) => {
    const http = new FakeHttp(json(1));
    const call = callOf(request({ url: 'https://api.test/items/{{workflow.input.id}}/delete' }), 'h', {
      http,
      input: { id },
    });
    await expect(httpEffect(call)).rejects.toMatchObject({ code: 'TEMPLATE_FAILED', retryable: false });
    expect(http.requests).toEqual([]);
  });

  test('a URL that comes whole may have others to fall back on', async () => {
    const url = '{{env.BASE}} ?? {{workflow.input.url}} || "https://c.test/last"';
    const urlOf = async (input: object, env: Record<string, string>): Promise<string | undefined> => {
      const http = new FakeHttp();
      await httpEffect(callOf(flow({ steps: [{ id: 's', type: 'http', url }] }), 's', { http, input, env }));
      return http.requests[0]?.url;
    };
    expect(await urlOf({ url: 'https://b.test/?q=a b' }, { BASE: 'https://a.test/x' })).toBe('https://a.test/x');
    expect(await urlOf({ url: 'https://b.test/?q=a/b' }, {})).toBe('https://b.test/?q=a/b');
    expect(await urlOf({}, {})).toBe('https://c.test/last');
  });

  test('a missing value in the URL fails the step', async () => {
    const call = callOf(request({ url: 'https://api.test/{{workflow.input.id}}' }), 'h');
    await expect(httpEffect(call)).rejects.toMatchObject({ code: 'TEMPLATE_FAILED' });
  });

  test('secrets are put in at the moment of the call, and told to the client', async () => {
    const http = new FakeHttp(json(1));
    const definition = request({
      method: 'POST',
      url: 'https://api.test/x?key={{env.KEY}}',
      headers: { Authorization: 'Bearer {{env.TOKEN}}' },
      body: { k: '{{env.KEY}}' },
    });
    await httpEffect(callOf(definition, 'h', { http, env: { KEY: 'k&y', TOKEN: 't0ken' } }));
    expect(http.requests[0]).toMatchObject({
      url: 'https://api.test/x?key=k%26y',
      headers: { Authorization: 'Bearer t0ken' },
      body: { k: 'k&y' },
    });
    expect(http.requests[0]?.secrets).toEqual(
      new Map([
        ['KEY', 'k&y'],
        ['TOKEN', 't0ken'],
      ]),
    );
  });

  test('without secrets none are told', async () => {
    const http = new FakeHttp(json(1));
    await httpEffect(callOf(request(), 'h', { http, env: { KEY: 'x' } }));
    expect(http.requests[0]).not.toHaveProperty('secrets');
  });

  test('a function gives the body', async () => {
    const http = new FakeHttp(json(1));
    await httpEffect(callOf(request({ method: 'POST', body: () => Promise.resolve({ made: true }) }), 'h', { http }));
    expect(http.requests[0]?.body).toEqual({ made: true });
  });

  test('pieces of a stream are handed on', async () => {
    const http = new FakeHttp(json(1));
    const pieces: string[] = [];
    await httpEffect(callOf(request(), 'h', { http, stream: (text) => pieces.push(text) }));
    http.requests[0]?.onChunk?.('piece');
    expect(pieces).toEqual(['piece']);
  });
});

describe('the answer', () => {
  test('is the body; status and headers are beside it', async () => {
    const http = new FakeHttp(json({ a: 1 }, { status: 201 }));
    expect(await httpEffect(callOf(request(), 'h', { http }))).toMatchObject({
      output: { a: 1 },
      metadata: { status: 201, headers: { 'content-type': 'application/json' } },
    });
  });

  test("pick: 'response' gives all of it", async () => {
    const http = new FakeHttp(json({ a: 1 }));
    expect(await httpEffect(callOf(request({ pick: 'response' }), 'h', { http }))).toMatchObject({
      output: { status: 200, headers: { 'content-type': 'application/json' }, body: { a: 1 } },
    });
  });

  test.each([
    [404, false],
    [400, false],
    [408, true],
    [425, true],
    [429, true],
    [500, true],
    [503, true],
    [302, false],
  ])('status %i is a failure; worth another try: %s', async (status, retryable) => {
    const http = new FakeHttp({ status, headers: { 'retry-after': '3' }, body: 'x'.repeat(5_000) });
    const failure = await httpEffect(callOf(request(), 'h', { http })).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'HTTP_ERROR', retryable, details: { status } });
    expect((failure as { readonly details: { readonly excerpt: string } }).details.excerpt.length).toBeLessThanOrEqual(
      2_048,
    );
    expect((failure as { readonly retryAfterMs?: number }).retryAfterMs).toBe(retryable ? 3_000 : undefined);
  });
});

test('it is for http steps only', async () => {
  const definition = flow({ steps: [{ id: 't', type: 'transform', template: 1 }] });
  await expect(httpEffect(callOf(definition, 't'))).rejects.toThrow('not an http step: transform');
});
